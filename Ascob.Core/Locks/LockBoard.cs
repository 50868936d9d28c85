using Ascob.Core.Access;
using Ascob.Core.Runs;

namespace Ascob.Core.Locks;

/// <summary>
/// Shows locks to whoever may read them. That a lock is taken is no secret, and a waiter must know its place in line; which run has it is told only to those who may see that run.
/// </summary>
public sealed class LockBoard(ILockStore locks, IRunStore store)
{
    /// <summary>Answers every lock that is held or wanted.</summary>
    public async Task<IReadOnlyList<LockInfo>> ListAsync(Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var all = await locks.ListAsync(cancellationToken).ConfigureAwait(false);
        return caller.Submitters is null
            ? all
            :
            [
                .. all.Select(l => l with
                {
                    Holders = [.. l.Holders.Select(h => caller.MaySee(h.Submitter) ? h : h with { RunId = null })],
                    Waiters = [.. l.Waiters.Select(w => caller.MaySee(w.Submitter) ? w : w with { RunId = null })],
                }),
            ];
    }

    /// <summary>Answers whether a lock is held with a fencing number.</summary>
    public async Task<LockVerification> VerifyAsync(string key, long fence, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var verified = await locks.VerifyAsync(key, fence, cancellationToken).ConfigureAwait(false);
        if (caller.Submitters is null || verified.RunId is not { } runId)
        {
            return verified;
        }

        return await store.FindAsync(runId, cancellationToken).ConfigureAwait(false) is { } run && caller.MaySee(run.Spec.Submitter)
            ? verified
            : verified with { RunId = null };
    }
}
