using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Output;

namespace Ascob.Backends.Shell;

/// <summary>
/// What a server knows of the shell backend of a worker: how its jobs must look, and that only the worker can reach them. It is asked for a job only where the worker is away, and then says so.
/// </summary>
internal sealed class WorkerShellAdapter(string worker) : IBackendAdapter, ISupportFind, ISupportStatus, ISupportStop, ISupportPause, ISupportOutput
{
    // What a worker allows beside this is its own setting; it looks again.
    private static readonly ShellSettings Widest = new() { ExecutablesDirectory = "/" };

    public string BackendId => worker;

    // The worker sends again what it began; for a server the question is whether another backend may have a job that never left.
    public bool ResendIsSafe => false;

    public bool SeparatesStreams => true;

    private string OnlyIt => $"only worker '{worker}' can reach its jobs";

    // Whether the worker has the repository is known to whoever names it.
    public IReadOnlyList<FieldError> Validate(JobSpec spec) => spec.Label(ShellJobRules.Commit) is not null && spec.Label(JobSpecValidator.BackendIdLabel) != worker
        ? [new FieldError($"jobSpec.labels.{ShellJobRules.Commit}", "A worker runs a job of the repository only where Ascob:Repository:Backend names the worker.")]
        : ShellJobRules.Validate(spec, Widest);

    public Task<SubmitOutcome> SubmitAsync(BackendJob job, CancellationToken cancellationToken) => Task.FromResult(SubmitOutcome.NotNow(OnlyIt));

    public Task<BackendHealth> CheckHealthAsync(CancellationToken cancellationToken) => Task.FromResult(new BackendHealth(true));

    public Task<FindOutcome> FindAsync(BackendJob job, CancellationToken cancellationToken) =>
        Task.FromResult(new FindOutcome(FindOutcomeKind.Failed, Reason: OnlyIt));

    public Task<IReadOnlyList<BackendReport>> GetStatusesAsync(IReadOnlyList<BackendRunRef> runs, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<BackendReport>>([.. runs.Select(r => ShellReports.Unreachable(r.Marker, OnlyIt) with { Elsewhere = true })]);

    public Task<StopOutcome> StopAsync(BackendRunRef run, StopMode mode, CancellationToken cancellationToken) => Task.FromResult(new StopOutcome(false, OnlyIt));

    public Task<StopOutcome> PauseAsync(BackendRunRef run, bool halt, CancellationToken cancellationToken) => Task.FromResult(new StopOutcome(false, OnlyIt));

    public Task<OutputChunk> ReadOutputAsync(BackendRunRef run, OutputChannel channel, long offset, int maxBytes, CancellationToken cancellationToken) =>
        throw new DirectoryNotFoundException($"The output is not here: {OnlyIt}.");
}
