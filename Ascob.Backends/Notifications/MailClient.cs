using MailKit.Net.Smtp;
using MimeKit;

namespace Ascob.Backends.Notifications;

/// <summary>A client that does not give a mail up because the server does not take one of its recipients: it notes which, and goes on with the others.</summary>
internal sealed class MailClient : SmtpClient
{
    private readonly List<(string Address, int Code)> _refused = [];

    /// <summary>Gets the recipients that the server did not take, each with its answer.</summary>
    public IReadOnlyList<(string Address, int Code)> Refused => _refused;

    /// <inheritdoc/>
    protected override void OnRecipientNotAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) => _refused.Add((mailbox.Address, (int)response.StatusCode));
}
