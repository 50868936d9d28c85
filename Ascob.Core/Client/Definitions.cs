using System.Text.Json;
using System.Text.Json.Serialization;
using Ascob.Core.Definitions;
using Ascob.Core.Jobs;
using Refit;

namespace Ascob.Core.Client;

/// <summary>A definition as clients see it.</summary>
public sealed record DefinitionInfo
{
    /// <summary>Gets the number, which stays the same when the name changes.</summary>
    public required long Id { get; init; }

    /// <summary>Gets the name.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the version shown.</summary>
    public required int Version { get; init; }

    /// <summary>Gets the description, Markdown.</summary>
    public string? Description { get; init; }

    /// <summary>Gets the template of its jobs, secret values masked.</summary>
    public required JobSpec JobSpec { get; init; }

    /// <summary>Gets the JSON Schema of its parameters; null for none.</summary>
    public JsonElement? Parameters { get; init; }

    /// <summary>Gets the tags.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Gets the owners.</summary>
    public IReadOnlyList<string> Owners { get; init; } = [];

    /// <summary>Gets what keeps it from being launched again.</summary>
    public NextExecution NextExecution { get; init; }

    /// <summary>Gets how long a run is expected to take; null where its history tells.</summary>
    public int? ExpectedSeconds { get; init; }

    /// <summary>Gets whether clients may launch it.</summary>
    public bool ApiAllowed { get; init; }

    /// <summary>Gets more facts.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    /// <summary>Gets whether schedules pass it over.</summary>
    public bool Suspended { get; init; }

    /// <summary>Gets where it comes from: null for the API, <c>git</c> for a repository.</summary>
    public string? Source { get; init; }

    /// <summary>Gets whether it is a favourite of the token that asks.</summary>
    public bool Starred { get; init; }

    /// <summary>Gets its newest run; null for none, and in a list of versions.</summary>
    public LastRunInfo? LastRun { get; init; }

    /// <summary>Gets its oldest run that is not final; null for none.</summary>
    public long? ActiveRun { get; init; }

    /// <summary>Gets its newest failure that is neither acknowledged nor made good; null for none.</summary>
    public long? FailedRun { get; init; }

    /// <summary>Gets when it is launched next by itself; null for never.</summary>
    public DateTimeOffset? NextRunTime { get; init; }

    /// <summary>Gets when it was made.</summary>
    public DateTimeOffset CreatedTime { get; init; }

    /// <summary>Gets who made it.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>Gets when this version was saved.</summary>
    public DateTimeOffset SavedTime { get; init; }

    /// <summary>Gets who saved this version.</summary>
    public string? SavedBy { get; init; }

    /// <summary>Shows a definition.</summary>
    public static DefinitionInfo From(Definition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        var content = definition.Content;
        return new DefinitionInfo
        {
            Id = definition.Id,
            Name = definition.Name,
            Version = definition.Version,
            Description = content.Description,
            JobSpec = content.JobSpec,
            Parameters = content.Parameters,
            Tags = content.Tags,
            Owners = content.Owners,
            NextExecution = content.NextExecution,
            ExpectedSeconds = content.ExpectedSeconds,
            ApiAllowed = content.ApiAllowed,
            Annotations = content.Annotations,
            Suspended = definition.Suspended,
            Source = definition.Source,
            CreatedTime = definition.CreatedAt,
            CreatedBy = definition.CreatedBy,
            SavedTime = definition.SavedAt,
            SavedBy = definition.SavedBy,
        };
    }
}

/// <summary>The newest run of a definition.</summary>
/// <param name="Id">The run.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="StatusReason">Why.</param>
/// <param name="DefinedTime">When it was launched.</param>
/// <param name="EndTime">When it ended; null before.</param>
public sealed record LastRunInfo(long Id, Ascob.Core.Runs.RunStatus Status, string? StatusReason, DateTimeOffset DefinedTime, DateTimeOffset? EndTime);

/// <summary>Versions of a definition, newest first.</summary>
/// <param name="Items">The versions, with who saved them and when. Fewer than asked for where they are large.</param>
/// <param name="NextBelow">What to ask for the next page with, as <c>below</c>; null on the last.</param>
public sealed record DefinitionVersionList(IReadOnlyList<DefinitionInfo> Items, int? NextBelow = null);

/// <summary>What is different between two versions.</summary>
/// <param name="From">The one version.</param>
/// <param name="To">The other version.</param>
/// <param name="Changes">The members that differ, by path. Of constant secret values only that they differ is told.</param>
public sealed record DefinitionDiff(int From, int To, IReadOnlyList<DefinitionChange> Changes);

/// <summary>A member that differs.</summary>
/// <param name="Path">Where, such as <c>jobSpec.labels.shell_command</c>.</param>
/// <param name="Before">The value before; null where there was none.</param>
/// <param name="After">The value after; null where there is none.</param>
public sealed record DefinitionChange(string Path, string? Before, string? After);

/// <summary>What somebody has to say of a failure.</summary>
/// <param name="Reason">The reason; null for none.</param>
public sealed record AcknowledgeRequest(string? Reason);

/// <summary>A failure that somebody knows of.</summary>
/// <param name="RunId">The failed run.</param>
/// <param name="Actor">Who.</param>
/// <param name="Time">When.</param>
/// <param name="Reason">What they had to say.</param>
public sealed record AcknowledgementInfo(long RunId, string Actor, DateTimeOffset Time, string? Reason);

/// <summary>A page of definitions, by name.</summary>
/// <param name="Items">The definitions.</param>
/// <param name="NextCursor">Where the next page starts; null on the last.</param>
public sealed record DefinitionList(IReadOnlyList<DefinitionInfo> Items, string? NextCursor);

/// <summary>A definition to be made, or its next version.</summary>
public sealed record SaveDefinitionRequest
{
    /// <summary>Gets the name; needed to make one, and left out (or the same) to save one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    /// <summary>Gets the version that must be the present one; null for whichever. Not for a new definition.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Version { get; init; }

    /// <summary>Gets the description, Markdown.</summary>
    public string? Description { get; init; }

    /// <summary>Gets the template of its jobs.</summary>
    public JobSpec? JobSpec { get; init; }

    /// <summary>Gets the JSON Schema of its parameters, an object; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Parameters { get; init; }

    /// <summary>Gets the tags; null for none.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>Gets the owners; null for none.</summary>
    public IReadOnlyList<string>? Owners { get; init; }

    /// <summary>Gets what keeps it from being launched again.</summary>
    public NextExecution NextExecution { get; init; }

    /// <summary>Gets how long a run is expected to take; null where its history shall tell.</summary>
    public int? ExpectedSeconds { get; init; }

    /// <summary>Gets whether clients may launch it; null for yes.</summary>
    public bool? ApiAllowed { get; init; }

    /// <summary>Gets more facts; null for none.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>Gets whether a new definition begins suspended. A save leaves that as it is, and is refused where this is true and the definition is not suspended.</summary>
    public bool Suspended { get; init; }

    /// <summary>Answers what the definition shall say; the job must be there.</summary>
    public DefinitionContent ToContent() => new()
    {
        Description = Description,
        JobSpec = JobSpec ?? new JobSpec(),
        Parameters = Parameters is { ValueKind: JsonValueKind.Null or JsonValueKind.Undefined } ? null : Parameters,
        Tags = Tags ?? [],
        Owners = Owners ?? [],
        NextExecution = NextExecution,
        ExpectedSeconds = ExpectedSeconds,
        ApiAllowed = ApiAllowed ?? true,
        Annotations = Annotations ?? new Dictionary<string, string>(),
    };
}

/// <summary>Another name.</summary>
/// <param name="Name">The name.</param>
public sealed record RenameDefinitionRequest(string? Name);

/// <summary>A launch. What is none of its members is refused: a launch without the values that somebody meant to give would do something else.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record LaunchDefinitionRequest
{
    /// <summary>Gets the values of the parameters by name; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Parameters { get; init; }

    /// <summary>Gets the user who owns the run; null for the template's.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Submitter { get; init; }

    /// <summary>Gets a template that is used this once in place of the definition's; needs the permission <c>job_submit</c> too.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JobSpec? JobSpec { get; init; }
}

/// <summary>The answer to a launch.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Prevented">Whether the definition's policy kept it from starting; the run is <c>ABORTED</c> and says why.</param>
public sealed record LaunchDefinitionResponse(long RunId, bool Prevented);

/// <summary>The filters of <c>GET /api/definitions</c>; all given ones must hold.</summary>
public sealed record DefinitionQuery
{
    /// <summary>Gets text that name, description or a tag contains; null for any.</summary>
    public string? Text { get; init; }

    /// <summary>Gets the tags that it must all have; null for any.</summary>
    [Query(CollectionFormat.Multi)]
    public IReadOnlyList<string>? Tag { get; init; }

    /// <summary>Gets an owner; null for any.</summary>
    public string? Owner { get; init; }

    /// <summary>Gets whether only the token's favourites are wanted.</summary>
    public bool? Starred { get; init; }

    /// <summary>Gets the source, such as <c>git</c>; null for any.</summary>
    public string? Source { get; init; }

    /// <summary>Gets the size of a page, 1 to 500; null for 50.</summary>
    public int? Limit { get; init; }

    /// <summary>Gets <see cref="DefinitionList.NextCursor"/> of the page before; null for the first page.</summary>
    public string? Cursor { get; init; }
}
