using System.Text.Json;
using Ascob.Core.Backends;

namespace Ascob.Backends.PagerDuty;

/// <summary>
/// Looks for an invocation whose answer was lost. On an incident of the run's own every invocation is the run's. On a shared one nothing tells whose it is, so what happened at that time is evidence for a person, and nothing
/// is sent again.
/// </summary>
internal sealed class PagerDutyLookUp(PagerDutyCalls calls, PagerDutyIncidents incidents, PagerDutySettings settings, BackendOptions options)
{
    private const int LongestList = 25;
    private const int MostNamed = 5;
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    public async Task<FindOutcome> FindAsync(BackendJob job, CancellationToken cancellationToken)
    {
        if (PagerDutyWork.Read(job.Spec, settings, out _) is not { } work)
        {
            return new FindOutcome(FindOutcomeKind.Undecided, Reason: "the labels no longer say what was started, since the settings have changed");
        }

        if (work.WorkflowId is { } workflowId)
        {
            return new FindOutcome(FindOutcomeKind.Undecided, Reason: $"PagerDuty cannot be asked for instances of workflow {workflowId}");
        }

        return work.IncidentId is { } shared
            ? await OnSharedAsync(job, work.ActionId!, shared, cancellationToken).ConfigureAwait(false)
            : await OnOwnAsync(job, work.ActionId!, cancellationToken).ConfigureAwait(false);
    }

    private async Task<FindOutcome> OnOwnAsync(BackendJob job, string actionId, CancellationToken cancellationToken)
    {
        var (ids, failure) = await incidents.FindAsync(job.Marker, cancellationToken).ConfigureAwait(false);
        if (ids is null)
        {
            return new FindOutcome(FindOutcomeKind.Failed, Reason: failure);
        }

        foreach (var incidentId in ids)
        {
            var (invocations, fault) = await ListAsync(actionId, incidentId, cancellationToken).ConfigureAwait(false);
            if (invocations is null)
            {
                return new FindOutcome(FindOutcomeKind.Failed, Reason: fault);
            }

            if (invocations.MinBy(i => i.CreatedAt) is { } ours)
            {
                return Found(ours, actionId, incidentId, ownIncident: true);
            }
        }

        return new FindOutcome(
            FindOutcomeKind.NotFound,
            Reason: ids.Count == 0 ? "the run's incident was not made" : $"action {actionId} was not invoked on the run's incident {ids[0]}");
    }

    private async Task<FindOutcome> OnSharedAsync(BackendJob job, string actionId, string incidentId, CancellationToken cancellationToken)
    {
        var (invocations, fault) = await ListAsync(actionId, incidentId, cancellationToken).ConfigureAwait(false);
        if (invocations is null)
        {
            return new FindOutcome(FindOutcomeKind.Failed, Reason: fault);
        }

        var from = job.IntentAt - ClockSkew;
        var to = job.IntentAt + options.Resilience.Timeout + options.DoubtWait;
        var hits = invocations.Where(i => i.CreatedAt is not { } at || (at >= from && at <= to)).OrderBy(i => i.CreatedAt).ToList();
        var hidden = invocations.Count >= LongestList && invocations.Min(i => i.CreatedAt) >= from;
        if (settings.AdoptSingleMatch && hits is [var only] && !hidden)
        {
            return Found(only, actionId, incidentId, ownIncident: false);
        }

        var seen = hits.Count == 0 ? "none was found" : $"found {Named(hits)}";
        return new FindOutcome(
            FindOutcomeKind.Undecided,
            Reason: $"which invocation of action {actionId} is this run's cannot be told, because incident {incidentId} is shared; of those between {from:HH:mm:ss} and {to:HH:mm:ss} UTC {seen}"
                + (hidden ? " (PagerDuty lists the newest 25 only)" : string.Empty));
    }

    private static string Named(List<PagerDutyInvocation> hits) =>
        string.Join(", ", hits.Take(MostNamed).Select(h => h.Id)) + (hits.Count > MostNamed ? $" and {hits.Count - MostNamed} more" : string.Empty);

    private FindOutcome Found(PagerDutyInvocation invocation, string actionId, string incidentId, bool ownIncident) => new(
        FindOutcomeKind.Found,
        PagerDutyKeys.Invocation(settings.BackendId, invocation.Id, actionId, incidentId, ownIncident),
        $"invocation {invocation.Id} found on incident {incidentId}: adopted");

    private async Task<(List<PagerDutyInvocation>? Invocations, string? Failure)> ListAsync(string actionId, string incidentId, CancellationToken cancellationToken)
    {
        var answer = await calls.ReadAsync(api => api.ListInvocationsAsync(actionId, incidentId, cancellationToken), cancellationToken).ConfigureAwait(false);
        if (answer.Part("invocations", JsonValueKind.Array) is not { } list)
        {
            return (null, answer.Reason);
        }

        // What cannot be read may be the one that is looked for: then the look-up has failed.
        var read = list.EnumerateArray().Select(PagerDutyInvocation.Read).ToList();
        return read.Contains(null)
            ? (null, "PagerDuty listed an invocation that makes no sense")
            : ([.. read.Where(i => (i!.ActionId ?? actionId) == actionId && (i.IncidentId ?? incidentId) == incidentId).Select(i => i!)], null);
    }
}
