namespace Ascob.Server.Configuration;

/// <summary>What concerns the server as a whole. Bound to <c>Ascob</c>.</summary>
internal sealed class AscobOptions
{
    public const string Section = "Ascob";

    /// <summary>Gets or sets where this server keeps its files; relative paths start at the working directory.</summary>
    public string DataDirectory { get; set; } = "./data";

    /// <summary>Gets or sets the base of callback URLs, as jobs reach this server; null for the address it listens on.</summary>
    public string? PublicUrl { get; set; }

    /// <summary>Gets or sets the name of this server in leases and events; null for the host's name, on a shared database with a part of the data directory's own.</summary>
    public string? ServerName { get; set; }

    /// <summary>Gets or sets the addresses or networks of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.</summary>
    public IList<string> TrustedProxies { get; set; } = [];

    /// <summary>
    /// Gets or sets how long the server goes on serving after SIGTERM while <c>/healthz/ready</c> already says 503, so that load balancers notice; null for <see cref="UsualShutdownDelay"/> in Production
    /// on a database that servers share, and for none otherwise.
    /// </summary>
    public TimeSpan? ShutdownDelay { get; set; }

    public static TimeSpan UsualShutdownDelay => TimeSpan.FromSeconds(5);

    /// <summary>Answers the delay that holds.</summary>
    public static TimeSpan ShutdownDelayOf(IConfiguration configuration, IHostEnvironment environment) =>
        configuration.GetValue<TimeSpan?>($"{Section}:{nameof(ShutdownDelay)}")
        ?? (environment.IsProduction() && !"Sqlite".Equals(configuration["Ascob:Database:Provider"] ?? "Sqlite", StringComparison.OrdinalIgnoreCase)
            ? UsualShutdownDelay
            : TimeSpan.Zero);

    public string AbsoluteDataDirectory => Path.GetFullPath(DataDirectory);
}
