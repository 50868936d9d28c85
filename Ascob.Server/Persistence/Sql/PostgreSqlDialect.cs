using System.Data.Common;
using System.Net.Sockets;
using Npgsql;

namespace Ascob.Server.Persistence.Sql;

/// <summary>PostgreSQL 13 or newer.</summary>
internal sealed class PostgreSqlDialect : SqlDialect, IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlDataSource _planned;

    public PostgreSqlDialect(string connectionString, TimeSpan longestWait)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        var given = new DbConnectionStringBuilder { ConnectionString = connectionString };
        SetUnlessGiven(given, "Maximum Pool Size", () => settings.MaxPoolSize = 60);
        SetUnlessGiven(given, "Max Auto Prepare", () => settings.MaxAutoPrepare = 100);
        SetUnlessGiven(given, "Auto Prepare Min Usages", () => settings.AutoPrepareMinUsages = 2);
        SetUnlessGiven(given, "Timeout", () => settings.Timeout = Math.Max(1, (int)longestWait.TotalSeconds));
        SetUnlessGiven(given, "Command Timeout", () => settings.CommandTimeout = Math.Max(1, (int)longestWait.TotalSeconds));
        _source = NpgsqlDataSource.Create(settings);

        // A prepared statement gets one plan for all values, and a search for a rare label then walks a million runs.
        settings.MaxAutoPrepare = 0;
        settings.MaxPoolSize = Math.Min(settings.MaxPoolSize, LargestSearchPool);
        _planned = NpgsqlDataSource.Create(settings);
    }

    private const int LargestSearchPool = 12;

    public override DatabaseProvider Provider => DatabaseProvider.PostgreSql;

    public override bool NumbersParameters => true;

    public override string Now => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS bigint)";

    public override bool BatchIsTransaction => true;

    public override string ForUpdate => " FOR UPDATE";

    public override async Task<DbConnection> OpenAsync(CancellationToken cancellationToken) => await _source.OpenConnectionAsync(cancellationToken);

    public override async Task<DbConnection> OpenPlannedAsync(CancellationToken cancellationToken) => await _planned.OpenConnectionAsync(cancellationToken);

    public override DbParameter CreateParameter(string? name) => new NpgsqlParameter();

    public override bool IsUnavailable(Exception exception) => exception switch
    {
        // Connections, resources (disk full, too many connections), the operator (shutdown, cancelled by timeout), locks, i/o, a standby.
        PostgresException e => e.SqlState is ['0', '8', ..] or ['5', '3', ..] or ['5', '7', ..] or ['5', '8', ..] or "55P03" or "25006" || IsContention(e),
        NpgsqlException or SocketException or IOException or TimeoutException => true,
        _ => false,
    };

    public override bool IsContention(Exception exception) => exception is PostgresException { SqlState: "40P01" or "40001" };

    public override bool IsServerRefusal(Exception exception) =>
        exception is PostgresException { SqlState: not (['0', '8', ..] or ['5', '7', 'P', ..]) };

    public override bool IsDuplicate(Exception exception) => exception is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };

    public async ValueTask DisposeAsync()
    {
        await _planned.DisposeAsync();
        await _source.DisposeAsync();
    }

    private static void SetUnlessGiven(DbConnectionStringBuilder given, string name, Action set)
    {
        if (!given.ContainsKey(name))
        {
            set();
        }
    }
}
