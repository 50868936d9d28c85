using Ascob.Backends.Http;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Output;

namespace Ascob.Backends.Jenkins;

/// <summary>Serves one Jenkins controller. All it remembers can be asked for again.</summary>
internal sealed class JenkinsBackendAdapter : IBackendAdapter, ISupportFind, ISupportStatus, ISupportStop, ISupportOutput, IDisposable
{
    private readonly JenkinsClient _client;
    private readonly JenkinsHealth _health;
    private readonly JenkinsSubmission _submission;
    private readonly JenkinsSearch _search;
    private readonly JenkinsStatuses _statuses;
    private readonly JenkinsStops _stops;
    private readonly JenkinsOutput _output;

    public JenkinsBackendAdapter(BackendContext context)
    {
        var settings = JenkinsSettings.Read(context);
        BackendId = context.Id;
        _client = new JenkinsClient(context, settings);
        var declarations = new JenkinsDeclarations(_client, context.Time);
        _health = new JenkinsHealth(context.Id, settings, _client);
        _submission = new JenkinsSubmission(context.Id, settings, _client, declarations, context.Log<JenkinsBackendAdapter>());
        _search = new JenkinsSearch(context.Id, _client, declarations);
        _statuses = new JenkinsStatuses(context.Id, settings, _client, context.Time, context.Options.Resilience.Timeout);
        _stops = new JenkinsStops(settings, _client, _search, context.Time);
        _output = new JenkinsOutput(_client, _search, context.Time, context.Options.Resilience.Timeout);
    }

    public string BackendId { get; }

    // Jenkins folds only what still waits; once a build has started, the same marker starts another.
    public bool ResendIsSafe => false;

    public bool SeparatesStreams => false;

    public IReadOnlyList<FieldError> Validate(JobSpec spec) => JenkinsJobRules.Validate(spec);

    public Task<SubmitOutcome> SubmitAsync(BackendJob job, CancellationToken cancellationToken) => _submission.SubmitAsync(job, cancellationToken);

    public Task<BackendHealth> CheckHealthAsync(CancellationToken cancellationToken) => _health.CheckAsync(cancellationToken);

    public Task<FindOutcome> FindAsync(BackendJob job, CancellationToken cancellationToken) => _search.FindAsync(job, cancellationToken);

    public Task<IReadOnlyList<BackendReport>> GetStatusesAsync(IReadOnlyList<BackendRunRef> runs, CancellationToken cancellationToken) => _statuses.GetAsync(runs, cancellationToken);

    public Task<StopOutcome> StopAsync(BackendRunRef run, StopMode mode, CancellationToken cancellationToken) => _stops.StopAsync(run, mode, cancellationToken);

    public Task<OutputChunk> ReadOutputAsync(BackendRunRef run, OutputChannel channel, long offset, int maxBytes, CancellationToken cancellationToken) => channel == OutputChannel.Combined
        ? _output.ReadAsync(run, offset, maxBytes, cancellationToken)
        : Task.FromResult(new OutputChunk(ReadOnlyMemory<byte>.Empty, offset, true));

    public void Dispose() => _client.Dispose();
}
