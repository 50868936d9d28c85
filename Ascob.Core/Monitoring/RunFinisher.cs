using Ascob.Core.Backends;
using Ascob.Core.Output;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Monitoring;

/// <summary>
/// Turns what is known of a job (the answer of a submission, a report, a verdict) into changes of its run. Every way a run can end passes here: its output is taken over first, so
/// that a crash in between only repeats the question; then one change ends it.
/// </summary>
public sealed class RunFinisher(
    RunUpdater updater,
    RunTracker tracker,
    OutputArchiver archiver,
    PollSchedule schedule,
    ServerIdentity server,
    MonotonicClock clock,
    IOptions<EngineOptions> options,
    ILogger<RunFinisher> logger)
{
    /// <summary>Raised when a run should be looked at by the follower at once. Handlers must not block or throw.</summary>
    public event Action<Run>? LookNow;

    /// <summary>Raised when a backend tells under which keys it has the job of a run that was ended without ever having been heard of. Handlers must not block or throw.</summary>
    public event Action<Run, IReadOnlyDictionary<string, string>>? CameTooLate;

    /// <summary>Asks the follower to look at a run at once.</summary>
    public void Look(Run run) => LookNow?.Invoke(run);

    /// <summary>Takes the acceptance of a submission, with the first report where there is one.</summary>
    public async Task<Run> AcceptedAsync(Run run, BackendEntry backend, SubmitOutcome outcome, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(outcome);
        if (outcome.Report is { State: BackendState.Succeeded or BackendState.Failed or BackendState.Aborted } ended && run.Status == RunStatus.PendingSubmit)
        {
            var with = run with { BackendKeys = outcome.Keys };
            return await EndAsync(with, backend, ended, cancellationToken).ConfigureAwait(false);
        }

        var trigger = outcome.Report?.State == BackendState.Running ? RunTrigger.BackendStarted : RunTrigger.BackendAccepted;
        return await AdoptAsync(run, backend, trigger, outcome.Keys, outcome.Report, null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Notes that the backend has the run's job under these keys.</summary>
    public async Task<Run> AdoptAsync(
        Run run,
        BackendEntry backend,
        RunTrigger trigger,
        IReadOnlyDictionary<string, string> keys,
        BackendReport? report,
        string? reason,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(backend);
        var marker = run.Marker;
        Run With(Run x) => Facts(x, report) with
        {
            BackendKeys = Merge(x.BackendKeys, keys),
            SubmittedAt = x.SubmittedAt ?? x.IntentAt ?? clock.Now,
            StartedAt = trigger == RunTrigger.BackendStarted ? StartOf(x, report, clock.Now) : x.StartedAt,
            WaitingSince = null,
            FailedChecks = 0,
            LeaseOwner = server.LeaseOwner,
            LeaseUntil = clock.Now + options.Value.Lease,

            // A stop that came meanwhile is carried out at once.
            NextCheckAt = x.Status == RunStatus.Aborting ? clock.Now : schedule.Next(x with { StartedAt = x.StartedAt ?? clock.Now }, backend.Options, clock.Now),
        };
        var actor = $"backend:{backend.Id}";
        var result = await updater.ApplyAsync(
            run,
            r => r.Marker != marker
                ? null
                : RunLifecycle.Change(r, trigger, clock.Now, actor, reason ?? report?.Reason, With) ?? (HasAll(r, keys) ? null : RunLifecycle.Change(r, RunTrigger.Noted, clock.Now, actor, null, With)),
            cancellationToken).ConfigureAwait(false);
        if (!result.Applied && result.Run.Marker == marker && IsUnheardOf(result.Run))
        {
            tracker.Forget(run);
            CameTooLate?.Invoke(result.Run, keys);
            return result.Run;
        }

        if (tracker.Track(result.Run) || result.Run.Status == RunStatus.Aborting)
        {
            LookNow?.Invoke(result.Run);
        }

        return result.Run;
    }

    /// <summary>Ends a run that was certainly not started and cannot be (or begins its next attempt).</summary>
    /// <param name="run">The run.</param>
    /// <param name="reason">One readable sentence.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="only">Looks at the run as it is when it is ended; false leaves it alone. Null for always.</param>
    public Task<Run> RejectAsync(Run run, string reason, CancellationToken cancellationToken, Func<Run, bool>? only = null) =>
        EndOrRetryAsync(run, _ => new Ending(RunTrigger.BackendRejected, "rejected", reason), null, cancellationToken, only: only);

    /// <summary>Notes that nobody knows whether the job was started.</summary>
    public async Task LostAnswerAsync(Run run, string reason, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        var marker = run.Marker;
        await updater.ApplyAsync(
            run,
            r => r.Marker != marker ? null : RunLifecycle.Change(
                r,
                RunTrigger.AnswerLost,
                clock.Now,
                server.Actor,
                $"it is unknown whether the backend has it ({reason}); looking for marker {r.Marker}",
                x => x with
                {
                    SubmittedAt = x.SubmittedAt ?? x.IntentAt ?? clock.Now,
                    WaitingSince = clock.Now,
                    FailedChecks = 0,
                    LeaseOwner = null,
                    LeaseUntil = null,
                    NextCheckAt = clock.Now + TimeSpan.FromSeconds(1),
                }),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes a report of the end of a job: archives the output, then ends the run or begins its next attempt.</summary>
    public async Task<Run> EndAsync(Run run, BackendEntry backend, BackendReport report, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(report);
        var archived = await archiver.TryArchiveAsync(run, backend, cancellationToken).ConfigureAwait(false);
        var ended = await EndOrRetryAsync(run, r => Ending.Of(r, report), report, cancellationToken, archived).ConfigureAwait(false);
        if (ended.Status.IsFinal() || ended.Attempt > run.Attempt)
        {
            await archiver.CleanUpAsync(run, backend, archived, cancellationToken).ConfigureAwait(false);
        }

        return ended;
    }

    private async Task<Run> EndOrRetryAsync(
        Run run,
        Func<Run, Ending> ending,
        BackendReport? report,
        CancellationToken cancellationToken,
        bool archived = false,
        Func<Run, bool>? only = null)
    {
        var marker = run.Marker;
        var keys = run.BackendKeys;
        var now = clock.Now;
        var result = await updater.ApplyAsync(
            run,
            r => r.Marker != marker || only?.Invoke(r) == false ? null : Retry(r, ending(r)) ?? EndedAt(report, now, RunLifecycle.Change(
                r,
                ending(r).Trigger,
                now,
                report is null ? server.Actor : $"backend:{r.BackendId}",
                ending(r).Reason,
                x => Facts(x, report) with
                {
                    BackendKeys = x.BackendKeys ?? keys,
                    SubmittedAt = report is null ? x.SubmittedAt : x.SubmittedAt ?? x.IntentAt ?? now,
                    StartedAt = report is null ? x.StartedAt : StartOf(x, report, now),
                    OutputArchived = archived,

                    // The host keeps to the time too, and may have been first.
                    TimedOut = x.TimedOut || (report?.TimedOut == true && ending(r).Trigger == RunTrigger.BackendFailed),
                })),
            cancellationToken).ConfigureAwait(false);
        tracker.Forget(run);
        if (result.Applied)
        {
            // A server may end ten thousand runs a second; what went well is in the timeline.
            logger.Log(
                result.Run.Status == RunStatus.Succeeded ? LogLevel.Debug : LogLevel.Information,
                "Run {RunId} is {Status}: {Reason}",
                run.Id,
                result.Run.Status.ToWire(),
                result.Run.StatusReason);
        }

        return result.Run;
    }

    // The backend's clock may be off; a run never starts before it was submitted, nor after now.
    internal static DateTimeOffset StartOf(Run run, BackendReport? report, DateTimeOffset now)
    {
        var told = run.StartedAt ?? report?.StartedAt ?? now;
        var earliest = run.SubmittedAt ?? run.IntentAt ?? run.DefinedAt;
        return told > now ? now : told < earliest ? earliest : told;
    }

    // The end of the job, where the backend tells it, is not the moment at which it was noticed; the event tells of that one.
    private static RunChange? EndedAt(BackendReport? report, DateTimeOffset now, RunChange? change)
    {
        if (change is not { Finishes: true, After: var after } || report?.EndedAt is not { } told)
        {
            return change;
        }

        // A job that began before it was sent has a clock that is behind; its end is so much later too.
        if (report.StartedAt < (after.SubmittedAt ?? after.DefinedAt))
        {
            told += (after.SubmittedAt ?? after.DefinedAt) - report.StartedAt.Value;
        }

        var earliest = after.StartedAt ?? after.DefinedAt;
        return change with { After = after with { EndedAt = told > now ? now : told < earliest ? earliest : told } };
    }

    private RunChange? Retry(Run run, Ending ending)
    {
        if (run.Spec.Retry is not { } retry
            || run.Attempt >= retry.MaxAttempts
            || (run.AbortAt is not null && !run.TimedOut)
            || !(retry.On is { Count: > 0 } on ? on : ["failed"]).Contains(ending.Cause, StringComparer.Ordinal))
        {
            return null;
        }

        var now = clock.Now;
        var due = now + TimeSpan.FromSeconds(retry.DelaySeconds);
        return RunLifecycle.Change(
            run,
            RunTrigger.RetryDue,
            now,
            server.Actor,
            $"attempt {run.Attempt + 1} of {retry.MaxAttempts} follows{(retry.DelaySeconds > 0 ? $" in {retry.DelaySeconds} s" : string.Empty)}; attempt {run.Attempt}: {ending.Reason ?? ending.Cause}",
            r => r with
            {
                Attempt = r.Attempt + 1,
                BackendKeys = null,
                BackendStatus = null,
                BackendUrl = null,
                ClaimedBy = null,
                ExitCode = null,
                MaxMemoryKb = null,
                Progress = null,
                SubmittedAt = null,
                StartedAt = null,
                IntentAt = null,
                WaitingSince = null,
                AbortAt = null,
                AbortForce = false,
                TimedOut = false,
                HoldsSlot = false,
                FailedChecks = 0,
                LeaseOwner = null,
                LeaseUntil = null,
                NextCheckAt = due,
            },
            RunEventTypes.Retry);
    }

    /// <summary>Answers the run with what a report tells of it, status aside.</summary>
    internal static Run Facts(Run run, BackendReport? report) => report is null ? run : run with
    {
        BackendStatus = report.Word ?? run.BackendStatus,
        BackendUrl = report.Url ?? run.BackendUrl,
        Progress = report.Progress ?? run.Progress,
        ExitCode = report.ExitCode ?? run.ExitCode,
        MaxMemoryKb = report.MaxMemoryKb ?? run.MaxMemoryKb,
        BackendKeys = report.Keys is { } more && more.Any(k => run.BackendKeys is null || !run.BackendKeys.TryGetValue(k.Key, out var old) || old != k.Value)
            ? Merge(run.BackendKeys, more)
            : run.BackendKeys,
    };

    // Ended by a verdict or as "not started": a job that has told anything of itself ended otherwise.
    private static bool IsUnheardOf(Run run) =>
        run.Status is RunStatus.Failed or RunStatus.Aborted && run is { BackendKeys: not { Count: > 0 }, BackendStatus: null, StartedAt: null, ClaimedBy: null };

    // A job that reports faster than its backend answers has moved its run on already; the keys are news all the same.
    private static bool HasAll(Run run, IReadOnlyDictionary<string, string> keys) =>
        run.BackendKeys is { } known && keys.All(k => known.TryGetValue(k.Key, out var value) && value == k.Value);

    private static Dictionary<string, string> Merge(IReadOnlyDictionary<string, string>? old, IReadOnlyDictionary<string, string> more)
    {
        var merged = old is null ? new Dictionary<string, string>(StringComparer.Ordinal) : new Dictionary<string, string>(old, StringComparer.Ordinal);
        foreach (var (key, value) in more)
        {
            merged[key] = value;
        }

        return merged;
    }
}
