using Ascob.Core.Notifications;

namespace Ascob.Backends.Notifications;

/// <summary>The native form: the payload and the headers of Standard Webhooks.</summary>
internal sealed class WebhookSender(GuardedHttp http) : INotificationSender
{
    public string Kind => ReceiverKinds.Webhook;

    public async Task<SendOutcome> SendAsync(OutgoingNotice message, CancellationToken cancellationToken)
    {
        var body = HttpSending.Json(Payload(message));
        using var request = GuardedHttp.Post(message.Secrets.Url!, body, HttpSending.UserAgent);
        StandardSignature.Add(request, message, body);
        return await HttpSending.SendAsync(http, request, message, null, cancellationToken).ConfigureAwait(false);
    }

    private static object Payload(OutgoingNotice message)
    {
        var notice = message.Notice;
        var facts = notice.Facts;
        return new
        {
            type = $"run.{notice.Kind.ToWord()}",
            timestamp = notice.At,
            data = new
            {
                eventId = message.EventId,
                @event = notice.Kind.ToWord(),
                runId = notice.RunId,
                seq = notice.Seq,
                status = facts.Status,
                from = facts.From,
                reason = facts.Reason,
                actor = facts.Actor,
                description = facts.Description,
                submitter = facts.Submitter,
                labels = facts.Labels,
                definitionId = facts.DefinitionId,
                definitionName = facts.DefinitionName,
                definitionVersion = facts.DefinitionVersion,
                parentId = facts.ParentId,
                backendId = facts.BackendId,
                backendUrl = facts.BackendUrl,
                exitCode = facts.ExitCode,
                attempt = facts.Attempt,
                definedTime = facts.DefinedAt,
                startTime = facts.StartedAt,
                endTime = facts.EndedAt,
                url = message.RunUrl,
                details = notice.Kind is NoticeKinds.Custom or NoticeKinds.LongerThanExpected ? facts.Data : null,
            },
        };
    }
}
