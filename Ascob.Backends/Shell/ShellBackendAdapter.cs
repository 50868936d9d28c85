using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Ascob.Backends.Shell.Host;
using Ascob.Backends.Shell.Link;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Output;
using Ascob.Core.Repository;

namespace Ascob.Backends.Shell;

/// <summary>
/// Runs jobs on this machine through the shell host, which owns them. What is kept here is only a copy of what the host has said, so that nobody is asked twice
/// for the end of a job.
/// </summary>
internal sealed class ShellBackendAdapter
    : IBackendAdapter, ISupportFind, ISupportStatus, ISupportStop, ISupportPause, ISupportOutput, ISupportChanges, ISupportCleanup, IAsyncDisposable
{
    private const int MostEndsKept = 10_000;
    private const string HostKey = "host";

    private readonly Func<ICheckouts?> _checkouts;
    private readonly string _dataDirectory;
    private readonly ShellSettings _settings;
    private readonly ShellHostClient _host;
    private readonly HostIdentity _identity;
    private readonly ConcurrentDictionary<string, JobReport> _ends = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Channel<string>, bool> _listeners = new();

    public ShellBackendAdapter(
        string backendId, string dataDirectory, ShellSettings settings, ShellHostLauncher launcher, TimeProvider time, string? serverName = null, Func<ICheckouts?>? checkouts = null)
    {
        BackendId = backendId;
        _checkouts = checkouts ?? (static () => null);
        _dataDirectory = dataDirectory;
        _settings = settings;
        var root = RunDirectory.Root(dataDirectory);
        _identity = new HostIdentity(root, serverName ?? Environment.MachineName);
        _host = new ShellHostClient(root, Path.Combine(root, backendId), launcher, _identity, settings.HostIdleExit, time, NoteNews);
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

        var checkout = await CheckoutAsync(job, cancellationToken);
        if (!checkout.IsSuccess)
        {
            return checkout.Error.Kind == ErrorKind.Unavailable ? SubmitOutcome.NotNow(checkout.Error.Message) : SubmitOutcome.Rejected(checkout.Error.Message);
        }

        if (TryMakeStart(job, checkout.Value.Files, out var wrong) is not { } start)
        {
            return SubmitOutcome.Rejected(wrong!);
        }

        try
        {
            start = start with { Files = await InputFilesAsync(job, cancellationToken) };
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
                { Reports: [var report, ..] } => Accepted(_ends.GetValueOrDefault(job.Marker) ?? report),
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
            var report = (await AskStatesAsync([job.Marker], cancellationToken))[0];
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
            reports.AddRange((await AskStatesAsync([.. here.Select(r => r.Marker)], cancellationToken)).Select(ShellReports.ToBackendReport));
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
            report = (await AskStatesAsync([run.Marker], cancellationToken))[0];
        }
        catch (ShellHostException)
        {
            report = new JobReport(run.Marker, HostJobState.Running);
        }

        if (report.Quiet)
        {
            return new OutputChunk(ReadOnlyMemory<byte>.Empty, offset, Complete: true);
        }

        var directory = Ref(run.Marker).Directory;
        var piece = CappedLogReader.Read(directory, NameOf(channel), offset, maxBytes);
        if (report.State != HostJobState.Running && !Directory.Exists(directory))
        {
            // Cleaned up meanwhile: what was read may be a part only and must not pass for all there was.
            throw new DirectoryNotFoundException("The output of this job is no longer here.");
        }

        return new OutputChunk(piece.Data, piece.NextOffset, piece.AtEnd && report.State != HostJobState.Running, piece.Dropped);
    }

    // The host is not asked for the state: what lies in the directory is all that counts.
    public Task<OutputChunk> ReadNewOutputAsync(BackendRunRef run, OutputChannel channel, long offset, int maxBytes, CancellationToken cancellationToken)
    {
        if (Elsewhere(run) is { } host)
        {
            throw new DirectoryNotFoundException($"The output is not here: {WhereIs(host)}.");
        }

        var piece = CappedLogReader.Read(Ref(run.Marker).Directory, NameOf(channel), offset, maxBytes);
        return Task.FromResult(new OutputChunk(piece.Data, piece.NextOffset, Complete: false, piece.Dropped));
    }

    public async IAsyncEnumerable<string> ChangesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var channel = Channel.CreateUnbounded<string>();
        _listeners[channel] = true;
        try
        {
            await foreach (var marker in channel.Reader.ReadAllAsync(cancellationToken))
            {
                yield return marker;
            }
        }
        finally
        {
            _listeners.TryRemove(channel, out _);
        }
    }

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

            _ends.TryRemove(run.Marker, out _);
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

    private async Task<Result<(Checkout? Files, bool Any)>> CheckoutAsync(BackendJob job, CancellationToken cancellationToken)
    {
        if (job.Spec.Label(ShellJobRules.Commit) is not { } commit)
        {
            return (null, false);
        }

        if (_checkouts() is not { } checkouts)
        {
            return new Error(ErrorKind.Impossible, "shell.no_repository", "This process has no repository of jobs, so it cannot run jobs of one.");
        }

        try
        {
            var opened = await checkouts.OpenAsync(commit, cancellationToken);
            return opened.IsSuccess ? (opened.Value, true) : opened.Error;
        }
        catch (OperationCanceledException)
        {
            return new Error(ErrorKind.Unavailable, "shell.checkout_slow", "the files of the commit were not here in time");
        }
    }

    private StartJob? TryMakeStart(BackendJob job, Checkout? files, out string? wrong)
    {
        wrong = ShellAccount.Problem(job.Spec) ?? Validate(job.Spec).Select(e => e.Message)
            .Concat(job.Secrets.Keys.Select(EnvironmentNames.Check).OfType<string>())
            .FirstOrDefault();
        var path = _settings.Shell;
        string[] arguments = [path, "-c", job.Spec.Label(ShellJobRules.Command) ?? string.Empty];
        if (wrong is null && job.Spec.Label(ShellJobRules.Executable) is { } executable)
        {
            path = ExecutablePath.Resolve(_settings.ExecutablesDirectory!, executable, out wrong) ?? string.Empty;
            arguments = [path, .. ShellJobRules.TryReadArguments(job.Spec.Label(ShellJobRules.Arguments)) ?? []];
        }

        if (files is not null)
        {
            // A shell in between goes there first: the host starts jobs in their own directories only.
            arguments = [ShellSettings.SystemShell, "-c", "cd \"$1\" && shift && exec \"$@\"", ShellSettings.SystemShell, files.Directory, path, .. arguments[1..]];
            path = ShellSettings.SystemShell;
        }

        var directory = Ref(job.Marker).Directory;
        var environment = ShellEnvironment.Build(job, directory, files);
        wrong ??= ShellJobRules.CheckSizes(arguments, environment);
        string[] masked = [.. job.Secrets.Values, .. new[] { job.CallbackUrl, job.CallbackId }.OfType<string>()];
        return wrong is null
            ? new StartJob(job.Marker, directory, path, arguments, environment, masked, [], _settings.MaxOutputBytes)
            {
                TimeoutMilliseconds = (job.Spec.TimeoutSeconds ?? 0) * 1000L,
                GraceMilliseconds = (int)_settings.StopGrace.TotalMilliseconds,
            }
            : null;
    }

    private static string NameOf(OutputChannel channel) => channel switch
    {
        OutputChannel.Combined => JobOutput.Combined,
        OutputChannel.Stdout => JobOutput.Stdout,
        OutputChannel.Stderr => JobOutput.Stderr,
    };

    private static async Task<InputFile[]> InputFilesAsync(BackendJob job, CancellationToken cancellationToken)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var files = new List<InputFile>();
        foreach (var file in job.Files)
        {
            var name = RunDirectory.SafeFileName(file.Name);
            var unique = name;
            for (var number = 2; !names.Add(unique); number++)
            {
                unique = $"{name}.{number}";
            }

            files.Add(new InputFile(unique, await file.LocateAsync(cancellationToken)));
        }

        return [.. files];
    }

    private JobRef Ref(string marker) => new(marker, RunDirectory.Of(_dataDirectory, BackendId, marker));

    private async Task<JobReport[]> AskStatesAsync(string[] markers, CancellationToken cancellationToken)
    {
        var reports = new JobReport[markers.Length];
        var unknown = new List<int>();
        for (var i = 0; i < markers.Length; i++)
        {
            if (!_ends.TryGetValue(markers[i], out reports[i]!))
            {
                unknown.Add(i);
            }
        }

        if (unknown.Count == 0)
        {
            return reports;
        }

        var response = await _host.AskAsync(id => new HostRequest { Id = id, Status = [.. unknown.Select(i => Ref(markers[i]))] }, cancellationToken);
        if (response.Reports.Length != unknown.Count)
        {
            throw new ShellHostException(response.Error ?? "The shell host gave no answer.");
        }

        for (var i = 0; i < unknown.Count; i++)
        {
            reports[unknown[i]] = response.Reports[i];
        }

        return reports;
    }

    private void NoteNews(JobReport report)
    {
        if (report.State == HostJobState.Ended)
        {
            if (_ends.Count > MostEndsKept)
            {
                _ends.Clear();
            }

            _ends[report.Marker] = report;
        }

        foreach (var listener in _listeners.Keys)
        {
            listener.Writer.TryWrite(report.Marker);
        }
    }
}
