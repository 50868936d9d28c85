using System.Diagnostics;
using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Tests.Contracts;
using Microsoft.AspNetCore.Http;

namespace Ascob.Tests.Backends.Rundeck;

public sealed class RundeckGarbageTests
{
    private static readonly (int Status, string Type, string Body)[] Garbage =
    [
        (200, "text/html", "<html><title>Rundeck - Login</title><form action='j_security_check'></form></html>"),
        (200, "application/json", "{\"id\": 12, \"status\": \"succ"),
        (200, "application/json", """{"error":true,"apiversion":46,"errorCode":"api.error.unknown","message":"it went wrong"}"""),
        (200, "application/json", "{}"),
        (200, "application/json", "[]"),
        (200, "application/json", "\"succeeded\""),
        (200, "application/json", """{"id":{"a":1},"status":["succeeded"]}"""),
        (200, "application/json", string.Empty),
        (200, "text/plain", """{"id":101,"status":"succeeded"}"""),
        (500, "application/json", """{"error":true,"errorCode":"api.error.execution.error","message":"boom"}"""),
        (502, "text/html", "<h1>Bad Gateway</h1>"),
        (503, "text/html", "<h1>Service Unavailable</h1>"),
        (204, "text/plain", string.Empty),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<int> Cases() => [.. Enumerable.Range(0, Garbage.Length)];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Pitfall48_Guarantee09_Guarantee12_Submit_WhenTheAnswerMakesNoSense_IsUnknown(int number)
    {
        await using var world = await RundeckWorld.StartAsync();
        world.Rundeck.Before = context => Answer(context, number);

        var outcome = await world.Adapter.SubmitAsync(RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Long)), Token);

        Assert.Equal(SubmitOutcomeKind.Unknown, outcome.Kind);
        Assert.Equal(1, world.Rundeck.Requests);
        Assert.DoesNotContain('<', outcome.Reason!);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Pitfall48_Guarantee12_GetStatuses_WhenTheAnswerMakesNoSense_NeverEndsARun(int number)
    {
        await using var world = await RundeckWorld.StartAsync();
        var runs = new List<BackendRunRef>();
        for (var count = 0; count < 6; count++)
        {
            runs.Add(await world.StartedAsync(RundeckWorld.Long));
        }

        world.Rundeck.Before = context => Answer(context, number);

        Assert.All(await world.Status.GetStatusesAsync(runs, Token), r => Assert.Equal(BackendState.Unreachable, r.State));
        Assert.All(await world.Status.GetStatusesAsync([runs[0]], Token), r => Assert.Equal(BackendState.Unreachable, r.State));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Pitfall48_Find_WhenTheAnswerMakesNoSense_HasFailed(int number)
    {
        await using var world = await RundeckWorld.StartAsync();
        var named = JobSpec.Builder("ann").WithLabel("rundeck_project_name", "web").WithLabel("rundeck_job_name", "long").Build();
        world.Rundeck.Before = context => Answer(context, number);

        Assert.Equal(FindOutcomeKind.Failed, (await world.Finder.FindAsync(RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Long)), Token)).Kind);
        Assert.Equal(FindOutcomeKind.Failed, (await world.Finder.FindAsync(RundeckWorld.Job(named), Token)).Kind);
        Assert.False((await world.Stopper.StopAsync(RundeckWorld.Reference(101), StopMode.Soft, Token)).Asked);
        Assert.False((await world.Adapter.CheckHealthAsync(Token)).Healthy && number != 4);
    }

    [Theory]
    [InlineData("""{"paging":{"count":1,"total":1,"offset":0,"max":500},"executions":[{"id":null,"status":"running"}]}""", "makes no sense")]
    [InlineData("""{"paging":{"count":20,"total":21,"offset":0,"max":20},"executions":[]}""", "20 executions at a time")]
    public async Task Find_WhenTheListIsNotAll_HasFailedAndFoundNothingOut(string list, string reason)
    {
        await using var world = await RundeckWorld.StartAsync();
        world.Rundeck.Before = async context => context.Request.Path.Value!.EndsWith("/running", StringComparison.Ordinal) && await HttpFaults.Answer(200, "application/json", list)(context);

        var found = await ((ISupportFind)world.Adapter).FindAsync(RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Short)), Token);

        Assert.Equal(FindOutcomeKind.Failed, found.Kind);
        Assert.Contains(reason, found.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Find_WhenAFullPageTellsNoTotal_IsNotTakenForAll()
    {
        await using var world = await RundeckWorld.StartAsync();
        var page = string.Join(',', Enumerable.Range(1, 500).Select(i => $$"""{"id":{{i}},"status":"running"}"""));
        world.Rundeck.Before = async context => context.Request.Path.Value!.EndsWith("/running", StringComparison.Ordinal)
            && await HttpFaults.Answer(200, "application/json", $$"""{"executions":[{{page}}]}""")(context);

        var found = await ((ISupportFind)world.Adapter).FindAsync(RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Short)), Token);

        Assert.Equal(FindOutcomeKind.Failed, found.Kind);
    }

    [Theory]
    [InlineData(301, SubmitOutcomeKind.NotNow)]
    [InlineData(302, SubmitOutcomeKind.NotNow)]
    [InlineData(400, SubmitOutcomeKind.NotNow)]
    [InlineData(401, SubmitOutcomeKind.NotNow)]
    [InlineData(403, SubmitOutcomeKind.NotNow)]
    [InlineData(404, SubmitOutcomeKind.NotNow)]
    [InlineData(408, SubmitOutcomeKind.Unknown)]
    [InlineData(409, SubmitOutcomeKind.Unknown)]
    [InlineData(429, SubmitOutcomeKind.NotNow)]
    [InlineData(504, SubmitOutcomeKind.Unknown)]
    public async Task Submit_WhenSomethingBeforeRundeckAnswers_TellsCertainFromUncertain(int status, SubmitOutcomeKind expected)
    {
        await using var world = await RundeckWorld.StartAsync();
        world.Rundeck.Before = context => WriteAsync(context, status, "text/html", "<h1>Not Rundeck</h1>");

        var outcome = await world.Adapter.SubmitAsync(RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Long)), Token);

        Assert.Equal(expected, outcome.Kind);
    }

    [Theory]
    [InlineData(503, "api.error.unavailable", SubmitOutcomeKind.NotNow)]
    [InlineData(403, "api.error.item.unauthorized", SubmitOutcomeKind.NotNow)]
    [InlineData(400, "api.error.execution.failed", SubmitOutcomeKind.Rejected)]
    [InlineData(409, "api.error.execution.conflict", SubmitOutcomeKind.NotNow)]
    [InlineData(500, "api.error.execution.error", SubmitOutcomeKind.Unknown)]
    public async Task Submit_WhenRundeckItselfRefuses_TakesItsCode(int status, string code, SubmitOutcomeKind expected)
    {
        await using var world = await RundeckWorld.StartAsync();
        world.Rundeck.Before = context => WriteAsync(context, status, "application/json", $$"""{"error":true,"apiversion":46,"errorCode":"{{code}}","messages":["first","second"]}""");

        var outcome = await world.Adapter.SubmitAsync(RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Long)), Token);

        Assert.Equal(expected, outcome.Kind);
        Assert.True(code.EndsWith("conflict", StringComparison.Ordinal) || outcome.Reason!.Contains("first; second", StringComparison.Ordinal), outcome.Reason);
    }

    [Fact]
    public async Task Guarantee12_WhenABodyHasTenMegabytes_ItIsNotReadToItsEndAndNothingEnds()
    {
        await using var world = await RundeckWorld.StartAsync();
        var run = await world.StartedAsync(RundeckWorld.Long);
        world.Rundeck.Before = context => WriteAsync(context, 200, "application/json", $$"""{"id":101,"status":"succeeded","x":"{{new string('x', 10_000_000)}}"}""");

        var outcome = await world.Adapter.SubmitAsync(RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Long)), Token);

        Assert.Equal(SubmitOutcomeKind.Unknown, outcome.Kind);
        Assert.Equal(BackendState.Unreachable, (await world.ReportAsync(run)).State);
    }

    [Fact]
    public async Task Guarantee10_Submit_WhenRundeckAsksForFewerRequests_PassesItsWishOn()
    {
        await using var world = await RundeckWorld.StartAsync();
        world.Rundeck.Before = context =>
        {
            context.Response.Headers.RetryAfter = "90";
            return WriteAsync(context, 429, "text/plain", "slow down");
        };

        var outcome = await world.Adapter.SubmitAsync(RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Long)), Token);

        Assert.Equal((SubmitOutcomeKind.NotNow, TimeSpan.FromSeconds(90)), (outcome.Kind, outcome.RetryAfter));
        Assert.Equal(1, world.Rundeck.Requests);
    }

    [Fact]
    public async Task WhenABodyNeverEnds_TheAnswerIsGivenUpInTime()
    {
        await using var world = await RundeckWorld.StartAsync();
        var run = await world.StartedAsync(RundeckWorld.Long);
        var impatient = RundeckWorld.MakeAdapter(world.Rundeck.Url, world.Rundeck.AuthToken, timeout: TimeSpan.FromSeconds(1));
        world.Rundeck.Before = async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return true;
        };

        var report = (await ((ISupportStatus)impatient).GetStatusesAsync([run], Token)).Single();

        Assert.Equal((BackendState.Unreachable, "the backend did not answer in time"), (report.State, report.Reason));
        Assert.Equal(SubmitOutcomeKind.Unknown, (await impatient.SubmitAsync(RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Long)), Token)).Kind);
        await Assert.ThrowsAnyAsync<IOException>(() => ((ISupportOutput)impatient).ReadOutputAsync(run, Ascob.Core.Output.OutputChannel.Combined, 0, 10, Token));
    }

    [Fact]
    public async Task WhenNobodyListens_EverythingSaysSoWithinSeconds()
    {
        var world = await RundeckWorld.StartAsync();
        var run = await world.StartedAsync(RundeckWorld.Long);
        await world.Rundeck.DisposeAsync();
        var begun = Stopwatch.GetTimestamp();

        var outcome = await world.Adapter.SubmitAsync(RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Long)), Token);
        var report = await world.ReportAsync(run);
        var health = await world.Adapter.CheckHealthAsync(Token);

        Assert.Equal(SubmitOutcomeKind.NotNow, outcome.Kind);
        Assert.Equal(BackendState.Unreachable, report.State);
        Assert.Contains($"Ascob:Backends:{RundeckWorld.BackendId}:Url", health.Reason, StringComparison.Ordinal);
        Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(10));
        await world.DisposeAsync();
    }

    [Fact]
    public async Task Pitfall47_Submit_WhenTheAnswerIsCutOff_GoesOutOnceAndIsUnknown()
    {
        await using var world = await RundeckWorld.StartAsync();
        world.Rundeck.Before = context =>
        {
            context.Abort();
            return Task.FromResult(true);
        };

        var outcome = await world.Adapter.SubmitAsync(RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Long)), Token);

        Assert.Equal(SubmitOutcomeKind.Unknown, outcome.Kind);
        Assert.Equal(1, world.Rundeck.Requests);
    }

    [Fact]
    public async Task Submit_WhenItFailsBeforeTheOrder_HasCertainlyStartedNothing()
    {
        await using var world = await RundeckWorld.StartAsync();
        world.Rundeck.Before = context => WriteAsync(context, 500, "text/html", "oops");
        var named = JobSpec.Builder("ann").WithLabel("rundeck_project_name", "web").WithLabel("rundeck_job_name", "long").Build();

        var outcome = await world.Adapter.SubmitAsync(RundeckWorld.Job(named), Token);

        Assert.Equal(SubmitOutcomeKind.NotNow, outcome.Kind);
        Assert.Equal(0, world.Rundeck.RequestsTo("POST"));
    }

    [Fact]
    public async Task Health_WhenTheTokenSeesNoProject_SaysSo()
    {
        await using var world = await RundeckWorld.StartAsync();
        world.Rundeck.HidesProjects = true;

        Assert.Contains("no project", (await world.Adapter.CheckHealthAsync(Token)).Reason, StringComparison.Ordinal);
    }

    private static Task<bool> Answer(HttpContext context, int number) => WriteAsync(context, Garbage[number].Status, Garbage[number].Type, Garbage[number].Body);

    private static async Task<bool> WriteAsync(HttpContext context, int status, string type, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        if (status != 204)
        {
            await context.Response.WriteAsync(body, context.RequestAborted);
        }

        return true;
    }
}
