using Ascob.Core.Notifications;

namespace Ascob.Backends.Notifications;

/// <summary>The form of Overseer's webhooks, with the headers of Standard Webhooks besides: Overseer's own were not signed.</summary>
internal sealed class OverseerSender(GuardedHttp http) : INotificationSender
{
    public string Kind => ReceiverKinds.Overseer;

    public async Task<SendOutcome> SendAsync(OutgoingNotice message, CancellationToken cancellationToken)
    {
        var body = HttpSending.Json(new
        {
            job = OverseerWords.Job(message.Notice),
            execution = OverseerWords.Execution(message.Notice),
            status = OverseerWords.Status(message.Notice.Kind, message.Notice.Facts),
            metadata = OverseerWords.Metadata(message),
        });
        using var request = GuardedHttp.Post(message.Secrets.Url!, body, HttpSending.UserAgent);
        StandardSignature.Add(request, message, body);
        return await HttpSending.SendAsync(http, request, message, null, cancellationToken).ConfigureAwait(false);
    }
}
