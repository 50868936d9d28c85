namespace Ascob.Server.Background;

/// <summary>Where Hangfire keeps its jobs. Bound to <c>Ascob:Hangfire</c>.</summary>
internal sealed class HangfireOptions
{
    public const string Section = "Ascob:Hangfire";

    /// <summary>Gets or sets the storage. Losing it loses no run.</summary>
    public HangfireStorage Storage { get; set; } = HangfireStorage.InMemory;

    /// <summary>Gets or sets how many of its jobs run at once; null for one for each backend and four more.</summary>
    public int? WorkerCount { get; set; }
}

/// <summary>See <see cref="HangfireOptions"/>.</summary>
internal enum HangfireStorage
{
    /// <summary>In this process; the default.</summary>
    InMemory,

    /// <summary>In Ascob's own database (PostgreSQL or SQL Server), shared by its servers.</summary>
    Database,
}
