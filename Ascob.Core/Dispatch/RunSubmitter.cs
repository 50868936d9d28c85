using System.Globalization;
using System.Security.Cryptography;
using Ascob.Core.Backends;
using Ascob.Core.Monitoring;
using Ascob.Core.Runs;
using Ascob.Core.Telemetry;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Dispatch;

/// <summary>
/// Submits one run effectively once: the intent is committed before the first byte leaves, and what the backend answered decides what the run becomes. The only caller of
/// <see cref="IBackendAdapter.SubmitAsync"/>.
/// </summary>
public sealed class RunSubmitter(
    BackendCatalog catalog,
    StartLocks locks,
    SubmissionAnswers answers,
    RunUpdater updater,
    JobMaker jobs,
    RunTracker tracker,
    RunFinisher finisher,
    SubmissionWaits waits,
    ServerIdentity server,
    MonotonicClock clock,
    AscobMetrics metrics,
    IOptions<EngineOptions> options,
    ILogger<RunSubmitter> logger)
{
    private static readonly TimeSpan LockPause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Moves a run in <c>PENDING_SUBMIT</c>, on which this server holds the lease, on to whatever comes next. Use <see cref="RecoverAsync"/> for one whose intent is from an earlier
    /// submission.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="justStored">Whether this process stored it so a moment ago, and nobody has read it since: then its intent is sent at once.</param>
    /// <param name="cancellationToken">Ends everything.</param>
    /// <param name="stopRetrying">Ends only the repetitions while the store does not take what the backend answered.</param>
    public async Task SubmitAsync(Run run, bool justStored, CancellationToken cancellationToken, CancellationToken stopRetrying = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        var again = run.IntentAt is not null && !justStored;
        if (!catalog.TryGet(run.BackendId, out var backend))
        {
            await waits.DelayUnknownAsync(run, cancellationToken).ConfigureAwait(false);
            return;
        }

        // The lease is looked at behind the turnstile, so that it still holds when the call begins; what the backend answered is stored after it, so that
        // the next call need not wait for a commit.
        SubmitOutcome? outcome = null;
        var entered = false;
        await backend.Calls.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (SubmissionWaits.Held(run, backend) is { } hold)
            {
                await HoldBackAsync(run, hold, again, cancellationToken).ConfigureAwait(false);
                return;
            }

            entered = true;
            if (run.Spec.HasLocks && !await HasItsLocksAsync(run, again, cancellationToken).ConfigureAwait(false))
            {
                return;
            }

            if (await ClaimAsync(run, backend, justStored, cancellationToken).ConfigureAwait(false) is not { } claimed)
            {
                return;
            }

            run = claimed;
            outcome = await SendAsync(run, backend, cancellationToken).ConfigureAwait(false);
            if (outcome is not null)
            {
                // That the job could not be sent again does not tell what became of it before.
                outcome = again && outcome.Kind == SubmitOutcomeKind.NotNow ? SubmitOutcome.Unknown(SubmissionAnswers.ReasonOf(outcome)) : outcome;

                // Before the next one passes the turnstile: what it learned of the backend holds for that one too.
                Note(run, backend, outcome);
            }
        }
        finally
        {
            if (entered && outcome is null)
            {
                backend.Condition.Abandoned();
            }

            backend.Calls.Release();
        }

        if (outcome is not null)
        {
            await answers.KeepAsync(run, backend, outcome, cancellationToken, stopRetrying).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Takes up a run whose submission was begun by a server that is gone: sent again where that is safe, else in doubt until the marker was looked for.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="cancellationToken">Ends everything.</param>
    /// <param name="stopRetrying">Ends only the repetitions while the store does not take what the backend answered.</param>
    public async Task RecoverAsync(Run run, CancellationToken cancellationToken, CancellationToken stopRetrying = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.IntentAt is null || MayResend(run, catalog))
        {
            await SubmitAsync(run, justStored: false, cancellationToken, stopRetrying).ConfigureAwait(false);
            return;
        }

        await updater.ApplyAsync(
            run,
            r => !MayClaim(run, r) ? null : RunLifecycle.Change(
                r,
                RunTrigger.AnswerLost,
                clock.Now,
                server.Actor,
                "the server stopped while it was submitting; looking for the marker",
                x => x with { WaitingSince = clock.Now, FailedChecks = 0, NextCheckAt = clock.Now, LeaseOwner = null, LeaseUntil = null }),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Answers whether a submission that may have left is simply sent again.</summary>
    internal static bool MayResend(Run run, BackendCatalog catalog) => catalog.TryGet(run.BackendId, out var backend) && backend.Adapter.ResendIsSafe && (run.IntentPlace ?? backend.Adapter.Place) == backend.Adapter.Place;

    /// <summary>Gives back a run that was not sent: another server, or this one after its start, sends it without having to look for it first.</summary>
    public Task GiveBackAsync(Run run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        return updater.ApplyAsync(
            run,
            r => !MayClaim(run, r) ? null : RunLifecycle.Change(
                r,
                RunTrigger.SubmitDelayed,
                clock.Now,
                server.Actor,
                "the server stops; the next one submits it",
                x => x with { IntentAt = null, HoldsSlot = false, LeaseOwner = null, LeaseUntil = null, NextCheckAt = clock.Now }),
            cancellationToken);
    }

    // False where the run was held back.
    private async Task<bool> HasItsLocksAsync(Run run, bool again, CancellationToken cancellationToken)
    {
        if (await locks.FindDoubtAsync(run, cancellationToken).ConfigureAwait(false) is not { } doubt)
        {
            return true;
        }

        // A job that may have been sent is looked for first: only then its run may wait as one that was not.
        if (again || !doubt.IsBroken)
        {
            await HoldBackAsync(run, new Hold(doubt.Reason, LockPause, false) { OnlyThisJob = true }, again, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await locks.TakeBackAsync(run, doubt, r => MayClaim(run, r), cancellationToken).ConfigureAwait(false);
        }

        return false;
    }

    // A run that may have been sent before keeps its intent: else a stop would end it while its job goes on.
    private Task HoldBackAsync(Run run, Hold hold, bool again, CancellationToken cancellationToken) => again
        ? finisher.LostAnswerAsync(run, hold.Reason, cancellationToken)
        : waits.DelayAsync(run, hold, cancellationToken);

    private async Task<Run?> ClaimAsync(Run run, BackendEntry backend, bool justStored, CancellationToken cancellationToken)
    {
        var wantsSlot = backend.Options.MaxConcurrentRuns is not null && !run.HoldsSlot;
        if (justStored && run.IntentAt is not null && !wantsSlot && run.LeaseUntil > clock.Now + backend.Options.Resilience.Timeout)
        {
            return run;
        }

        var again = run.IntentAt is not null && !justStored;
        if (wantsSlot && !again && run.QueueRank is null && backend.Condition.HasLine)
        {
            await HoldBackAsync(run, InLine(backend), again, cancellationToken).ConfigureAwait(false);
            return null;
        }

        var result = await updater.ApplyAsync(run, r => MayClaim(run, r) ? Claim(r, backend) : null, cancellationToken).ConfigureAwait(false);
        if (result.Kind == UpdateKind.NoCapacity)
        {
            backend.Condition.HasLine = true;
            await HoldBackAsync(result.Run, InLine(backend), again, cancellationToken).ConfigureAwait(false);
        }

        return result.Applied ? result.Run : null;
    }

    private Hold InLine(BackendEntry backend) => new(
        string.Create(CultureInfo.InvariantCulture, $"waiting for capacity: all {backend.Options.MaxConcurrentRuns} slots of backend '{backend.Id}' are taken"), options.Value.WaitRecheck, false)
    { InLine = true };

    // What was read may be old: sent is only what nobody has begun to send since, here or elsewhere, in the same attempt.
    private bool MayClaim(Run read, Run now) =>
        now.Marker == read.Marker && (now.IntentAt is null || now.Version == read.Version) && !server.IsLeasedElsewhere(now, clock.Now);

    private RunChange? Claim(Run run, BackendEntry backend)
    {
        var now = clock.Now;
        var change = RunLifecycle.Change(
            run,
            RunTrigger.SubmitDelayed,
            now,
            server.Actor,
            "submitting",
            r => r with
            {
                IntentAt = r.IntentAt ?? now,
                IntentPlace = r.IntentAt is null ? backend.Adapter.Place : r.IntentPlace,
                LeaseOwner = server.LeaseOwner,
                LeaseUntil = now + LeaseFor(backend),
                NextCheckAt = now + LeaseFor(backend),
                HoldsSlot = backend.Options.MaxConcurrentRuns is not null,
                QueueRank = null,
            });
        return change is not null && backend.Options.MaxConcurrentRuns is { } max && !run.HoldsSlot
            ? change with { TakesSlotOf = max }
            : change;
    }

    // The lease must outlive the call, or another server would look for the marker while it is still on its way.
    private TimeSpan LeaseFor(BackendEntry backend) => backend.Options.Resilience.Timeout + options.Value.Lease;

    // Null where the run was ended instead of sent.
    private async Task<SubmitOutcome?> SendAsync(Run run, BackendEntry backend, CancellationToken cancellationToken)
    {
        BackendJob job;
        try
        {
            job = await jobs.MakeAsync(run, backend, cancellationToken).ConfigureAwait(false);
        }
        catch (CryptographicException e)
        {
            logger.LogError(e, "Run {RunId}: the secret parameters cannot be decrypted", run.Id);
            await finisher.RejectAsync(run, "the secret parameters cannot be decrypted with this server's key (Ascob:Security:EncryptionKey)", cancellationToken)
                .ConfigureAwait(false);
            return null;
        }

        if (await MissingFileAsync(job, cancellationToken).ConfigureAwait(false) is { } missing)
        {
            // Another server has it, or it comes back with a volume; the backend has nothing to do with it.
            return SubmitOutcome.Busy($"the input file '{missing}' is not to be had at server '{options.Value.ServerName}'");
        }

        if (run.LeaseUntil <= clock.Now + backend.Options.Resilience.Timeout)
        {
            // This process stood still since it claimed the run: somebody else may have it, and this call might end after theirs began.
            logger.LogWarning("Run {RunId} is not sent: its lease is nearly over; whoever takes it up next looks for it first", run.Id);
            return null;
        }

        tracker.Expect(run);
        return await CallAsync(job, run, backend, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<string?> MissingFileAsync(BackendJob job, CancellationToken cancellationToken)
    {
        foreach (var file in job.Files)
        {
            try
            {
                var content = await file.OpenAsync(cancellationToken).ConfigureAwait(false);
                await content.DisposeAsync().ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return file.Name;
            }
        }

        return null;
    }

    private void Note(Run run, BackendEntry backend, SubmitOutcome outcome)
    {
        metrics.SubmissionOutcome(backend.Id, outcome.Kind.ToString());
        switch (outcome.Kind)
        {
            case SubmitOutcomeKind.Accepted:
                backend.Condition.Succeeded();
                metrics.Started(backend.Id, clock.Now - run.DefinedAt);
                break;
            case SubmitOutcomeKind.Rejected:
                backend.Condition.Succeeded();
                tracker.Forget(run);
                break;
            case SubmitOutcomeKind.NotNow when outcome.OnlyThisJob:
                backend.Condition.Succeeded();
                tracker.Forget(run);
                break;
            case SubmitOutcomeKind.NotNow when outcome.RetryAfter is { } wish && wish > TimeSpan.Zero:
                // It is well and says when to come again: no case for the circuit.
                backend.Condition.Abandoned();
                backend.Condition.PauseFor(wish);
                tracker.Forget(run);
                break;
            case SubmitOutcomeKind.NotNow:
                backend.Condition.Failed(SubmissionAnswers.ReasonOf(outcome));
                tracker.Forget(run);
                break;
            case SubmitOutcomeKind.Unknown:
                backend.Condition.Failed(outcome.Reason ?? "no answer");
                break;
        }
    }

    private async Task<SubmitOutcome> CallAsync(BackendJob job, Run run, BackendEntry backend, CancellationToken cancellationToken)
    {
        using var trace = AscobMetrics.Traces.StartActivity("backend.submit");
        trace?.SetTag("ascob.run_id", run.Id).SetTag("ascob.backend", backend.Id);
        using var timeout = new CancellationTokenSource(backend.Options.Resilience.Timeout, clock.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var begun = clock.Time.GetTimestamp();
        try
        {
            return await backend.Adapter.SubmitAsync(job, both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return SubmitOutcome.Unknown($"no answer within {backend.Options.Resilience.Timeout.TotalSeconds:0.#} s");
        }
#pragma warning disable CA1031 // An adapter that throws has a bug; nobody knows what it had done by then.
        catch (Exception e)
#pragma warning restore CA1031
        {
            logger.LogError(e, "Run {RunId}: the adapter of {BackendId} failed", run.Id, backend.Id);
            return SubmitOutcome.Unknown("the adapter failed; see the server's log");
        }
        finally
        {
            metrics.BackendCall(backend.Id, "submit", clock.Time.GetElapsedTime(begun));
        }
    }
}
