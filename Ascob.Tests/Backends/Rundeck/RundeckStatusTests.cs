using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Demo.Rundeck;

namespace Ascob.Tests.Backends.Rundeck;

public sealed class RundeckStatusTests
{
    private static readonly PretendRundeckJob Flaky = new("3333-flaky", "web", "flaky") { Takes = TimeSpan.FromMinutes(1), Result = "failed", Retries = 2, Output = ["try"] };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pitfall22_GetStatuses_WhenAnExecutionIsRetried_FollowsItToItsEndUnderTheNewNumber()
    {
        await using var world = await FlakyAsync();
        var run = await world.StartedAsync(Flaky);

        world.Time.Advance(TimeSpan.FromSeconds(90));
        var second = await world.ReportAsync(run);
        var keys = run.Keys.Concat(second.Keys!).GroupBy(k => k.Key).ToDictionary(g => g.Key, g => g.Last().Value);
        world.Time.Advance(TimeSpan.FromSeconds(90));
        var last = await world.ReportAsync(run with { Keys = keys });

        Assert.Equal(BackendState.Running, second.State);
        Assert.NotEqual(run.Keys["executionId"], second.Keys!["executionId"]);
        Assert.Equal(run.Keys["executionId"], second.Keys["firstExecutionId"]);
        Assert.Equal(BackendState.Succeeded, last.State);
        Assert.Equal(run.Keys["executionId"], last.Keys!["firstExecutionId"]);
        Assert.EndsWith($"/execution/show/{last.Keys["executionId"]}", last.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Find_WhenRundeckRetriedTheExecution_AnswersTheFirstThatCarriesTheMarker()
    {
        await using var world = await FlakyAsync();
        var job = RundeckWorld.Job(RundeckWorld.Spec(Flaky));
        var run = await world.StartedAsync(job);
        world.Time.Advance(TimeSpan.FromMinutes(5));

        var found = await world.Finder.FindAsync(job, Token);

        Assert.Equal(run.Keys["executionId"], found.Keys!["executionId"]);
    }

    [Fact]
    public async Task Pitfall24_GetStatuses_OfManyHundreds_TakesOneListAndMissesNone()
    {
        await using var world = await RundeckWorld.StartAsync();
        var runs = Enumerable.Range(0, 450).Select(_ => RundeckWorld.Reference(world.Rundeck.Start(RundeckWorld.Long, new Dictionary<string, string>()).Id)).ToList();

        var reports = await world.Status.GetStatusesAsync(runs, Token);

        Assert.All(reports, r => Assert.Equal(BackendState.Running, r.State));
        Assert.Equal(runs.Select(r => r.Marker).Order(), reports.Select(r => r.Marker).Order());
        Assert.Equal(1, world.Rundeck.Requests);
    }

    [Fact]
    public async Task GetStatuses_WhenManyHaveEndedAtOnce_ReadsTheirEndsFromOneListToo()
    {
        await using var world = await RundeckWorld.StartAsync();
        var runs = Enumerable.Range(0, 200).Select(_ => RundeckWorld.Reference(world.Rundeck.Start(RundeckWorld.Short, new Dictionary<string, string>()).Id)).ToList();
        world.Time.Advance(TimeSpan.FromSeconds(1));

        var reports = await world.Status.GetStatusesAsync(runs, Token);

        Assert.All(reports, r => Assert.Equal(BackendState.Succeeded, r.State));
        Assert.Equal(200, reports.Count);
        Assert.Equal(2, world.Rundeck.Requests);
    }

    [Fact]
    public async Task Pitfall25_GetStatuses_OfQueuedExecutions_FindsThemInTheListOfTheRunning()
    {
        await using var world = await RundeckWorld.StartAsync();
        var slow = RundeckWorld.Long with { Id = "slow", Queued = TimeSpan.FromHours(1) };
        var runs = Enumerable.Range(0, 30).Select(_ => RundeckWorld.Reference(world.Rundeck.Start(slow, new Dictionary<string, string>()).Id)).ToList();

        var reports = await world.Status.GetStatusesAsync(runs, Token);

        Assert.All(reports, r => Assert.Equal(BackendState.Queued, r.State));
        Assert.Equal(1, world.Rundeck.Requests);
    }

    [Fact]
    public async Task Guarantee13_GetStatuses_WhenAnExecutionWasDeleted_IsNotFoundButNotCertain()
    {
        await using var world = await RundeckWorld.StartAsync();
        var run = await world.StartedAsync(RundeckWorld.Long);
        world.Execution(run).Purged = true;

        var report = await world.ReportAsync(run);

        Assert.Equal(BackendState.NotFound, report.State);
        Assert.False(report.Certain);
    }

    [Fact]
    public async Task GetStatuses_WhenTheWordIsNew_IsUnreachableWithTheWord_AndOthersOfTheListAreRead()
    {
        await using var world = await RundeckWorld.StartAsync();
        var odd = await world.StartedAsync(RundeckWorld.Long);
        var runs = Enumerable.Range(0, 5).Select(_ => RundeckWorld.Reference(world.Rundeck.Start(RundeckWorld.Long, new Dictionary<string, string>()).Id)).ToList();
        world.Execution(odd).StatusOverride = "levitating";

        var reports = await world.Status.GetStatusesAsync([odd, .. runs], Token);

        var report = reports.Single(r => r.Marker == odd.Marker);
        Assert.Equal((BackendState.Unreachable, "levitating"), (report.State, report.Word));
        Assert.Equal(5, reports.Count(r => r.State == BackendState.Running));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    public async Task Guarantee10_GetStatuses_WhenRundeckAsksForFewerRequests_SaysForHowLongAndAsksNoMore(int count)
    {
        await using var world = await RundeckWorld.StartAsync();
        var runs = Enumerable.Range(0, count).Select(_ => RundeckWorld.Reference(world.Rundeck.Start(RundeckWorld.Long, new Dictionary<string, string>()).Id)).ToList();
        world.Rundeck.Before = context =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "17";
            return Task.FromResult(true);
        };

        var reports = await world.Status.GetStatusesAsync(runs, Token);

        Assert.All(reports, r => Assert.Equal((BackendState.Unreachable, TimeSpan.FromSeconds(17)), (r.State, r.RetryAfter)));
        Assert.Equal(count, reports.Count);
        Assert.Equal(1, world.Rundeck.Requests);
    }

    [Fact]
    public async Task Pitfall21_Stop_WhenRundeckSays200ButFailed_IsNotTaken()
    {
        await using var world = await RundeckWorld.StartAsync();
        var run = await world.StartedAsync(RundeckWorld.Long);
        world.Rundeck.RefusesAborts = true;

        var outcome = await world.Stopper.StopAsync(run, StopMode.Soft, Token);

        Assert.False(outcome.Asked);
        Assert.Contains("Unauthorized", outcome.Reason, StringComparison.Ordinal);
        Assert.Equal(BackendState.Running, (await world.ReportAsync(run)).State);
    }

    [Fact]
    public async Task Stop_Soft_IsACleanAbort_AndHardIsForced()
    {
        await using var world = await RundeckWorld.StartAsync();
        var soft = await world.StartedAsync(RundeckWorld.Long);
        var hard = await world.StartedAsync(RundeckWorld.Long);

        await world.Stopper.StopAsync(soft, StopMode.Soft, Token);
        await world.Stopper.StopAsync(hard, StopMode.Hard, Token);

        Assert.Equal((BackendState.Aborted, "aborted"), await StateAsync(world, soft));
        Assert.Equal((BackendState.Aborted, "other: incomplete"), await StateAsync(world, hard));
    }

    [Fact]
    public async Task Pitfall22_Stop_WhenRundeckTriesAgain_StopsTheLatestExecutionAlsoByOldKeys()
    {
        await using var world = await FlakyAsync();
        var run = await world.StartedAsync(Flaky);
        world.Time.Advance(TimeSpan.FromSeconds(90));

        var outcome = await world.Stopper.StopAsync(run, StopMode.Soft, Token);

        Assert.True(outcome.Asked, outcome.Reason);
        Assert.NotNull(world.Execution(run).RetriedBy!.AbortedAt);
        Assert.Equal(BackendState.Aborted, (await world.ReportAsync(run)).State);
    }

    [Fact]
    public async Task GetStatuses_WhenTheRetryWasDeleted_IsNotFound()
    {
        await using var world = await FlakyAsync();
        var run = await world.StartedAsync(Flaky);
        world.Time.Advance(TimeSpan.FromSeconds(90));
        world.Execution(run).RetriedBy!.Purged = true;

        Assert.Equal(BackendState.NotFound, (await world.ReportAsync(run)).State);
    }

    [Fact]
    public async Task Stop_WhenTheJobHasEndedByItself_HasNothingLeftToAsk()
    {
        await using var world = await RundeckWorld.StartAsync();
        var run = await world.StartedAsync(RundeckWorld.Short);
        world.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.True((await world.Stopper.StopAsync(run, StopMode.Soft, Token)).Asked);
        Assert.Equal(BackendState.Succeeded, (await world.ReportAsync(run)).State);
    }

    [Fact]
    public async Task Pitfall26_Find_WhenExecutionsOfOthersAreListedToo_ComparesEachMarkerExactly()
    {
        await using var world = await RundeckWorld.StartAsync();
        var job = RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Long));
        world.Rundeck.Start(RundeckWorld.Long, new Dictionary<string, string>());
        world.Rundeck.Start(RundeckWorld.Long, new Dictionary<string, string> { ["ASCOB_RUN"] = job.Marker + "0" });
        world.Rundeck.Start(RundeckWorld.Long, new Dictionary<string, string> { ["note"] = $"x -ASCOB_RUN {job.Marker}" });

        var found = await world.Finder.FindAsync(job, Token);

        Assert.Equal(FindOutcomeKind.NotFound, found.Kind);
        Assert.False(found.Certain);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Find_AmongMoreThanOnePage_FindsTheOldest(bool ended)
    {
        await using var world = await RundeckWorld.StartAsync();
        var template = ended ? RundeckWorld.Short : RundeckWorld.Long;
        var job = RundeckWorld.Job(RundeckWorld.Spec(template));
        var run = await world.StartedAsync(job);
        for (var others = 0; others < 1100; others++)
        {
            world.Rundeck.Start(template, new Dictionary<string, string>());
        }

        world.Time.Advance(TimeSpan.FromSeconds(1));
        var found = await world.Finder.FindAsync(job, Token);

        Assert.Equal(run.Keys["executionId"], found.Keys!["executionId"]);
    }

    [Fact]
    public async Task Find_WhenTheListMovesWhileItIsRead_FailsInsteadOfFindingNothing()
    {
        await using var world = await RundeckWorld.StartAsync();
        var others = Enumerable.Range(0, 1100).Select(_ => world.Rundeck.Start(RundeckWorld.Long, new Dictionary<string, string>())).ToList();
        var pages = 0;
        world.Rundeck.Before = context =>
        {
            if (context.Request.Path.Value!.EndsWith("/running", StringComparison.Ordinal) && ++pages == 2)
            {
                foreach (var other in others.TakeLast(100))
                {
                    other.AbortedAt = world.Time.GetUtcNow();
                }
            }

            return Task.FromResult(false);
        };

        var found = await world.Finder.FindAsync(RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Long)), Token);

        Assert.Equal(FindOutcomeKind.Failed, found.Kind);
    }

    [Fact]
    public async Task Find_WhenANamedJobWasMadeAnewOrDeleted_StillFindsWhatItsOldSelfStarted()
    {
        await using var world = await RundeckWorld.StartAsync();
        var job = RundeckWorld.Job(Ascob.Core.Jobs.JobSpec.Builder("ann").WithLabel("rundeck_project_name", "web").WithLabel("rundeck_job_name", "long").Build());
        var run = await world.StartedAsync(job);
        world.Rundeck.Remove(RundeckWorld.Long.Id);
        world.Rundeck.Put(RundeckWorld.Long with { Id = "made-anew" });

        var found = await world.Finder.FindAsync(job, Token);

        Assert.Equal(run.Keys["executionId"], found.Keys!["executionId"]);
    }

    [Fact]
    public async Task Find_WhenTheProjectBesideAnIdIsWrong_SearchesTheRightOne()
    {
        await using var world = await RundeckWorld.StartAsync();
        world.Rundeck.Put(RundeckWorld.Short with { Id = "elsewhere", Project = "other" });
        var job = RundeckWorld.Job(Ascob.Core.Jobs.JobSpec.Builder("ann").WithLabel("rundeck_project_name", "other").WithLabel("rundeck_job_id", RundeckWorld.Long.Id).Build());
        await world.StartedAsync(job);

        Assert.Equal(FindOutcomeKind.Found, (await world.Finder.FindAsync(job, Token)).Kind);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Find_WhenTheJobHidesTheMarker_DoesNotBelieveThatNothingStarted(bool byId)
    {
        await using var world = await RundeckWorld.StartAsync();
        world.Rundeck.Put(RundeckWorld.Long with { Id = "hiding", Name = "hiding", Options = [new PretendRundeckOption("ASCOB_RUN") { Secure = true }] });
        var spec = byId
            ? JobSpec.Builder("ann").WithLabel("rundeck_job_id", "hiding").Build()
            : JobSpec.Builder("ann").WithLabel("rundeck_project_name", "web").WithLabel("rundeck_job_name", "hiding").Build();
        var job = RundeckWorld.Job(spec);
        await world.StartedAsync(job);

        var found = await world.Finder.FindAsync(job, Token);

        Assert.Equal(FindOutcomeKind.Failed, found.Kind);
        Assert.Contains("secure option", found.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetStatuses_WhenSomeQuestionsHang_TellsOfTheOthersInTime()
    {
        await using var world = await RundeckWorld.StartAsync();
        using var hasty = (IDisposable)RundeckWorld.MakeAdapter(world.Rundeck.Url, world.Rundeck.AuthToken, timeout: TimeSpan.FromSeconds(3));
        var running = await world.StartedAsync(RundeckWorld.Long);
        var hanging = Enumerable.Range(0, 9).Select(n => RundeckWorld.Reference(90_000 + n)).ToList();
        world.Rundeck.Before = async context =>
        {
            if (!context.Request.Path.Value!.Contains("/execution/9", StringComparison.Ordinal))
            {
                return false;
            }

            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return true;
        };
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(3));

        var reports = await ((ISupportStatus)hasty).GetStatusesAsync([running, .. hanging], patience.Token);

        Assert.Equal(10, reports.Count);
        Assert.Equal(BackendState.Running, reports.Single(r => r.Marker == running.Marker).State);
        Assert.All(reports.Where(r => r.Marker != running.Marker), r => Assert.Equal(BackendState.Unreachable, r.State));
    }

    [Fact]
    public async Task Find_WhenTheJobOfAnIdIsGone_DoesNotBelieveThatNothingStarted()
    {
        await using var world = await RundeckWorld.StartAsync();
        var job = RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Long));
        await world.StartedAsync(job);
        world.Rundeck.Remove(RundeckWorld.Long.Id);

        Assert.Equal(FindOutcomeKind.Failed, (await world.Finder.FindAsync(job, Token)).Kind);
    }

    private static Task<RundeckWorld> FlakyAsync() => RundeckWorld.StartAsync(time => new PretendRundeck(time, Flaky));

    private static async Task<(BackendState State, string? Word)> StateAsync(RundeckWorld world, BackendRunRef run)
    {
        var report = await world.ReportAsync(run);
        return (report.State, report.Word);
    }
}
