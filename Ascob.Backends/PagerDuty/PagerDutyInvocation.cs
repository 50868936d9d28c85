using System.Text.Json;
using Ascob.Backends.Http;
using Ascob.Core.Backends;

namespace Ascob.Backends.PagerDuty;

/// <summary>An invocation as PagerDuty tells of it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State">PagerDuty's word; null for none.</param>
/// <param name="ActionId">The action; null where it is not told.</param>
/// <param name="IncidentId">The incident; null where it is not told.</param>
/// <param name="IncidentUrl">The incident's page; null for none.</param>
/// <param name="Timing">When it came into which state, in order of time.</param>
/// <param name="Duration">How long it ran, in whole seconds; null where it is not told.</param>
internal sealed record PagerDutyInvocation(
    string Id,
    string? State,
    string? ActionId,
    string? IncidentId,
    string? IncidentUrl,
    IReadOnlyList<(DateTimeOffset At, string? State)> Timing,
    TimeSpan? Duration)
{
    private static readonly TimeSpan LongestDuration = TimeSpan.FromDays(3650);

    /// <summary>Gets when PagerDuty made it; null where it is not told.</summary>
    public DateTimeOffset? CreatedAt => Timing.Count > 0 ? Timing[0].At : null;

    /// <summary>Reads one; null for what has no id.</summary>
    public static PagerDutyInvocation? Read(JsonElement json)
    {
        if (PagerDutyJson.Text(json, "id") is not { } id || !PagerDutyWork.IsId(id))
        {
            return null;
        }

        var incident = PagerDutyJson.Part(json, "metadata") is { } metadata ? PagerDutyJson.Part(metadata, "incident") : null;
        return new PagerDutyInvocation(
            id,
            PagerDutyJson.Text(json, "state"),
            PagerDutyJson.Text(json, "action_id"),
            PagerDutyJson.Text(incident, "id"),
            PagerDutyJson.Text(incident, "html_url"),
            ReadTiming(json),
            PagerDutyJson.Number(json, "duration") is { } seconds and >= 0 && seconds < LongestDuration.TotalSeconds ? TimeSpan.FromSeconds(seconds) : null);
    }

    /// <summary>Says how it stands with it.</summary>
    public BackendReport Report(string marker, PagerDutySettings settings, DateTimeOffset now)
    {
        var report = new BackendReport { Marker = marker, State = BackendState.Unreachable, Word = Word(State), Url = Url(settings), StartedAt = At("running") };
        if (PagerDutyWords.StateOf(State) is { } state)
        {
            return report with { State = state, Reason = ReasonOf(state), EndedAt = state is BackendState.Queued or BackendState.Running ? null : EndedAt() };
        }

        return State == PagerDutyWords.Unknown
            ? LostSight(report, settings, now)
            : report with { Reason = State is null ? "PagerDuty did not say the state of the invocation" : $"PagerDuty says '{report.Word}', a state that Ascob does not know" };
    }

    private static string? Word(string? state) => state is null ? null : AnswerText.OneLine(state);

    private static string? ReasonOf(BackendState state) => state switch
    {
        BackendState.Failed => "PagerDuty reports an error of the action; its report is on the incident's page",
        BackendState.Aborted => "aborted at PagerDuty",
        _ => null,
    };

    private static List<(DateTimeOffset At, string? State)> ReadTiming(JsonElement json)
    {
        var timing = new List<(DateTimeOffset At, string? State)>();
        if (PagerDutyJson.Part(json, "timing", JsonValueKind.Array) is { } entries)
        {
            foreach (var entry in entries.EnumerateArray())
            {
                // The schema says one name, the examples say the other.
                if (PagerDutyJson.Time(PagerDutyJson.Text(entry, "timestamp") ?? PagerDutyJson.Text(entry, "creation_timestamp")) is { } at)
                {
                    timing.Add((at, PagerDutyJson.Text(entry, "state")));
                }
            }
        }

        // What happened within one tick of PagerDuty's clock happened in the only order that makes sense.
        return [.. timing.OrderBy(t => t.At).ThenBy(t => PagerDutyWords.StateOf(t.State) is { } state ? (int)state : int.MaxValue)];
    }

    private DateTimeOffset? At(string state) => Timing.FirstOrDefault(t => t.State == state) is { State: not null } entry ? entry.At : null;

    private DateTimeOffset? EndedAt() => At(State!) ?? (At("running") is { } started ? started + Duration : null);

    // What was known before stands, also in the run: a report of "queued" does not take it back from RUNNING.
    private BackendReport LostSight(BackendReport report, PagerDutySettings settings, DateTimeOffset now)
    {
        var last = Timing.LastOrDefault(t => PagerDutyWords.StateOf(t.State) is not null);
        var since = Timing.LastOrDefault(t => t.State == PagerDutyWords.Unknown) is { State: not null } lost ? lost.At : Timing.Count > 0 ? Timing[^1].At : (DateTimeOffset?)null;
        var state = PagerDutyWords.StateOf(last.State) ?? BackendState.Queued;
        if (state is BackendState.Queued or BackendState.Running && since is { } from && now - from >= settings.UnknownPatience)
        {
            return report with
            {
                State = BackendState.NotFound,
                Certain = true,
                Reason = $"PagerDuty has not known the state of the invocation since {from:yyyy-MM-dd HH:mm:ss}Z ({settings.Key(nameof(PagerDutySettings.UnknownPatience))} is {settings.UnknownPatience})",
            };
        }

        return report with { State = state, Reason = $"PagerDuty has lost sight of the invocation; it was last {last.State ?? "created"}" };
    }

    private string? Url(PagerDutySettings settings)
    {
        if (settings.WebUrl is { } web && IncidentId is { } incident && PagerDutyWork.IsId(incident))
        {
            return new Uri(web, $"incidents/{incident}").AbsoluteUri;
        }

        return Uri.TryCreate(IncidentUrl, UriKind.Absolute, out var url) && url.Scheme is "https" or "http" ? url.AbsoluteUri : null;
    }
}
