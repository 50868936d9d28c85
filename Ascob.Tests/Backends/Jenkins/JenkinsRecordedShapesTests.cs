using Ascob.Core.Backends;
using Ascob.Tests.Contracts;

namespace Ascob.Tests.Backends.Jenkins;

/// <summary>
/// Answers in the shape in which real controllers gave them, with all that an adapter does not need: classes, actions that are empty objects, causes, addresses of another host. The values are our own.
/// </summary>
public sealed class JenkinsRecordedShapesTests
{
    private const string Parameters = """{"_class":"hudson.model.ParametersAction","parameters":[{"_class":"hudson.model.StringParameterValue","name":"ASCOB_RUN","value":"MARKER"}]}""";
    private const string Cause = """{"_class":"hudson.model.CauseAction","causes":[{"_class":"hudson.model.Cause$UserIdCause","shortDescription":"Started by user ann","userId":"ann","userName":"Ann"}]}""";

    // What has left the queue, as a controller of 2021 with a pipeline tells of it.
    private const string LeftItem = $$$"""
        {"_class":"hudson.model.Queue$LeftItem","actions":[{{{Parameters}}},{{{Cause}}},{}],"blocked":false,"buildable":false,"id":QUEUE,"inQueueSince":1619211753302,"params":"\nASCOB_RUN=MARKER","stuck":false,
        "task":{"_class":"org.jenkinsci.plugins.workflow.job.WorkflowJob","name":"real","url":"http://inside.example:8080/job/real/","color":"blue_anime"},"url":"queue/item/QUEUE/","why":null,"cancelled":false,
        "executable":{"_class":"org.jenkinsci.plugins.workflow.job.WorkflowRun","number":4,"url":"http://inside.example:8080/job/real/4/"}}
        """;

    // A build between its result and its end: the result stands, and it is building.
    private const string Ending = $$$"""
        {"_class":"org.jenkinsci.plugins.workflow.job.WorkflowRun","actions":[{{{Cause}}},{{{Parameters}}},{},{"_class":"hudson.plugins.git.util.BuildData"},{}],"artifacts":[],"building":true,"description":null,"displayName":"#4","duration":0,
        "estimatedDuration":-1,"executor":{},"fullDisplayName":"real #4","id":"4","keepLog":false,"number":4,"queueId":QUEUE,"result":"SUCCESS","timestamp":1619211753310,"url":"http://inside.example:8080/job/real/4/","changeSets":[],
        "culprits":[],"nextBuild":null,"previousBuild":{"number":3,"url":"http://inside.example:8080/job/real/3/"}}
        """;

    [Theory]
    [InlineData(true, BackendState.Running)]
    [InlineData(false, BackendState.Succeeded)]
    public async Task Build_InTheShapeOfARealController_IsUnderstood(bool building, BackendState expected)
    {
        await using var world = await JenkinsWorld.StartAsync();
        world.Jenkins.AddMarked("real").RunTime = null;
        var run = await world.AcceptedAsync("real");
        string Own(string shape) => shape.Replace("QUEUE", run.Keys["queueId"], StringComparison.Ordinal).Replace("MARKER", run.Marker, StringComparison.Ordinal);
        var build = Own(building ? Ending : Ending.Replace("\"building\":true", "\"building\":false", StringComparison.Ordinal));
        world.Jenkins.Before = async context =>
        {
            var path = context.Request.Path.Value!;
            await HttpFaults.Answer(
                200,
                "application/json;charset=utf-8",
                path.StartsWith("/queue/item/", StringComparison.Ordinal) ? Own(LeftItem)
                : path.StartsWith("/queue/", StringComparison.Ordinal) ? """{"_class":"hudson.model.Queue","items":[]}"""
                : path.Contains("/real/4/", StringComparison.Ordinal) ? build
                : $$"""{"_class":"org.jenkinsci.plugins.workflow.job.WorkflowJob","builds":[{{build}}],"allBuilds":[{{build}}]}""")(context);
            return true;
        };

        var report = await world.StatusAsync(run);
        var found = await world.Adapter.FindAsync(JenkinsWorld.Job("real") with { Marker = run.Marker }, JenkinsWorld.Token);

        Assert.True(report.State == expected, $"{report.State}: {report.Reason}");
        Assert.Equal(FindOutcomeKind.Found, found.Kind);
        Assert.Equal("4", found.Keys!["buildId"]);
    }
}
