using System.Collections.Concurrent;
using System.Data.Common;
using System.Globalization;
using Ascob.Core.Jobs;
using Ascob.Server.Persistence.Runs;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Locks;

/// <summary>The statements about locks.</summary>
internal sealed class LockSql(SqlDialect dialect)
{
    private const string Columns = "l.run_id, l.lock_key, l.ticket, l.mode, l.policy, l.requested_at, l.granted_at, l.fence, r.submitter";
    private const string Source = "lock_requests AS l LEFT JOIN runs AS r ON r.id = l.run_id";
    private const string IsStale = "NOT EXISTS (SELECT 1 FROM runs WHERE runs.id = lock_requests.run_id AND runs.status NOT IN ('SUCCEEDED', 'FAILED', 'ABORTED'))";

    // A statement is known by itself to the sessions that prepared it, so each is made once.
    private readonly ConcurrentDictionary<int, SqlStatement> _requests = new();

    /// <summary>Gets the statement that lets only one transaction decide about locks; null where there is only one writer anyway.</summary>
    public SqlStatement? Serialise { get; } = dialect.Provider switch
    {
        DatabaseProvider.Sqlite => null,
        // A server that stands still in the middle must not keep all others from granting.
        DatabaseProvider.PostgreSql => dialect.Statement("SELECT set_config('idle_in_transaction_session_timeout', '10000', true), pg_advisory_xact_lock(4707126834961171)"),
        DatabaseProvider.SqlServer => dialect.Statement(
            "DECLARE @_answer int; EXEC @_answer = sp_getapplock @Resource = N'ascob-locks', @LockMode = N'Exclusive', @LockOwner = N'Transaction', @LockTimeout = 5000; "
            + "IF @_answer < 0 THROW 51222, N'The lock table is busy.', 1;"),
    };

    public SqlStatement All { get; } = dialect.Statement($"SELECT {Columns} FROM {Source} ORDER BY l.lock_key, l.ticket");

    public SqlStatement Competing { get; } = dialect.Statement(
        $"SELECT {Columns} FROM {Source} WHERE l.lock_key IN (SELECT m.lock_key FROM lock_requests AS m WHERE m.run_id = @id)");

    public SqlStatement Verify { get; } = dialect.Statement(
        "SELECT run_id FROM lock_requests WHERE lock_key = @key0 AND fence = @fence AND granted_at IS NOT NULL");

    public SqlStatement Holders { get; } = dialect.Statement("SELECT run_id FROM lock_requests WHERE lock_key = @key0 AND granted_at IS NOT NULL ORDER BY run_id");

    public SqlStatement DeleteHolders { get; } = dialect.Statement("DELETE FROM lock_requests WHERE lock_key = @key0 AND granted_at IS NOT NULL");

    public SqlStatement DeleteOf { get; } = dialect.Statement("DELETE FROM lock_requests WHERE run_id = @id");

    public SqlStatement Stale { get; } = dialect.Statement($"SELECT lock_key FROM lock_requests WHERE {IsStale}");

    public SqlStatement DeleteStale { get; } = dialect.Statement($"DELETE FROM lock_requests WHERE {IsStale}");

    public SqlStatement FindFence { get; } = dialect.Statement("SELECT fence FROM lock_fences WHERE lock_key = @key0");

    public SqlStatement NoteFence { get; } = dialect.Statement(dialect.Provider == DatabaseProvider.SqlServer
        ? "UPDATE lock_fences SET fence = @fence WHERE lock_key = @key0; IF @@ROWCOUNT = 0 INSERT INTO lock_fences (lock_key, fence) VALUES (@key0, @fence);"
        : "INSERT INTO lock_fences (lock_key, fence) VALUES (@key0, @fence) ON CONFLICT (lock_key) DO UPDATE SET fence = excluded.fence");

    public SqlStatement Grant { get; } = dialect.Statement("UPDATE lock_requests SET granted_at = @granted_at, fence = @fence WHERE run_id = @id AND lock_key = @key0");

    public SqlStatement Count { get; } = dialect.Statement(
        "SELECT COUNT(DISTINCT CASE WHEN granted_at IS NOT NULL THEN lock_key END), COUNT(CASE WHEN granted_at IS NULL THEN 1 END) FROM lock_requests");

    /// <summary>Lets only one transaction decide about locks, on all servers together, until its end.</summary>
    public async Task SerialiseAsync(DbSession session, CancellationToken cancellationToken)
    {
        if (Serialise is { } serialise)
        {
            await session.Command(serialise).ExecuteAsync(cancellationToken);
        }
    }

    /// <summary>Gets the statement that finds all requests for so many locks.</summary>
    public SqlStatement Requests(int keys) => _requests.GetOrAdd(keys, RequestsOf);

    private SqlStatement RequestsOf(int keys) => dialect.Statement(
        $"SELECT {Columns} FROM {Source} WHERE l.lock_key IN ({string.Join(", ", Enumerable.Range(0, keys).Select(i => $"@key{i}"))})");

    public SqlArgs BindKeys(SqlArgs args, IReadOnlyList<string> keys)
    {
        for (var i = 0; i < keys.Count; i++)
        {
            args.Text(string.Create(CultureInfo.InvariantCulture, $"key{i}"), dialect.EncodeKey(keys[i]));
        }

        return args;
    }

    public StoredLock Read(DbDataReader row) => new(
        row.GetInt64(0),
        dialect.DecodeKey(row.GetString(1)),
        row.GetInt64(2),
        Enum.Parse<LockMode>(row.GetString(3)),
        Enum.Parse<LockPolicy>(row.GetString(4)),
        UtcMicroseconds.To(row.GetInt64(5)),
        RunColumns.Time(row, 6),
        RunColumns.Long(row, 7),
        RunColumns.Text(row, 8));
}

/// <summary>A row of <c>lock_requests</c>.</summary>
internal sealed record StoredLock(
    long RunId,
    string Key,
    long Ticket,
    LockMode Mode,
    LockPolicy Policy,
    DateTimeOffset RequestedAt,
    DateTimeOffset? GrantedAt,
    long? Fence,
    string? Submitter)
{
    public bool IsGranted => GrantedAt is not null;
}
