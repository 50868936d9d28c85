using Refit;

namespace Ascob.Backends.PagerDuty;

/// <summary>The part of PagerDuty's REST API that is used. Answers come as they are: status, headers and body are judged by <see cref="PagerDutyCalls"/>.</summary>
internal interface IPagerDutyApi
{
    [Get("/automation_actions/actions")]
    Task<HttpResponseMessage> ListActionsAsync([AliasAs("limit")] int limit, CancellationToken cancellationToken);

    [Post("/automation_actions/actions/{actionId}/invocations")]
    Task<HttpResponseMessage> InvokeAsync(string actionId, [Body] InvocationRequest request, CancellationToken cancellationToken);

    [Get("/automation_actions/invocations/{invocationId}")]
    Task<HttpResponseMessage> GetInvocationAsync(string invocationId, CancellationToken cancellationToken);

    [Get("/automation_actions/invocations")]
    Task<HttpResponseMessage> ListInvocationsAsync(
        [AliasAs("action_id")] string actionId, [AliasAs("incident_id")] string? incidentId, CancellationToken cancellationToken);

    [Post("/incident_workflows/{workflowId}/instances")]
    Task<HttpResponseMessage> StartWorkflowAsync(string workflowId, [Body] WorkflowRequest request, CancellationToken cancellationToken);

    [Post("/incidents")]
    Task<HttpResponseMessage> CreateIncidentAsync([Body] IncidentRequest request, [Header("From")] string from, CancellationToken cancellationToken);

    [Get("/incidents")]
    Task<HttpResponseMessage> ListIncidentsAsync(
        [AliasAs("incident_key")] string incidentKey, [AliasAs("date_range")] string dateRange, CancellationToken cancellationToken);

    [Put("/incidents/{incidentId}")]
    Task<HttpResponseMessage> UpdateIncidentAsync(
        string incidentId, [Body] IncidentUpdateRequest request, [Header("From")] string from, CancellationToken cancellationToken);
}
