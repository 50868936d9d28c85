namespace Ascob.Server.Repository;

/// <summary>The Git repository of job definitions. Bound to <c>Ascob:Repository</c>.</summary>
internal sealed class RepositoryOptions
{
    public const string Section = "Ascob:Repository";

    /// <summary>Gets or sets where it is: an address that Git knows, or a path on this machine; null for no repository.</summary>
    public string? Url { get; set; }

    /// <summary>Gets or sets the branch; null for the one that the repository names itself.</summary>
    public string? Branch { get; set; }

    /// <summary>Gets or sets the directory in it that counts as its root.</summary>
    public string Path { get; set; } = string.Empty;

    /// <summary>Gets or sets the name to sign in with.</summary>
    public string? Username { get; set; }

    /// <summary>Gets or sets the password to sign in with.</summary>
    public string? Password { get; set; }

    /// <summary>Gets or sets the token to sign in with instead.</summary>
    public string? Token { get; set; }

    /// <summary>Gets or sets the file of the authorities, in PEM form, that may have signed the certificate of its host besides those that the system knows; null for none.</summary>
    public string? CaFile { get; set; }

    /// <summary>Gets or sets the command that reaches its host by SSH. It has nobody whom it could ask for a password or whether a host is known.</summary>
    public string SshCommand { get; set; } = "ssh -o BatchMode=yes";

    /// <summary>Gets or sets the most bytes that one look may fetch.</summary>
    public long MaxFetchBytes { get; set; } = 2L << 30;

    /// <summary>Gets or sets how often it is looked at; zero for only when somebody asks.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Gets or sets how long it may take to answer.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Gets or sets whether a new commit is applied at once; otherwise somebody does that.</summary>
    public bool AutoApply { get; set; } = true;

    /// <summary>Gets or sets the secret of the webhook that has it looked at; null for no webhook.</summary>
    public string? WebhookSecret { get; set; }

    /// <summary>Gets or sets the secret that the messages to its hooks are signed with; null for no signature.</summary>
    public string? HookSecret { get; set; }

    /// <summary>Gets or sets the secret before, which they are signed with besides while receivers change over; null for none.</summary>
    public string? PreviousHookSecret { get; set; }

    /// <summary>Gets or sets the backend that runs its jobs; null for any shell backend of a server.</summary>
    public string? Backend { get; set; }

    /// <summary>Gets or sets how long the files of a commit are kept after their last use.</summary>
    public TimeSpan KeepCheckouts { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Gets whether there is one.</summary>
    public bool IsConfigured => !string.IsNullOrWhiteSpace(Url);
}
