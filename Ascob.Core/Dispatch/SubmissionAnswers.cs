using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Monitoring;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Dispatch;

/// <summary>
/// Keeps what backends answered to submissions. Each answer is known here alone: it is offered to a store that is away until that takes it, or until somebody else has the run.
/// </summary>
public sealed class SubmissionAnswers(
    IRunStore store,
    RunFinisher finisher,
    SubmissionWaits waits,
    RunTracker tracker,
    ServerIdentity server,
    MonotonicClock clock,
    Backoff backoff,
    IOptions<EngineOptions> options,
    ILogger<SubmissionAnswers> logger)
{
    private static readonly TimeSpan FirstStorePause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestStorePause = TimeSpan.FromSeconds(2);

    internal static string ReasonOf(SubmitOutcome outcome) => outcome.Reason ?? "the backend would not take the job";

    /// <summary>Stores what became of a submission, however long the store is away.</summary>
    /// <param name="run">The run as it was sent.</param>
    /// <param name="backend">Where it was sent.</param>
    /// <param name="outcome">What that answered.</param>
    /// <param name="cancellationToken">Ends everything.</param>
    /// <param name="stopRetrying">Ends only the repetitions.</param>
    public async Task KeepAsync(Run run, BackendEntry backend, SubmitOutcome outcome, CancellationToken cancellationToken, CancellationToken stopRetrying)
    {
        for (var failures = 0; ; failures++)
        {
            try
            {
                if (failures > 0 && !await IsStillOursAsync(run, outcome, cancellationToken).ConfigureAwait(false))
                {
                    tracker.Forget(run);
                    logger.LogInformation("Run {RunId} moved on while the store did not take what {BackendId} had answered", run.Id, backend.Id);
                    return;
                }

                await TakeAsync(run, backend, outcome, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (StoreUnavailableException e) when (!stopRetrying.IsCancellationRequested)
            {
                if (failures == 0)
                {
                    logger.LogWarning(e, "Run {RunId}: the store does not take what {BackendId} answered; it is offered again until it does", run.Id, backend.Id);
                }

                await Task.Delay(backoff.Exponential(FirstStorePause, LongestStorePause, failures), clock.Time, stopRetrying)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // Whether the answer still belongs to the run. The lease is renewed where that is so; from there on the compare-and-set decides, as it always does.
    private async Task<bool> IsStillOursAsync(Run run, SubmitOutcome outcome, CancellationToken cancellationToken)
    {
        var now = clock.Now;
        if (await store.FindAsync(run.Id, cancellationToken).ConfigureAwait(false) is not { } fresh
            || fresh.Marker != run.Marker
            || server.IsLeasedElsewhere(fresh, now))
        {
            return false;
        }

        if (fresh.Status == RunStatus.PendingSubmit)
        {
            return await store.ClaimAsync(run.Id, server.LeaseOwner, now, now + options.Value.Lease, cancellationToken).ConfigureAwait(false) is not null;
        }

        // That the backend has the job stays true whatever happened meanwhile. That it has not may be wrong by now: somebody else may have sent it again.
        return outcome.Kind == SubmitOutcomeKind.Accepted || fresh.Status == RunStatus.Aborting;
    }

    private async Task TakeAsync(Run run, BackendEntry backend, SubmitOutcome outcome, CancellationToken cancellationToken)
    {
        switch (outcome.Kind)
        {
            case SubmitOutcomeKind.Accepted:
                await finisher.AcceptedAsync(run, backend, outcome, cancellationToken).ConfigureAwait(false);
                break;
            case SubmitOutcomeKind.Rejected:
                await finisher.RejectAsync(run, ReasonOf(outcome), cancellationToken).ConfigureAwait(false);
                break;
            case SubmitOutcomeKind.NotNow:
                await waits.DelayAsync(
                    run, new Hold(ReasonOf(outcome), outcome.RetryAfter ?? SubmissionWaits.FirstPause, true) { OnlyThisJob = outcome.OnlyThisJob }, cancellationToken).ConfigureAwait(false);
                break;
            case SubmitOutcomeKind.Unknown:
                await finisher.LostAnswerAsync(run, outcome.Reason ?? "the backend gave no answer", cancellationToken).ConfigureAwait(false);
                break;
        }
    }
}
