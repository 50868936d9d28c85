using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ascob.Backends.Jenkins;

/// <summary>The root page, as far as it is asked for.</summary>
internal sealed record JenkinsRoot(string? Mode, bool? QuietingDown, bool? UseSecurity);

/// <summary>The answer of the crumb issuer.</summary>
internal sealed record JenkinsCrumbAnswer(string? Crumb, string? CrumbRequestField);

/// <summary>All that waits. Items that have left are not in it.</summary>
internal sealed record JenkinsQueue(IReadOnlyList<JenkinsItem?>? Items)
{
    public const string Tree = $"items[{JenkinsItem.Tree}]";
}

/// <summary>An item of the queue, waiting or left. Only a left one has <see cref="Cancelled"/> or <see cref="Executable"/>.</summary>
internal sealed record JenkinsItem(
    [property: JsonPropertyName("_class")] string? Class,
    long? Id,
    bool? Blocked,
    bool? Buildable,
    bool? Stuck,
    bool? Pending,
    string? Why,
    long? InQueueSince,
    bool? Cancelled,
    JenkinsExecutable? Executable,
    JenkinsTask? Task,
    IReadOnlyList<JenkinsAction?>? Actions)
{
    public const string Tree =
        "_class,id,blocked,buildable,stuck,pending,why,inQueueSince,cancelled,executable[number],task[name,url],actions[parameters[name,value]]";
}

/// <summary>The build that became of an item.</summary>
internal sealed record JenkinsExecutable(long? Number);

/// <summary>The job of an item. Items that are no builds of a job (parts of a pipeline) have neither name nor address.</summary>
internal sealed record JenkinsTask(string? Name, string? Url);

/// <summary>What is attached to an item or a build; often empty.</summary>
internal sealed record JenkinsAction(IReadOnlyList<JenkinsParameter?>? Parameters);

/// <summary>A parameter of an item or a build. Secret ones have no value.</summary>
internal sealed record JenkinsParameter(string? Name, JsonElement Value);

/// <summary>A job with some of its builds, newest first.</summary>
internal sealed record JenkinsBuilds(IReadOnlyList<JenkinsBuild?>? Builds, IReadOnlyList<JenkinsBuild?>? AllBuilds, long? NextBuildNumber);

/// <summary>A build.</summary>
internal sealed record JenkinsBuild(
    long? Number,
    long? QueueId,
    bool? Building,
    string? Result,
    long? Timestamp,
    long? Duration,
    IReadOnlyList<JenkinsAction?>? Actions)
{
    public const string Tree = "number,queueId,building,result,timestamp,duration,actions[parameters[name,value]]";
}

/// <summary>A job with what it declares.</summary>
internal sealed record JenkinsJob(
    [property: JsonPropertyName("_class")] string? Class,
    bool? Buildable,
    IReadOnlyList<JenkinsProperty?>? Property)
{
    public const string Tree = "_class,name,buildable,property[parameterDefinitions[name,type,choices]]";
}

/// <summary>A property of a job; only one of them has definitions.</summary>
internal sealed record JenkinsProperty(IReadOnlyList<JenkinsDefinition?>? ParameterDefinitions);

/// <summary>A parameter that a job declares.</summary>
internal sealed record JenkinsDefinition(string? Name, string? Type, JsonElement? Choices);
