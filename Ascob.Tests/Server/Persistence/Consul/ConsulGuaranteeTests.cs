using System.Diagnostics;
using Ascob.Core.Jobs;
using Ascob.Core.Locks;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Locks.Consul;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence.Consul;

/// <summary>The rows of the sheet of guarantees that are about locks in Consul, against a real agent. Sessions live for two seconds here, which Consul makes four.</summary>
public sealed class ConsulGuaranteeTests(ConsulFixture consul) : ConsulTestBase(consul)
{
    [Fact]
    public async Task Guarantee4_WhenKilledBetweenConsulAndTheDatabase_TheNextLifeOfTheServerGrantsTheSameRunAtOnce()
    {
        var agent = await SharedAsync();
        await using var root = await OpenAsync(agent.Url);
        var store = root;
        for (var round = 0; round < 10; round++)
        {
            var run = await WaitingAsync(store, new LockSpec("db"), new LockSpec($"own/{round}"));
            await Assert.ThrowsAsync<InvalidOperationException>(() => store.Locks.TryGrantAsync(run.Id, (_, _) => throw new InvalidOperationException("killed here"), Stop));
            Assert.NotNull(await agent.HolderAsync(Prefix + "db"));
            store.Kill();
            var next = await store.OpenNextLifeAsync();
            if (store != root)
            {
                await store.DisposeAsync();
            }

            store = next;
            await EndAsync(store, await UntilGrantedAsync(store, run));
        }

        await store.DisposeAsync();
    }

    [Fact]
    public async Task Guarantee4_WhenKilledBetweenConsulAndTheDatabaseAndNobodyComesBack_TheLockIsFreeForOthers()
    {
        var agent = await SharedAsync();
        await using var store = await OpenAsync(agent.Url);
        var run = await WaitingAsync(store, new LockSpec("db"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.Locks.TryGrantAsync(run.Id, (_, _) => throw new InvalidOperationException("killed here"), Stop));
        store.Kill();
        var begun = Stopwatch.GetTimestamp();

        var stranger = await agent.CreateSessionAsync();
        await UntilAsync(() => agent.AcquireAsync(Prefix + "db", stranger));

        Assert.InRange(Stopwatch.GetElapsedTime(begun).TotalSeconds, 0, 25);
    }

    [Fact]
    public async Task Guarantee4_WhenAGrantIsNeverStoredAndTheServerLives_TheLockIsGivenBack()
    {
        var agent = await SharedAsync();
        await using var store = await OpenAsync(agent.Url, o => o.OrphanAfter = TimeSpan.FromSeconds(1));
        var run = await WaitingAsync(store, new LockSpec("db"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.Locks.TryGrantAsync(run.Id, (_, _) => throw new InvalidOperationException("no"), Stop));
        Assert.NotNull(await agent.HolderAsync(Prefix + "db"));

        await UntilAsync(async () => await agent.HolderAsync(Prefix + "db") is null);

        Assert.Empty(await agent.ListAsync(Prefix));
    }

    [Fact]
    public async Task Guarantee7_WhenKilledAfterTheEndIsStored_TheNextLifeGivesTheLocksBack()
    {
        var agent = await SharedAsync();
        await using var store = await OpenAsync(agent.Url);
        var runs = new List<Run>();
        for (var i = 0; i < 20; i++)
        {
            runs.Add(await HoldAsync(store, $"lock/{i}"));
        }

        store.Kill();
        foreach (var run in runs)
        {
            await SampleRuns.ApplyAsync(store.Runs, run, RunTrigger.BackendFailed);
        }

        Assert.Equal(20, (await agent.ListAsync(Prefix)).Count(k => k.Session is not null));
        var begun = Stopwatch.GetTimestamp();
        await using var next = await store.OpenNextLifeAsync();
        await UntilAsync(async () => (await KeptAsync(next)).Count == 0);

        Assert.Empty(await agent.ListAsync(Prefix));
        Assert.InRange(Stopwatch.GetElapsedTime(begun).TotalSeconds, 0, 25);
    }

    [Fact]
    public async Task Guarantee20_WhenTheServerThatKeeps50LocksIsKilled_AnotherKeepsThemForTheSameRunsAndNobodyElseGetsThem()
    {
        var agent = await SharedAsync();
        await using var first = await OpenAsync(agent.Url);
        var runs = new List<Run>();
        for (var i = 0; i < 50; i++)
        {
            runs.Add(await HoldAsync(first, $"lock/{i}"));
        }

        await using var second = await first.OpenOtherAsync();
        var contender = await WaitingAsync(first, new LockSpec("lock/7"));
        first.Kill();
        var begun = Stopwatch.GetTimestamp();

        await UntilAsync(async () =>
        {
            Assert.Equal(LockGrantOutcome.Blocked, (await GrantAsync(second, contender)).Outcome);
            return await AllHeldByAsync(second);
        });

        Assert.InRange(Stopwatch.GetElapsedTime(begun).TotalSeconds, 0, 25);
        var own = second.Get<ConsulSession>().Id;
        Assert.All(await agent.ListAsync(Prefix), k => Assert.Equal(own, k.Session));
        Assert.All(runs, r => Assert.True(second.Locks.VerifyAsync(r.Spec.Locks![0].Key, r.Fences!.Values.Single(), Stop).Result.Held));
        await EndAsync(second, runs[7]);
        Assert.True((await UntilGrantedAsync(second, contender)).Fences!["lock/7"] > runs[7].Fences!["lock/7"]);
    }

    [Fact]
    public async Task Guarantee20_WhenAServerStopsInOrder_AnotherTakesItsLocksOverWithoutAnyGap()
    {
        var agent = await SharedAsync();
        await using var first = await OpenAsync(agent.Url);
        var run = await HoldAsync(first, "db");
        await using var second = await first.OpenOtherAsync();
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var gaps = Task.Run(async () =>
        {
            var seen = 0;
            while (!watching.IsCancellationRequested)
            {
                seen += await agent.HolderAsync(Prefix + "db") is null ? 1 : 0;
            }

            return seen;
        });

        await first.Get<ConsulKeeper>().StopAsync(Stop);
        await UntilAsync(() => AllHeldByAsync(second));
        await watching.CancelAsync();

        Assert.Equal(0, await gaps);
        Assert.True((await second.Locks.VerifyAsync("db", run.Fences!["db"], Stop)).Held);
    }

    [Fact]
    public async Task Guarantee21_WhenConsulIsFrozen_NothingIsGrantedNothingFailsAndAllGoesOnAfterwards()
    {
        await using var agent = await ConsulFixture.OwnAsync();
        await using var store = await OpenAsync(agent.Url, o => o.Timeout = TimeSpan.FromMilliseconds(500));
        var holder = await HoldAsync(store, "db");
        await agent.FreezeAsync();
        var waiting = await WaitingAsync(store, new LockSpec("other", Policy: LockPolicy.Fail));
        var grants = new List<LockGrant>();
        await UntilAsync(async () =>
        {
            grants.Add(await GrantAsync(store, waiting));
            return store.Get<LockCondition>().Trouble?.Kind == "away";
        });

        // Known to be away, it is not asked: a grant answers at once.
        var begun = Stopwatch.GetTimestamp();
        grants.Add(await GrantAsync(store, waiting));
        Assert.InRange(Stopwatch.GetElapsedTime(begun).TotalMilliseconds, 0, 400);
        Assert.All(grants, g => Assert.Equal((LockGrantOutcome.Blocked, false), (g.Outcome, g.Blocking.Single().IsTaken)));
        Assert.Contains("Consul does not answer", grants[^1].Blocking.Single().Outside, StringComparison.Ordinal);

        // When the session may be over, nobody can promise any more that no other system has the lock; the run keeps it all the same.
        await UntilAsync(async () => !(await store.Locks.VerifyAsync("db", holder.Fences!["db"], Stop)).Held);
        Assert.Equal(new LockVerification(false, holder.Id, Quarantined: true), await store.Locks.VerifyAsync("db", holder.Fences!["db"], Stop));
        Assert.Equal(holder.Id, (await store.Locks.ListAsync(Stop)).Single(l => l.Key == "db").Holders.Single().RunId);
        await agent.ThawAsync();
        await UntilGrantedAsync(store, waiting);
        await UntilAsync(() => AllHeldByAsync(store));
        await UntilAsync(async () => (await store.Locks.VerifyAsync("db", holder.Fences!["db"], Stop)).Held);

        Assert.Null(store.Get<LockCondition>().Trouble);
    }

    [Fact]
    public async Task Guarantee22_WhenTheSessionIsLostAndAStrangerTakesTheLock_NoOtherRunGetsItBeforeTheHolderHasEnded()
    {
        var agent = await SharedAsync();
        await using var store = await OpenAsync(agent.Url, o => o.LockDelay = TimeSpan.Zero);
        var holder = await HoldAsync(store, "db");
        var contender = await WaitingAsync(store, new LockSpec("db"));
        var stranger = await agent.CreateSessionAsync("deployer");
        await agent.DestroySessionAsync(store.Get<ConsulSession>().Id!);
        if (!await agent.AcquireAsync(Prefix + "db", stranger))
        {
            // The keeper was faster; a plain delete opens the way as rudely.
            await UntilAsync(async () =>
            {
                await agent.DeleteAsync(Prefix + "db");
                return await agent.AcquireAsync(Prefix + "db", stranger);
            });
        }

        await UntilAsync(async () => (await store.Locks.CountAsync(Stop)).Quarantined == 1);

        var shown = Assert.Single(await store.Locks.ListAsync(Stop));
        Assert.True(shown.Quarantined);
        Assert.Equal(new LockVerification(false, holder.Id, true), await store.Locks.VerifyAsync("db", holder.Fences!["db"], Stop));
        Assert.Equal(LockGrantOutcome.Blocked, (await GrantAsync(store, contender)).Outcome);
        await EndAsync(store, holder);
        var blocked = (await GrantAsync(store, contender)).Blocking.Single();
        Assert.Equal($"lock 'db' is held in Consul by session {stranger} (deployer) of another system", blocked.Outside);
        await agent.ReleaseAsync(Prefix + "db", stranger);

        Assert.True((await UntilGrantedAsync(store, contender)).Fences!["db"] > holder.Fences!["db"]);
    }

    [Fact]
    public async Task Guarantee22_WhenTheSessionIsLost_TheLockIsTakenBackForItsRunAfterTheLockDelay()
    {
        var agent = await SharedAsync();
        await using var store = await OpenAsync(agent.Url);
        var holder = await HoldAsync(store, "db");
        var lost = store.Get<ConsulSession>().Id!;
        await agent.DestroySessionAsync(lost);

        await UntilAsync(async () => (await KeptAsync(store)).Single().Session != lost && await AllHeldByAsync(store));

        Assert.Equal(store.Get<ConsulSession>().Id, await agent.HolderAsync(Prefix + "db"));
        Assert.True((await store.Locks.VerifyAsync("db", holder.Fences!["db"], Stop)).Held);
    }
}
