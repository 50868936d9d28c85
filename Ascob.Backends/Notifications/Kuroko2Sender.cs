using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Ascob.Core.Jobs;
using Ascob.Core.Kuroko2;
using Ascob.Core.Notifications;

namespace Ascob.Backends.Notifications;

/// <summary>
/// The form of kuroko2's webhooks. The address is called as it was given, with its query, and <c>X-Kuroko2-Id</c> is the same at every attempt; kuroko2 itself dropped the one and drew the other anew.
/// </summary>
internal sealed class Kuroko2Sender(GuardedHttp http) : INotificationSender
{
    public string Kind => ReceiverKinds.Kuroko2;

    public async Task<SendOutcome> SendAsync(OutgoingNotice message, CancellationToken cancellationToken)
    {
        var body = HttpSending.Json(Payload(message));
        using var request = GuardedHttp.Post(message.Secrets.Url!, body, "Kuroko2-Webhook");
        request.Headers.Add("X-Kuroko2-Id", IdOf(message).ToString());
        if (message.Secrets.Secret is { } secret)
        {
            request.Headers.Add("X-Kuroko2-Signature", $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body))}");
        }

        return await HttpSending.SendAsync(http, request, message, null, cancellationToken).ConfigureAwait(false);
    }

    private static Guid IdOf(OutgoingNotice message)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{message.Subscription.Id}:{message.EventId}")));

        // Version 8 is for numbers that their maker derives by a rule of his own.
        hash[6] = (byte)((hash[6] & 0x0f) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return new Guid(hash.AsSpan(0, 16), bigEndian: true);
    }

    private static Dictionary<string, object?> Payload(OutgoingNotice message)
    {
        var notice = message.Notice;
        var facts = notice.Facts;
        var name = facts.Title(notice.RunId);
        var saysWhy = notice.Kind is not (NoticeKinds.Finished or NoticeKinds.Recovered or NoticeKinds.LongerThanExpected);
        return new(StringComparer.Ordinal)
        {
            ["action"] = NoticeTexts.Action(notice),
            ["level"] = NoticeTexts.Level(notice),
            ["subject"] = NoticeTexts.Subject(notice),
            ["message"] = saysWhy ? NoticeTexts.Reason(notice) : null,
            ["job_instance"] = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["url"] = message.RunUrl,
                ["id"] = notice.RunId,
                ["script"] = Script(message),
                ["finished_at"] = notice.Kind is NoticeKinds.Finished or NoticeKinds.Recovered ? Time(facts.EndedAt ?? notice.At) : null,
                ["canceled_at"] = notice.Kind is NoticeKinds.Skipped or NoticeKinds.Cancelled ? Time(facts.EndedAt ?? notice.At) : null,
                ["error_at"] = notice.Kind is NoticeKinds.Error or NoticeKinds.InDoubt || NoticeTexts.IsSkippedFailure(notice) ? Time(facts.EndedAt ?? notice.At) : null,
                ["created_at"] = Time(facts.DefinedAt),
            },
            ["job_definition"] = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["url"] = message.PublicUrl is { } url && facts.DefinitionName is { } definition ? $"{url}/api/definitions/{Uri.EscapeDataString(definition)}" : null,
                ["id"] = facts.DefinitionId,
                ["name"] = name,
                ["description"] = message.Definition?.Description ?? facts.Description,
            },
        };
    }

    // A run that was launched with a script of its own has none that is kept; the definition's would be another's. What was never a script shows the job's description.
    private static string? Script(OutgoingNotice message)
    {
        var script = message.Definition is { } definition ? ScriptFields.Of(definition).Script : null;
        return script is null ? message.Notice.Facts.Description : message.Notice.Facts.OwnJob ? null : script;
    }

    private static string Time(DateTimeOffset time) => AscobJson.FormatTime(time);
}
