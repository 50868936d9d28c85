using System.Globalization;

namespace Ascob.Backends.PagerDuty;

/// <summary>The backend keys of a run. An operator who adopts a job needs to give <c>invocationId</c> only; the others make the questions cheaper.</summary>
internal static class PagerDutyKeys
{
    public const string Instance = "instance";
    public const string InvocationId = "invocationId";
    public const string ActionId = "actionId";
    public const string IncidentId = "incidentId";
    public const string OwnIncident = "ownIncident";
    public const string WorkflowId = "workflowId";
    public const string WorkflowInstanceId = "workflowInstanceId";
    public const string StartedAt = "startedAt";

    public static Dictionary<string, string> Invocation(string backendId, string invocationId, string actionId, string incidentId, bool ownIncident)
    {
        var keys = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [Instance] = backendId,
            [InvocationId] = invocationId,
            [ActionId] = actionId,
            [IncidentId] = incidentId,
        };
        if (ownIncident)
        {
            keys[OwnIncident] = "true";
        }

        return keys;
    }

    public static Dictionary<string, string> Workflow(string backendId, string instanceId, string workflowId, string incidentId, DateTimeOffset startedAt) => new(StringComparer.Ordinal)
    {
        [Instance] = backendId,
        [WorkflowInstanceId] = instanceId,
        [WorkflowId] = workflowId,
        [IncidentId] = incidentId,
        [StartedAt] = Text(startedAt),
    };

    public static string Text(DateTimeOffset at) => at.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);

    public static DateTimeOffset? Time(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds < DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;

    /// <summary>Answers a key whose value may become part of a path; null where it is missing or none of PagerDuty's.</summary>
    public static string? Id(IReadOnlyDictionary<string, string> keys, string name) => keys.TryGetValue(name, out var id) && PagerDutyWork.IsId(id) ? id : null;
}
