using Ascob.Core.Backends;
using Ascob.Core.Dispatch;
using Ascob.Core.Monitoring;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Dispatch;

/// <summary>What is sent although the run has moved on since it was read: nothing.</summary>
public sealed class StaleSnapshotTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Guarantee06_WhenTheEndIsStoredWhileTheSweeperHoldsAnOldCopy_TheJobIsNotStartedAgain()
    {
        await using var world = await TestWorld.StartAsync(configure: FlakyRunStore.Use);
        world.Backend.ResendIsSafe = true;
        world.Backend.OnSubmit = (job, _) =>
        {
            StoreOf(world).IsAway = true;
            return Task.FromResult(SubmitOutcome.Accepted(
                ScriptedBackend.Keys(job.Marker), new BackendReport { Marker = job.Marker, State = BackendState.Succeeded }));
        };
        var run = (await world.SubmitAsync(untilSent: false)).Id;
        await TestWorld.UntilAsync(() => StoreOf(world).Refused > 0);
        world.Time.Advance(TimeSpan.FromMinutes(2));
        StoreOf(world).IsAway = false;
        StoreOf(world).AfterNextClaim = () => TestWorld.UntilAsync(() =>
        {
            world.Time.Advance(TimeSpan.FromMilliseconds(100));
            return world.Get<Dispatcher>().InHand == 0;
        });
        world.Backend.OnSubmit = null;

        var swept = await world.Get<Sweeper>().SweepAsync(Token);
        await world.IdleAsync();

        Assert.Equal(1, swept);
        Assert.Single(world.Backend.Arrived);
        Assert.Equal(RunStatus.Succeeded, (await world.RunAsync(run)).Status);
    }

    [Fact]
    public async Task WhenTheRunWasSentSinceItWasRead_TheOldCopySendsNothing()
    {
        await using var world = await TestWorld.StartAsync();
        world.Backend.OnSubmit = (_, _) => Task.FromResult(SubmitOutcome.NotNow("connection refused"));
        var waiting = await world.SubmitAsync();
        var answer = new TaskCompletionSource();
        world.Backend.OnSubmit = async (job, _) =>
        {
            await answer.Task;
            return world.Backend.Start(job);
        };
        world.Time.Advance(TimeSpan.FromMinutes(2));
        await world.Get<Sweeper>().SweepAsync(Token);
        await TestWorld.UntilAsync(() => world.Backend.Arrived.Count == 2);

        await world.Get<RunSubmitter>().SubmitAsync(waiting, justStored: false, Token).WaitAsync(TimeSpan.FromSeconds(20), Token);
        answer.SetResult();
        await world.IdleAsync();

        Assert.Equal(2, world.Backend.Arrived.Count);
        Assert.Empty(world.Backend.StartedTwice);
    }

    [Fact]
    public async Task WhenAnotherServerHasTakenTheRun_TheOldCopyDoesNotPutItOff()
    {
        await using var one = await TestWorld.StartAsync();
        one.Backend.OnSubmit = (_, _) => Task.FromResult(SubmitOutcome.NotNow("connection refused"));
        var waiting = await one.SubmitAsync();
        one.Time.Advance(TimeSpan.FromMinutes(2));
        var sent = new TaskCompletionSource();
        one.Backend.OnSubmit = async (job, _) =>
        {
            await sent.Task;
            return one.Backend.Start(job);
        };
        await using var two = await TestWorld.StartAsync(one, serverName: "two");
        await two.Get<Sweeper>().SweepAsync(Token);
        await TestWorld.UntilAsync(() => one.Backend.Arrived.Count == 2);

        one.Entry.Condition.Drained = true;
        await one.Get<RunSubmitter>().SubmitAsync(waiting, justStored: false, Token);

        Assert.NotNull((await one.RunAsync(waiting.Id)).IntentAt);
        sent.SetResult();
        await two.IdleAsync();
        Assert.Equal(RunStatus.Submitted, (await two.RunAsync(waiting.Id)).Status);
    }

    [Fact]
    public async Task WhenARunWaitedLongForItsTurn_TheLeaseStillOutlivesTheCall()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.Resilience.MaxConcurrentCalls = 1);
        var patience = world.Entry.Options.Resilience.Timeout;
        var rest = new List<TimeSpan>();
        world.Backend.OnSubmit = async (job, stop) =>
        {
            rest.Add((await world.RunAsync(job.RunId)).LeaseUntil!.Value - world.Time.GetUtcNow());
            if (rest.Count == 1)
            {
                await Task.Delay(Timeout.Infinite, stop);
            }

            return world.Backend.Start(job);
        };
        await world.SubmitAsync(untilSent: false);
        await TestWorld.UntilAsync(() => rest.Count == 1);
        await world.SubmitAsync(untilSent: false);

        world.Time.Advance(patience);
        await world.IdleAsync();

        Assert.Equal(2, rest.Count);
        Assert.All(rest, r => Assert.InRange(r, patience, TimeSpan.MaxValue));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhenTheOneCallOfAHalfOpenCircuitDoesNotGoOut_AnotherMay(bool storeFails)
    {
        await using var world = await TestWorld.StartAsync(configure: FlakyRunStore.Use);
        world.Backend.OnSubmit = (_, _) => Task.FromResult(SubmitOutcome.NotNow("connection refused"));
        var run = await world.SubmitAsync();
        for (var i = 0; i < world.Entry.Options.Resilience.FailuresBeforeBreak; i++)
        {
            world.Entry.Condition.Failed("connection refused");
        }

        world.Time.Advance(world.Entry.Options.Resilience.BreakDuration);
        Assert.Equal(CircuitState.HalfOpen, world.Entry.Condition.Circuit);
        StoreOf(world).IsAway = storeFails;
        await Record.ExceptionAsync(() => world.Get<RunSubmitter>().SubmitAsync(storeFails ? run : run with { ProtectedSecrets = "spoilt" }, justStored: false, Token));

        Assert.Single(world.Backend.Arrived);
        Assert.True(world.Entry.Condition.TryEnter());
    }

    [Fact]
    public async Task Capacity_WhenASlotIsFreed_ARunOnWhichAnotherServerHoldsALeaseIsLeftToIt()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.MaxConcurrentRuns = 1);
        await world.SubmitAsync();
        var waiting = await world.SubmitAsync();
        var now = world.Time.GetUtcNow();
        Assert.NotNull(await world.Store.ClaimAsync(waiting.Id, "two:0", now, now.AddSeconds(8), Token));

        await world.Get<Sweeper>().CapacityFreedAsync(world.Backend.BackendId, 1, Token);
        await world.IdleAsync();

        Assert.Equal("two:0", (await world.RunAsync(waiting.Id)).LeaseOwner);
    }

    private static FlakyRunStore StoreOf(TestWorld world) => (FlakyRunStore)world.Store;
}
