using Ascob.Core.Notifications;

namespace Ascob.Backends.Notifications;

/// <summary>Makes the ways to all kinds of receivers.</summary>
public static class NotificationSendersRegistration
{
    /// <summary>Makes them. They live as long as the process.</summary>
    public static IReadOnlyList<INotificationSender> Create(NotificationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var http = new GuardedHttp(new AddressRules(options.AllowedInternal));
        return
        [
            new WebhookSender(http), new Kuroko2Sender(http), new OverseerSender(http), new SlackSender(http), new PagerDutySender(http), new MailSender(options.Mail),
        ];
    }

    /// <summary>Makes the question whether a host in an address that a user gave is inside the house by its very spelling, so that he is told at once.</summary>
    public static Func<string, bool> Refuses(NotificationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var rules = new AddressRules(options.AllowedInternal);
        return host =>
            System.Net.IPAddress.TryParse(host.Trim('[', ']'), out var address)
                ? !rules.Allows(host.Trim('[', ']'), address)
                : (host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)) && !rules.Allows(host, System.Net.IPAddress.Loopback);
    }
}
