using System.Text.Json.Serialization;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;

namespace Ascob.Core.Locks;

/// <summary>
/// The memory of named locks. Requests are stored with the run (<see cref="IRunStore.AddAsync"/>, <see cref="IRunStore.TryApplyAsync"/>) in the order in which
/// runs come to <c>WAITING_LOCKS</c>, and vanish when the run ends. All locks of a run are granted together or not at all, first come first served per
/// lock: a request waits while an earlier request for the same lock, granted or waiting, conflicts with it (two shared ones do not).
/// </summary>
public interface ILockStore
{
    /// <summary>
    /// Grants all locks of a waiting run if that is allowed now, and applies the change that <paramref name="onGranted"/> makes in the same transaction, so that the run is
    /// never seen with locks but without the status. Fencing numbers only grow per lock.
    /// </summary>
    /// <param name="runId">The waiting run.</param>
    /// <param name="onGranted">Makes the change from the run as read in the transaction and the fencing numbers by lock name.</param>
    /// <param name="cancellationToken">Stops waiting; a grant that was committed stays.</param>
    Task<LockGrant> TryGrantAsync(long runId, Func<Run, IReadOnlyDictionary<string, long>, RunChange> onGranted, CancellationToken cancellationToken);

    /// <summary>
    /// Answers the waiting runs, earliest first, that want any of these locks and have no other run before them there, so that they can be tried after a release. Those behind them
    /// need not be tried: nobody overtakes.
    /// </summary>
    Task<IReadOnlyList<long>> WaitersAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken);

    /// <summary>Answers every lock that is held or wanted.</summary>
    Task<IReadOnlyList<LockInfo>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Answers whether the lock is held with this fencing number, and by which run.</summary>
    Task<LockVerification> VerifyAsync(string key, long fence, CancellationToken cancellationToken);

    /// <summary>
    /// Takes a lock from its holders, and applies to each of their runs the change that <paramref name="onBroken"/> makes in the same transaction. A run that the change takes back to
    /// <c>WAITING_LOCKS</c> loses its other locks too and goes to the end of each line.
    /// </summary>
    /// <param name="key">The lock.</param>
    /// <param name="onBroken">Makes the change from the run as read in the transaction; null for none.</param>
    /// <param name="cancellationToken">Stops waiting; what was committed stays.</param>
    /// <returns>The runs that held it, with what was applied; empty where nobody did.</returns>
    Task<IReadOnlyList<BrokenLock>> BreakAsync(string key, Func<Run, BrokenLock> onBroken, CancellationToken cancellationToken);

    /// <summary>
    /// Takes all locks from one run, as <see cref="BreakAsync"/> takes one from all, because it has lost one of them before its job was sent. Null where there is nothing to do any more.
    /// </summary>
    Task<BrokenLock?> GiveUpAsync(long runId, Func<Run, BrokenLock> onGivenUp, CancellationToken cancellationToken);

    /// <summary>
    /// Answers why the job of a run that was granted its locks must not be started now (the outside keeper does not have one of them for sure any more); null where nothing is in the way.
    /// </summary>
    Task<string?> WhyNotStartAsync(Run run, CancellationToken cancellationToken);

    /// <summary>Deletes requests of runs that are final or gone, and answers the locks that became free.</summary>
    Task<IReadOnlyList<string>> SweepAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Tells that those of these locks which no run of ours holds any more need not be kept from others. Called after the waiters were served; forgotten or done twice it does no harm.
    /// </summary>
    void LetGo(IReadOnlyCollection<string> keys);

    /// <summary>Counts what is held and wanted.</summary>
    Task<LockCounts> CountAsync(CancellationToken cancellationToken);

    /// <summary>Accepts that the outside keeper of locks has lost its memory, so that locks are granted again; false where nothing had to be accepted.</summary>
    Task<bool> ConfirmAsync(string actor, string reason, CancellationToken cancellationToken);
}

/// <summary>A run that loses a lock by an operator's order.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Change">What becomes of it; null for nothing.</param>
/// <param name="Wanted">The locks it waits for from now on, where the change takes it back to <c>WAITING_LOCKS</c>.</param>
public sealed record BrokenLock(long RunId, RunChange? Change, IReadOnlyList<LockSpec> Wanted);

/// <summary>How many locks are held and wanted.</summary>
/// <param name="Held">Locks with a holder.</param>
/// <param name="Waiting">Requests that wait.</param>
/// <param name="Quarantined">Held locks that the outside keeper lost.</param>
public sealed record LockCounts(long Held, long Waiting, long Quarantined);

/// <summary>What became of <see cref="ILockStore.TryGrantAsync"/>.</summary>
/// <param name="Outcome">Granted or not.</param>
/// <param name="Run">The run after the grant; null when not granted.</param>
/// <param name="Blocking">What stands in the way: one entry for each lock that cannot be had; empty when granted.</param>
public sealed record LockGrant(LockGrantOutcome Outcome, Run? Run, IReadOnlyList<LockBlock> Blocking);

/// <summary>See <see cref="LockGrant"/>.</summary>
public enum LockGrantOutcome
{
    /// <summary>All are held, and the run has moved on.</summary>
    Granted,

    /// <summary>At least one is taken.</summary>
    Blocked,

    /// <summary>The run does not wait for locks (any more).</summary>
    NotWaiting,
}

/// <summary>A lock that stands in the way.</summary>
/// <param name="Key">The lock.</param>
/// <param name="HolderRunId">A run that holds it, or the first in line before this one.</param>
/// <param name="HolderHolds">Whether that run holds it (else it waits before this one).</param>
/// <param name="Position">The place in line, from 1.</param>
/// <param name="Policy">What the waiting run wants done about it.</param>
/// <param name="IsForeign">Whether that run belongs to another submitter than the waiting one: then it is not named to it.</param>
public sealed record LockBlock(string Key, long HolderRunId, bool HolderHolds, int Position, LockPolicy Policy, bool IsForeign = false)
{
    /// <summary>Gets what stands in the way outside of Ascob, in words; null where it is a run.</summary>
    public string? Outside { get; init; }

    /// <summary>Gets whether somebody has the lock. False where that cannot be told now: then no policy decides, and the run waits.</summary>
    public bool IsTaken { get; init; } = true;
}

/// <summary>A lock with its holders and waiters.</summary>
/// <param name="Key">Its name.</param>
/// <param name="Holders">The runs that hold it.</param>
/// <param name="Waiters">The runs that wait for it, in order.</param>
public sealed record LockInfo(string Key, IReadOnlyList<LockHolder> Holders, IReadOnlyList<LockWaiter> Waiters)
{
    /// <summary>Gets whether the lock was lost in Consul while a run holds it: no other run gets it, but another system might.</summary>
    public bool Quarantined { get; init; }

    /// <summary>Gets who holds the lock in Consul where that is another system.</summary>
    public LockOutsider? Outside { get; init; }
}

/// <summary>Another system that holds a lock.</summary>
/// <param name="Session">Its session in Consul.</param>
/// <param name="Name">The name of that session; null where it has none.</param>
public sealed record LockOutsider(string Session, string? Name);

/// <summary>A run that holds a lock.</summary>
/// <param name="RunId">Null where the reader may not see the run.</param>
/// <param name="Mode">Exclusive or shared.</param>
/// <param name="Fence">The fencing number of the grant.</param>
/// <param name="Since">When it was granted.</param>
public sealed record LockHolder(long? RunId, LockMode Mode, long Fence, DateTimeOffset Since)
{
    /// <summary>Gets who owns the run, which decides who may see its number.</summary>
    [JsonIgnore]
    public string? Submitter { get; init; }
}

/// <summary>A run that waits for a lock.</summary>
/// <param name="RunId">Null where the reader may not see the run.</param>
/// <param name="Mode">Exclusive or shared.</param>
/// <param name="Position">The place in line, from 1.</param>
/// <param name="Since">When it was asked for.</param>
public sealed record LockWaiter(long? RunId, LockMode Mode, int Position, DateTimeOffset Since)
{
    /// <summary>Gets who owns the run, which decides who may see its number.</summary>
    [JsonIgnore]
    public string? Submitter { get; init; }
}

/// <summary>Whether a lock is held with a fencing number.</summary>
/// <param name="Held">Whether it is, for certain: false while it is quarantined.</param>
/// <param name="RunId">By which run; null for none, and where the reader may not see it.</param>
/// <param name="Quarantined">Whether the run holds it in Ascob, but it was lost in Consul.</param>
public sealed record LockVerification(bool Held, long? RunId, bool Quarantined = false);
