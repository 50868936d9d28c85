using System.Collections.Concurrent;
using System.Data.Common;
using Ascob.Server.Persistence.Runs;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Locks;

/// <summary>The statements about locks that are kept in Consul.</summary>
internal sealed class LockKeepSql(SqlDialect dialect)
{
    private const string Holder = "(SELECT MIN(r.run_id) FROM lock_requests AS r WHERE r.lock_key = lock_keeps.lock_key AND r.granted_at IS NOT NULL)";

    private const string Columns = $"lock_key, session, server, modify_index, create_index, quarantined_at, {Holder}";

    // Granted while locks lay in the database alone: Consul has never held them, so they are taken there like those that it lost.
    private const string NeverKept =
        "SELECT g.lock_key, '', '', 0, 0, MIN(g.granted_at), MIN(g.run_id) FROM lock_requests AS g "
        + "WHERE g.granted_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM lock_keeps AS k WHERE k.lock_key = g.lock_key)";

    // A statement is known by itself to the sessions that prepared it, so each is made once.
    private readonly ConcurrentDictionary<int, SqlStatement> _some = new();

    public SqlStatement All { get; } = dialect.Statement($"SELECT {Columns} FROM lock_keeps UNION ALL {NeverKept} GROUP BY g.lock_key");

    public SqlStatement Update { get; } = dialect.Statement(
        "UPDATE lock_keeps SET session = @session, server = @server, modify_index = @modify_index, quarantined_at = NULL, "
        + "create_index = CASE WHEN create_index = @create_index OR @create_index = @modify_index THEN @create_index ELSE 0 END "
        + "WHERE lock_key = @key0 AND modify_index < @modify_index");

    public SqlStatement Insert { get; } = dialect.Statement(
        "INSERT INTO lock_keeps (lock_key, session, server, modify_index, create_index) "
        + "SELECT @key0, @session, @server, @modify_index, CASE WHEN @create_index = @modify_index THEN @create_index ELSE 0 END "
        + "WHERE NOT EXISTS (SELECT 1 FROM lock_keeps WHERE lock_key = @key0)");

    public SqlStatement Quarantine { get; } = dialect.Statement(
        "UPDATE lock_keeps SET quarantined_at = @at WHERE lock_key = @key0 AND modify_index = @modify_index AND quarantined_at IS NULL");

    public SqlStatement QuarantineAll { get; } = dialect.Statement("UPDATE lock_keeps SET modify_index = 0, create_index = 0, quarantined_at = COALESCE(quarantined_at, @at)");

    public SqlStatement Drop { get; } = dialect.Statement(
        $"DELETE FROM lock_keeps WHERE lock_key = @key0 AND modify_index = @modify_index AND {Holder} IS NULL");

    public SqlStatement Leave { get; } = dialect.Statement("UPDATE lock_keeps SET server = '' WHERE session = @session");

    public SqlStatement CountQuarantined { get; } = dialect.Statement(
        $"SELECT COUNT(*) FROM lock_keeps WHERE quarantined_at IS NOT NULL AND {Holder} IS NOT NULL");

    public SqlStatement Memory { get; } = dialect.Statement("SELECT name, value FROM metadata WHERE name LIKE 'consul.%'");

    public SqlStatement Remember { get; } = dialect.Statement("UPDATE metadata SET value = @value WHERE name = @name");

    public SqlStatement RememberNew { get; } = dialect.Statement(
        "INSERT INTO metadata (name, value) SELECT @name, @value WHERE NOT EXISTS (SELECT 1 FROM metadata WHERE name = @name)");

    public SqlStatement Forget { get; } = dialect.Statement("DELETE FROM metadata WHERE name = @name");

    /// <summary>Gets the statement that finds so many locks by their names.</summary>
    public SqlStatement Some(int keys) => _some.GetOrAdd(
        keys,
        n =>
        {
            var names = string.Join(", ", Enumerable.Range(0, n).Select(i => $"@key{i}"));
            return dialect.Statement($"SELECT {Columns} FROM lock_keeps WHERE lock_key IN ({names}) UNION ALL {NeverKept} AND g.lock_key IN ({names}) GROUP BY g.lock_key");
        });

    public KeptLock Read(DbDataReader row) => new(
        dialect.DecodeKey(row.GetString(0)),
        row.GetString(1),
        row.GetString(2),
        row.GetInt64(3),
        row.GetInt64(4),
        RunColumns.Time(row, 5),
        RunColumns.Long(row, 6));
}
