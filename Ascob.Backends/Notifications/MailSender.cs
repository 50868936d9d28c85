using System.Globalization;
using System.Net.Sockets;
using Ascob.Core.Notifications;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Ascob.Backends.Notifications;

/// <summary>
/// Mails, handed to the one server that the configuration names; that server is trusted, wherever it is. A recipient that it does not take keeps the mail from nobody else: one that it refuses for good is left out, one that it puts off is
/// tried again alone.
/// </summary>
internal sealed class MailSender(MailOptions options) : INotificationSender
{
    // It wants to know first who is asking: no word about the recipient.
    private const int SignInFirst = 530;

    private readonly MailProgress _progress = new();

    public string Kind => ReceiverKinds.Mail;

    public async Task<SendOutcome> SendAsync(OutgoingNotice message, CancellationToken cancellationToken)
    {
        if (options is not { Host: { } host, From: { } from })
        {
            return SendOutcome.Retry("no mail server is configured (Ascob:Notifications:Mail)");
        }

        using var mail = MailTexts.Make(message, from);
        var outcome = await TrySendAsync(message, mail, host, cancellationToken).ConfigureAwait(false);
        if (outcome.Result != SendResult.Retry)
        {
            _progress.Forget(message);
        }

        return outcome;
    }

    private static bool IsForGood(int code) => code >= 500 && code != SignInFirst;

    private async Task<SendOutcome> TrySendAsync(OutgoingNotice message, MimeMessage mail, string host, CancellationToken cancellationToken)
    {
        var all = mail.To.Mailboxes.Concat(mail.Cc.Mailboxes).DistinctBy(m => m.Address, StringComparer.OrdinalIgnoreCase).ToList();
        var before = _progress.Of(message);
        var wanted = all.Where(m => !before.Has(m.Address)).ToList();
        if (wanted.Count == 0)
        {
            // Whom it still waited for is no recipient any more.
            return Judge(message, all, before, [], []);
        }

        using var client = new MailClient();
        try
        {
            await client.ConnectAsync(host, options.Port, Security(), cancellationToken).ConfigureAwait(false);
            if (options.UserName is not null)
            {
                await client.AuthenticateAsync(options.UserName, options.Password ?? string.Empty, cancellationToken).ConfigureAwait(false);
            }

            await client.SendAsync(mail, mail.From.Mailboxes.First(), wanted, cancellationToken).ConfigureAwait(false);
            await LeaveAsync(client, cancellationToken).ConfigureAwait(false);
            return Judge(message, all, before, wanted.Select(m => m.Address).Except(client.Refused.Select(r => r.Address), StringComparer.OrdinalIgnoreCase), client.Refused);
        }
        catch (SmtpCommandException e) when (e.ErrorCode == SmtpErrorCode.MessageNotAccepted && client.Refused.Count == wanted.Count)
        {
            // The client says so where no recipient was left; what the server said about each of them tells more.
            return Judge(message, all, before, [], client.Refused);
        }
        catch (SmtpCommandException e)
        {
            // What the server refuses for good about the message stays refused; whom it does not know may be let in later.
            var code = (int)e.StatusCode;
            var reason = string.Create(CultureInfo.InvariantCulture, $"the mail server answered {code}");
            return e.ErrorCode == SmtpErrorCode.MessageNotAccepted && IsForGood(code) ? SendOutcome.Dead(reason) : SendOutcome.Retry(reason);
        }
        catch (Exception e) when (e is AuthenticationException or SslHandshakeException or ProtocolException or ServiceNotConnectedException or SocketException or IOException or NotSupportedException)
        {
            return SendOutcome.Retry(e switch
            {
                AuthenticationException => "the mail server does not take the user or the password",
                SslHandshakeException => "no safe connection to the mail server",
                NotSupportedException when client.IsConnected => "the mail server does not take addresses or texts of this kind (8BITMIME, SMTPUTF8)",
                NotSupportedException => "the mail server does not encrypt (Ascob:Notifications:Mail:Security)",
                _ => "no connection to the mail server",
            });
        }
    }

    private SendOutcome Judge(
        OutgoingNotice message, List<MailboxAddress> all, MailProgress.Settled before, IEnumerable<string> taken, IReadOnlyList<(string Address, int Code)> refused)
    {
        var now = before.With(taken, refused.Where(r => IsForGood(r.Code)));
        var putOff = refused.Where(r => !IsForGood(r.Code)).ToList();
        if (putOff.Count > 0)
        {
            _progress.Keep(message, now);
            return SendOutcome.Retry(string.Create(CultureInfo.InvariantCulture, $"the mail server answered {putOff[0].Code} to {putOff.Count} of {all.Count} recipients"));
        }

        var codes = string.Join(", ", now.Refused.Values.Distinct().Order());
        return now switch
        {
            { Taken.Count: 0 } => SendOutcome.Dead($"the mail server answered {codes}"),
            { Refused.Count: 0 } => SendOutcome.Delivered,
            _ => SendOutcome.Delivered with { Reason = string.Create(CultureInfo.InvariantCulture, $"the mail server refused {now.Refused.Count} of the recipients ({codes}); the others have it") },
        };
    }

    // The message is taken by now; a server that hangs up rudely must not make it be sent again.
    private static async Task LeaveAsync(SmtpClient client, CancellationToken cancellationToken)
    {
        try
        {
            await client.DisconnectAsync(quit: true, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException or ProtocolException or SmtpCommandException or OperationCanceledException)
        {
            // It has what it needs.
        }
    }

    private SecureSocketOptions Security() => options.Security switch
    {
        MailSecurity.StartTls => SecureSocketOptions.StartTls,
        MailSecurity.Tls => SecureSocketOptions.SslOnConnect,
        MailSecurity.None => SecureSocketOptions.None,
    };
}
