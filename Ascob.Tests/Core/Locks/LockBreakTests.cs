using Ascob.Core.Backends;
using Ascob.Core.Locks;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Core.Locks;

/// <summary>An operator takes a lock from a run: what that means depends on whether its job may have been started.</summary>
public sealed class LockBreakTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Break_WhenTheJobWasNotSentYet_TheRunWaitsAnewAndTheNextInLineGoesFirst()
    {
        await using var world = await TestWorld.StartAsync();
        world.Entry.Condition.Drained = true;
        var first = await world.SubmitAsync(TestWorld.Job().WithLock("db").WithLock("net").Build());
        var second = await world.SubmitAsync(TestWorld.Job().WithLock("db").Build());
        Assert.Equal((RunStatus.PendingSubmit, RunStatus.WaitingLocks), (first.Status, second.Status));

        var broken = await world.Get<LockBreaker>().BreakAsync("db", TestWorld.Root, Token);

        Assert.Equal([first.Id], broken.Value);
        await world.UntilAsync(second.Id, RunStatus.PendingSubmit);
        var waiting = await world.RunAsync(first.Id);
        Assert.Equal((RunStatus.WaitingLocks, null), (waiting.Status, waiting.Fences));
        Assert.Contains(await world.EventsAsync(first.Id), e => e is { Type: RunEventTypes.Operator, Reason: "the lock 'db' was broken by an operator before the job was sent; waiting for all locks anew" });

        world.Entry.Condition.Drained = false;
        await world.PassAsync(TimeSpan.FromSeconds(10));
        await world.UntilAsync(second.Id, RunStatus.Submitted);
        Assert.Equal([second.Marker], world.Backend.Jobs.Keys);
        world.Backend.Set(second.Marker, BackendState.Succeeded);
        await TestWorld.UntilAsync(() => world.Backend.Jobs.ContainsKey(first.Marker));
        Assert.True((await world.RunAsync(first.Id)).Fences!["db"] > (await world.RunAsync(second.Id)).Fences!["db"]);
    }

    [Fact]
    public async Task Break_WhenTheJobMayHaveBeenStarted_TheRunGoesOnAndItsOtherLocksStay()
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync(TestWorld.Job().WithLock("db").WithLock("net").Build());

        await world.Get<LockBreaker>().BreakAsync("db", TestWorld.Root, Token);

        Assert.Equal(RunStatus.Submitted, (await world.RunAsync(run.Id)).Status);
        Assert.Equal("net", Assert.Single(await world.Locks.ListAsync(Token), l => l.Holders.Count > 0).Key);
    }

    [Fact]
    public async Task Break_WhenTheSubmissionIsOnItsWay_TheRunGoesOn()
    {
        await using var world = await TestWorld.StartAsync();
        var answer = new TaskCompletionSource();
        world.Backend.OnSubmit = async (job, _) =>
        {
            await answer.Task;
            return world.Backend.Start(job);
        };
        var run = await world.SubmitAsync(TestWorld.Job().WithLock("db").Build(), untilSent: false);
        await TestWorld.UntilAsync(() => world.Backend.Arrived.Count == 1);

        await world.Get<LockBreaker>().BreakAsync("db", TestWorld.Root, Token);
        answer.SetResult();

        await world.UntilAsync(run.Id, RunStatus.Submitted);
        Assert.Single(world.Backend.Arrived);
    }

    [Fact]
    public async Task Break_WhenTheServerDiedBeforeItsJobArrived_TheJobIsNotStartedBesideTheNextHolder()
    {
        var first = new ScriptedBackend { ResendIsSafe = true };
        await using var world = await TestWorld.StartAsync(first: first);
        world.Backend.OnSubmit = (_, stop) => Task.Delay(Timeout.InfiniteTimeSpan, stop).ContinueWith(_ => SubmitOutcome.Unknown("never arrived"), TaskScheduler.Default);
        world.Backend.OnFind = job => world.Backend.Jobs.ContainsKey(job.Marker)
            ? new FindOutcome(FindOutcomeKind.Found, ScriptedBackend.Keys(job.Marker))
            : new FindOutcome(FindOutcomeKind.NotFound) { Certain = true };
        var run = await world.SubmitAsync(TestWorld.Job().WithLock("db").Build(), untilSent: false);
        await TestWorld.UntilAsync(() => world.Backend.Arrived.Count == 1);
        var waiting = await world.SubmitAsync(TestWorld.Job().WithLock("db").Build(), untilSent: false);
        await using var next = await TestWorld.StartAsync(world, serverName: "two");
        world.Backend.OnSubmit = null;

        Assert.Equal([run.Id], (await next.Get<LockBreaker>().BreakAsync("db", TestWorld.Root, Token)).Value);
        await next.UntilAsync(waiting.Id, RunStatus.Submitted);
        for (var minutes = 0; minutes < 10; minutes++)
        {
            await next.PassAsync(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(RunStatus.WaitingLocks, (await next.RunAsync(run.Id)).Status);
        Assert.Equal([waiting.Marker], world.Backend.Jobs.Keys);
        world.Backend.Set(waiting.Marker, BackendState.Succeeded);
        await TestWorld.UntilAsync(async () =>
        {
            await next.PassAsync(TimeSpan.FromMinutes(1));
            return world.Backend.Jobs.ContainsKey(run.Marker);
        });
        Assert.Empty(world.Backend.StartedTwice);
    }

    [Fact]
    public async Task Start_WhileALockIsInDoubtInConsul_WaitsWithTheReason()
    {
        var doubt = "lock 'db' was lost in Consul; it is being taken back";
        await using var world = await TestWorld.StartAsync(configure: parts =>
        {
            var inner = parts.Last(p => p.ServiceType == typeof(ILockStore));
            parts.AddSingleton<ILockStore>(p => new DoubtfulLocks((ILockStore)inner.ImplementationFactory!(p), () => doubt));
        });

        var run = await world.SubmitAsync(TestWorld.Job().WithLock("db").Build());
        var free = await world.SubmitAsync(TestWorld.Job().Build());

        Assert.Equal((RunStatus.PendingSubmit, doubt), (run.Status, run.StatusReason));
        Assert.Equal(RunStatus.Submitted, free.Status);
        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal(RunStatus.PendingSubmit, (await world.RunAsync(run.Id)).Status);
        doubt = null!;
        await world.PassAsync(TimeSpan.FromSeconds(2));
        await TestWorld.UntilAsync(() => world.Backend.Jobs.ContainsKey(run.Marker));
    }

    /// <summary>A store of locks whose keeper outside is in trouble.</summary>
    private sealed class DoubtfulLocks(ILockStore inner, Func<string?> doubt) : LockStoreBehind(inner)
    {
        public override Task<string?> WhyNotStartAsync(Run run, CancellationToken cancellationToken) => Task.FromResult(doubt());
    }
}
