using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Core.Locks;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Core.Locks;

public sealed class LockWaitingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Release_WhenAHolderEnds_StartsTheNextInLineAtOnceAndTheOthersWaitOn()
    {
        await using var world = await TestWorld.StartAsync();
        var first = await world.SubmitAsync(Locked("db"));
        var second = await world.SubmitAsync(Locked("db"));
        var third = await world.SubmitAsync(Locked("db"));
        Assert.Equal(RunStatus.WaitingLocks, third.Status);
        Assert.Contains($"held by run {first.Id}", second.StatusReason, StringComparison.Ordinal);
        Assert.Equal("lock 'db': earlier runs come first", third.StatusReason);

        world.Backend.Set(first.Marker, BackendState.Succeeded);
        await TestWorld.UntilAsync(() => world.Backend.Jobs.ContainsKey(second.Marker));

        Assert.False(world.Backend.Jobs.ContainsKey(third.Marker));
    }

    [Fact]
    public async Task Release_WhenOneOfThoseNextCannotBeTried_TheOthersAreServedAllTheSame()
    {
        var stumbles = new HashSet<long>();
        await using var world = await TestWorld.StartAsync(configure: parts =>
        {
            var inner = parts.Last(p => p.ServiceType == typeof(ILockStore));
            parts.AddSingleton<ILockStore>(p => new StumblingLocks((ILockStore)inner.ImplementationFactory!(p), stumbles));
        });
        var holder = await world.SubmitAsync(Locked("db"));
        var first = await world.SubmitAsync(TestWorld.Job().WithSharedLock("db").Build());
        var second = await world.SubmitAsync(TestWorld.Job().WithSharedLock("db").Build());
        stumbles.Add(first.Id);

        world.Backend.Set(holder.Marker, BackendState.Succeeded);

        await TestWorld.UntilAsync(() => world.Backend.Jobs.ContainsKey(second.Marker));
        Assert.False(world.Backend.Jobs.ContainsKey(first.Marker));
        stumbles.Clear();
        await world.PassAsync(TimeSpan.FromSeconds(30));
        await TestWorld.UntilAsync(() => world.Backend.Jobs.ContainsKey(first.Marker));
    }

    [Fact]
    public async Task Release_WhenManyWait_WritesNothingToThoseThatAreNotNext()
    {
        await using var world = await TestWorld.StartAsync();
        var runs = new List<Run>();
        for (var i = 0; i < 20; i++)
        {
            runs.Add(await world.SubmitAsync(Locked("db")));
        }

        for (var i = 0; i < 10; i++)
        {
            world.Backend.Set(runs[i].Marker, BackendState.Succeeded);
            await TestWorld.UntilAsync(() => world.Backend.Jobs.ContainsKey(runs[i + 1].Marker));
            await world.PassAsync(TimeSpan.FromSeconds(6));
        }

        Assert.Equal(2, (await world.EventsAsync(runs[^1].Id)).Count);
        Assert.Equal($"lock 'db' is held by run {runs[10].Id}", (await world.RunAsync(runs[11].Id)).StatusReason);
        Assert.Equal(8, (await world.Locks.ListAsync(Token)).Single().Waiters.Single(w => w.RunId == runs[18].Id).Position);
    }

    [Fact]
    public async Task DefectD15_WhenALaterRunCouldTakeItsLock_ItDoesNotOvertakeAnEarlierThatWantsTheSame()
    {
        await using var world = await TestWorld.StartAsync();
        var holder = await world.SubmitAsync(Locked("a"));
        var wantsBoth = await world.SubmitAsync(Locked("a", "b"));
        var wantsB = await world.SubmitAsync(Locked("b"));
        Assert.Equal(RunStatus.WaitingLocks, wantsB.Status);

        world.Backend.Set(holder.Marker, BackendState.Succeeded);
        await TestWorld.UntilAsync(() => world.Backend.Jobs.ContainsKey(wantsBoth.Marker));
        Assert.False(world.Backend.Jobs.ContainsKey(wantsB.Marker));
        world.Backend.Set(wantsBoth.Marker, BackendState.Failed);

        await TestWorld.UntilAsync(() => world.Backend.Jobs.ContainsKey(wantsB.Marker));
    }

    [Fact]
    public async Task Shared_WhenHeldShared_OthersShareItAndAnExclusiveOneWaits()
    {
        await using var world = await TestWorld.StartAsync();
        var one = await world.SubmitAsync(TestWorld.Job().WithSharedLock("db").Build());
        var two = await world.SubmitAsync(TestWorld.Job().WithSharedLock("db").Build());
        var exclusive = await world.SubmitAsync(Locked("db"));

        Assert.Equal(RunStatus.Submitted, one.Status);
        Assert.Equal(RunStatus.Submitted, two.Status);
        Assert.Equal(RunStatus.WaitingLocks, exclusive.Status);
    }

    [Theory]
    [InlineData(LockPolicy.Fail, RunStatus.Failed)]
    [InlineData(LockPolicy.Skip, RunStatus.Aborted)]
    public async Task Policy_WhenTheLockIsTaken_DecidesTheRun(LockPolicy policy, RunStatus expected)
    {
        await using var world = await TestWorld.StartAsync();
        await world.SubmitAsync(Locked("db"));

        var refused = await world.SubmitAsync(TestWorld.Job().WithLock(new LockSpec("db", LockMode.Exclusive, policy)).Build());

        Assert.Equal(expected, refused.Status);
        Assert.Contains("'db'", refused.StatusReason, StringComparison.Ordinal);
        Assert.Empty((await world.Locks.ListAsync(Token)).Single().Waiters);
    }

    [Fact]
    public async Task LockWait_WhenItIsOver_FailsTheRun()
    {
        await using var world = await TestWorld.StartAsync();
        await world.SubmitAsync(Locked("db"));
        var waiting = await world.SubmitAsync(TestWorld.Job().WithLock("db").WithLockWait(TimeSpan.FromSeconds(30)).Build());
        await world.PassAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(RunStatus.WaitingLocks, (await world.RunAsync(waiting.Id)).Status);

        await world.PassAsync(TimeSpan.FromSeconds(11));

        var failed = await world.RunAsync(waiting.Id);
        Assert.Equal(RunStatus.Failed, failed.Status);
        Assert.Contains("30 s", failed.StatusReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fences_ForEachGrantOfALock_OnlyGrowAndReachTheJob()
    {
        await using var world = await TestWorld.StartAsync();
        var fences = new List<long>();
        for (var i = 0; i < 5; i++)
        {
            var run = await world.SubmitAsync(Locked("db"));
            fences.Add(world.Backend.Arrived.Last().Fences["db"]);
            world.Backend.Set(run.Marker, BackendState.Succeeded);
            await world.UntilAsync(run.Id, RunStatus.Succeeded);
        }

        Assert.Equal(fences.Order(), fences);
        Assert.Equal(5, fences.Distinct().Count());
    }

    [Fact]
    public async Task Contention_WhenManyRunsWantFewLocks_NoTwoHoldOneAndAllGetTheirTurn()
    {
        await using var world = await TestWorld.StartAsync();
        var random = new Random(7);
        var running = new Dictionary<string, string>(StringComparer.Ordinal);
        var overlaps = 0;
        var gate = new Lock();
        world.Backend.OnSubmit = (job, _) =>
        {
            lock (gate)
            {
                foreach (var key in job.Fences.Keys)
                {
                    overlaps += running.TryAdd(key, job.Marker) ? 0 : 1;
                }
            }

            var accepted = world.Backend.Start(job);
            lock (gate)
            {
                foreach (var key in job.Fences.Keys)
                {
                    running.Remove(key);
                }
            }

            world.Backend.Set(job.Marker, BackendState.Succeeded);
            return Task.FromResult(accepted);
        };

        var runs = new List<Run>();
        for (var i = 0; i < 120; i++)
        {
            var keys = Enumerable.Range(0, 5).Where(_ => random.Next(2) == 0).Select(k => $"lock-{k}").ToArray();
            runs.Add(await world.SubmitAsync(Locked(keys.Length == 0 ? ["lock-0"] : keys), untilSent: false));
        }

        foreach (var run in runs)
        {
            await world.UntilAsync(run.Id, RunStatus.Succeeded);
        }

        Assert.Equal(0, overlaps);
        Assert.Empty(await world.Locks.ListAsync(Token));
    }

    [Fact]
    public async Task Guarantee22_WhenTheServerThatTookTheLockIsGone_TheLockStaysWithTheRunAsLongAsItsJobGoesOn()
    {
        await using var first = await TestWorld.StartAsync();
        var holder = await first.SubmitAsync(Locked("db"));
        await first.KillAsync();

        await using var second = await TestWorld.StartAsync(first, serverName: "two");
        await second.Store.TakeOverAbandonedLeasesAsync(Token);
        var contender = await second.SubmitAsync(Locked("db"));
        for (var minutes = 0; minutes < 60; minutes += 10)
        {
            await second.PassAsync(TimeSpan.FromMinutes(10));
            await second.Get<LockService>().SweepAsync(Token);
        }

        var held = Assert.Single(Assert.Single(await second.Locks.ListAsync(Token)).Holders);
        Assert.Equal((holder.Id, RunStatus.WaitingLocks), (held.RunId!.Value, (await second.RunAsync(contender.Id)).Status));
        Assert.True((await second.Locks.VerifyAsync("db", held.Fence, Token)).Held);
        Assert.False(second.Backend.Jobs.ContainsKey(contender.Marker));

        second.Backend.Set(holder.Marker, BackendState.Succeeded);
        await TestWorld.UntilAsync(() => second.Backend.Jobs.ContainsKey(contender.Marker));

        Assert.True((await second.RunAsync(contender.Id)).Fences!["db"] > held.Fence);
        Assert.False((await second.Locks.VerifyAsync("db", held.Fence, Token)).Held);
    }

    private static JobSpec Locked(params string[] keys) => TestWorld.Job().WithLocks(keys).Build();

    /// <summary>A store of locks that fails for some runs.</summary>
    private sealed class StumblingLocks(ILockStore inner, IReadOnlySet<long> stumbles) : LockStoreBehind(inner)
    {
        public override Task<LockGrant> TryGrantAsync(long runId, Func<Run, IReadOnlyDictionary<string, long>, RunChange> onGranted, CancellationToken cancellationToken) =>
            stumbles.Contains(runId) ? throw new InvalidOperationException("stumbled") : base.TryGrantAsync(runId, onGranted, cancellationToken);
    }
}
