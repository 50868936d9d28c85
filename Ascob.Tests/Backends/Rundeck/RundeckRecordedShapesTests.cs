using Ascob.Core.Backends;
using Ascob.Tests.Contracts;

namespace Ascob.Tests.Backends.Rundeck;

/// <summary>
/// Answers in the shape in which real servers gave them, with all that an adapter does not need: fields in their order, names that come and go between versions, empty texts and nulls. The values are our own.
/// </summary>
public sealed class RundeckRecordedShapesTests
{
    // An ended execution as API 19 of 2017 lists it: no type, no options of the job, times with and without fractions.
    private const string Version19 = """
        {"id":41,"href":"http://deck.example:4440/api/19/execution/41","permalink":"http://deck.example:4440/project/web/execution/show/41","status":"succeeded","project":"web","user":"admin",
        "date-started":{"unixtime":1492043359634,"date":"2017-04-13T00:29:19Z"},"date-ended":{"unixtime":1492043360117,"date":"2017-04-13T00:29:20Z"},
        "job":{"id":"2f0e","averageDuration":926,"name":"greet","group":"","project":"web","description":"says hello","href":"http://deck.example:4440/api/19/job/2f0e","permalink":"http://deck.example:4440/project/web/job/show/2f0e"},
        "description":"echo hello","argstring":null,"serverUUID":"7D1F","successfulNodes":["deck.example"]}
        """;

    // A running one as API 50 of 2025 gives it: addresses without a host, the type of execution, options, no end.
    private const string Version50 = """
        {"id":41,"href":"/api/50/execution/41","permalink":"/project/web/execution/show/41","status":"running","project":"web","executionType":"user","user":"admin",
        "date-started":{"unixtime":1739849217872,"date":"2025-02-18T03:26:57Z"},
        "job":{"id":"2f0e","name":"greet","group":"team","project":"web","options":{"WHOM":"ann"}},"description":"echo hello [... 2 steps]","argstring":"-WHOM ann"}
        """;

    // A failed one with the nodes on either side, as the documentation of API 36 and later shows it.
    private const string Failed = """
        {"id":41,"href":"http://deck.example/api/36/execution/41","permalink":null,"status":"failed","customStatus":null,"project":"web","executionType":"user-scheduled","user":"ann",
        "date-started":{"date":"2018-11-14T02:06:33Z","unixtime":1542161193907},"date-ended":{"date":"2018-11-14T02:06:40Z","unixtime":1542161200011},
        "job":{"id":"2f0e","averageDuration":37218,"name":"greet","group":"","project":"web","description":""},"description":"sh [... 3 steps]","argstring":null,
        "successfulNodes":[],"failedNodes":["n1","n2"],"orchestrator":null}
        """;

    [Theory]
    [InlineData(Version19, BackendState.Succeeded)]
    [InlineData(Version50, BackendState.Running)]
    [InlineData(Failed, BackendState.Failed)]
    public async Task Execution_InTheShapeOfARealServer_IsUnderstood(string execution, BackendState expected)
    {
        await using var world = await RundeckWorld.StartAsync();
        world.Rundeck.Before = async context =>
        {
            if (!context.Request.Path.Value!.Contains("/execution", StringComparison.Ordinal))
            {
                return false;
            }

            var list = context.Request.Path.Value.EndsWith("/41", StringComparison.Ordinal) ? execution : $$"""{"paging":{"count":1,"total":1,"offset":0,"max":20},"executions":[{{execution}}]}""";
            await HttpFaults.Answer(200, "application/json;charset=UTF-8", list)(context);
            return true;
        };

        var report = await world.ReportAsync(RundeckWorld.Reference(41));

        Assert.True(report.State == expected, $"{report.State}: {report.Reason}");
    }
}
