using Ascob.Core.Backends;
using Ascob.Core.Dispatch;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Monitoring;

/// <summary>Stops jobs: asks softly, repeats, asks hard after the grace, until the backend confirms an end. And looks for jobs of which nobody knows whether the backend has them.</summary>
public sealed class RunStopper(
    IRunStore store,
    RunUpdater updater,
    RunFinisher finisher,
    JobMaker jobs,
    PollSchedule schedule,
    ServerIdentity server,
    MonotonicClock clock,
    Backoff backoff,
    IOptions<EngineOptions> options,
    ILogger<RunStopper> logger)
{
    private static readonly TimeSpan FirstLookUp = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestLookUp = TimeSpan.FromMinutes(5);

    /// <summary>Orders the stop of a run whose time is over.</summary>
    public async Task<Run> TimeOutAsync(Run run, BackendEntry backend, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        var marker = run.Marker;
        var result = await updater.ApplyAsync(
            run,
            r => r.Marker != marker || r.Status is not (RunStatus.Running or RunStatus.Submitted) ? null : RunLifecycle.Change(
                r,
                RunTrigger.AbortRequested,
                clock.Now,
                server.Actor,
                $"its time of {r.Spec.TimeoutSeconds} s is over",
                x => x with { TimedOut = true, AbortAt = clock.Now, NextCheckAt = clock.Now, LeaseOwner = server.LeaseOwner, LeaseUntil = clock.Now + options.Value.Lease }),
            cancellationToken).ConfigureAwait(false);
        return result.Applied ? await RepeatStopAsync(result.Run, backend, cancellationToken).ConfigureAwait(false) : result.Run;
    }

    /// <summary>Asks the backend (again) to stop the job of a run in <c>ABORTING</c>.</summary>
    public async Task<Run> RepeatStopAsync(Run run, BackendEntry backend, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(backend);
        if (backend.Adapter is not ISupportStop stop || run.BackendKeys is not { } keys)
        {
            await RescheduleAsync(run, schedule.Next(run, backend.Options, clock.Now), cancellationToken).ConfigureAwait(false);
            return run;
        }

        var hard = run.AbortForce || clock.Now - (run.AbortAt ?? clock.Now) >= backend.Options.StopGrace;
        var outcome = await AskAsync(stop, new BackendRunRef(run.Id, run.Marker, keys), hard ? StopMode.Hard : StopMode.Soft, backend, cancellationToken).ConfigureAwait(false);
        var escalation = hard ? clock.Now + backend.Options.Poll.Initial : (run.AbortAt ?? clock.Now) + backend.Options.StopGrace;
        var next = schedule.AfterFailure(backend.Options, clock.Now, run.FailedChecks, null);
        if (!outcome.Asked)
        {
            logger.LogWarning("Run {RunId}: the stop was not taken: {Reason}", run.Id, outcome.Reason);
        }

        await RescheduleAsync(run, next < escalation ? next : escalation, cancellationToken).ConfigureAwait(false);
        return run;
    }

    /// <summary>
    /// Looks for the job of a run without keys, <c>IN_DOUBT</c> or <c>ABORTING</c>: adopts it, or after <c>DoubtWait</c> believes that it was never started. What cannot be looked up waits
    /// for a person's verdict.
    /// </summary>
    public async Task<Run> LookForUnknownAsync(Run run, BackendEntry backend, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(backend);
        if (run.IntentAt is null && !ReportsItself(run))
        {
            return await NotStartedAsync(run, backend, "it never left for the backend", cancellationToken).ConfigureAwait(false);
        }

        if (backend.Adapter is not ISupportFind finder)
        {
            return await NoteAsync(run, "this backend cannot be asked for a marker: an operator must give the verdict", LongestLookUp, cancellationToken).ConfigureAwait(false);
        }

        if (backend.Condition.Paused is var pause && pause > TimeSpan.Zero)
        {
            await store.RescheduleAsync([new Reschedule(run.Id, run.Version, clock.Now + backoff.Jitter(pause * 1.25), run.FailedChecks)], cancellationToken).ConfigureAwait(false);
            return run;
        }

        var found = await FindAsync(finder, run, backend, cancellationToken).ConfigureAwait(false);
        var waited = clock.Now - (run.WaitingSince ?? run.IntentAt ?? run.DefinedAt);
        return found.Kind switch
        {
            FindOutcomeKind.Found => await FoundAsync(run, backend, found, cancellationToken).ConfigureAwait(false),

            // The job lives, says its own report. What it says next moves the run on; meanwhile it is looked for, ever more rarely.
            FindOutcomeKind.NotFound when ReportsItself(run) => await NoteAsync(
                run,
                $"the job reports itself, but no {run.Marker} is found at the backend",
                backoff.Exponential(FirstLookUp, LongestLookUp, run.FailedChecks),
                cancellationToken).ConfigureAwait(false),
            FindOutcomeKind.NotFound when found.Certain || waited >= backend.Options.DoubtWait =>
                await NotStartedAsync(run, backend, $"look-up {run.FailedChecks + 1} found no {run.Marker}; it was not started", cancellationToken).ConfigureAwait(false),
            FindOutcomeKind.NotFound => await NoteAsync(
                run,
                $"look-up {run.FailedChecks + 1} found no {run.Marker}; believed after {backend.Options.DoubtWait}",
                Until(run, backend, waited),
                cancellationToken).ConfigureAwait(false),
            FindOutcomeKind.Failed => await NoteAsync(
                run,
                $"look-up {run.FailedChecks + 1} failed: {found.Reason}",
                backoff.Exponential(FirstLookUp, LongestLookUp, run.FailedChecks),
                cancellationToken).ConfigureAwait(false),

            // Without the number of the look-up, so that the timeline is told only what is new.
            FindOutcomeKind.Undecided => await NoteAsync(
                run,
                $"an operator must give the verdict: {found.Reason}",
                backoff.Exponential(FirstLookUp, LongestLookUp, run.FailedChecks),
                cancellationToken).ConfigureAwait(false),
        };
    }

    private static bool ReportsItself(Run run) => run.Status is RunStatus.Submitted or RunStatus.Running;

    private TimeSpan Until(Run run, BackendEntry backend, TimeSpan waited)
    {
        var pause = backoff.Exponential(FirstLookUp, LongestLookUp, run.FailedChecks);
        var rest = backend.Options.DoubtWait - waited;
        return rest < pause ? rest : pause;
    }

    private async Task<FindOutcome> FindAsync(ISupportFind finder, Run run, BackendEntry backend, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(backend.Options.Resilience.Timeout, clock.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            var job = await jobs.MakeAsync(run, backend, cancellationToken).ConfigureAwait(false);
            return await finder.FindAsync(job, both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new FindOutcome(FindOutcomeKind.Failed, Reason: "no answer in time");
        }
#pragma warning disable CA1031 // An adapter that throws has a bug; nothing is known then.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            logger.LogError(e, "Run {RunId}: the adapter of {BackendId} failed at a look-up", run.Id, backend.Id);
            return new FindOutcome(FindOutcomeKind.Failed, Reason: "the adapter failed; see the server's log");
        }
    }

    private async Task<Run> FoundAsync(Run run, BackendEntry backend, FindOutcome found, CancellationToken cancellationToken)
    {
        var adopted = await finisher.AdoptAsync(
            run,
            backend,
            RunTrigger.BackendAccepted,
            found.Keys ?? new Dictionary<string, string>(),
            null,
            run.Status == RunStatus.Aborting ? run.StatusReason : found.Reason ?? $"marker {run.Marker} found at the backend: adopted",
            cancellationToken).ConfigureAwait(false);
        finisher.Look(adopted);
        return adopted;
    }

    private async Task<Run> NotStartedAsync(Run run, BackendEntry backend, string reason, CancellationToken cancellationToken)
    {
        var result = await updater.ApplyAsync(
            run,
            r => r.BackendKeys is { Count: > 0 } || r.IntentAt != run.IntentAt ? null : RunLifecycle.Change(
                r,
                RunTrigger.FoundNotStarted,
                clock.Now,
                $"backend:{backend.Id}",
                reason,
                x => x with
                {
                    IntentAt = null,
                    SubmittedAt = null,
                    WaitingSince = null,
                    FailedChecks = 0,
                    HoldsSlot = false,
                    LeaseOwner = null,
                    LeaseUntil = null,
                    NextCheckAt = clock.Now,
                }),
            cancellationToken).ConfigureAwait(false);
        return result.Run;
    }

    private async Task<Run> NoteAsync(Run run, string reason, TimeSpan pause, CancellationToken cancellationToken)
    {
        if (run.StatusReason == reason)
        {
            await RescheduleAsync(run, clock.Now + pause, cancellationToken).ConfigureAwait(false);
            return run;
        }

        var result = await updater.ApplyAsync(
            run,
            r => r.BackendKeys is { Count: > 0 } || r.Marker != run.Marker || r.IntentAt != run.IntentAt ? null : RunLifecycle.Change(
                r,
                RunTrigger.Noted,
                clock.Now,
                server.Actor,
                reason,
                x => x with { FailedChecks = x.FailedChecks + 1, LeaseOwner = null, LeaseUntil = null, NextCheckAt = clock.Now + pause }),
            cancellationToken).ConfigureAwait(false);
        return result.Run;
    }

    /// <summary>Asks the backend once, and hard, to stop a job whose run is over.</summary>
    public Task<StopOutcome> StopStrayAsync(BackendEntry backend, BackendRunRef job, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backend);
        return backend.Adapter is ISupportStop stop
            ? AskAsync(stop, job, StopMode.Hard, backend, cancellationToken)
            : Task.FromResult(new StopOutcome(false, "this backend cannot stop jobs"));
    }

    private async Task<StopOutcome> AskAsync(
        ISupportStop stop,
        BackendRunRef job,
        StopMode mode,
        BackendEntry backend,
        CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(backend.Options.Resilience.Timeout, clock.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await stop.StopAsync(job, mode, both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new StopOutcome(false, "no answer in time");
        }
#pragma warning disable CA1031 // An adapter that throws has a bug; the stop is asked for again.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            logger.LogError(e, "Run {RunId}: the adapter of {BackendId} failed at a stop", job.RunId, backend.Id);
            return new StopOutcome(false, "the adapter failed; see the server's log");
        }
    }

    private Task RescheduleAsync(Run run, DateTimeOffset at, CancellationToken cancellationToken) =>
        store.RescheduleAsync([new Reschedule(run.Id, run.Version, at, run.FailedChecks + 1)], cancellationToken);
}
