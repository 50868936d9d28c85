using Ascob.Core.Access;
using Ascob.Core.Dispatch;
using Ascob.Core.Errors;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;

namespace Ascob.Core.Locks;

/// <summary>
/// Takes a lock from its holders on an operator's order. A run whose job may have been started goes on; one whose job was not sent yet waits for its locks anew. Their timelines tell of it, and the next in line are served.
/// </summary>
public sealed class LockBreaker(
    ILockStore locks, RunUpdater updater, LockService lockService, JobMaker jobs, MonotonicClock clock, ILogger<LockBreaker> logger)
{
    /// <summary>Breaks a lock; answers the runs that held it, or "not found" where nobody did.</summary>
    public async Task<Result<IReadOnlyList<long>>> BreakAsync(string key, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(caller);
        if (caller.Submitters is not null)
        {
            return new Error(ErrorKind.Forbidden, "lock.scope", "A token limited to submitters cannot break locks: others' runs rely on them.");
        }

        var broken = await locks.BreakAsync(key, r => Take(r, key, caller), cancellationToken).ConfigureAwait(false);
        if (broken.Count == 0)
        {
            return new Error(ErrorKind.NotFound, "lock.not_held", "Nobody holds this lock.");
        }

        // The lock is gone from here on: what follows must not stop half-way because the caller went away.
        IReadOnlyList<long> holders = [.. broken.Select(b => b.RunId)];
        logger.LogWarning("{Actor} broke the lock {Lock} of runs {Runs}", caller.Actor, key, string.Join(", ", holders));
        var freed = new HashSet<string>(StringComparer.Ordinal) { key };
        foreach (var one in broken.Where(b => b.Change is not null))
        {
            updater.Committed(one.Change!);
            freed.UnionWith(one.Wanted.Select(w => w.Key));
        }

        await lockService.ReleasedAsync(freed, CancellationToken.None).ConfigureAwait(false);
        return Result<IReadOnlyList<long>>.Success(holders);
    }

    private BrokenLock Take(Run run, string key, Caller caller)
    {
        var now = clock.Now;
        return run is { Status: RunStatus.PendingSubmit, IntentAt: null }
            ? new BrokenLock(
                run.Id,
                TakenBack(run, now, caller.Actor, $"the lock '{key}' was broken by an operator before the job was sent; waiting for all locks anew", RunEventTypes.Operator),
                jobs.LocksOf(run))
            : new BrokenLock(
                run.Id,
                RunLifecycle.Change(
                    run,
                    RunTrigger.Noted,
                    now,
                    caller.Actor,
                    $"the lock '{key}' was broken by an operator",

                    // Should it turn out that the job was never started, or another attempt follow, the run sees that it must take its locks anew.
                    r => r with { Fences = r.Fences?.Where(f => f.Key != key).ToDictionary(f => f.Key, f => f.Value, StringComparer.Ordinal) },
                    RunEventTypes.Operator),
                []);
    }

    /// <summary>Makes the change that takes a run back to its wait for locks, before its job was sent.</summary>
    internal static RunChange? TakenBack(Run run, DateTimeOffset now, string actor, string reason, string? eventType = null) => RunLifecycle.Change(
        run,
        RunTrigger.LocksLost,
        now,
        actor,
        reason,
        r => r with { Fences = null, HoldsSlot = false, WaitingSince = now, FailedChecks = 0, LeaseOwner = null, LeaseUntil = null, NextCheckAt = now },
        eventType);
}
