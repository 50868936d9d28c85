using Ascob.Core.Errors;
using Ascob.Core.Jobs;

namespace Ascob.Backends.PagerDuty;

/// <summary>What a job's labels ask PagerDuty to start, and on which incident.</summary>
/// <param name="ActionId">The automation action; null for a workflow.</param>
/// <param name="WorkflowId">The incident workflow; null for an action.</param>
/// <param name="IncidentId">The incident that others use too; null where the run gets one of its own.</param>
internal sealed record PagerDutyWork(string? ActionId, string? WorkflowId, string? IncidentId)
{
    public const string ActionLabel = "pagerduty_action_id";
    public const string WorkflowLabel = "pagerduty_workflow_id";
    public const string IncidentLabel = "pagerduty_incident_id";

    private const string NoInput = "PagerDuty actions and workflows take no input of a run: what they do is fixed in their definition.";

    /// <summary>Reads the labels; null with the errors where they make no sense.</summary>
    public static PagerDutyWork? Read(JobSpec spec, PagerDutySettings settings, out IReadOnlyList<FieldError> errors)
    {
        var wrong = new List<FieldError>();
        var action = Id(spec, ActionLabel, wrong);
        var workflow = Id(spec, WorkflowLabel, wrong);
        var incident = Id(spec, IncidentLabel, wrong) ?? settings.IncidentId;
        if (wrong.Count == 0)
        {
            CheckTarget(action, workflow, incident, settings, wrong);
        }

        if (spec.Parameters is { Count: > 0 })
        {
            wrong.Add(new FieldError("jobSpec.parameters", NoInput));
        }

        if (spec.SecretParameters is { Count: > 0 })
        {
            wrong.Add(new FieldError("jobSpec.secretParameters", NoInput));
        }

        errors = wrong;
        return wrong.Count == 0 ? new PagerDutyWork(action, workflow, incident) : null;
    }

    /// <summary>Answers whether a text can be an id of PagerDuty's; only such texts become part of a path.</summary>
    public static bool IsId(string text) => text.Length is > 0 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    private static void CheckTarget(string? action, string? workflow, string? incident, PagerDutySettings settings, List<FieldError> wrong)
    {
        if (action is null == workflow is null)
        {
            wrong.Add(Field(ActionLabel, $"One of '{ActionLabel}' and '{WorkflowLabel}' says what to start."));
        }
        else if (incident is null && (workflow is not null || settings.ServiceId is null))
        {
            wrong.Add(Field(
                IncidentLabel,
                workflow is not null
                    ? $"A workflow runs on an incident: give this label or set {settings.Key(nameof(PagerDutySettings.IncidentId))}."
                    : $"An action is invoked on an incident: give this label, or set {settings.Key(nameof(PagerDutySettings.ServiceId))} (an incident for each run) or {settings.Key(nameof(PagerDutySettings.IncidentId))}."));
        }
    }

    private static string? Id(JobSpec spec, string label, List<FieldError> wrong)
    {
        var text = spec.Label(label);
        if (text is not null && !IsId(text))
        {
            wrong.Add(Field(label, "An id of PagerDuty has letters and digits only, at most 64."));
        }

        return text;
    }

    private static FieldError Field(string label, string message) => new($"jobSpec.labels.{label}", message);
}
