using System.Runtime.CompilerServices;
using Ascob.Core.Access;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Files;
using Ascob.Core.Jobs;
using Ascob.Core.Output;
using Ascob.Core.Routing;
using Ascob.Core.Timing;

namespace Ascob.Core.Runs;

/// <summary>
/// The use cases of runs, for every door (HTTP, command line, console). Each checks that the caller may see the run (else "not found"); whether the caller holds the
/// permission is checked at the door.
/// </summary>
public sealed class JobService(
    RunAcceptor acceptor,
    RunResubmitter resubmitter,
    RunStarter starter,
    RunInputFiles inputs,
    RunOrders orders,
    IRunStore store,
    IRunFileStore files,
    IOutputStore outputs,
    LiveOutput liveOutput,
    IReportedOutput reported,
    BackendCatalog catalog,
    RunSignals signals,
    MonotonicClock clock,
    IEnumerable<IRepetitionRule> repetitions)
{
    // Changes are told, also those by other servers; this is for what nobody could tell.
    private static readonly TimeSpan LookPause = TimeSpan.FromSeconds(5);

    /// <summary>Validates, routes and stores a job, and sets it going after the commit. A refusal leaves nothing behind.</summary>
    public Task<Result<Submission>> SubmitAsync(SubmitRequest request, Caller caller, CancellationToken cancellationToken) =>
        acceptor.AcceptAsync(request, caller, cancellationToken);

    /// <summary>Answers how a job would be routed; no side effect.</summary>
    public Result<RoutingDecision> Explain(JobSpec spec, Caller caller) => acceptor.Explain(spec, caller);

    /// <summary>Reads a run.</summary>
    public async Task<Result<Run>> GetAsync(long runId, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(caller);
        return await store.FindAsync(runId, cancellationToken).ConfigureAwait(false) is { } run && caller.MaySee(run.Spec.Submitter)
            ? run
            : Error.NoSuchRun(runId);
    }

    /// <summary>Reads a run, waiting until it is final or the time is over.</summary>
    public async Task<Result<Run>> WaitAsync(long runId, TimeSpan longest, Caller caller, CancellationToken cancellationToken)
    {
        var begun = clock.Time.GetTimestamp();
        using var subscription = signals.Subscribe(runId);
        while (true)
        {
            var result = await GetAsync(runId, caller, cancellationToken).ConfigureAwait(false);
            var left = longest - clock.Time.GetElapsedTime(begun);
            if (!result.IsSuccess || result.Value.Status.IsFinal() || left <= TimeSpan.Zero)
            {
                return result;
            }

            await subscription.WaitAsync(result.Value.Version, left < LookPause ? left : LookPause, clock.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reads a page of the caller's runs.</summary>
    public async Task<Result<RunPage>> SearchAsync(RunSearch search, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(search);
        ArgumentNullException.ThrowIfNull(caller);
        if (caller.Submitters is { } scope)
        {
            var wanted = search.Submitters is { } asked ? asked.Where(s => scope.Contains(s, StringComparer.Ordinal)).ToList() : scope;
            if (wanted.Count == 0)
            {
                return new RunPage([], null);
            }

            search = search with { Submitters = wanted };
        }

        return await store.SearchAsync(search, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Releases a manual-start run; exactly one caller wins, others get a conflict.</summary>
    public Task<Result<Run>> StartAsync(long runId, Caller caller, CancellationToken cancellationToken) =>
        WithRunAsync(runId, caller, run => starter.StartAsync(run, caller.Actor, cancellationToken), cancellationToken);

    /// <summary>Asks for a stop; a conflict where the run is final or its backend cannot stop jobs.</summary>
    public Task<Result<Run>> StopAsync(long runId, bool force, Caller caller, CancellationToken cancellationToken) =>
        WithRunAsync(runId, caller, run => orders.StopAsync(run, force, caller.Actor, cancellationToken), cancellationToken);

    /// <summary>Submits the job of a run again as a new run in the same chain.</summary>
    public Task<Result<Submission>> ResubmitAsync(long runId, ResubmitOverrides overrides, Caller caller, CancellationToken cancellationToken) =>
        WithRunAsync(runId, caller, run => ResubmitAsync(run, overrides, caller, cancellationToken), cancellationToken);

    /// <summary>Asks the backend now, and answers the run as it is then.</summary>
    public Task<Result<Run>> RefreshAsync(long runId, Caller caller, CancellationToken cancellationToken) =>
        WithRunAsync(runId, caller, run => orders.RefreshAsync(run, cancellationToken), cancellationToken);

    /// <summary>Takes a person's verdict on a run in doubt.</summary>
    public Task<Result<Run>> ResolveAsync(long runId, Resolution resolution, Caller caller, CancellationToken cancellationToken) =>
        WithRunAsync(runId, caller, run => orders.ResolveAsync(run, resolution, caller.Actor, cancellationToken), cancellationToken);

    /// <summary>Reads the timeline after a seq.</summary>
    public Task<Result<IReadOnlyList<RunEvent>>> EventsAsync(long runId, long afterSeq, int limit, Caller caller, CancellationToken cancellationToken) =>
        WithRunAsync<IReadOnlyList<RunEvent>>(
            runId,
            caller,
            async run => Wrap(await store.EventsAsync(run.Id, afterSeq, limit, cancellationToken).ConfigureAwait(false)),
            cancellationToken);

    /// <summary>Streams the timeline after a seq until the run is final. The caller must have been allowed to see the run.</summary>
    public async IAsyncEnumerable<RunEvent> FollowEventsAsync(long runId, long afterSeq, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var subscription = signals.Subscribe(runId);
        while (true)
        {
            var events = await store.EventsAsync(runId, afterSeq, 200, cancellationToken).ConfigureAwait(false);
            foreach (var one in events)
            {
                afterSeq = one.Seq;
                yield return one;
                if (one.To.IsFinal())
                {
                    yield break;
                }
            }

            if (events.Count == 0)
            {
                // A reader that comes back after the end has nothing to wait for.
                if (await store.FindAsync(runId, cancellationToken).ConfigureAwait(false) is not { } run
                    || (run.Status.IsFinal() && run.Version <= afterSeq))
                {
                    yield break;
                }

                await subscription.WaitAsync(Math.Min(afterSeq, run.Version), LookPause, clock.Time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Opens the output of an attempt of a run, the present one where none is named; a conflict where its backend has none to offer.</summary>
    public Task<Result<OutputDocument>> OpenOutputAsync(long runId, int? attempt, OutputChannel channel, Caller caller, CancellationToken cancellationToken) =>
        WithRunAsync(runId, caller, run => OpenAsync(run, attempt, channel, cancellationToken), cancellationToken);

    /// <summary>Attaches an input file while the run is <c>DEFINED</c>.</summary>
    public Task<Result<RunFile>> SaveFileAsync(long runId, string fileId, Stream content, Caller caller, CancellationToken cancellationToken) =>
        WithRunAsync(runId, caller, run => inputs.SaveFileAsync(run, fileId, content, cancellationToken), cancellationToken);

    /// <summary>Streams in a file that comes with a submission, before the job is known; see <see cref="SubmitRequest"/>.</summary>
    public Task<Result<StagedFile>> StageFileAsync(string name, Stream content, CancellationToken cancellationToken) =>
        files.StageAsync(name, content, cancellationToken);

    /// <summary>Deletes those of the staged files that no run was stored with.</summary>
    public Task DiscardFilesAsync(IReadOnlyCollection<StagedFile> staged) => files.DiscardAsync(staged);

    /// <summary>Lists the input files.</summary>
    public Task<Result<IReadOnlyList<RunFile>>> ListFilesAsync(long runId, Caller caller, CancellationToken cancellationToken) =>
        WithRunAsync<IReadOnlyList<RunFile>>(
            runId,
            caller,
            async run => Wrap(await files.ListAsync(run.Id, cancellationToken).ConfigureAwait(false)),
            cancellationToken);

    private async Task<Result<Submission>> ResubmitAsync(Run run, ResubmitOverrides overrides, Caller caller, CancellationToken cancellationToken)
    {
        foreach (var rule in repetitions)
        {
            if (await rule.RefusalAsync(run, cancellationToken).ConfigureAwait(false) is { } refusal)
            {
                return refusal;
            }
        }

        return await resubmitter.ResubmitAsync(run, overrides, caller, cancellationToken).ConfigureAwait(false);
    }

    private async Task<Result<OutputDocument>> OpenAsync(Run run, int? named, OutputChannel channel, CancellationToken cancellationToken)
    {
        var attempt = named ?? run.Attempt;
        if (attempt > run.Attempt)
        {
            return new Error(ErrorKind.NotFound, "output.attempt", $"Run {run.Id} has no attempt {attempt}; the latest is {run.Attempt}.");
        }

        var backend = catalog.TryGet(run.BackendId, out var entry) ? entry : null;
        if (run.OutputArchived)
        {
            return await outputs.OpenAsync(run.Id, attempt, channel, cancellationToken).ConfigureAwait(false) is { } archived
                ? new OutputDocument(archived)
                : new OutputDocument(Stream.Null);
        }

        if (backend is not null && backend.Adapter is not ISupportOutput)
        {
            return channel == OutputChannel.Combined && await reported.LengthAsync(run.Id, attempt, cancellationToken).ConfigureAwait(false) > 0
                ? attempt < run.Attempt ? liveOutput.OpenReported(run.Id, attempt) : Live(run, attempt, named is null, channel)
                : new Error(ErrorKind.Conflict, "output.unsupported", $"Backend '{backend.Id}' has no output to read, and the job has reported none.");
        }

        if (channel != OutputChannel.Combined && backend?.Adapter is ISupportOutput { SeparatesStreams: false })
        {
            return new Error(ErrorKind.Conflict, "output.not_separated", $"Backend '{backend.Id}' does not separate stdout and stderr; read output.txt.");
        }

        if (attempt < run.Attempt)
        {
            if (backend?.Adapter is ISupportOutput { KeepsOutput: true })
            {
                return new Error(ErrorKind.Conflict, "output.earlier_attempt", $"Backend '{backend.Id}' has the output of the latest attempt only.");
            }

            // Taken over before the next attempt began, unless the place of the attempt was gone.
            return await outputs.OpenAsync(run.Id, attempt, channel, cancellationToken).ConfigureAwait(false) is { } earlier
                ? new OutputDocument(earlier)
                : liveOutput.OpenPublished(run.Id, attempt, channel);
        }

        return Live(run, attempt, named is null, channel);
    }

    private OutputDocument Live(Run run, int attempt, bool goesOn, OutputChannel channel) => new(
        (offset, follow, ct) => liveOutput.ReadAsync(run.Id, attempt, goesOn, channel, offset, follow, ct),
        ct => liveOutput.LengthAsync(run.Id, attempt, channel, ct));

    private async Task<Result<T>> WithRunAsync<T>(long runId, Caller caller, Func<Run, Task<Result<T>>> use, CancellationToken cancellationToken)
    {
        var run = await GetAsync(runId, caller, cancellationToken).ConfigureAwait(false);
        return run.IsSuccess ? await use(run.Value).ConfigureAwait(false) : run.Error;
    }

    // Interfaces cannot be converted implicitly, so this says it.
    private static Result<IReadOnlyList<TItem>> Wrap<TItem>(IReadOnlyList<TItem> items) => Result<IReadOnlyList<TItem>>.Success(items);
}
