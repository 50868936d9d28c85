using Ascob.Core.Errors;

namespace Ascob.Core.Runs;

/// <summary>
/// The memory of runs. Every method that writes answers after its commit, and is atomic: all of it is stored or nothing. When the store cannot be
/// reached, is full or stays locked, methods throw <see cref="StoreUnavailableException"/>.
/// </summary>
public interface IRunStore
{
    /// <summary>Answers a number for a new run: larger than those given before by this server, never given twice. Gaps are allowed.</summary>
    ValueTask<long> NextIdAsync(CancellationToken cancellationToken);

    /// <summary>Stores a run, its labels, its first event, its files, its idempotency key and its lock requests.</summary>
    Task<AddOutcome> AddAsync(NewRun run, CancellationToken cancellationToken);

    /// <summary>Answers what an idempotency key was used for; null where it is free.</summary>
    /// <param name="scope">See <see cref="IdempotencyKey.Scope"/>.</param>
    /// <param name="key">See <see cref="IdempotencyKey.Key"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<UsedKey?> FindKeyAsync(string scope, string key, CancellationToken cancellationToken);

    /// <summary>
    /// Changes a run if its version is still that of <see cref="RunChange.Before"/>, and appends the event. A change that ends the run deletes its lock
    /// requests and gives its slot back; one into <c>WAITING_LOCKS</c> stores <paramref name="lockRequests"/>.
    /// </summary>
    Task<ApplyOutcome> TryApplyAsync(RunChange change, IReadOnlyList<Jobs.LockSpec>? lockRequests, CancellationToken cancellationToken);

    /// <summary>
    /// Moves only <see cref="Run.NextCheckAt"/>, <see cref="Run.FailedChecks"/> and the lease (given up) of runs whose version is unchanged; writes no event and
    /// leaves the version as it is. Runs that changed meanwhile are left alone.
    /// </summary>
    Task RescheduleAsync(IReadOnlyList<Reschedule> runs, CancellationToken cancellationToken);

    /// <summary>Reads one run; null where there is none.</summary>
    Task<Run?> FindAsync(long runId, CancellationToken cancellationToken);

    /// <summary>
    /// Takes a lease on runs that are due (<see cref="Run.NextCheckAt"/> at or before <see cref="DueFilter.DueBefore"/>, no lease of another server that is still running) and answers
    /// them, oldest due first. Two servers never get the same run. Writes no event and leaves the version as it is.
    /// </summary>
    Task<IReadOnlyList<Run>> ClaimDueAsync(DueFilter filter, CancellationToken cancellationToken);

    /// <summary>
    /// Takes or renews a lease on one run if no other server holds one, whether it is due or not; null where another holds it, or the run is final or gone.
    /// </summary>
    Task<Run?> ClaimAsync(long runId, string owner, DateTimeOffset now, DateTimeOffset until, CancellationToken cancellationToken);

    /// <summary>Gives up every lease of this owner, and makes its runs in <c>PENDING_SUBMIT</c> due at once; called at an orderly stop.</summary>
    Task ReleaseLeasesAsync(string owner, CancellationToken cancellationToken);

    /// <summary>
    /// Called once at start by a server that has the store for itself (SQLite): makes every lease of an earlier life end now, and its runs in
    /// <c>PENDING_SUBMIT</c> due at once. Does nothing on a shared database.
    /// </summary>
    Task TakeOverAbandonedLeasesAsync(CancellationToken cancellationToken);

    /// <summary>Reads the events of a run after the given seq, in order.</summary>
    Task<IReadOnlyList<RunEvent>> EventsAsync(long runId, long afterSeq, int limit, CancellationToken cancellationToken);

    /// <summary>Reads one page of runs, newest first.</summary>
    Task<RunPage> SearchAsync(RunSearch search, CancellationToken cancellationToken);

    /// <summary>Counts runs that are not final, by backend and status, for metrics and the backend list.</summary>
    Task<IReadOnlyList<RunCount>> CountActiveAsync(CancellationToken cancellationToken);

    /// <summary>Answers the earliest <see cref="Run.NextCheckAt"/> of the due filter's backend, so that a loop knows how long it may rest; null for none.</summary>
    /// <param name="backendId">Only runs of this backend; null for all.</param>
    /// <param name="exceptPlaces">Runs at these places do not count.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    Task<DateTimeOffset?> NextDueAsync(string? backendId, IReadOnlyList<string> exceptPlaces, CancellationToken cancellationToken);

    /// <summary>Answers the final runs that ended before the given time, at most <paramref name="limit"/>.</summary>
    Task<IReadOnlyList<long>> EndedAsync(DateTimeOffset endedBefore, int limit, CancellationToken cancellationToken);

    /// <summary>Deletes those of the runs that are final with all that the store has of them, and answers their ids.</summary>
    Task<IReadOnlyList<long>> DeleteFinishedAsync(IReadOnlyCollection<long> runIds, CancellationToken cancellationToken);

    /// <summary>Answers the runs that are not final and whose submission went to one of these places (<see cref="Backends.IBackendAdapter.Place"/>).</summary>
    Task<IReadOnlyList<Run>> ActiveAtAsync(IReadOnlyCollection<string> places, CancellationToken cancellationToken);

    /// <summary>Reads the runs with these marker ids. The ids are not indexed: this is for rare questions.</summary>
    Task<IReadOnlyList<Run>> FindByMarkerIdsAsync(IReadOnlyCollection<string> markerIds, CancellationToken cancellationToken);
}

/// <summary>See <see cref="IRunStore.RescheduleAsync"/>.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Version">The version that was read.</param>
/// <param name="NextCheckAt">When to look next.</param>
/// <param name="FailedChecks">Looks in vain so far.</param>
public sealed record Reschedule(long RunId, long Version, DateTimeOffset NextCheckAt, int FailedChecks);

/// <summary>See <see cref="IRunStore.ClaimDueAsync"/>.</summary>
/// <param name="Owner">This server.</param>
/// <param name="Now">The present.</param>
/// <param name="LeaseUntil">The end of the lease.</param>
/// <param name="Statuses">The statuses wanted.</param>
/// <param name="BackendId">Only runs of this backend; null for all.</param>
/// <param name="Limit">At most so many.</param>
public sealed record DueFilter(
    string Owner,
    DateTimeOffset Now,
    DateTimeOffset LeaseUntil,
    IReadOnlyList<RunStatus> Statuses,
    string? BackendId,
    int Limit)
{
    /// <summary>Gets the time at or before which the next look must be due; the present where nothing else is said.</summary>
    public DateTimeOffset DueBefore { get; init; } = Now;

    /// <summary>Gets whether only runs in line for a slot (<see cref="Run.QueueRank"/>) are wanted, in its order and whether they are due or not.</summary>
    public bool InLine { get; init; }

    /// <summary>Gets the places whose runs are left to whoever keeps these; see <see cref="Run.IntentPlace"/>.</summary>
    public IReadOnlyList<string> ExceptPlaces { get; init; } = [];

    /// <summary>Gets the backends whose runs are left to whoever serves these, unless the run waits for a start or for locks.</summary>
    public IReadOnlyList<string> ExceptBackends { get; init; } = [];
}

/// <summary>How many runs of a backend stand in a status.</summary>
public sealed record RunCount(string? BackendId, RunStatus Status, int Count);
