using System.Globalization;
using System.Text.Json.Nodes;

namespace Ascob.Demo.PagerDuty;

/// <summary>An automation action of the pretend account: what it does when it is invoked.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="QueueTime">How long an invocation waits for its runner.</param>
/// <param name="RunTime">How long it runs; null for ever.</param>
/// <param name="End">The last state: <c>completed</c>, <c>error</c>, <c>aborted</c> or any other word.</param>
internal sealed record PretendAction(string Id, string Name, TimeSpan QueueTime, TimeSpan? RunTime, string End = "completed");

/// <summary>One run of an action; its state follows from the time.</summary>
internal sealed class PretendInvocation(string id, PretendAction action, string incidentId, Uri incidentUrl, DateTimeOffset createdAt)
{
    public string Id { get; } = id;

    public PretendAction Action { get; } = action;

    public string IncidentId { get; } = incidentId;

    public DateTimeOffset CreatedAt { get; } = createdAt;

    /// <summary>Gets or sets a state that it is in whatever the time says, from the given moment on; null for none.</summary>
    public (DateTimeOffset Since, string State)? Forced { get; set; }

    public JsonObject ToJson(DateTimeOffset now)
    {
        var states = States(now);
        var (at, state) = states[^1];
        return new JsonObject
        {
            ["id"] = Id,
            ["type"] = "invocation",
            ["action_id"] = Action.Id,
            ["runner_id"] = "PRETENDRUNNER",
            ["state"] = state,
            ["duration"] = (int)(at - CreatedAt).TotalSeconds,
            ["timing"] = Timing(states),
            ["action_snapshot"] = new JsonObject
            {
                ["name"] = Action.Name,
                ["action_type"] = "script",
                ["action_data_reference"] = new JsonObject { ["script"] = "#!/bin/sh\n" },
            },
            ["metadata"] = new JsonObject
            {
                ["agent"] = new JsonObject { ["id"] = "PUSER01", ["type"] = "user_reference" },
                ["incident"] = new JsonObject { ["id"] = IncidentId, ["type"] = "incident_reference", ["html_url"] = incidentUrl.AbsoluteUri },
            },
        };
    }

    public string StateAt(DateTimeOffset now) => States(now)[^1].State;

    // As in the product, the entries come in no order and their time has one of two names.
    private static JsonArray Timing(List<(DateTimeOffset At, string State)> states)
    {
        var timing = new JsonArray();
        for (var i = states.Count - 1; i >= 0; i--)
        {
            timing.Add(new JsonObject
            {
                [i % 2 == 0 ? "timestamp" : "creation_timestamp"] = states[i].At.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture),
                ["state"] = states[i].State,
            });
        }

        return timing;
    }

    private List<(DateTimeOffset At, string State)> States(DateTimeOffset now)
    {
        var states = new List<(DateTimeOffset At, string State)> { (CreatedAt, "sent") };
        if (now >= CreatedAt + (Action.QueueTime / 4) && Action.QueueTime > TimeSpan.Zero)
        {
            states.Add((CreatedAt + (Action.QueueTime / 4), "queued"));
        }

        var startsAt = CreatedAt + Action.QueueTime;
        if (now >= startsAt)
        {
            states.Add((startsAt, "running"));
        }

        if (Action.RunTime is { } runTime && now >= startsAt + runTime)
        {
            states.Add((startsAt + runTime, Action.End));
        }

        if (Forced is { } forced)
        {
            states.RemoveAll(s => s.At > forced.Since);
            states.Add(forced);
        }

        return states;
    }
}
