using Ascob.Core.Jobs;
using Ascob.Core.Locks;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Contracts;

/// <content>Locks that are taken from their holders, and what a run may rely on before its start.</content>
public abstract partial class LockStoreContract
{
    [Fact]
    public async Task BreakAsync_WhenLockIsHeld_TakesItFromItsHolder()
    {
        await using var store = await OpenAsync();
        var holder = await WaitingAsync(store, new LockSpec("db"));
        var waiter = await WaitingAsync(store, new LockSpec("db"));
        var fence = (await GrantAsync(store, holder)).Run!.Fences!["db"];

        var broken = Assert.Single(await BreakAsync(store, "db", r => SampleRuns.Change(r, RunTrigger.Noted, reason: "broken")));
        Assert.Equal((holder.Id, "broken"), (broken.RunId, broken.Change?.After.StatusReason));
        Assert.Equal("broken", (await store.Runs.FindAsync(holder.Id, Stop))!.StatusReason);
        Assert.Empty(await BreakAsync(store, "db", _ => throw new InvalidOperationException("nobody holds it")));
        Assert.False((await store.Locks.VerifyAsync("db", fence, Stop)).Held);
        Assert.True((await GrantAsync(store, waiter)).Run!.Fences!["db"] > fence);
    }

    [Fact]
    public async Task BreakAsync_WhenTheRunIsTakenBackToWaiting_LosesAllItsLocksAndGoesToTheEndOfTheLine()
    {
        await using var store = await OpenAsync();
        var holder = await WaitingAsync(store, new LockSpec("db"), new LockSpec("net"));
        await GrantAsync(store, holder);
        var waiter = await WaitingAsync(store, new LockSpec("db"));

        await BreakAsync(store, "db", r => SampleRuns.Change(r, RunTrigger.LocksLost), new LockSpec("db"), new LockSpec("net"));

        var board = await store.Locks.ListAsync(Stop);
        Assert.All(board, l => Assert.Empty(l.Holders));
        Assert.Equal([waiter.Id, holder.Id], board.Single(l => l.Key == "db").Waiters.Select(w => w.RunId!.Value));
        Assert.Equal(LockGrantOutcome.Blocked, (await GrantAsync(store, holder)).Outcome);
        Assert.Equal(LockGrantOutcome.Granted, (await GrantAsync(store, waiter)).Outcome);
    }

    [Fact]
    public async Task BreakAsync_WhenItsChangeFails_NobodyLosesAnything()
    {
        await using var store = await OpenAsync();
        var holder = await WaitingAsync(store, new LockSpec("db"));
        var fence = (await GrantAsync(store, holder)).Run!.Fences!["db"];

        await Assert.ThrowsAsync<InvalidOperationException>(() => BreakAsync(store, "db", _ => throw new InvalidOperationException("no")));

        Assert.Equal(new LockVerification(true, holder.Id), await store.Locks.VerifyAsync("db", fence, Stop));
    }

    [Fact]
    public async Task WhyNotStartAsync_WhenTheLocksWereJustGranted_NothingIsInTheWay()
    {
        await using var store = await OpenAsync();
        var granted = (await GrantAsync(store, await WaitingAsync(store, new LockSpec("db"), new LockSpec("net")))).Run!;

        Assert.Null(await store.Locks.WhyNotStartAsync(granted, Stop));
    }

    private static Task<IReadOnlyList<BrokenLock>> BreakAsync(TestStore store, string key, Func<Run, RunChange> change, params LockSpec[] wanted) =>
        store.Locks.BreakAsync(key, r => new BrokenLock(r.Id, change(r), wanted), Stop);
}
