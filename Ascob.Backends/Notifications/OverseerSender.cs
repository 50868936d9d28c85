using System.Globalization;
using Ascob.Core.Notifications;
using Ascob.Core.Runs;

namespace Ascob.Backends.Notifications;

/// <summary>The form of Overseer's webhooks, with the headers of Standard Webhooks besides: Overseer's own were not signed.</summary>
internal sealed class OverseerSender(GuardedHttp http) : INotificationSender
{
    public string Kind => ReceiverKinds.Overseer;

    public async Task<SendOutcome> SendAsync(OutgoingNotice message, CancellationToken cancellationToken)
    {
        var name = message.Notice.Facts.Title(message.Notice.RunId);
        var execution = message.Notice.RunId.ToString(CultureInfo.InvariantCulture);
        var body = HttpSending.Json(new
        {
            job = name,
            execution,
            status = Status(message.Notice),
            metadata = message.PublicUrl is null ? null : $"{message.PublicUrl}/jobs/{Uri.EscapeDataString(name)}/{execution}",
        });
        using var request = GuardedHttp.Post(message.Secrets.Url!, body, HttpSending.UserAgent);
        StandardSignature.Add(request, message, body);
        return await HttpSending.SendAsync(http, request, message, null, cancellationToken).ConfigureAwait(false);
    }

    internal static string Status(Notice notice) => notice.Kind switch
    {
        NoticeKinds.Launched => "start",
        NoticeKinds.Finished or NoticeKinds.Recovered => "complete",
        NoticeKinds.Error when notice.Facts.TimedOut => "time-out",
        NoticeKinds.Custom => notice.Facts.Data?.GetValueOrDefault(RunEventTypes.CustomName) ?? "event",
        _ => "fail",
    };
}
