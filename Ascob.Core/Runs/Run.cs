using Ascob.Core.Callbacks;
using Ascob.Core.Jobs;
using Ascob.Core.Routing;

namespace Ascob.Core.Runs;

/// <summary>One execution of a <see cref="JobSpec"/>, as it stands in the store. A snapshot: it changes by <see cref="RunChange"/> only.</summary>
public sealed record Run
{
    /// <summary>Gets the number of the run; grows with time.</summary>
    public required long Id { get; init; }

    /// <summary>Gets the root of the chain of resubmissions, or the parent run; null for a run of its own.</summary>
    public long? ParentId { get; init; }

    /// <summary>Gets where the run stands.</summary>
    public required RunStatus Status { get; init; }

    /// <summary>Gets why it stands there, in one readable sentence; null where the status says all.</summary>
    public string? StatusReason { get; init; }

    /// <summary>Gets the number of changes so far; every change is a compare-and-set on it, and the event of a change carries it as <c>seq</c>.</summary>
    public required long Version { get; init; }

    /// <summary>Gets the job as it was sent, with runtime variables unresolved and secret values replaced by <c>***</c>.</summary>
    public required JobSpec Spec { get; init; }

    /// <summary>Gets the encrypted secret parameters; null where there are none.</summary>
    public string? ProtectedSecrets { get; init; }

    /// <summary>Gets the random part shared by all markers of the run: 26 characters <c>a-z2-7</c>. See <see cref="Marker"/>.</summary>
    public required string MarkerId { get; init; }

    /// <summary>Gets the identifier of the token that submitted the run.</summary>
    public string? Token { get; init; }

    /// <summary>Gets the chosen backend.</summary>
    public string? BackendId { get; init; }

    /// <summary>Gets the decision that chose it, with its reasons.</summary>
    public RoutingDecision? Route { get; init; }

    /// <summary>Gets what the adapter needs to find the job again; null before the backend answered.</summary>
    public IReadOnlyDictionary<string, string>? BackendKeys { get; init; }

    /// <summary>Gets the backend's own word for the state, as last seen.</summary>
    public string? BackendStatus { get; init; }

    /// <summary>Gets a link for people to the job in its system.</summary>
    public string? BackendUrl { get; init; }

    /// <summary>Gets the progress from 0 to 100, or null where the job tells none.</summary>
    public double? Progress { get; init; }

    /// <summary>Gets the attempt, from 1.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>Gets the exit code of the last attempt where the backend has one.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Gets the most memory that the job's processes held together, in kB, where the backend tells; of the last attempt.</summary>
    public long? MaxMemoryKb { get; init; }

    /// <summary>Gets when the run was stored.</summary>
    public required DateTimeOffset DefinedAt { get; init; }

    /// <summary>Gets when the present attempt was first handed to the backend; null before.</summary>
    public DateTimeOffset? SubmittedAt { get; init; }

    /// <summary>Gets when the backend started working on it; null before.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Gets when the run became final; null before.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Gets when somebody should look at the run next; null for final runs only.</summary>
    public DateTimeOffset? NextCheckAt { get; init; }

    /// <summary>Gets the server that may act on the run until <see cref="LeaseUntil"/>.</summary>
    public string? LeaseOwner { get; init; }

    /// <summary>Gets the end of the lease; null for none.</summary>
    public DateTimeOffset? LeaseUntil { get; init; }

    /// <summary>
    /// Gets since when the present attempt may have left for the backend: committed before the first byte is sent, cleared only when it is certain that
    /// nothing started. Not null in <see cref="RunStatus.PendingSubmit"/> after a crash means: look for the marker first.
    /// </summary>
    public DateTimeOffset? IntentAt { get; init; }

    /// <summary>Gets the place that may have got the present attempt; says nothing without <see cref="IntentAt"/>. Null where all servers reach the same.</summary>
    public string? IntentPlace { get; init; }

    /// <summary>Gets since when the run is waiting to be submitted or in doubt; base of <c>SubmitDeadline</c> and <c>DoubtWait</c>.</summary>
    public DateTimeOffset? WaitingSince { get; init; }

    /// <summary>Gets when the stop was asked for; null for never.</summary>
    public DateTimeOffset? AbortAt { get; init; }

    /// <summary>Gets whether the stop is to be hard.</summary>
    public bool AbortForce { get; init; }

    /// <summary>Gets whether the stop was ordered by <c>timeoutSeconds</c>: then a stopped job ends <c>FAILED</c>.</summary>
    public bool TimedOut { get; init; }

    /// <summary>Gets whether the run was stored with files; one with a manual start may be given some besides.</summary>
    public bool HasFiles { get; init; }

    /// <summary>Gets how many events were made by what the job reported by callback; bounded by <see cref="CallbackLimits.MaxEvents"/>.</summary>
    public int CallbackEvents { get; init; }

    /// <summary>Gets how often the backend was asked in vain since the last good answer.</summary>
    public int FailedChecks { get; init; }

    /// <summary>Gets the run's place in the line for a slot of its backend, smaller first (see <see cref="QueueRanks"/>); null where it stands in no line.</summary>
    public long? QueueRank { get; init; }

    /// <summary>Gets whether the run counts against its backend's capacity.</summary>
    public bool HoldsSlot { get; init; }

    /// <summary>Gets the fencing number of each lock by name; null before the grant.</summary>
    public IReadOnlyDictionary<string, long>? Fences { get; init; }

    /// <summary>Gets the execution that claimed the job by callback; null for none.</summary>
    public string? ClaimedBy { get; init; }

    /// <summary>Gets whether the output has been taken over from the backend for good.</summary>
    public bool OutputArchived { get; init; }

    /// <summary>Gets the definition that the run was launched from; null for a job of its own.</summary>
    public long? DefinitionId { get; init; }

    /// <summary>Gets the name that the definition had then.</summary>
    public string? DefinitionName { get; init; }

    /// <summary>Gets the version of the definition that the run was made of.</summary>
    public int? DefinitionVersion { get; init; }

    /// <summary>Gets what asked for the run; null for a job that was simply submitted.</summary>
    public RunCause? Cause { get; init; }

    /// <summary>Gets the unique text that travels with the present attempt: the same on every resend, another for each retry.</summary>
    public string Marker => Attempt <= 1 ? $"{MarkerPrefix}{MarkerId}" : $"{MarkerPrefix}{MarkerId}-{Attempt}";

    private const string MarkerPrefix = "ascob-";

    /// <summary>Answers the <see cref="MarkerId"/> in a <see cref="Marker"/>, of whichever attempt.</summary>
    public static string MarkerIdOf(string marker)
    {
        ArgumentNullException.ThrowIfNull(marker);
        return marker.StartsWith(MarkerPrefix, StringComparison.Ordinal) ? marker[MarkerPrefix.Length..].Split('-')[0] : marker;
    }
}
