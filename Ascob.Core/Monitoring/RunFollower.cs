using System.Globalization;
using Ascob.Core.Backends;
using Ascob.Core.Cluster;
using Ascob.Core.Runs;
using Ascob.Core.Telemetry;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Monitoring;

/// <summary>Follows the runs of one backend: claims those that are due, asks for many at once, and passes on what it learns. One backend never delays another.</summary>
public sealed class RunFollower(
    IRunStore store,
    RunUpdater updater,
    RunFinisher finisher,
    RunStopper stopper,
    RunTracker tracker,
    PollSchedule schedule,
    IRunErrands errands,
    ClusterView cluster,
    ServerIdentity server,
    MonotonicClock clock,
    AscobMetrics metrics,
    IOptions<EngineOptions> options,
    ILogger<RunFollower> logger)
{
    private const int SightingsBeforeLost = 3;
    private const int LooksElsewhereBeforeTold = 10;
    private const string KnownAgain = "the backend knows the job again";
    private static readonly TimeSpan PauseForOthers = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongPauseForOthers = TimeSpan.FromSeconds(5);

    private static readonly RunStatus[] Followed = [RunStatus.Submitted, RunStatus.Running, RunStatus.Aborting];

    /// <summary>Looks once at the runs that are due; answers how many there were.</summary>
    public async Task<int> FollowDueAsync(BackendEntry backend, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backend);
        if (backend.Condition.Paused > TimeSpan.Zero)
        {
            return 0;
        }

        var now = clock.Now;
        var due = await store.ClaimDueAsync(
            new DueFilter(server.LeaseOwner, now, now + LeaseFor(backend), Followed, backend.Id, backend.Options.Poll.BatchSize) { ExceptPlaces = LeftToOthers(backend) },
            cancellationToken).ConfigureAwait(false);
        if (due.Count > 0)
        {
            metrics.PollLateness(backend.Id, now - (due[0].NextCheckAt ?? now));
            await LookAsync(backend, due, cancellationToken).ConfigureAwait(false);
        }

        return due.Count;
    }

    /// <summary>Answers the places whose runs of this backend other members look after.</summary>
    public IReadOnlyList<string> LeftToOthers(BackendEntry backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        return backend.Adapter.Place is null && backend.ServedHere ? [] : cluster.OthersPlaces;
    }

    /// <summary>Looks at these runs, on which this server holds the lease.</summary>
    public async Task LookAsync(BackendEntry backend, IReadOnlyList<Run> runs, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(runs);
        if (backend.Condition.Paused is var pause && pause > TimeSpan.Zero)
        {
            await store.RescheduleAsync([.. runs.Select(r => new Reschedule(r.Id, r.Version, clock.Now + pause, r.FailedChecks))], cancellationToken).ConfigureAwait(false);
            return;
        }

        var known = runs.Where(r => r.BackendKeys is { Count: > 0 }).ToList();
        await Task.WhenAll(
            backend.Adapter is ISupportPause ? errands.RunAsync(known, cancellationToken) : Task.CompletedTask,
            FollowKnownAsync(backend, known, cancellationToken),
            Parallel.ForEachAsync(
                runs.Where(r => r.BackendKeys is not { Count: > 0 }),
                new ParallelOptions { MaxDegreeOfParallelism = backend.Options.Resilience.MaxConcurrentCalls, CancellationToken = cancellationToken },
                async (run, ct) => await stopper.LookForUnknownAsync(run, backend, ct).ConfigureAwait(false))).ConfigureAwait(false);
    }

    private async Task FollowKnownAsync(BackendEntry backend, List<Run> known, CancellationToken cancellationToken)
    {
        if (known.Count == 0)
        {
            return;
        }

        foreach (var run in known)
        {
            tracker.Track(run);
        }

        var reports = await AskAsync(backend, known, cancellationToken).ConfigureAwait(false);
        if (reports.Values.Max(r => r.State == BackendState.Unreachable ? r.RetryAfter : null) is { } wish)
        {
            backend.Condition.PauseFor(wish);
        }

        var quiet = new List<Reschedule>();
        var work = new List<Task>();
        foreach (var run in known)
        {
            var report = reports.GetValueOrDefault(run.Marker)
                ?? new BackendReport { Marker = run.Marker, State = BackendState.Unreachable, Reason = "the backend said nothing of this job" };
            if (report is { State: BackendState.Unreachable, Elsewhere: false })
            {
                quiet.Add(Unanswered(run, backend, report));
            }
            else if (IsQuiet(run, report))
            {
                quiet.Add(new Reschedule(run.Id, run.Version, schedule.Next(run, backend.Options, clock.Now), 0));
            }
            else
            {
                work.Add(TakeAsync(run, backend, report, cancellationToken));
            }
        }

        if (quiet.Count > 0)
        {
            work.Add(store.RescheduleAsync(quiet, cancellationToken));
        }

        await Task.WhenAll(work).ConfigureAwait(false);
    }

    /// <summary>Takes one report.</summary>
    public async Task<Run> TakeAsync(Run run, BackendEntry backend, BackendReport report, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(report);
        switch (report.State)
        {
            case BackendState.Succeeded or BackendState.Failed or BackendState.Aborted:
                return await finisher.EndAsync(run, backend, report, cancellationToken).ConfigureAwait(false);
            case BackendState.NotFound:
                return await NotFoundAsync(run, backend, report, cancellationToken).ConfigureAwait(false);
            case BackendState.Unreachable when report.Elsewhere:
                return await ElsewhereAsync(run, report, cancellationToken).ConfigureAwait(false);
            case BackendState.Unreachable:
                await store.RescheduleAsync([Unanswered(run, backend, report)], cancellationToken).ConfigureAwait(false);
                return run;
            default:
                break;
        }

        if (run.Status == RunStatus.Aborting)
        {
            run = run.WaitingSince is null ? run : await KnownAgainAsync(run, backend, cancellationToken).ConfigureAwait(false);
            return await stopper.RepeatStopAsync(run, backend, cancellationToken).ConfigureAwait(false);
        }

        if (PollSchedule.Deadline(run) is { } deadline && deadline <= clock.Now)
        {
            return await stopper.TimeOutAsync(run, backend, cancellationToken).ConfigureAwait(false);
        }

        return await AliveAsync(run, backend, report, cancellationToken).ConfigureAwait(false);
    }

    private async Task<Dictionary<string, BackendReport>> AskAsync(BackendEntry backend, List<Run> runs, CancellationToken cancellationToken)
    {
        if (backend.Adapter is not ISupportStatus status)
        {
            return [];
        }

        using var trace = AscobMetrics.Traces.StartActivity("backend.status");
        trace?.SetTag("ascob.backend", backend.Id).SetTag("ascob.runs", runs.Count);
        using var timeout = new CancellationTokenSource(backend.Options.Resilience.Timeout, clock.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var begun = clock.Time.GetTimestamp();
        try
        {
            var answer = await status.GetStatusesAsync(
                [.. runs.Select(r => new BackendRunRef(r.Id, r.Marker, r.BackendKeys!))],
                both.Token).ConfigureAwait(false);
            var byMarker = new Dictionary<string, BackendReport>(answer.Count, StringComparer.Ordinal);
            foreach (var report in answer)
            {
                byMarker[report.Marker] = report;
            }

            if (answer.Any(r => r.State != BackendState.Unreachable))
            {
                backend.Condition.Succeeded();
            }
            else if (!answer.Any(r => r.Elsewhere))
            {
                backend.Condition.Failed(answer.Count > 0 ? answer[0].Reason ?? "unreachable" : "empty answer");
            }

            return byMarker;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            backend.Condition.Failed($"no answer within {backend.Options.Resilience.Timeout.TotalSeconds:0.#} s");
            return [];
        }
#pragma warning disable CA1031 // An adapter that throws has a bug; that must not end any run.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            logger.LogError(e, "The adapter of {BackendId} failed at a status question", backend.Id);
            backend.Condition.Failed("the adapter failed; see the server's log");
            return [];
        }
        finally
        {
            metrics.BackendCall(backend.Id, "status", clock.Time.GetElapsedTime(begun));
        }
    }

    // Nothing to tell: the run stands where it stood, and its timeline is not filled with polls.
    private bool IsQuiet(Run run, BackendReport report) =>
        (run.Status, report.State) is (RunStatus.Submitted, BackendState.Queued) or (RunStatus.Running, BackendState.Running)
        && run.WaitingSince is null
        && RunFinisher.Facts(run, report) == run
        && (report.Reason ?? run.StatusReason) == run.StatusReason
        && !(PollSchedule.Deadline(run) <= clock.Now);

    private async Task<Run> AliveAsync(Run run, BackendEntry backend, BackendReport report, CancellationToken cancellationToken)
    {
        var started = report.State == BackendState.Running && run.Status is RunStatus.Submitted or RunStatus.InDoubt;
        var marker = run.Marker;
        var result = await updater.ApplyAsync(
            run,
            r => r.Marker != marker || r.Status is not (RunStatus.Submitted or RunStatus.Running or RunStatus.InDoubt) || IsQuiet(r, report) ? null : RunLifecycle.Change(
                r,
                TriggerOf(r.Status, report.State),
                clock.Now,
                $"backend:{backend.Id}",
                report.Reason ?? (r.WaitingSince is null ? null : KnownAgain),
                x => RunFinisher.Facts(x, report) with
                {
                    StartedAt = started ? RunFinisher.StartOf(x, report, clock.Now) : x.StartedAt,
                    WaitingSince = null,
                    FailedChecks = 0,
                    LeaseOwner = server.LeaseOwner,
                    LeaseUntil = clock.Now + options.Value.Lease,
                    NextCheckAt = schedule.Next(x with { Status = RunStatus.Running, StartedAt = x.StartedAt ?? clock.Now }, backend.Options, clock.Now),
                }),
            cancellationToken).ConfigureAwait(false);
        tracker.Track(result.Run);
        return result.Run;
    }

    // What was out of reach is where it was.
    private static RunTrigger TriggerOf(RunStatus status, BackendState state) => (status, state) switch
    {
        (RunStatus.Submitted or RunStatus.InDoubt, BackendState.Running) => RunTrigger.BackendStarted,
        (RunStatus.InDoubt, _) => RunTrigger.BackendAccepted,
        _ => RunTrigger.Noted,
    };

    private async Task<Run> NotFoundAsync(Run run, BackendEntry backend, BackendReport report, CancellationToken cancellationToken)
    {
        // An answer of "unknown" can be a restart or a lag of the backend; only a certain one, or several in a row over a long time, end the run. While they last, WaitingSince tells since
        // when, and FailedChecks counts them alone.
        var since = run.WaitingSince ?? clock.Now;
        var sightings = run.WaitingSince is null ? 1 : run.FailedChecks + 1;
        var marker = run.Marker;
        if (report.Certain || (sightings >= SightingsBeforeLost && clock.Now - since >= options.Value.LostAfter))
        {
            return await finisher.EndAsync(run, backend, report, cancellationToken).ConfigureAwait(false);
        }

        var result = await updater.ApplyAsync(
            run,
            r => r.Marker != marker || !Followed.Contains(r.Status) ? null : RunLifecycle.Change(
                r,
                RunTrigger.Noted,
                clock.Now,
                $"backend:{backend.Id}",
                $"the backend does not know the job (seen {sightings} times since {since:HH:mm:ss})",
                x => x with
                {
                    WaitingSince = since,
                    FailedChecks = sightings,
                    LeaseOwner = null,
                    LeaseUntil = null,
                    NextCheckAt = schedule.AfterFailure(backend.Options, clock.Now, sightings - 1, report.RetryAfter),
                }),
            cancellationToken).ConfigureAwait(false);
        return result.Run;
    }

    // A job that the backend knows again while it is being stopped: the count of its absences ends.
    private async Task<Run> KnownAgainAsync(Run run, BackendEntry backend, CancellationToken cancellationToken)
    {
        var marker = run.Marker;
        var result = await updater.ApplyAsync(
            run,
            r => r.Marker != marker || r.Status != RunStatus.Aborting ? null : RunLifecycle.Change(
                r, RunTrigger.Noted, clock.Now, $"backend:{backend.Id}", KnownAgain, x => x with { WaitingSince = null, FailedChecks = 0 }),
            cancellationToken).ConfigureAwait(false);
        return result.Run;
    }

    // A question without an answer is no sighting of an absence, and does not end a row of them.
    private Reschedule Unanswered(Run run, BackendEntry backend, BackendReport report) => new(
        run.Id,
        run.Version,
        schedule.AfterFailure(backend.Options, clock.Now, run.FailedChecks, report.RetryAfter),
        run.WaitingSince is null ? run.FailedChecks + 1 : run.FailedChecks);

    // Only another process can ask, and that one is not there, or not known: else the run had been left to it. The run says so, and after a while it is in doubt, where a person can decide.
    private async Task<Run> ElsewhereAsync(Run run, BackendReport report, CancellationToken cancellationToken)
    {
        var failed = run.FailedChecks + 1;
        var next = clock.Now + (failed < LooksElsewhereBeforeTold ? PauseForOthers : LongPauseForOthers);
        var keeper = cluster.KeeperOf(run.IntentPlace);

        // A place that no member keeps any more, look after look, was lost with its directory.
        var away = keeper is not null ? cluster.AbsenceOf(keeper)
            : cluster.Members.Count > 0 && failed >= LooksElsewhereBeforeTold ? options.Value.VanishedAfter
            : TimeSpan.Zero;
        var vanished = run.Status is RunStatus.Submitted or RunStatus.Running && away >= options.Value.VanishedAfter;
        var reason = keeper is null || cluster.IsThere(keeper) ? report.Reason : $"{report.Reason}; {AwayText(keeper)}";
        reason = vanished || run.Status == RunStatus.InDoubt ? $"it is unknown how the job stands: {reason}" : reason;
        if (!vanished && (run.StatusReason == reason || (failed < LooksElsewhereBeforeTold && away < options.Value.Lease)))
        {
            await store.RescheduleAsync([new Reschedule(run.Id, run.Version, next, failed)], cancellationToken).ConfigureAwait(false);
            return run;
        }

        var marker = run.Marker;
        var result = await updater.ApplyAsync(
            run,
            r => r.Marker != marker ? null : RunLifecycle.Change(
                r,
                vanished ? RunTrigger.ReachLost : RunTrigger.Noted,
                clock.Now,
                server.Actor,
                reason,
                x => x with
                {
                    WaitingSince = vanished ? clock.Now : x.WaitingSince,
                    FailedChecks = vanished ? 0 : x.FailedChecks + 1,
                    LeaseOwner = null,
                    LeaseUntil = null,
                    NextCheckAt = next,
                }),
            cancellationToken).ConfigureAwait(false);
        return result.Run;
    }

    private static string AwayText(Member keeper) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(keeper.Kind == MemberKind.Worker ? "worker" : "server")} '{keeper.Name}' {(keeper.State == MemberState.Stopped ? "stopped" : "was last seen")} at {keeper.LastSeenAt:yyyy-MM-dd'T'HH:mm:ss'Z'}");

    private TimeSpan LeaseFor(BackendEntry backend) => backend.Options.Resilience.Timeout + options.Value.Lease;
}
