using System.Globalization;
using System.Net;
using System.Text;
using Ascob.Core.Jobs;
using Ascob.Core.Notifications;
using Ascob.Core.Runs;
using MimeKit;

namespace Ascob.Backends.Notifications;

/// <summary>Writes the mail about a notice, for readers with and without HTML.</summary>
internal static class MailTexts
{
    public static MimeMessage Make(OutgoingNotice message, string from)
    {
        var notice = message.Notice;
        var subject = $"[{Prefix(notice)}] {NoticeTexts.Subject(notice)}";
        var facts = Facts(message);
        var mail = new MimeMessage
        {
            Subject = OneLine(subject),
            Date = notice.At,

            // The same at every attempt, so that a mailbox that gets the message twice can tell.
            MessageId = string.Create(CultureInfo.InvariantCulture, $"{message.EventId}.{message.Subscription.Id}@{Domain(from)}"),
            Body = new BodyBuilder { TextBody = Plain(subject, facts), HtmlBody = Html(subject, facts) }.ToMessageBody(),
        };
        mail.From.Add(MailboxAddress.Parse(from));
        mail.To.AddRange((message.Subscription.Receiver.To ?? []).Select(MailboxAddress.Parse));
        mail.Cc.AddRange((message.Subscription.Receiver.Cc ?? []).Select(MailboxAddress.Parse));
        mail.Headers.Add("Auto-Submitted", "auto-generated");
        mail.Headers.Add("X-Ascob-Event", message.EventId);
        return mail;
    }

    private static string Prefix(Notice notice) => NoticeTexts.Level(notice) switch
    {
        NoticeTexts.Failure or NoticeTexts.Critical => "CRITICAL",
        NoticeTexts.Warning => "WARN",
        var level => level,
    };

    private static List<(string Name, string Value)> Facts(OutgoingNotice message)
    {
        var notice = message.Notice;
        var facts = notice.Facts;
        var list = new List<(string, string?)>
        {
            ("Job", facts.DefinitionName),
            ("Description", facts.Description),
            ("Run", notice.RunId.ToString(CultureInfo.InvariantCulture)),
            ("Status", facts.Status.ToWire()),
            ("Reason", NoticeTexts.Reason(notice)),
            ("Time", AscobJson.FormatTime(notice.At)),
            ("Submitter", facts.Submitter),
            ("Backend", facts.BackendId),
            ("Attempt", facts.Attempt.ToString(CultureInfo.InvariantCulture)),
            ("Exit code", facts.ExitCode?.ToString(CultureInfo.InvariantCulture)),
            ("Link", message.RunUrl),
            ("In its own system", facts.BackendUrl),
            ("Event", message.EventId),
        };
        return [.. list.Where(f => !string.IsNullOrEmpty(f.Item2)).Select(f => (f.Item1, f.Item2!))];
    }

    private static string Plain(string subject, List<(string Name, string Value)> facts)
    {
        var text = new StringBuilder(subject).Append("\n\n");
        foreach (var (name, value) in facts)
        {
            text.Append(CultureInfo.InvariantCulture, $"{name}: {value}\n");
        }

        return text.ToString();
    }

    private static string Html(string subject, List<(string Name, string Value)> facts)
    {
        var text = new StringBuilder("<html><body><p><b>").Append(WebUtility.HtmlEncode(subject)).Append("</b></p><table>");
        foreach (var (name, value) in facts)
        {
            text.Append(CultureInfo.InvariantCulture, $"<tr><td>{WebUtility.HtmlEncode(name)}</td><td>{Cell(value)}</td></tr>");
        }

        return text.Append("</table></body></html>").ToString();
    }

    private static string Cell(string value) => value.StartsWith("https://", StringComparison.Ordinal) || value.StartsWith("http://", StringComparison.Ordinal)
        ? $"<a href=\"{WebUtility.HtmlEncode(value)}\">{WebUtility.HtmlEncode(value)}</a>"
        : WebUtility.HtmlEncode(value);

    private static string Domain(string from) => MailboxAddress.TryParse(from, out var address) && address.Domain is { Length: > 0 } domain ? domain : "ascob.invalid";

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
