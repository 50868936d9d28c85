using System.ComponentModel.DataAnnotations;

namespace Ascob.Core.Backends;

/// <summary>What is configured for every backend, whatever its type. Bound to <c>Ascob:Backends:&lt;id&gt;</c>.</summary>
public class BackendOptions
{
    /// <summary>Gets or sets the backend type, such as <c>Shell</c>.</summary>
    [Required]
    public string Type { get; set; } = string.Empty;

    /// <summary>Gets or sets the labels that route to this backend.</summary>
    public Dictionary<string, string> Labels { get; set; } = new(StringComparer.Ordinal);

    /// <summary>Gets or sets the most runs at once; null for no limit.</summary>
    [Range(1, 1_000_000)]
    public int? MaxConcurrentRuns { get; set; }

    /// <summary>Gets or sets the share among equal candidates.</summary>
    [Range(1, 1000)]
    public int Weight { get; set; } = 1;

    /// <summary>Gets or sets how long a run may wait for a backend that would not take it; then it ends <c>FAILED</c>.</summary>
    public TimeSpan SubmitDeadline { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>
    /// Gets or sets the pause after a lost answer before "not found" is believed: longer than submit timeout + largest queue delay + search lag.
    /// </summary>
    public TimeSpan DoubtWait { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Gets or sets whether the status that a callback reports decides, instead of only causing a poll.</summary>
    public bool TrustCallbacks { get; set; }

    /// <summary>Gets or sets whether jobs are handed a callback URL, and whether it is open.</summary>
    public bool Callbacks { get; set; } = true;

    /// <summary>Gets or sets the secret with which the backend signs what it sends to callback URLs; null where it does not sign.</summary>
    public string? CallbackSecret { get; set; }

    /// <summary>Gets or sets the intervals of status questions.</summary>
    public PollOptions Poll { get; set; } = new();

    /// <summary>Gets or sets how calls are bounded.</summary>
    public BackendResilienceOptions Resilience { get; set; } = new();

    /// <summary>Gets or sets how long a soft stop may take before the stop is repeated hard.</summary>
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(30);
}

/// <summary>How often the state of a run is asked for: soon while it is new, rarer as it ages (10 % of its age), with jitter of a fifth.</summary>
public sealed class PollOptions
{
    /// <summary>Gets or sets the first and shortest interval.</summary>
    public TimeSpan Initial { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Gets or sets the longest interval.</summary>
    public TimeSpan Max { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Gets or sets how many runs are asked for at once.</summary>
    [Range(1, 1000)]
    public int BatchSize { get; set; } = 200;
}

/// <summary>The bounds of calls to a backend.</summary>
public sealed class BackendResilienceOptions
{
    /// <summary>Gets or sets the longest time of one call.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets how many submissions may be under way at once.</summary>
    [Range(1, 1000)]
    public int MaxConcurrentCalls { get; set; } = 8;

    /// <summary>Gets or sets how many failures in a row open the circuit.</summary>
    [Range(1, 1000)]
    public int FailuresBeforeBreak { get; set; } = 5;

    /// <summary>Gets or sets how long the circuit stays open before one call is tried.</summary>
    public TimeSpan BreakDuration { get; set; } = TimeSpan.FromSeconds(15);
}
