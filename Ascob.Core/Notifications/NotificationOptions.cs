namespace Ascob.Core.Notifications;

/// <summary>How notifications are delivered. Bound to <c>Ascob:Notifications</c>.</summary>
public sealed class NotificationOptions
{
    /// <summary>The section of the configuration.</summary>
    public const string Section = "Ascob:Notifications";

    /// <summary>Gets or sets how long one attempt may take.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Gets how long a message belongs to the server that sends it.</summary>
    public TimeSpan Lease => Timeout + TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets how many messages may be on their way to one receiver at once, per server.</summary>
    public int MaxConcurrentPerReceiver { get; set; } = 4;

    /// <summary>Gets or sets to how many receivers that answer messages may be on their way at once, per server; a quarter of it besides to those that are away.</summary>
    public int MaxReceiversAtOnce { get; set; } = 64;

    /// <summary>Gets or sets the pause after the first failure; it doubles with each further one.</summary>
    public TimeSpan FirstRetry { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets the longest pause.</summary>
    public TimeSpan LongestRetry { get; set; } = TimeSpan.FromHours(6);

    /// <summary>Gets or sets after which time a message that could not be delivered is dead.</summary>
    public TimeSpan GiveUpAfter { get; set; } = TimeSpan.FromDays(3);

    /// <summary>Gets or sets how long delivered messages are remembered.</summary>
    public TimeSpan KeepDelivered { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Gets or sets how long dead messages are kept.</summary>
    public TimeSpan KeepDead { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Gets or sets host names, addresses and networks inside the house that receivers may have.</summary>
    public IList<string> AllowedInternal { get; set; } = [];

    /// <summary>Gets or sets the mail server.</summary>
    public MailOptions Mail { get; set; } = new();
}

/// <summary>The server that mails are handed to. Bound to <c>Ascob:Notifications:Mail</c>.</summary>
public sealed class MailOptions
{
    /// <summary>Gets or sets its name; null: no mail is sent.</summary>
    public string? Host { get; set; }

    /// <summary>Gets or sets its port.</summary>
    public int Port { get; set; } = 587;

    /// <summary>Gets or sets how the connection is protected.</summary>
    public MailSecurity Security { get; set; } = MailSecurity.StartTls;

    /// <summary>Gets or sets the user; null for none.</summary>
    public string? UserName { get; set; }

    /// <summary>Gets or sets the password.</summary>
    public string? Password { get; set; }

    /// <summary>Gets or sets the sender's address.</summary>
    public string? From { get; set; }
}

/// <summary>How the connection to the mail server is protected.</summary>
public enum MailSecurity
{
    /// <summary>The server is asked to encrypt, and refused where it does not.</summary>
    StartTls,

    /// <summary>Encrypted from the first byte.</summary>
    Tls,

    /// <summary>In clear; for a server on the same machine or in a trusted network.</summary>
    None,
}
