using Ascob.Core.Backends;
using Ascob.Core.Routing;
using Ascob.Core.Runs;

namespace Ascob.Core.Dispatch;

/// <summary>
/// Finds another backend for a run that its backend certainly has not started. A run whose submission was ever of unknown outcome in this attempt stays where it is, whatever was found out
/// since: no second backend can know what the first one still does.
/// </summary>
public sealed class Elsewhere(Router router, BackendCatalog catalog, IRunStore store)
{
    private const int Page = 500;
    private const int LooksForUnknown = 3;

    /// <summary>Answers the decision for the best backend that fits, is open for work and has not been tried in this round; null where there is none.</summary>
    /// <param name="run">The run, certainly not started.</param>
    /// <param name="reason">Why its backend did not take it.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public async Task<RoutingDecision?> FindAsync(Run run, string reason, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);

        if (run.BackendId is not { } presentId)
        {
            return null;
        }

        // Another server may know a backend that this one does not know, so it gets the time of some looks; a worker that was forgotten is known to nobody.
        // Where a lost answer is mended by sending again, nobody asks what became of the first one; so the run must stay.
        if (!catalog.TryGet(presentId, out var present) ? run.FailedChecks < LooksForUnknown || run.IntentAt is not null : present.Adapter.ResendIsSafe || run.Route is not { Candidates.Count: > 1 })
        {
            return null;
        }

        RoutingReason[] tried = [.. run.Route?.Tried ?? [], new RoutingReason(presentId, [reason])];
        var decision = router.Decide(run.Spec, run.Id);
        var next = decision.Candidates.FirstOrDefault(c => !tried.Any(t => t.BackendId == c.BackendId) && IsOpen(c.BackendId));
        return next is null || await WasInDoubtAsync(run, cancellationToken).ConfigureAwait(false)
            ? null
            : decision with { BackendId = next.BackendId, Tried = tried };
    }

    private bool IsOpen(string backendId) => catalog.TryGet(backendId, out var backend)
        && backend.Condition is { Circuit: CircuitState.Closed, Drained: false, Away: null } condition
        && condition.Paused == TimeSpan.Zero
        && !(backend.Options.MaxConcurrentRuns <= condition.Active);

    private async Task<bool> WasInDoubtAsync(Run run, CancellationToken cancellationToken)
    {
        var wasInDoubt = false;
        IReadOnlyList<RunEvent> events;
        var after = 0L;
        do
        {
            events = await store.EventsAsync(run.Id, after, Page, cancellationToken).ConfigureAwait(false);
            foreach (var one in events)
            {
                wasInDoubt = one.To == RunStatus.InDoubt || (wasInDoubt && one.Type != RunEventTypes.Retry);
                after = one.Seq;
            }
        }
        while (events.Count == Page);

        return wasInDoubt;
    }
}
