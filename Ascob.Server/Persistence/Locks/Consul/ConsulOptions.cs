namespace Ascob.Server.Persistence.Locks.Consul;

/// <summary>How locks are kept in Consul. Bound to <c>Ascob:Locks:Consul</c>.</summary>
internal sealed class ConsulOptions
{
    public const string Section = "Ascob:Locks:Consul";
    public const string DefaultKeyPrefix = "ascob/locks/";

    /// <summary>Gets or sets the agent.</summary>
    public string Url { get; set; } = "http://127.0.0.1:8500";

    /// <summary>Gets or sets the ACL token; null for none.</summary>
    public string? Token { get; set; }

    /// <summary>Gets or sets what stands before the name of a lock in Consul.</summary>
    public string KeyPrefix { get; set; } = DefaultKeyPrefix;

    /// <summary>Gets or sets how long a session lives without renewal; Consul may let it live twice as long.</summary>
    public TimeSpan SessionTtl { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets or sets how long a lock that was lost with its session is kept from everybody. It need not be long, because the database has the last word among runs.</summary>
    public TimeSpan LockDelay { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Gets or sets how long a call may take.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Gets or sets how the agent is known and how it knows this server.</summary>
    public ConsulTlsOptions Tls { get; set; } = new();

    /// <summary>Gets or sets how long a look at the locks waits for a change.</summary>
    public TimeSpan WatchWait { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Gets or sets how often what is kept is compared with what Consul has.</summary>
    public TimeSpan KeepInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets or sets how often a lock in lock-delay is tried: no event tells of its end.</summary>
    public TimeSpan DelayRetry { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Gets or sets how long a lock may be held in Consul by a session of ours without being known to the database, as between the two halves of a grant.</summary>
    public TimeSpan OrphanAfter { get; set; } = TimeSpan.FromSeconds(15);
}

/// <summary>See <see cref="ConsulOptions.Tls"/>.</summary>
internal sealed class ConsulTlsOptions
{
    /// <summary>Gets or sets a PEM file with the authorities that vouch for the agent; null for those of the system.</summary>
    public string? CaFile { get; set; }

    /// <summary>Gets or sets a PEM file with the certificate of this server; null for none.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>Gets or sets the PEM file of its key; null where it is in the same file.</summary>
    public string? KeyFile { get; set; }
}
