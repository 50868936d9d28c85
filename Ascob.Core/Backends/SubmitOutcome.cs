namespace Ascob.Core.Backends;

/// <summary>What is known after a submission.</summary>
public enum SubmitOutcomeKind
{
    /// <summary>The backend has it; <see cref="SubmitOutcome.Keys"/> find it again.</summary>
    Accepted,

    /// <summary>Certainly not started, and nothing mends it: unknown job, invalid parameters. The run fails.</summary>
    Rejected,

    /// <summary>Certainly not started, and it may work later or elsewhere: dead host, refused credentials, 429. The run waits.</summary>
    NotNow,

    /// <summary>Nobody knows: timeout, reset, 5xx, garbage. The run is in doubt.</summary>
    Unknown,
}

/// <summary>The answer of a submission.</summary>
public sealed record SubmitOutcome
{
    private static readonly Dictionary<string, string> NoKeys = [];

    /// <summary>Gets what is known.</summary>
    public required SubmitOutcomeKind Kind { get; init; }

    /// <summary>Gets what finds the job again; empty unless accepted.</summary>
    public IReadOnlyDictionary<string, string> Keys { get; init; } = NoKeys;

    /// <summary>Gets one readable sentence about what happened; null on a plain acceptance.</summary>
    public string? Reason { get; init; }

    /// <summary>Gets the first report where the backend gives one with its answer (already running, even finished); null for none.</summary>
    public BackendReport? Report { get; init; }

    /// <summary>Gets the backend's wish for the pause before the next try (<c>Retry-After</c>); null for none.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>
    /// Gets whether only this job has to wait while the backend itself is well: it runs already and may not run twice. Then the wait opens no circuit and has no deadline, as the wait for a slot has none.
    /// </summary>
    public bool OnlyThisJob { get; init; }

    /// <summary>The backend has the job.</summary>
    public static SubmitOutcome Accepted(IReadOnlyDictionary<string, string> keys, BackendReport? report = null) =>
        new() { Kind = SubmitOutcomeKind.Accepted, Keys = keys, Report = report };

    /// <summary>Certainly not started, for good.</summary>
    public static SubmitOutcome Rejected(string reason) => new() { Kind = SubmitOutcomeKind.Rejected, Reason = reason };

    /// <summary>Certainly not started, for now.</summary>
    public static SubmitOutcome NotNow(string reason, TimeSpan? retryAfter = null) =>
        new() { Kind = SubmitOutcomeKind.NotNow, Reason = reason, RetryAfter = retryAfter };

    /// <summary>Certainly not started, because this very job is busy at a backend that is well.</summary>
    public static SubmitOutcome Busy(string reason, TimeSpan? retryAfter = null) => NotNow(reason, retryAfter) with { OnlyThisJob = true };

    /// <summary>It may have started.</summary>
    public static SubmitOutcome Unknown(string reason) => new() { Kind = SubmitOutcomeKind.Unknown, Reason = reason };
}

/// <summary>What is known after a look-up by marker.</summary>
public enum FindOutcomeKind
{
    /// <summary>The backend has it.</summary>
    Found,

    /// <summary>The look-up itself succeeded and the marker was nowhere.</summary>
    NotFound,

    /// <summary>The look-up failed; nothing is known.</summary>
    Failed,
}

/// <summary>The answer of a look-up by marker.</summary>
/// <param name="Kind">What is known.</param>
/// <param name="Keys">What finds the job again; null unless found.</param>
/// <param name="Reason">One readable sentence: the evidence; null for none.</param>
public sealed record FindOutcome(FindOutcomeKind Kind, IReadOnlyDictionary<string, string>? Keys = null, string? Reason = null)
{
    /// <summary>Gets whether "not found" is certain at once (the place that was searched cannot lag behind): then no further wait is needed.</summary>
    public bool Certain { get; init; }
}

/// <summary>How hard a job is stopped.</summary>
public enum StopMode
{
    /// <summary>Asks the job to end.</summary>
    Soft,

    /// <summary>Ends it.</summary>
    Hard,
}

/// <summary>The answer of a stop.</summary>
/// <param name="Asked">Whether the backend took the order (or the job has ended already).</param>
/// <param name="Reason">Why not; null when asked.</param>
public sealed record StopOutcome(bool Asked, string? Reason = null);
