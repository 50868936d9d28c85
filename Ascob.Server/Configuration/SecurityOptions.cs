namespace Ascob.Server.Configuration;

/// <summary>Who may do what. Bound to <c>Ascob:Security</c>.</summary>
internal sealed class SecurityOptions
{
    public const string Section = "Ascob:Security";

    /// <summary>The shortest configured token that is accepted where others could reach the server.</summary>
    public const int ShortestToken = 24;

    /// <summary>Gets or sets the token with all permissions; null for issued tokens only.</summary>
    public string? RootToken { get; set; }

    /// <summary>Gets or sets further fixed tokens.</summary>
    public FixedTokenOptions Tokens { get; set; } = new();

    /// <summary>Gets or sets whether <c>/metrics</c> answers without a token.</summary>
    public bool MetricsOpen { get; set; }

    /// <summary>Gets or sets how many refused tokens an address may send in a minute before it gets 429.</summary>
    public int MaxFailuresPerMinute { get; set; } = 10;

    /// <summary>Gets or sets how long a sign-in to the dashboard lasts.</summary>
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromHours(8);

    /// <summary>Gets or sets whether this start may take the place of the key that the database was first used with.</summary>
    public bool ReplaceEncryptionKey { get; set; }
}

/// <summary>Fixed tokens by what they may do.</summary>
internal sealed class FixedTokenOptions
{
    /// <summary>Gets or sets tokens of backends that report.</summary>
    public IList<string> Webhook { get; set; } = [];

    /// <summary>Gets or sets tokens of portals: everything about runs.</summary>
    public IList<string> JobManager { get; set; } = [];
}
