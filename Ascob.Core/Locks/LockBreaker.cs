using Ascob.Core.Access;
using Ascob.Core.Errors;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;

namespace Ascob.Core.Locks;

/// <summary>Takes a lock from its holders on an operator's order. Their runs go on; their timelines tell of it, and the next in line are served.</summary>
public sealed class LockBreaker(ILockStore locks, IRunStore store, RunUpdater updater, LockService lockService, MonotonicClock clock, ILogger<LockBreaker> logger)
{
    /// <summary>Breaks a lock; answers the runs that held it, or "not found" where nobody did.</summary>
    public async Task<Result<IReadOnlyList<long>>> BreakAsync(string key, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(caller);
        if (caller.Submitters is not null)
        {
            return new Error(ErrorKind.Forbidden, "lock.scope", "A token limited to submitters cannot break locks: others' runs rely on them.");
        }

        var holders = await locks.BreakAsync(key, cancellationToken).ConfigureAwait(false);
        if (holders.Count == 0)
        {
            return new Error(ErrorKind.NotFound, "lock.not_held", "Nobody holds this lock.");
        }

        // The lock is gone from here on: what follows must not stop half-way because the caller went away.
        logger.LogWarning("{Actor} broke the lock {Lock} of runs {Runs}", caller.Actor, key, string.Join(", ", holders));
        try
        {
            foreach (var runId in holders)
            {
                await NoteAsync(runId, key, caller).ConfigureAwait(false);
            }
        }
        finally
        {
            await lockService.ReleasedAsync([key], CancellationToken.None).ConfigureAwait(false);
        }

        return Result<IReadOnlyList<long>>.Success(holders);
    }

    private async Task NoteAsync(long runId, string key, Caller caller)
    {
        if (await store.FindAsync(runId, CancellationToken.None).ConfigureAwait(false) is { } run)
        {
            await updater.ApplyAsync(
                run,
                r => RunLifecycle.Change(
                    r,
                    RunTrigger.Noted,
                    clock.Now,
                    caller.Actor,
                    $"the lock '{key}' was broken by an operator",
                    eventType: RunEventTypes.Operator),
                CancellationToken.None).ConfigureAwait(false);
        }
    }
}
