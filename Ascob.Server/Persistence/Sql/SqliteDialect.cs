using System.Data;
using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Ascob.Server.Persistence.Sql;

/// <summary>SQLite in WAL mode with full sync: readers beside one writer.</summary>
internal sealed class SqliteDialect(string connectionString, TimeSpan longestWait) : SqlDialect
{
    // In pages. Copying the log is the checkpointer's work; this is the limit for when it cannot.
    private const int LargestLog = 16_384;
    private const int PageSize = 4096;
    private const int Busy = 5;
    private const int Locked = 6;
    private const int ReadOnly = 8;
    private const int IoError = 10;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int UniqueConstraint = 2067;
    private const int PrimaryKeyConstraint = 1555;
    private const int RowIdConstraint = 2579;

    public override DatabaseProvider Provider => DatabaseProvider.Sqlite;

    public override bool KeepsConnections => true;

    public override string Now => "CAST((julianday('now') - 2440587.5) * 86400000000.0 AS INTEGER)";

    public override async Task<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = new SqliteConnection(connectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            await using var command = connection.CreateCommand();
            var milliseconds = (long)longestWait.TotalMilliseconds;
            command.CommandText =
                $"PRAGMA busy_timeout = {milliseconds}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; "
                + $"PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000; PRAGMA wal_autocheckpoint = {LargestLog}; PRAGMA journal_size_limit = {LargestLog * PageSize};";
            await command.ExecuteNonQueryAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public override DbParameter CreateParameter(string? name) => new SqliteParameter { ParameterName = name };

    // Values carry their own type here, and setting it again costs more than the insert of a label.
    public override void SetParameter(DbParameter parameter, DbType type, object value) => parameter.Value = value;

    public override bool IsUnavailable(Exception exception) =>
        exception is SqliteException { SqliteErrorCode: Busy or Locked or ReadOnly or IoError or Full or CannotOpen };

    // The outcome of a commit whose flush failed is not known.
    public override bool IsServerRefusal(Exception exception) => exception is SqliteException { SqliteErrorCode: not IoError };

    // Not every constraint: what a check or a trigger refuses is no duplicate.
    public override bool IsDuplicate(Exception exception) =>
        exception is SqliteException { SqliteExtendedErrorCode: UniqueConstraint or PrimaryKeyConstraint or RowIdConstraint };
}
