using Ascob.Core.Jobs;

namespace Ascob.Core.Backends;

/// <summary>Everything an adapter needs to start a job.</summary>
public sealed record BackendJob
{
    /// <summary>Gets the run's number.</summary>
    public required long RunId { get; init; }

    /// <summary>Gets the text that travels with the submission so that it can be found again: the same on every resend.</summary>
    public required string Marker { get; init; }

    /// <summary>Gets the attempt, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>Gets the job with runtime variables resolved; secret parameters are not in it.</summary>
    public required JobSpec Spec { get; init; }

    /// <summary>Gets the secret parameters in clear, runtime variables resolved. For the job only: never logged, never put into keys, URLs or reasons.</summary>
    public IReadOnlyDictionary<string, string> Secrets { get; init; } = new Dictionary<string, string>();

    /// <summary>Gets the secret URL by which the job reports; null where callbacks are off.</summary>
    public string? CallbackUrl { get; init; }

    /// <summary>Gets the secret part of the callback URL (<c>%%WEBHOOKID%%</c>), which the job may know although it was given no URL; null where there is none.</summary>
    public string? CallbackId { get; init; }

    /// <summary>Gets the fencing number of each lock by name.</summary>
    public IReadOnlyDictionary<string, long> Fences { get; init; } = new Dictionary<string, long>();

    /// <summary>
    /// Gets the fencing numbers as variables: <c>ASCOB_LOCK_</c> with the name in upper case, all but letters and digits of ASCII as <c>_</c>. Names that come to the same variable are left out:
    /// a script that took one's number for the other's would be sure of the wrong lock. By their true names all of them are in <c>ASCOB_LOCKS</c>.
    /// </summary>
    public IEnumerable<KeyValuePair<string, long>> FenceVariables => Fences
        .GroupBy(f => "ASCOB_LOCK_" + string.Concat(f.Key.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_')), StringComparer.Ordinal)
        .Where(g => g.Count() == 1)
        .Select(g => KeyValuePair.Create(g.Key, g.First().Value));

    /// <summary>Gets what else the job is told about itself, by the names of variables; empty for most.</summary>
    public IReadOnlyDictionary<string, string> Facts { get; init; } = new Dictionary<string, string>();

    /// <summary>Gets the run's input files.</summary>
    public IReadOnlyList<BackendFile> Files { get; init; } = [];

    /// <summary>Gets since when this marker may have left for the backend; bounds a search by time.</summary>
    public DateTimeOffset IntentAt { get; init; }

    /// <summary>Gets the <see cref="IBackendAdapter.Place"/> that may have got this marker; null where there is only one, or none has.</summary>
    public string? IntentPlace { get; init; }
}

/// <summary>A job that the backend has.</summary>
/// <param name="RunId">The run's number.</param>
/// <param name="Marker">The marker of the present attempt.</param>
/// <param name="Keys">What the adapter answered at submission.</param>
public sealed record BackendRunRef(long RunId, string Marker, IReadOnlyDictionary<string, string> Keys);
