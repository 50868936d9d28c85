using Ascob.Backends.Shell.Link;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Output;
using Ascob.Core.Repository;

namespace Ascob.Backends.Shell;

/// <summary>Runs jobs on this machine through the shell host, which owns them.</summary>
internal sealed class ShellBackendAdapter
    : IBackendAdapter, ISupportFind, ISupportStatus, ISupportStop, ISupportPause, ISupportOutput, ISupportChanges, ISupportCleanup, IAsyncDisposable
{
    private const string HostKey = "host";

    private readonly string _dataDirectory;
    private readonly ShellSettings _settings;
    private readonly ShellHostClient _host;
    private readonly HostIdentity _identity;
    private readonly ShellJobStates _states;
    private readonly ShellStarts _starts;

    public ShellBackendAdapter(
        string backendId, string dataDirectory, ShellSettings settings, ShellHostLauncher launcher, TimeProvider time, string? serverName = null, Func<ICheckouts?>? checkouts = null)
    {
        BackendId = backendId;
        _dataDirectory = dataDirectory;
        _settings = settings;
        var root = RunDirectory.Root(dataDirectory);
        _identity = new HostIdentity(root, serverName ?? Environment.MachineName);
        _states = new ShellJobStates(Ref);
        _starts = new ShellStarts(settings, launcher, checkouts ?? (static () => null), Ref);
        _host = new ShellHostClient(root, Path.Combine(root, backendId), launcher, _identity, settings.HostIdleExit, time, _states.Note);
    }

    public string BackendId { get; }

    public bool ResendIsSafe => true;

    public string? Place => _identity.Value;

    public bool SeparatesStreams => true;

    /// <summary>Gets the process id of the shell host; 0 before the first call.</summary>
    internal int HostPid => _host.HostPid;

    public IReadOnlyList<FieldError> Validate(JobSpec spec) => ShellJobRules.Validate(spec, _settings);

    public string? ParameterNameProblem(string name) => EnvironmentNames.Check(name);

    public async Task<SubmitOutcome> SubmitAsync(BackendJob job, CancellationToken cancellationToken)
    {
        if (Elsewhere(job.IntentPlace) is { } host)
        {
            return SubmitOutcome.Unknown($"it may run {HostIdentity.Describe(host)}; only that server can look");
        }

        var checkout = await _starts.CheckoutAsync(job, cancellationToken);
        if (!checkout.IsSuccess)
        {
            return checkout.Error.Kind == ErrorKind.Unavailable ? SubmitOutcome.NotNow(checkout.Error.Message) : SubmitOutcome.Rejected(checkout.Error.Message);
        }

        if (_starts.TryMake(job, checkout.Value.Files, out var wrong) is not { } start)
        {
            return SubmitOutcome.Rejected(wrong!);
        }

        try
        {
            start = start with { Files = await ShellStarts.InputFilesAsync(job, cancellationToken) };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return SubmitOutcome.NotNow(e.Message);
        }
        catch (OperationCanceledException)
        {
            return SubmitOutcome.NotNow("the input files were not here in time");
        }

        try
        {
            var response = await _host.AskAsync(id => new HostRequest { Id = id, Start = start }, cancellationToken);
            return response switch
            {
                { Refusal: { Mendable: true } refusal } => SubmitOutcome.NotNow(refusal.Reason),
                { Refusal: { } refusal } => SubmitOutcome.Rejected(refusal.Reason),
                { Reports: [var report, ..] } => Accepted(_states.EndOf(job.Marker) ?? report),
                _ => SubmitOutcome.Unknown(response.Error ?? "The shell host gave no answer."),
            };
        }
        catch (ShellHostException e)
        {
            return e.MayHaveArrived ? SubmitOutcome.Unknown(e.Message) : SubmitOutcome.NotNow(e.Message);
        }
    }

    public async Task<BackendHealth> CheckHealthAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _host.ConnectAsync(cancellationToken);
            return new BackendHealth(true);
        }
        catch (ShellHostException e)
        {
            return new BackendHealth(false, e.Message);
        }
    }

    public async Task<FindOutcome> FindAsync(BackendJob job, CancellationToken cancellationToken)
    {
        if (Elsewhere(job.IntentPlace) is { } host)
        {
            return new FindOutcome(FindOutcomeKind.Failed, Reason: $"it may run {HostIdentity.Describe(host)}; only that server can look");
        }

        try
        {
            var report = (await _states.AskAsync(_host, [job.Marker], cancellationToken))[0];
            return report.State == HostJobState.Unknown
                ? new FindOutcome(FindOutcomeKind.NotFound, Reason: "The shell host has never seen this job.") { Certain = true }
                : new FindOutcome(FindOutcomeKind.Found, Keys(report));
        }
        catch (ShellHostException e)
        {
            return new FindOutcome(FindOutcomeKind.Failed, Reason: e.Message);
        }
    }

    public async Task<IReadOnlyList<BackendReport>> GetStatusesAsync(IReadOnlyList<BackendRunRef> runs, CancellationToken cancellationToken)
    {
        var here = runs.Where(r => Elsewhere(r) is null).ToList();
        var reports = new List<BackendReport>(runs.Count);
        if (here.Count < runs.Count)
        {
            reports.AddRange(runs.Where(r => Elsewhere(r) is not null).Select(r => ShellReports.Unreachable(r.Marker, WhereIs(Elsewhere(r)!)) with { Elsewhere = true }));
        }

        try
        {
            reports.AddRange((await _states.AskAsync(_host, [.. here.Select(r => r.Marker)], cancellationToken)).Select(ShellReports.ToBackendReport));
        }
        catch (ShellHostException e)
        {
            reports.AddRange(here.Select(r => ShellReports.Unreachable(r.Marker, e.Message)));
        }

        return reports;
    }

    public async Task<StopOutcome> StopAsync(BackendRunRef run, StopMode mode, CancellationToken cancellationToken)
    {
        if (Elsewhere(run) is { } host)
        {
            return new StopOutcome(false, WhereIs(host));
        }

        var stop = new StopJob(Ref(run.Marker), mode == StopMode.Hard, (int)_settings.StopGrace.TotalMilliseconds);
        try
        {
            var response = await _host.AskAsync(id => new HostRequest { Id = id, Stop = stop }, cancellationToken);
            return response.Error is null ? new StopOutcome(true) : new StopOutcome(false, response.Error);
        }
        catch (ShellHostException e)
        {
            return new StopOutcome(false, e.Message);
        }
    }

    public async Task<StopOutcome> PauseAsync(BackendRunRef run, bool halt, CancellationToken cancellationToken)
    {
        if (Elsewhere(run) is { } host)
        {
            return new StopOutcome(false, WhereIs(host));
        }

        try
        {
            var response = await _host.AskAsync(id => new HostRequest { Id = id, Hello = _host.Greeting, Pause = new PauseJob(Ref(run.Marker), halt) }, cancellationToken);
            return response switch
            {
                { Error: { } error } => new StopOutcome(false, error),
                { Reports.Length: > 0 } => new StopOutcome(true),
                _ => new StopOutcome(false, "The shell host is of an earlier version and cannot halt jobs; a new one comes when it has had no job and no server for a while."),
            };
        }
        catch (ShellHostException e)
        {
            return new StopOutcome(false, e.Message);
        }
    }

    public async Task<OutputChunk> ReadOutputAsync(BackendRunRef run, OutputChannel channel, long offset, int maxBytes, CancellationToken cancellationToken)
    {
        if (Elsewhere(run) is { } host)
        {
            throw new DirectoryNotFoundException($"The output is not here: {WhereIs(host)}.");
        }

        // The state first: what is read after the end of the job is all there is.
        JobReport report;
        try
        {
            report = (await _states.AskAsync(_host, [run.Marker], cancellationToken))[0];
        }
        catch (ShellHostException)
        {
            report = new JobReport(run.Marker, HostJobState.Running);
        }

        return ShellOutput.Read(Ref(run.Marker).Directory, report, channel, offset, maxBytes);
    }

    // The host is not asked for the state: what lies in the directory is all that counts.
    public Task<OutputChunk> ReadNewOutputAsync(BackendRunRef run, OutputChannel channel, long offset, int maxBytes, CancellationToken cancellationToken)
    {
        if (Elsewhere(run) is { } host)
        {
            throw new DirectoryNotFoundException($"The output is not here: {WhereIs(host)}.");
        }

        return Task.FromResult(ShellOutput.ReadNew(Ref(run.Marker).Directory, channel, offset, maxBytes));
    }

    public IAsyncEnumerable<string> ChangesAsync(CancellationToken cancellationToken) => _states.ChangesAsync(cancellationToken);

    public async Task CleanUpAsync(BackendRunRef run, CancellationToken cancellationToken)
    {
        if (Elsewhere(run) is { } host)
        {
            throw new IOException($"The run's directory is not here: {WhereIs(host)}.");
        }

        try
        {
            var response = await _host.AskAsync(id => new HostRequest { Id = id, CleanUp = Ref(run.Marker) }, cancellationToken);
            if (response.Error is { } error)
            {
                throw new IOException($"The run's directory could not be removed: {error}");
            }

            _states.Forget(run.Marker);
        }
        catch (ShellHostException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public Task<IReadOnlyList<string>> KeptAsync(DateTimeOffset unchangedSince, CancellationToken cancellationToken) =>
        Task.Run(() => KeptRunDirectories.List(_dataDirectory, BackendId, unchangedSince), cancellationToken);

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    // Under load the end of a short job is here before the answer to its start was looked at.
    private SubmitOutcome Accepted(JobReport report) => SubmitOutcome.Accepted(Keys(report), ShellReports.ToBackendReport(report));

    private static string WhereIs(string host) => $"the job is {HostIdentity.Describe(host)}; only that server can ask it";

    private Dictionary<string, string> Keys(JobReport report)
    {
        var keys = ShellReports.Keys(report);
        if (Place is { } place)
        {
            keys[HostKey] = place;
        }

        return keys;
    }

    // The host that has the job, where it is another server's; jobs of earlier versions name none and are taken for this one's.
    private string? Elsewhere(BackendRunRef run) => Elsewhere(run.Keys.GetValueOrDefault(HostKey));

    private string? Elsewhere(string? host) => host is not null && Place is { } own && host != own ? host : null;

    private JobRef Ref(string marker) => new(marker, RunDirectory.Of(_dataDirectory, BackendId, marker));
}
