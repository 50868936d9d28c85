using System.Text.Json.Serialization;

namespace Ascob.Backends.PagerDuty;

internal sealed record InvocationRequest([property: JsonPropertyName("invocation")] InvocationBody Invocation)
{
    public static InvocationRequest On(string incidentId) => new(new InvocationBody(new InvocationMetadata(incidentId)));
}

internal sealed record InvocationBody([property: JsonPropertyName("metadata")] InvocationMetadata Metadata);

internal sealed record InvocationMetadata([property: JsonPropertyName("incident_id")] string IncidentId);

internal sealed record WorkflowRequest([property: JsonPropertyName("incident_workflow_instance")] WorkflowBody Instance)
{
    public static WorkflowRequest On(string incidentId, string instanceId) => new(new WorkflowBody(instanceId, new Reference(incidentId, "incident_reference")));
}

internal sealed record WorkflowBody([property: JsonPropertyName("id")] string Id, [property: JsonPropertyName("incident")] Reference Incident);

internal sealed record Reference([property: JsonPropertyName("id")] string Id, [property: JsonPropertyName("type")] string Type);

internal sealed record IncidentRequest([property: JsonPropertyName("incident")] IncidentBody Incident);

internal sealed record IncidentBody(
    [property: JsonPropertyName("title")] string Title,
    [property: JsonPropertyName("service")] Reference Service,
    [property: JsonPropertyName("incident_key")] string IncidentKey)
{
    [JsonPropertyName("type")]
    public string Type { get; init; } = "incident";

    [JsonPropertyName("urgency")]
    public string Urgency { get; init; } = "low";
}

internal sealed record IncidentUpdateRequest([property: JsonPropertyName("incident")] IncidentUpdate Incident);

internal sealed record IncidentUpdate([property: JsonPropertyName("status")] string Status)
{
    [JsonPropertyName("type")]
    public string Type { get; init; } = "incident_reference";
}
