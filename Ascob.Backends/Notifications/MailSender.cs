using System.Globalization;
using System.Net.Sockets;
using Ascob.Core.Notifications;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Ascob.Backends.Notifications;

/// <summary>Mails, handed to the one server that the configuration names; that server is trusted, wherever it is.</summary>
internal sealed class MailSender(MailOptions options) : INotificationSender
{
    public string Kind => ReceiverKinds.Mail;

    public async Task<SendOutcome> SendAsync(OutgoingNotice message, CancellationToken cancellationToken)
    {
        if (options.Host is null || options.From is null)
        {
            return SendOutcome.Retry("no mail server is configured (Ascob:Notifications:Mail)");
        }

        using var mail = MailTexts.Make(message, options.From);
        using var client = new LenientClient();
        try
        {
            await client.ConnectAsync(options.Host, options.Port, Security(), cancellationToken).ConfigureAwait(false);
            if (options.UserName is not null)
            {
                await client.AuthenticateAsync(options.UserName, options.Password ?? string.Empty, cancellationToken).ConfigureAwait(false);
            }

            await client.SendAsync(mail, cancellationToken).ConfigureAwait(false);
            await LeaveAsync(client, cancellationToken).ConfigureAwait(false);
            return client.Refused.Count == 0 ? SendOutcome.Delivered : SendOutcome.Delivered with { Reason = Describe(client.Refused) };
        }
        catch (SmtpCommandException e)
        {
            var code = (int)e.StatusCode;
            var reason = string.Create(CultureInfo.InvariantCulture, $"the mail server answered {code}");

            // What the server refuses for good about the message or an address stays refused; whom it does not know may be let in later.
            return code >= 500 && e.ErrorCode is SmtpErrorCode.RecipientNotAccepted or SmtpErrorCode.MessageNotAccepted && code != 530 ? SendOutcome.Dead(reason) : SendOutcome.Retry(reason);
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

    private static string Describe(List<SmtpResponse> refused) =>
        string.Create(CultureInfo.InvariantCulture, $"the mail server refused {refused.Count} of the recipients ({string.Join(", ", refused.Select(r => (int)r.StatusCode).Distinct().Order())}); the others have it");

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

    /// <summary>One recipient whom the server does not take must not keep the message from the others, who may be all that is left of a team.</summary>
    private sealed class LenientClient : SmtpClient
    {
        /// <summary>Gets the answers to the recipients that were refused.</summary>
        public List<SmtpResponse> Refused { get; } = [];

        protected override void OnRecipientNotAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) => Refused.Add(response);

        protected override void OnNoRecipientsAccepted(MimeMessage message)
        {
            // For good only where every answer is.
            var last = Refused.MinBy(r => (int)r.StatusCode)!;
            throw new SmtpCommandException(SmtpErrorCode.RecipientNotAccepted, last.StatusCode, last.Response);
        }
    }
}
