using Ascob.Core.Locks;
using Ascob.Core.Runs;
using Ascob.Core.Timing;

namespace Ascob.Core.Dispatch;

/// <summary>Looks right before a start whether a run still has the locks that it was granted: time passes in between, in which they may be broken, or lost in Consul.</summary>
public sealed class StartLocks(ILockStore store, LockSignals signals, RunUpdater updater, JobMaker jobs, ServerIdentity server, MonotonicClock clock)
{
    /// <summary>Answers why the job must not be started now; null where nothing is in the way.</summary>
    public async Task<LockDoubt?> FindDoubtAsync(Run run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        return jobs.LocksOf(run).FirstOrDefault(l => run.Fences?.ContainsKey(l.Key) != true) is { } broken
            ? new LockDoubt($"the lock '{broken.Key}' was broken", IsBroken: true)
            : await store.WhyNotStartAsync(run, cancellationToken).ConfigureAwait(false) is { } reason ? new LockDoubt(reason, IsBroken: false) : null;
    }

    /// <summary>Takes a run back to its wait for locks whose job certainly was not sent; those that it still has go to others.</summary>
    /// <param name="run">The run as read.</param>
    /// <param name="doubt">What it has lost.</param>
    /// <param name="mayTouch">Looks at the run as it is by then: false leaves it alone.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task TakeBackAsync(Run run, LockDoubt doubt, Func<Run, bool> mayTouch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(doubt);
        ArgumentNullException.ThrowIfNull(mayTouch);
        var reason = $"{doubt.Reason} before the job was sent; waiting for all locks anew";
        var given = await store.GiveUpAsync(
            run.Id,
            r => new BrokenLock(r.Id, r.IntentAt is null && mayTouch(r) ? LockBreaker.TakenBack(r, clock.Now, server.Actor, reason) : null, jobs.LocksOf(r)),
            cancellationToken).ConfigureAwait(false);
        if (given is not null)
        {
            updater.Committed(given.Change!);
            signals.Freed(given.Wanted.Select(w => w.Key));
        }
    }
}

/// <summary>Why a job must not be started now.</summary>
/// <param name="Reason">In words.</param>
/// <param name="IsBroken">Whether an operator took a lock from the run, which does not come back by itself.</param>
public sealed record LockDoubt(string Reason, bool IsBroken);
