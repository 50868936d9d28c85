using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Output;

namespace Ascob.Core.Backends;

/// <summary>
/// A foreign system that runs jobs for Ascob. An adapter translates; it never decides about a run. It holds no state of its own that could be lost, knows
/// nothing of the database, and may be called by several servers at once. Rare abilities are the <c>ISupport…</c> interfaces beside this one.
/// </summary>
public interface IBackendAdapter
{
    /// <summary>Gets the id of the configured backend that this adapter serves, such as <c>jenkins-main</c>.</summary>
    string BackendId { get; }

    /// <summary>Gets what it can do, read off its interfaces so that it cannot lie.</summary>
    sealed BackendCapabilities Capabilities =>
        (this is ISupportFind ? BackendCapabilities.Find : 0)
        | (this is ISupportStatus ? BackendCapabilities.Status : 0)
        | (this is ISupportStop ? BackendCapabilities.Stop : 0)
        | (this is ISupportOutput ? BackendCapabilities.Output : 0)
        | (this is ISupportChanges ? BackendCapabilities.Changes : 0)
        | (ResendIsSafe ? BackendCapabilities.SafeResend : 0);

    /// <summary>
    /// Gets whether <see cref="SubmitAsync"/> with a marker that the backend has seen before answers with the job already started instead of starting a
    /// second one (class A of <c>docs/guarantees.md</c>). Then a lost answer is mended by sending again.
    /// </summary>
    bool ResendIsSafe { get; }

    /// <summary>
    /// Gets the name of the place to which the submissions of this server go, where each server has its own (such as a host beside it); null where all reach the same. It is stored with the
    /// intent: only a server with that place sends the job again or believes that it was not found. Quick, and the same for ever.
    /// </summary>
    string? Place => null;

    /// <summary>
    /// Says what in this job the backend could never run: missing or malformed labels, parameter names it refuses. Quick, no I/O. Field names are JSON
    /// paths such as <c>jobSpec.labels.shell_command</c>.
    /// </summary>
    IReadOnlyList<FieldError> Validate(JobSpec spec);

    /// <summary>
    /// Starts the job. Never throws but for cancellation: what went wrong is the outcome, and it says whether the job may be running. A cancelled call
    /// means <see cref="SubmitOutcomeKind.Unknown"/> to the caller.
    /// </summary>
    Task<SubmitOutcome> SubmitAsync(BackendJob job, CancellationToken cancellationToken);

    /// <summary>Asks whether the backend can be reached and would take work.</summary>
    Task<BackendHealth> CheckHealthAsync(CancellationToken cancellationToken);
}

/// <summary>For backends that can be asked for a job by its marker.</summary>
public interface ISupportFind
{
    /// <summary>Looks for the marker wherever the backend keeps it: queue, running, finished.</summary>
    Task<FindOutcome> FindAsync(BackendJob job, CancellationToken cancellationToken);
}

/// <summary>For backends whose jobs can be asked for their state.</summary>
public interface ISupportStatus
{
    /// <summary>
    /// Asks for many jobs in as few requests as the backend allows. Answers one report for each reference, in any order; a job whose state could not be
    /// learned is reported as <see cref="BackendState.Unreachable"/>, never guessed. Never throws but for cancellation.
    /// </summary>
    Task<IReadOnlyList<BackendReport>> GetStatusesAsync(IReadOnlyList<BackendRunRef> runs, CancellationToken cancellationToken);
}

/// <summary>For backends that can stop a job.</summary>
public interface ISupportStop
{
    /// <summary>Asks for the stop; the status tells when it has happened. Asking twice does no harm.</summary>
    Task<StopOutcome> StopAsync(BackendRunRef run, StopMode mode, CancellationToken cancellationToken);
}

/// <summary>For backends whose jobs can be halted and let go on.</summary>
public interface ISupportPause
{
    /// <summary>Halts the job, or lets it go on; answers whether a signal went out. Asking twice does no harm.</summary>
    Task<StopOutcome> PauseAsync(BackendRunRef run, bool halt, CancellationToken cancellationToken);
}

/// <summary>For backends whose jobs have output.</summary>
public interface ISupportOutput
{
    /// <summary>Gets whether stdout and stderr can be read apart.</summary>
    bool SeparatesStreams { get; }

    /// <summary>Gets whether the output can be read here for as long as the run is kept; then it is not archived.</summary>
    bool KeepsOutput => false;

    /// <summary>
    /// Reads output on from an offset of the backend's own counting; short answers are normal. A part that the backend no longer has is skipped and
    /// counted in <see cref="OutputChunk.Dropped"/>.
    /// </summary>
    Task<OutputChunk> ReadOutputAsync(BackendRunRef run, OutputChannel channel, long offset, int maxBytes, CancellationToken cancellationToken);

    /// <summary>
    /// Reads what is there now, as <see cref="ReadOutputAsync"/> does; <see cref="OutputChunk.Complete"/> is not looked at. Only backends with a <see cref="IBackendAdapter.Place"/> are asked, and
    /// those for each running job several times a second: it should cost little where there is nothing new.
    /// </summary>
    Task<OutputChunk> ReadNewOutputAsync(BackendRunRef run, OutputChannel channel, long offset, int maxBytes, CancellationToken cancellationToken) =>
        ReadOutputAsync(run, channel, offset, maxBytes, cancellationToken);
}

/// <summary>For backends that tell of changes themselves: a hint to poll at once, nothing more. Missed hints only cost time.</summary>
public interface ISupportChanges
{
    /// <summary>Answers markers of jobs whose state has changed, until cancelled.</summary>
    IAsyncEnumerable<string> ChangesAsync(CancellationToken cancellationToken);
}

/// <summary>For backends that keep something of a job after its end, such as a working directory.</summary>
public interface ISupportCleanup
{
    /// <summary>Drops what the backend keeps of the job. Its output has been taken over. Called after the run is final or has gone on to another attempt; repeating does no harm.</summary>
    Task CleanUpAsync(BackendRunRef run, CancellationToken cancellationToken);

    /// <summary>
    /// Answers the markers of which the backend keeps something on this machine that has not changed since the given time: whatever a crash left there is found by it. Empty where that
    /// cannot happen.
    /// </summary>
    Task<IReadOnlyList<string>> KeptAsync(DateTimeOffset unchangedSince, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([]);
}
