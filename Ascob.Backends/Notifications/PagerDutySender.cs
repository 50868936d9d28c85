using System.Globalization;
using System.Net;
using Ascob.Core.Notifications;
using Ascob.Core.Runs;

namespace Ascob.Backends.Notifications;

/// <summary>Events of PagerDuty's Events API v2: trouble opens an alert, success closes it.</summary>
internal sealed class PagerDutySender(GuardedHttp http) : INotificationSender
{
    public const string DefaultUrl = "https://events.pagerduty.com/v2/enqueue";

    private const int LongestSummary = 1024;

    public string Kind => ReceiverKinds.PagerDuty;

    public async Task<SendOutcome> SendAsync(OutgoingNotice message, CancellationToken cancellationToken)
    {
        using var request = GuardedHttp.Post(message.Secrets.Url ?? DefaultUrl, HttpSending.Json(Payload(message)), HttpSending.UserAgent);
        return await HttpSending.SendAsync(http, request, message, Judge, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The same for all runs of a definition, else of a chain of resubmissions: success of one closes the alert of the one before.</summary>
    internal static string KeyOf(Notice notice)
    {
        var facts = notice.Facts;

        // By number alone: a definition that is renamed while its alert is open must still close it.
        return facts.DefinitionId is { } definition
            ? string.Create(CultureInfo.InvariantCulture, $"ascob/definition/{definition}")
            : string.Create(CultureInfo.InvariantCulture, $"ascob/run/{facts.ParentId ?? notice.RunId}");
    }

    private static SendOutcome? Judge(HttpStatusCode status) => (int)status switch
    {
        400 => SendOutcome.Dead("PagerDuty refused the event (HTTP 400); is the routing key right?"),
        403 => SendOutcome.Dead("PagerDuty forbids the event (HTTP 403); is the routing key right?"),
        410 => SendOutcome.Dead("PagerDuty has no such service any more (HTTP 410)"),
        _ => null,
    };

    private static Dictionary<string, object?> Payload(OutgoingNotice message)
    {
        var notice = message.Notice;
        var facts = notice.Facts;
        var body = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["routing_key"] = message.Secrets.Secret,
            ["event_action"] = notice.Kind is NoticeKinds.Finished or NoticeKinds.Recovered ? "resolve" : "trigger",
            ["dedup_key"] = KeyOf(notice),
        };
        if (body["event_action"] is "resolve")
        {
            return body;
        }

        var summary = $"{NoticeTexts.Subject(notice)}{(facts.Reason is null ? string.Empty : $": {facts.Reason}")}";
        body["client"] = "Ascob";
        body["client_url"] = message.RunUrl;
        body["payload"] = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["summary"] = summary.Length > LongestSummary ? summary[..LongestSummary] : summary,
            ["source"] = facts.BackendId ?? "ascob",
            ["severity"] = notice.Kind == NoticeKinds.LongerThanExpected ? "warning" : message.Subscription.Receiver.Severity ?? "error",
            ["timestamp"] = notice.At,
            ["component"] = facts.DefinitionName,
            ["class"] = notice.Kind.ToWord(),
            ["custom_details"] = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["event_id"] = message.EventId,
                ["run_id"] = notice.RunId,
                ["status"] = facts.Status.ToWire(),
                ["exit_code"] = facts.ExitCode,
                ["attempt"] = facts.Attempt,
                ["submitter"] = facts.Submitter,
                ["labels"] = facts.Labels,
            },
        };
        if (facts.BackendUrl is { } link)
        {
            body["links"] = new[] { new Dictionary<string, object?>(StringComparer.Ordinal) { ["href"] = link, ["text"] = "The job in its own system" } };
        }

        return body;
    }
}
