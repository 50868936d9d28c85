using System.Net;
using System.Text.Json;
using Ascob.Backends.Http;
using Ascob.Core.Backends;

namespace Ascob.Backends.PagerDuty;

/// <summary>The incidents that Ascob makes, one for each run. Its key is the run's marker, and PagerDuty keeps no two open incidents of one key: so it can be made again and found again.</summary>
internal sealed class PagerDutyIncidents(PagerDutyCalls calls, PagerDutySettings settings)
{
    private const int LongestDescription = 120;

    /// <summary>Makes the run's incident or finds it again. While that fails, nothing has been started.</summary>
    /// <returns>The incident's id, or the outcome of the whole submission.</returns>
    public async Task<(string? IncidentId, SubmitOutcome? Outcome)> EnsureAsync(BackendJob job, CancellationToken cancellationToken)
    {
        var answer = await calls.OrderAsync(api => api.CreateIncidentAsync(Request(job), settings.From!, cancellationToken), cancellationToken).ConfigureAwait(false);
        if (answer.Part("incident") is { } made && Id(made) is { } id)
        {
            return (id, null);
        }

        // It may be there already: made by an earlier try whose answer was lost.
        var mayBeThere = answer.Status == HttpStatusCode.BadRequest;
        if (mayBeThere)
        {
            var (ids, failure) = await FindAsync(job.Marker, cancellationToken).ConfigureAwait(false);
            if (ids is [var open, ..])
            {
                return (open, null);
            }

            mayBeThere = failure is not null || answer.Detail.Contains("dedup", StringComparison.OrdinalIgnoreCase);
        }

        return (null, Refusal(answer, mayBeThere));
    }

    /// <summary>Looks for the incidents of a marker.</summary>
    /// <returns>Their ids, or why nothing could be learned.</returns>
    public async Task<(IReadOnlyList<string>? Ids, string? Failure)> FindAsync(string marker, CancellationToken cancellationToken)
    {
        var answer = await calls.ReadAsync(api => api.ListIncidentsAsync(marker, "all", cancellationToken), cancellationToken).ConfigureAwait(false);
        if (answer.Part("incidents", JsonValueKind.Array) is not { } incidents)
        {
            return (null, answer.Reason);
        }

        // A filter that is not understood is ignored, so the key is compared here. Open incidents come first.
        return (
            [
                .. incidents.EnumerateArray()
                    .Where(i => PagerDutyJson.Text(i, "incident_key") == marker)
                    .OrderBy(i => PagerDutyJson.Text(i, "status") == "resolved")
                    .Select(Id)
                    .OfType<string>(),
            ],
            null);
    }

    /// <summary>Resolves an incident that was made for a run; answers why not, null where it is done.</summary>
    public async Task<string?> ResolveAsync(string incidentId, CancellationToken cancellationToken)
    {
        var request = new IncidentUpdateRequest(new IncidentUpdate("resolved"));
        var answer = await calls.OrderAsync(api => api.UpdateIncidentAsync(incidentId, request, settings.From ?? string.Empty, cancellationToken), cancellationToken).ConfigureAwait(false);
        return answer.IsSuccess ? null : answer.Reason;
    }

    private SubmitOutcome Refusal(PagerDutyAnswer answer, bool mayBeThere)
    {
        var reason = $"the run's incident could not be made: {answer.Reason}";
        return answer.Status switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden =>
                SubmitOutcome.NotNow($"{reason} (see {settings.Key(nameof(PagerDutySettings.ApiToken))} and {settings.Key(nameof(PagerDutySettings.From))})"),
            _ when answer.IsElsewhere => SubmitOutcome.NotNow($"{reason} (see {settings.Key(nameof(PagerDutySettings.Url))})"),
            HttpStatusCode.BadRequest or HttpStatusCode.NotFound when !mayBeThere =>
                SubmitOutcome.Rejected($"{reason} (see {settings.Key(nameof(PagerDutySettings.ServiceId))} and {settings.Key(nameof(PagerDutySettings.From))})"),
            _ => SubmitOutcome.NotNow(reason, answer.Pause),
        };
    }

    private static string? Id(JsonElement incident) => PagerDutyJson.Text(incident, "id") is { } id && PagerDutyWork.IsId(id) ? id : null;

    private IncidentRequest Request(BackendJob job)
    {
        var what = AnswerText.OneLine(job.Spec.Description);
        var title = what.Length == 0 ? $"Ascob run {job.RunId}" : $"Ascob run {job.RunId}: {what[..Math.Min(what.Length, LongestDescription)]}";
        return new IncidentRequest(new IncidentBody(title, new Reference(settings.ServiceId!, "service_reference"), job.Marker));
    }
}
