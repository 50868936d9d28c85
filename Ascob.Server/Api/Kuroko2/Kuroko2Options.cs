namespace Ascob.Server.Api.Kuroko2;

/// <summary>kuroko2's execution API. Bound to <c>Ascob:Kuroko2</c>.</summary>
internal sealed class Kuroko2Options
{
    public const string Section = "Ascob:Kuroko2";

    /// <summary>Gets or sets the applications that may use it, each with its key; none closes it.</summary>
    public Dictionary<string, string> Applications { get; set; } = new(StringComparer.Ordinal);

    /// <summary>Gets or sets whether the statistics answer without credentials; null where they do as soon as there is an application.</summary>
    public bool? StatsOpen { get; set; }

    /// <summary>Gets or sets own tasks of scripts by name, each with its shell command.</summary>
    public Dictionary<string, string> CustomTasks { get; set; } = new(StringComparer.Ordinal);

    /// <summary>Gets or sets the secret that webhooks of definitions are signed with; null for none.</summary>
    public string? WebhookSecret { get; set; }

    /// <summary>Gets or sets the incoming webhook of Slack through which definitions reach their channels; null: they reach none.</summary>
    public string? SlackWebhookUrl { get; set; }

    /// <summary>Gets or sets the mail address that gets a copy of every mail to owners; it is mailed to alone where no owner of a definition has an address. Null for none.</summary>
    public string? MailTo { get; set; }

    /// <summary>Gets or sets the IANA name of the time zone of <c>cron</c>; null for that of the server.</summary>
    public string? TimeZone { get; set; }
}
