using System.Globalization;
using System.Net.Sockets;
using Ascob.Core.Notifications;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;

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
        try
        {
            using var client = new SmtpClient();
            await client.ConnectAsync(options.Host, options.Port, Security(), cancellationToken).ConfigureAwait(false);
            if (options.UserName is not null)
            {
                await client.AuthenticateAsync(options.UserName, options.Password ?? string.Empty, cancellationToken).ConfigureAwait(false);
            }

            await client.SendAsync(mail, cancellationToken).ConfigureAwait(false);
            await LeaveAsync(client, cancellationToken).ConfigureAwait(false);
            return SendOutcome.Delivered;
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
                NotSupportedException => "the mail server does not encrypt (Ascob:Notifications:Mail:Security)",
                _ => "no connection to the mail server",
            });
        }
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
