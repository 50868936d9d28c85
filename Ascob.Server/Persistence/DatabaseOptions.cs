using System.ComponentModel.DataAnnotations;

namespace Ascob.Server.Persistence;

/// <summary>Where runs are kept. Bound to <c>Ascob:Database</c>.</summary>
internal sealed class DatabaseOptions
{
    public const string Section = "Ascob:Database";

    public DatabaseProvider Provider { get; set; } = DatabaseProvider.Sqlite;

    /// <summary>Gets or sets the connection string; null with SQLite means <c>ascob.db</c> in the data directory.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>Gets or sets how long a call waits for a locked or slow database before it is answered "not now".</summary>
    public TimeSpan LongestWait { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets how long the start waits for a database server that is not up yet.</summary>
    public TimeSpan StartWait { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Gets or sets how many changes may wait to be written before callers are told to come again.</summary>
    [Range(1, 1_000_000)]
    public int WriteQueue { get; set; } = 8192;
}

/// <summary>The databases that Ascob runs on.</summary>
internal enum DatabaseProvider
{
    /// <summary>One file, one server.</summary>
    Sqlite,

    /// <summary>Any number of servers.</summary>
    PostgreSql,

    /// <summary>Any number of servers.</summary>
    SqlServer,
}
