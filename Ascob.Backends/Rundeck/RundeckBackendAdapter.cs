using Ascob.Backends.Http;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Output;

namespace Ascob.Backends.Rundeck;

/// <summary>Runs jobs in a Rundeck.</summary>
internal sealed class RundeckBackendAdapter : IBackendAdapter, ISupportFind, ISupportStatus, ISupportStop, ISupportOutput, IDisposable
{
    private readonly RundeckSettings _settings;
    private readonly RundeckCalls _calls;
    private readonly RundeckSubmission _submission;
    private readonly RundeckSearch _search;
    private readonly RundeckStatuses _statuses;
    private readonly RundeckStop _stop;
    private readonly RundeckOutput _output;
    private readonly RundeckHealth _health;

    public RundeckBackendAdapter(BackendContext context, RundeckSettings settings)
    {
        BackendId = context.Id;
        _settings = settings;
        _calls = new RundeckCalls(context, settings);
        var jobs = new RundeckJobs(_calls, context.Id, context.Time);
        var lists = new RundeckLists(_calls, context.Id);
        _statuses = new RundeckStatuses(_calls, lists, settings, context.Id, context.Time, context.Options.Resilience.Timeout);
        _submission = new RundeckSubmission(_calls, jobs, _statuses, settings, context.Id);
        _search = new RundeckSearch(jobs, lists, context.Id, context.Time);
        _stop = new RundeckStop(_calls, _statuses, context.Id);
        _output = new RundeckOutput(_calls, _statuses, context.Id, context.Time);
        _health = new RundeckHealth(_calls, context.Id);
    }

    public string BackendId { get; }

    public bool ResendIsSafe => false;

    public bool SeparatesStreams => false;

    public IReadOnlyList<FieldError> Validate(JobSpec spec) => RundeckJobRules.Validate(spec, _settings);

    public Task<SubmitOutcome> SubmitAsync(BackendJob job, CancellationToken cancellationToken) => _submission.SubmitAsync(job, cancellationToken);

    public Task<FindOutcome> FindAsync(BackendJob job, CancellationToken cancellationToken) => _search.FindAsync(job, cancellationToken);

    public Task<IReadOnlyList<BackendReport>> GetStatusesAsync(IReadOnlyList<BackendRunRef> runs, CancellationToken cancellationToken) => _statuses.GetAsync(runs, cancellationToken);

    public Task<StopOutcome> StopAsync(BackendRunRef run, StopMode mode, CancellationToken cancellationToken) => _stop.StopAsync(run, mode, cancellationToken);

    public Task<OutputChunk> ReadOutputAsync(BackendRunRef run, OutputChannel channel, long offset, int maxBytes, CancellationToken cancellationToken) =>
        _output.ReadAsync(run, offset, maxBytes, cancellationToken);

    public Task<BackendHealth> CheckHealthAsync(CancellationToken cancellationToken) => _health.CheckAsync(cancellationToken);

    public void Dispose() => _calls.Dispose();
}
