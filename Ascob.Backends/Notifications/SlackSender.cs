using System.Net;
using Ascob.Core.Notifications;

namespace Ascob.Backends.Notifications;

/// <summary>Messages to an incoming webhook of Slack.</summary>
internal sealed class SlackSender(GuardedHttp http) : INotificationSender
{
    public string Kind => ReceiverKinds.Slack;

    public async Task<SendOutcome> SendAsync(OutgoingNotice message, CancellationToken cancellationToken)
    {
        using var request = GuardedHttp.Post(message.Secrets.Url!, HttpSending.Json(Payload(message)), HttpSending.UserAgent);
        return await HttpSending.SendAsync(http, request, message, Judge, cancellationToken).ConfigureAwait(false);
    }

    // Slack says so when the message itself is at fault, or its webhook or channel are gone; the same again would be refused again.
    private static SendOutcome? Judge(HttpStatusCode status) => (int)status switch
    {
        400 => SendOutcome.Dead("Slack refused the message (HTTP 400); is the channel right?"),
        403 => SendOutcome.Dead("Slack forbids this webhook (HTTP 403)"),
        404 => SendOutcome.Dead("Slack knows no such webhook or channel (HTTP 404)"),
        410 => SendOutcome.Dead("the channel is archived (HTTP 410)"),
        _ => null,
    };

    private static Dictionary<string, object?> Payload(OutgoingNotice message)
    {
        var notice = message.Notice;
        var title = $"[{NoticeTexts.Level(notice.Kind)}] {NoticeTexts.Subject(notice.Kind, notice.Facts.Title(notice.RunId))}";
        var attachment = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["title"] = Escape(title),
            ["title_link"] = message.RunUrl,
            ["text"] = Escape(notice.Facts.Reason ?? string.Empty),
            ["fallback"] = Escape(title),
            ["color"] = Color(notice.Kind),
            ["ts"] = notice.At.ToUnixTimeSeconds(),
        };
        var payload = new Dictionary<string, object?>(StringComparer.Ordinal) { ["link_names"] = 1, ["attachments"] = new[] { attachment } };
        if (message.Subscription.Receiver.Channel is { } channel)
        {
            payload["channel"] = channel;
        }

        if (message.Subscription.Receiver.FailureText is { } mention && NoticeTexts.Level(notice.Kind) is (NoticeTexts.Failure or NoticeTexts.Critical))
        {
            // Written by whoever keeps the subscription, so that people are called by it.
            payload["text"] = mention;
        }

        return payload;
    }

    private static string Color(NoticeKinds kind) => NoticeTexts.Level(kind) switch
    {
        NoticeTexts.Warning => "warning",
        NoticeTexts.Failure or NoticeTexts.Critical => "danger",
        NoticeTexts.Success => "good",
        _ => "#439FE0",
    };

    // Otherwise a description could call everybody in the channel, or show a link as something else.
    private static string Escape(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal);
}
