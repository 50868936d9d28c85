using Ascob.Core.Backends;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Dispatch;

/// <summary>Runs of which nobody knows whether their backend has them.</summary>
public sealed class DoubtTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Restart_InTheMiddleOfADoubt_ChangesNothing(bool hasIt)
    {
        var world = await TestWorld.StartAsync();
        var lives = new List<TestWorld> { world };
        try
        {
            world.Backend.OnSubmit = (job, _) =>
            {
                if (hasIt)
                {
                    world.Backend.Start(job);
                }

                return Task.FromResult(SubmitOutcome.Unknown("reset"));
            };
            world.Backend.OnFind = _ => new FindOutcome(FindOutcomeKind.Failed, Reason: "502");
            var run = await world.SubmitAsync(TestWorld.Job().WithLock("db").Build());
            var since = run.WaitingSince;
            world.Backend.OnSubmit = null;

            for (var life = 0; life < 3; life++)
            {
                await lives[^1].PassAsync(TimeSpan.FromSeconds(20));
                await lives[^1].KillAsync();
                lives.Add(await TestWorld.StartAsync(lives[^1]));
                await lives[^1].Store.TakeOverAbandonedLeasesAsync(Token);
                var doubted = await lives[^1].RunAsync(run.Id);
                Assert.Equal((RunStatus.InDoubt, since), (doubted.Status, doubted.WaitingSince));
                Assert.Single((await lives[^1].Locks.ListAsync(Token)).Single().Holders);
            }

            // The pause counts from the lost answer, not from the restart.
            world.Backend.OnFind = null;
            for (var minutes = 0; minutes < 4; minutes++)
            {
                await lives[^1].PassAsync(TimeSpan.FromMinutes(1));
            }

            Assert.Equal(hasIt ? 1 : 2, world.Backend.Arrived.Count);
            Assert.Single(world.Backend.Arrived.Select(j => j.Marker).Distinct());
            Assert.Empty(world.Backend.StartedTwice);
            Assert.Equal(RunStatus.Running, (await lives[^1].RunAsync(run.Id)).Status);
        }
        finally
        {
            foreach (var life in Enumerable.Reverse(lives))
            {
                await life.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task InDoubt_WhenALookUpCannotTellWhoseAJobIs_NothingIsSentAgainAndTheTimelineIsToldOnce()
    {
        await using var world = await TestWorld.StartAsync();
        world.Backend.OnSubmit = (_, _) => Task.FromResult(SubmitOutcome.Unknown("reset"));
        world.Backend.OnFind = _ => new FindOutcome(FindOutcomeKind.Undecided, Reason: "two look alike");

        var run = await world.SubmitAsync();
        for (var rounds = 0; rounds < 24; rounds++)
        {
            await world.PassAsync(TimeSpan.FromHours(1));
        }

        var doubted = await world.RunAsync(run.Id);
        Assert.Equal((RunStatus.InDoubt, "an operator must give the verdict: two look alike"), (doubted.Status, doubted.StatusReason));
        Assert.Single(world.Backend.Arrived);
        Assert.Single(await world.EventsAsync(run.Id), e => e.Reason == doubted.StatusReason);
    }

    [Fact]
    public async Task Resolve_KeepsTheEvidenceBesideTheVerdict()
    {
        await using var world = await TestWorld.StartAsync();
        world.Backend.OnSubmit = (_, _) => Task.FromResult(SubmitOutcome.Unknown("reset"));
        world.Backend.OnFind = _ => new FindOutcome(FindOutcomeKind.Failed, Reason: "502");
        world.Backend.OnStatus = r => new BackendReport { Marker = r.Marker, State = BackendState.Queued };
        var run = await world.SubmitAsync();
        await world.PassAsync(TimeSpan.FromMinutes(10));

        var resolution = new Resolution(ResolutionVerdict.Adopt, new Dictionary<string, string> { ["build"] = "7" }, "seen in the list of builds");
        Assert.True((await world.Jobs.ResolveAsync(run.Id, resolution, TestWorld.Root, Token)).IsSuccess);

        var verdict = (await world.EventsAsync(run.Id)).Single(e => e.Type == RunEventTypes.Operator);
        Assert.Equal("token:root", verdict.Actor);
        Assert.Equal("verdict 'adopt': seen in the list of builds", verdict.Reason);
        Assert.Equal(("7", run.Marker), (verdict.Data!["backendKeys.build"], verdict.Data["marker"]));
        Assert.Contains("502", verdict.Data["seen"], StringComparison.Ordinal);
        Assert.True(int.Parse(verdict.Data["lookUps"], System.Globalization.CultureInfo.InvariantCulture) >= 1);
    }

    [Fact]
    public async Task Guarantee09_WhenTheAnswerIsAServerErrorAndHalfWereStarted_NoneIsStartedTwiceAndNoneIsLost()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.Resilience.FailuresBeforeBreak = 1000);
        var turn = 0;
        world.Backend.OnSubmit = (job, _) =>
        {
            if (turn++ % 2 == 0)
            {
                world.Backend.Start(job);
            }

            return Task.FromResult(SubmitOutcome.Unknown("the backend answered 500"));
        };
        var runs = new List<Run>();
        for (var i = 0; i < 100; i++)
        {
            runs.Add(await world.SubmitAsync());
        }

        world.Backend.OnSubmit = null;
        for (var rounds = 0; rounds < 20; rounds++)
        {
            await world.PassAsync(TimeSpan.FromSeconds(30));
        }

        Assert.Equal(150, world.Backend.Arrived.Count);
        Assert.Equal(100, world.Backend.Jobs.Count);
        Assert.Empty(world.Backend.StartedTwice);
        foreach (var run in runs)
        {
            Assert.Equal(RunStatus.Running, (await world.RunAsync(run.Id)).Status);
        }
    }

    [Fact]
    public async Task Guarantee11_WhenTheCredentialsAreRevokedForAWhile_NoRunFailsAndAllGoOn()
    {
        await using var world = await TestWorld.StartAsync();
        world.Backend.OnSubmit = (_, _) => Task.FromResult(SubmitOutcome.NotNow("the backend refuses the credentials (401)"));
        var runs = new List<Run>();
        for (var i = 0; i < 50; i++)
        {
            runs.Add(await world.SubmitAsync());
        }

        for (var minutes = 0; minutes < 14; minutes++)
        {
            await world.PassAsync(TimeSpan.FromMinutes(1));
        }

        foreach (var run in runs)
        {
            var waiting = await world.RunAsync(run.Id);
            Assert.Equal(RunStatus.PendingSubmit, waiting.Status);
            Assert.Contains("401", waiting.StatusReason, StringComparison.Ordinal);
        }

        Assert.NotEqual(CircuitState.Closed, world.Entry.Condition.Circuit);
        world.Backend.OnSubmit = null;
        for (var rounds = 0; rounds < 10 && world.Backend.Jobs.Count < runs.Count; rounds++)
        {
            await world.PassAsync(TimeSpan.FromSeconds(20));
        }

        Assert.Equal(runs.Count, world.Backend.Jobs.Count);
        Assert.Empty(world.Backend.StartedTwice);
    }

    [Fact]
    public async Task Guarantee14_WhenTheBackendIsDownForAnHour_NothingFailsAndItIsHardlyAsked()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.SubmitDeadline = TimeSpan.FromHours(2));
        var active = new List<Run>();
        for (var i = 0; i < 100; i++)
        {
            active.Add(await world.SubmitAsync());
        }

        world.Backend.OnStatus = r => new BackendReport { Marker = r.Marker, State = BackendState.Unreachable, Reason = "the backend refuses connections" };
        world.Backend.OnSubmit = (_, _) => Task.FromResult(SubmitOutcome.NotNow("the backend refuses connections"));
        var before = world.Backend.Arrived.Count;
        var queued = new List<Run>();
        for (var i = 0; i < 100; i++)
        {
            queued.Add(await world.SubmitAsync());
        }

        for (var rounds = 0; rounds < 360; rounds++)
        {
            await world.PassAsync(TimeSpan.FromSeconds(10));
        }

        Assert.InRange(world.Backend.Arrived.Count - before, 1, 720);
        foreach (var run in active.Concat(queued))
        {
            Assert.False((await world.RunAsync(run.Id)).Status.IsFinal());
        }

        world.Backend.OnStatus = null;
        world.Backend.OnSubmit = null;
        foreach (var run in active)
        {
            world.Backend.Jobs[run.Marker] = new BackendReport { Marker = run.Marker, State = BackendState.Succeeded };
        }

        for (var rounds = 0; rounds < 9; rounds++)
        {
            await world.PassAsync(TimeSpan.FromSeconds(10));
        }

        foreach (var run in active)
        {
            Assert.Equal(RunStatus.Succeeded, (await world.RunAsync(run.Id)).Status);
        }

        Assert.Equal(200, world.Backend.Jobs.Count);
    }
}
