namespace Ascob.Core.Backends;

/// <summary>The common vocabulary of what backends say about a job.</summary>
public enum BackendState
{
    /// <summary>Accepted, not started yet.</summary>
    Queued,

    /// <summary>Being worked on.</summary>
    Running,

    /// <summary>Ended well.</summary>
    Succeeded,

    /// <summary>Ended badly.</summary>
    Failed,

    /// <summary>Was stopped.</summary>
    Aborted,

    /// <summary>The backend answered and does not know the job (any more).</summary>
    NotFound,

    /// <summary>Nothing could be learned: no answer, or one that makes no sense. Never ends a run.</summary>
    Unreachable,
}

/// <summary>What a backend says about one job.</summary>
public sealed record BackendReport
{
    /// <summary>Gets the marker of the job.</summary>
    public required string Marker { get; init; }

    /// <summary>Gets the state in the common vocabulary.</summary>
    public required BackendState State { get; init; }

    /// <summary>Gets the backend's own word, such as <c>UNSTABLE</c>; null for none.</summary>
    public string? Word { get; init; }

    /// <summary>Gets the backend's own reason in one sentence; null for none.</summary>
    public string? Reason { get; init; }

    /// <summary>Gets keys that became known or changed (a build number); merged into the run's; null for none.</summary>
    public IReadOnlyDictionary<string, string>? Keys { get; init; }

    /// <summary>Gets the exit code; null for none.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Gets the progress from 0 to 100; null where unknown.</summary>
    public double? Progress { get; init; }

    /// <summary>Gets the link for people; null for none.</summary>
    public string? Url { get; init; }

    /// <summary>Gets when the job started, by the backend's clock; null where unknown.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Gets when the job ended, by the backend's clock; null where unknown.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Gets the most memory that the job's processes held together, in kB; null where that is not known.</summary>
    public long? MaxMemoryKb { get; init; }

    /// <summary>Gets whether the backend itself stopped the job because the time of its spec was over.</summary>
    public bool TimedOut { get; init; }

    /// <summary>Gets whether <see cref="BackendState.NotFound"/> is final at once instead of after several sightings.</summary>
    public bool Certain { get; init; }

    /// <summary>Gets whether an <see cref="BackendState.Unreachable"/> job lies at another server's <see cref="IBackendAdapter.Place"/>: that says nothing of the backend here.</summary>
    public bool Elsewhere { get; init; }

    /// <summary>Gets the backend's wish for the pause before the next question; null for none.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>Whether a backend can take work.</summary>
/// <param name="Healthy">It can.</param>
/// <param name="Reason">Why not, and which setting to mend; null when healthy.</param>
public sealed record BackendHealth(bool Healthy, string? Reason = null);
