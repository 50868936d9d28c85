using Ascob.Core.Jobs;
using Ascob.Core.Locks;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Contracts;

/// <summary>What every lock store promises.</summary>
public abstract partial class LockStoreContract
{
    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Opens an empty store, or skips the test where the database is not there.</summary>
    protected abstract Task<TestStore> OpenAsync();

    [Fact]
    public async Task TryGrantAsync_WhenLocksAreFree_GrantsAllAndMovesTheRun()
    {
        await using var store = await OpenAsync();
        var run = await WaitingAsync(store, new LockSpec("db"), new LockSpec("net", LockMode.Shared));

        var grant = await GrantAsync(store, run);

        Assert.Equal(LockGrantOutcome.Granted, grant.Outcome);
        var fences = grant.Run!.Fences!;
        Assert.Equal(["db", "net"], fences.Keys.Order(StringComparer.Ordinal));
        Assert.All(fences.Values, f => Assert.True(f > 0));
        var stored = await store.Runs.FindAsync(run.Id, Stop);
        Assert.Equal((RunStatus.PendingSubmit, 2L), (stored?.Status, stored?.Version));
        Assert.Equal(2, (await store.Runs.EventsAsync(run.Id, 0, 10, Stop)).Count);
        Assert.Equal(new LockVerification(true, run.Id), await store.Locks.VerifyAsync("db", fences["db"], Stop));
        Assert.Equal(new LockVerification(false, null), await store.Locks.VerifyAsync("db", fences["db"] + 1, Stop));
        Assert.Equal(LockGrantOutcome.NotWaiting, (await GrantAsync(store, run)).Outcome);
    }

    [Fact]
    public async Task TryGrantAsync_WhenOneLockIsTaken_GrantsNone()
    {
        await using var store = await OpenAsync();
        var holder = await WaitingAsync(store, new LockSpec("db"));
        var waiter = await WaitingAsync(store, new LockSpec("db", Policy: LockPolicy.Fail), new LockSpec("net"));
        await GrantAsync(store, holder);

        var grant = await GrantAsync(store, waiter);

        Assert.Equal(LockGrantOutcome.Blocked, grant.Outcome);
        Assert.Null(grant.Run);
        Assert.Equal([new LockBlock("db", holder.Id, true, 1, LockPolicy.Fail)], grant.Blocking);
        Assert.Equal(RunStatus.WaitingLocks, (await store.Runs.FindAsync(waiter.Id, Stop))?.Status);
        var net = Assert.Single(await store.Locks.ListAsync(Stop), l => l.Key == "net");
        Assert.Empty(net.Holders);
        Assert.Equal((waiter.Id, 1), (net.Waiters[0].RunId, net.Waiters[0].Position));
    }

    [Fact]
    public async Task TryGrantAsync_WhenAnEarlierRunWaits_LaterOnesDoNotOvertake()
    {
        await using var store = await OpenAsync();
        var holder = await WaitingAsync(store, new LockSpec("a"));
        var early = await WaitingAsync(store, new LockSpec("a"), new LockSpec("b"));
        var late = await WaitingAsync(store, new LockSpec("b"));
        await GrantAsync(store, holder);

        Assert.Equal([new LockBlock("b", early.Id, false, 2, LockPolicy.Wait)], (await GrantAsync(store, late)).Blocking);
        Assert.Equal([early.Id], await store.Locks.WaitersAsync(["b"], Stop));
        Assert.Empty(await store.Locks.WaitersAsync(["b", "a"], Stop));

        await EndAsync(store, holder);
        Assert.Equal([early.Id], await store.Locks.WaitersAsync(["b", "a"], Stop));
        Assert.Equal(LockGrantOutcome.Granted, (await GrantAsync(store, early)).Outcome);
        Assert.Empty(await store.Locks.WaitersAsync(["b", "a"], Stop));

        await EndAsync(store, early);
        Assert.Equal([late.Id], await store.Locks.WaitersAsync(["b", "a"], Stop));
    }

    [Fact]
    public async Task WaitersAsync_WhenSharedAndExclusiveWait_AnswersThoseThatCouldBeNext()
    {
        await using var store = await OpenAsync();
        var holder = await WaitingAsync(store, new LockSpec("a", LockMode.Shared));
        await GrantAsync(store, holder);
        var one = await WaitingAsync(store, new LockSpec("a", LockMode.Shared));
        var two = await WaitingAsync(store, new LockSpec("a", LockMode.Shared));
        var alone = await WaitingAsync(store, new LockSpec("a"));
        var last = await WaitingAsync(store, new LockSpec("a", LockMode.Shared));
        Assert.Equal([one.Id, two.Id], await store.Locks.WaitersAsync(["a"], Stop));

        await GrantAsync(store, one);
        await GrantAsync(store, two);
        await EndAsync(store, one);
        await EndAsync(store, two);
        Assert.Empty(await store.Locks.WaitersAsync(["a"], Stop));
        await EndAsync(store, holder);
        Assert.Equal([alone.Id], await store.Locks.WaitersAsync(["a"], Stop));
        await GrantAsync(store, alone);
        await EndAsync(store, alone);
        Assert.Equal([last.Id], await store.Locks.WaitersAsync(["a"], Stop));
    }

    [Fact]
    public async Task TryGrantAsync_WhenModesAreShared_ReadersShareAndAWriterIsNotStarved()
    {
        await using var store = await OpenAsync();
        var first = await WaitingAsync(store, new LockSpec("x", LockMode.Shared));
        var second = await WaitingAsync(store, new LockSpec("x", LockMode.Shared));
        var writer = await WaitingAsync(store, new LockSpec("x"));
        var third = await WaitingAsync(store, new LockSpec("x", LockMode.Shared));

        Assert.Equal(LockGrantOutcome.Granted, (await GrantAsync(store, first)).Outcome);
        Assert.Equal(LockGrantOutcome.Granted, (await GrantAsync(store, second)).Outcome);
        Assert.Equal(LockGrantOutcome.Blocked, (await GrantAsync(store, writer)).Outcome);
        Assert.Equal(LockGrantOutcome.Blocked, (await GrantAsync(store, third)).Outcome);
        await EndAsync(store, first);
        await EndAsync(store, second);
        Assert.Equal(LockGrantOutcome.Granted, (await GrantAsync(store, writer)).Outcome);
        Assert.Equal(LockGrantOutcome.Blocked, (await GrantAsync(store, third)).Outcome);
    }

    [Fact]
    public async Task TryGrantAsync_WhenLockIsGrantedAgain_FenceOnlyGrows()
    {
        await using var store = await OpenAsync();
        var fences = new List<long>();
        for (var i = 0; i < 5; i++)
        {
            var run = await WaitingAsync(store, new LockSpec("db"));
            fences.Add((await GrantAsync(store, run)).Run?.Fences?["db"] ?? 0);
            await EndAsync(store, run);
        }

        Assert.True(fences[0] > 0);
        Assert.Equal(fences.Distinct().Order(), fences);
    }

    [Fact]
    public async Task TryGrantAsync_WhenNamesDifferInAByte_AreDifferentLocks()
    {
        await using var store = await OpenAsync();
        foreach (var name in (string[])["db", "DB", "db ", "dB", "straße", "strasse", "é", "e\u0301"])
        {
            var run = await WaitingAsync(store, new LockSpec(name));
            Assert.Equal(LockGrantOutcome.Granted, (await GrantAsync(store, run)).Outcome);
        }

        Assert.Equal(8, (await store.Locks.ListAsync(Stop)).Count);
    }

    [Fact]
    public async Task TryGrantAsync_WhenServersRace_AnExclusiveLockHasOneHolder()
    {
        await using var store = await OpenAsync();
        await using var other = await store.OpenOtherAsync();
        var runs = new List<Run>();
        for (var i = 0; i < 20; i++)
        {
            runs.Add(await WaitingAsync(store, new LockSpec("db"), new LockSpec($"own-{i}")));
        }

        var grants = await Task.WhenAll(runs.Select((r, i) => GrantAsync(i % 2 == 0 ? store : other, r)));

        Assert.Equal(LockGrantOutcome.Granted, grants[0].Outcome);
        Assert.Equal(19, grants.Count(g => g.Outcome == LockGrantOutcome.Blocked));
    }

    [Fact]
    public async Task TryApplyAsync_WhenRunStartsToWait_StoresItsRequests()
    {
        await using var store = await OpenAsync();
        var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.Defined, locks: [new LockSpec("db")]));
        Assert.Empty(await store.Locks.ListAsync(Stop));

        await store.Runs.TryApplyAsync(SampleRuns.Change(run, RunTrigger.StartWithLocks), [new LockSpec("db"), new LockSpec("db", LockMode.Shared)], Stop);

        var wanted = Assert.Single(await store.Locks.ListAsync(Stop));
        Assert.Equal(("db", LockMode.Exclusive), (wanted.Key, Assert.Single(wanted.Waiters).Mode));
    }

    [Fact]
    public async Task SweepAsync_WhenRunsAreInDoubt_KeepsTheirLocks()
    {
        await using var store = await OpenAsync();
        var run = await WaitingAsync(store, new LockSpec("db"));
        var grant = await GrantAsync(store, run);
        await SampleRuns.ApplyAsync(store.Runs, grant.Run ?? run, RunTrigger.AnswerLost);

        Assert.Empty(await store.Locks.SweepAsync(Stop));
        Assert.Single(await store.Locks.ListAsync(Stop));
    }

    [Fact]
    public async Task TryGrantAsync_WhenTheChangeThrows_GrantsNothingAndOthersGoOn()
    {
        await using var store = await OpenAsync();
        var run = await WaitingAsync(store, new LockSpec("db"));

        await Assert.ThrowsAsync<InvalidOperationException>(() => store.Locks.TryGrantAsync(run.Id, (_, _) => throw new InvalidOperationException("no"), Stop));

        Assert.Equal(LockGrantOutcome.Granted, (await GrantAsync(store, run)).Outcome);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(17)]
    [InlineData(64)]
    public async Task TryGrantAsync_WhenManyLocksAreWanted_AllAreGrantedOrNone(int count)
    {
        await using var store = await OpenAsync();
        var names = Enumerable.Range(0, count).Select(i => $"many/{i}").ToArray();
        var holder = await WaitingAsync(store, new LockSpec(names[^1]));
        await GrantAsync(store, holder);
        var run = await WaitingAsync(store, [.. names.Select(n => new LockSpec(n))]);

        Assert.Equal(LockGrantOutcome.Blocked, (await GrantAsync(store, run)).Outcome);
        Assert.Single(await store.Locks.ListAsync(Stop), l => l.Holders.Count > 0);
        await EndAsync(store, holder);
        var grant = await GrantAsync(store, run);

        Assert.Equal(LockGrantOutcome.Granted, grant.Outcome);
        Assert.Equal(count, grant.Run!.Fences!.Count);
        Assert.All(await store.Locks.ListAsync(Stop), l => Assert.Equal(run.Id, Assert.Single(l.Holders).RunId));
    }

    [Fact]
    public async Task TryGrantAsync_WhenTheRunHasItsLocks_TryingAgainChangesNothing()
    {
        await using var store = await OpenAsync();
        var run = await WaitingAsync(store, new LockSpec("db"));
        var fence = (await GrantAsync(store, run)).Run!.Fences!["db"];

        await using var other = await store.OpenOtherAsync();
        Assert.Equal(LockGrantOutcome.NotWaiting, (await GrantAsync(store, run)).Outcome);
        Assert.Equal(LockGrantOutcome.NotWaiting, (await GrantAsync(other, run)).Outcome);

        Assert.Equal(new LockVerification(true, run.Id), await store.Locks.VerifyAsync("db", fence, Stop));
    }

    [Fact]
    public async Task TryApplyAsync_WhenAnotherRunEnds_ReleasesOnlyWhatThatRunHeld()
    {
        await using var store = await OpenAsync();
        var holder = await WaitingAsync(store, new LockSpec("a"));
        var other = await WaitingAsync(store, new LockSpec("b"));
        var fence = (await GrantAsync(store, holder)).Run!.Fences!["a"];
        await GrantAsync(store, other);

        await EndAsync(store, other);
        store.Locks.LetGo(["a", "b"]);

        Assert.Equal(new LockVerification(true, holder.Id), await store.Locks.VerifyAsync("a", fence, Stop));
        Assert.Equal(LockGrantOutcome.Blocked, (await GrantAsync(store, await WaitingAsync(store, new LockSpec("a")))).Outcome);
    }

    [Fact]
    public async Task TryGrantAsync_WhenALockWaitsForManyAndFewComeAndGo_TheWideOneIsNotStarved()
    {
        await using var store = await OpenAsync();
        var first = await WaitingAsync(store, new LockSpec("a"));
        await GrantAsync(store, first);
        var wide = await WaitingAsync(store, new LockSpec("a"), new LockSpec("b"), new LockSpec("c"));
        for (var i = 0; i < 5; i++)
        {
            var narrow = await WaitingAsync(store, new LockSpec("b"));
            Assert.Equal(LockGrantOutcome.Blocked, (await GrantAsync(store, narrow)).Outcome);
        }

        await EndAsync(store, first);

        Assert.Equal(LockGrantOutcome.Granted, (await GrantAsync(store, wide)).Outcome);
    }

    [Fact]
    public async Task TryGrantAsync_WhenEightWorkersOnTwoServersWantTwoLocksInOppositeOrders_OneHasThemAtATimeAndAllGetThem()
    {
        await using var store = await OpenAsync();
        await using var other = await store.OpenOtherAsync();
        var inside = 0;
        var overlaps = 0;
        var fences = new List<long>();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async worker =>
        {
            var mine = worker % 2 == 0 ? store : other;
            for (var round = 0; round < 5; round++)
            {
                var run = await WaitingAsync(store, worker % 2 == 0 ? [new LockSpec("a"), new LockSpec("b")] : [new LockSpec("b"), new LockSpec("a")]);
                LockGrant grant;
                while ((grant = await GrantAsync(mine, run)).Outcome != LockGrantOutcome.Granted)
                {
                    Assert.NotEqual(LockGrantOutcome.NotWaiting, grant.Outcome);
                    await Task.Delay(5, Stop);
                }

                overlaps += Interlocked.Increment(ref inside) == 1 ? 0 : 1;
                fences.Add(grant.Run!.Fences!["a"]);
                Interlocked.Decrement(ref inside);
                await EndAsync(mine, grant.Run);
            }
        }));

        Assert.Equal(0, overlaps);
        Assert.Equal(40, fences.Count);
        Assert.Equal(fences.Distinct().Order(), fences);
        Assert.Empty(await store.Locks.ListAsync(Stop));
    }

    [Theory]
    [InlineData("..a/../b")]
    [InlineData("a//b/.")]
    [InlineData("%2e%2e/%00")]
    [InlineData("straße/мир/🔒")]
    [InlineData("a\"b\\c{}")]
    public async Task TryGrantAsync_WhenNamesHoldAnything_TheyAreTakenAsTheyAre(string name)
    {
        await using var store = await OpenAsync();
        var run = await WaitingAsync(store, new LockSpec(name));

        var grant = await GrantAsync(store, run);

        Assert.Equal(new LockVerification(true, run.Id), await store.Locks.VerifyAsync(name, grant.Run!.Fences![name], Stop));
        Assert.Equal(name, Assert.Single(await store.Locks.ListAsync(Stop)).Key);
        await EndAsync(store, grant.Run);
    }

    [Fact]
    public async Task CountAsync_WhenLocksAreHeldAndWanted_CountsThem()
    {
        await using var store = await OpenAsync();
        await GrantAsync(store, await WaitingAsync(store, new LockSpec("a", LockMode.Shared)));
        await GrantAsync(store, await WaitingAsync(store, new LockSpec("a", LockMode.Shared)));
        await WaitingAsync(store, new LockSpec("a"));
        await WaitingAsync(store, new LockSpec("a"));

        Assert.Equal(new LockCounts(1, 2, 0), await store.Locks.CountAsync(Stop));
    }

    protected static async Task<Run> WaitingAsync(TestStore store, params LockSpec[] locks) =>
        await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.WaitingLocks, locks: locks));

    protected static Task<LockGrant> GrantAsync(TestStore store, Run run) => store.Locks.TryGrantAsync(
        run.Id,
        (waiting, fences) => SampleRuns.Change(waiting, RunTrigger.LocksGranted, r => r with { Fences = fences }),
        Stop);

    protected static async Task EndAsync(TestStore store, Run run)
    {
        var current = await store.Runs.FindAsync(run.Id, Stop) ?? throw new InvalidOperationException();
        await SampleRuns.ApplyAsync(store.Runs, current, RunTrigger.BackendFailed);
    }
}
