using System.Net;
using Ascob.Core.Backends;

namespace Ascob.Backends.PagerDuty;

/// <summary>Starts actions and workflows. What an answer means is decided here alone: PagerDuty has no idempotency key, so an order leaves once.</summary>
internal sealed class PagerDutySubmission(PagerDutyCalls calls, PagerDutyIncidents incidents, PagerDutySettings settings, TimeProvider time)
{
    public async Task<SubmitOutcome> SubmitAsync(BackendJob job, CancellationToken cancellationToken)
    {
        if (PagerDutyWork.Read(job.Spec, settings, out var errors) is not { } work)
        {
            return SubmitOutcome.Rejected(errors[0].Message);
        }

        if (job.Secrets.Count > 0 || job.Files.Count > 0)
        {
            return SubmitOutcome.Rejected("PagerDuty actions and workflows take neither secret parameters nor files.");
        }

        return work.WorkflowId is { } workflowId
            ? await StartWorkflowAsync(job, workflowId, work.IncidentId!, cancellationToken).ConfigureAwait(false)
            : await InvokeAsync(job, work.ActionId!, work.IncidentId, cancellationToken).ConfigureAwait(false);
    }

    private async Task<SubmitOutcome> InvokeAsync(BackendJob job, string actionId, string? sharedIncident, CancellationToken cancellationToken)
    {
        var (incidentId, failed) = sharedIncident is not null ? (sharedIncident, null) : await incidents.EnsureAsync(job, cancellationToken).ConfigureAwait(false);
        if (incidentId is null)
        {
            return failed!;
        }

        var answer = await calls.OrderAsync(api => api.InvokeAsync(actionId, InvocationRequest.On(incidentId), cancellationToken), cancellationToken).ConfigureAwait(false);
        if (answer.Part("invocation") is { } json && PagerDutyInvocation.Read(json) is { } invocation)
        {
            var report = invocation.Report(job.Marker, settings, time.GetUtcNow());
            return SubmitOutcome.Accepted(
                PagerDutyKeys.Invocation(settings.BackendId, invocation.Id, actionId, incidentId, sharedIncident is null),
                report.State is BackendState.Unreachable or BackendState.NotFound ? null : report);
        }

        var outcome = Judge(answer, $"action {actionId} on incident {incidentId}");
        return outcome.Kind == SubmitOutcomeKind.Rejected && sharedIncident is null
            ? SubmitOutcome.Rejected(outcome.Reason + await ClosedAsync(incidentId, cancellationToken).ConfigureAwait(false))
            : outcome;
    }

    // The run ends here and nobody else knows its incident: left open it would call people for nothing. Answers what is to be said of it.
    private async Task<string> ClosedAsync(string incidentId, CancellationToken cancellationToken)
    {
        try
        {
            return await incidents.ResolveAsync(incidentId, cancellationToken).ConfigureAwait(false) is { } failure ? $" (the run's incident {incidentId} stays open: {failure})" : string.Empty;
        }
        catch (OperationCanceledException)
        {
            return $" (the run's incident {incidentId} stays open)";
        }
    }

    private async Task<SubmitOutcome> StartWorkflowAsync(BackendJob job, string workflowId, string incidentId, CancellationToken cancellationToken)
    {
        var answer = await calls.OrderAsync(api => api.StartWorkflowAsync(workflowId, WorkflowRequest.On(incidentId, job.Marker), cancellationToken), cancellationToken)
            .ConfigureAwait(false);
        if (answer.Part("incident_workflow_instance") is { } json && PagerDutyJson.Text(json, "id") is { Length: > 0 } id)
        {
            return SubmitOutcome.Accepted(PagerDutyKeys.Workflow(settings.BackendId, id, workflowId, incidentId, time.GetUtcNow()));
        }

        return Judge(answer, $"workflow {workflowId} on incident {incidentId}");
    }

    private SubmitOutcome Judge(PagerDutyAnswer answer, string what) => answer switch
    {
        { Fault: { } fault } => Http.HttpFault.OfSubmission(fault),
        { Status: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden } => SubmitOutcome.NotNow($"{answer.Reason}; see {settings.Key(nameof(PagerDutySettings.ApiToken))}"),
        { Status: HttpStatusCode.PaymentRequired } => SubmitOutcome.NotNow($"the PagerDuty account lacks what this needs: {answer.Reason}"),
        { Status: HttpStatusCode.TooManyRequests } => SubmitOutcome.NotNow(answer.Reason, answer.Pause),

        // Not PagerDuty has answered, but what stands at the address or before it: a proxy, a sign-in page, the other of http and https.
        { IsElsewhere: true } => SubmitOutcome.NotNow($"{answer.Reason}; see {settings.Key(nameof(PagerDutySettings.Url))}"),
        { Status: HttpStatusCode.RequestTimeout } => SubmitOutcome.Unknown(answer.Reason),
        { Status: >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError } => SubmitOutcome.Rejected($"PagerDuty refuses {what}: {answer.Reason}"),
        _ => SubmitOutcome.Unknown(answer.Reason),
    };
}
