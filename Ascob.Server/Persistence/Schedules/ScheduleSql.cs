using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Schedules;

/// <summary>The statements about schedules. What concerns many rows is one statement with a document of them on a server, and one small statement each on SQLite, where a statement costs microseconds.</summary>
internal sealed class ScheduleSql
{
    public const string Columns = "id, definition_id, version, fingerprint, spec, created_at, updated_at, changed_by, next_tick, next_at";
    public const string SuspensionColumns = "id, definition_id, fingerprint, spec, created_at, created_by";
    public const string TickColumns = "schedule_id, tick, due_at, state, owner, look_at, attempts, run_id, missed, reason, claimed_at, settled_at";

    private const string NamedColumns = $"{Columns}, (SELECT d.name FROM definitions AS d WHERE d.id = schedules.definition_id)";
    private const string NewColumns = "definition_id, version, fingerprint, spec, priority, created_at, updated_at, changed_by";
    private const string NewValues = "@definition_id, @version, @fingerprint, @spec, @priority, @created_at, @updated_at, @changed_by";
    private const string SuspensionValues = "@definition_id, @fingerprint, @spec, @created_at, @created_by";
    private const string NewTickColumns = "schedule_id, tick, due_at, state, owner, look_at, attempts, missed, reason, claimed_at, settled_at";

    private readonly SqlDialect _dialect;

    public ScheduleSql(SqlDialect dialect)
    {
        _dialect = dialect;
        var isSqlServer = dialect.Provider == DatabaseProvider.SqlServer;
        var readPast = isSqlServer ? " WITH (UPDLOCK, ROWLOCK, READPAST)" : string.Empty;
        var skipLocked = dialect.Provider == DatabaseProvider.PostgreSql ? " FOR UPDATE SKIP LOCKED" : string.Empty;
        LockDefinition = dialect.Provider switch
        {
            DatabaseProvider.Sqlite => null,

            // A server that stands still in the middle must not keep others from changing the definition's schedules.
            DatabaseProvider.PostgreSql => dialect.Statement(
                "SELECT set_config('idle_in_transaction_session_timeout', '10000', true), pg_advisory_xact_lock(1396917332, CAST(CAST(@definition_id AS bigint) % 2147483647 AS int))"),
            DatabaseProvider.SqlServer => dialect.Statement(
                "DECLARE @_name nvarchar(60) = CONCAT(N'ascob-schedules-', @definition_id), @_answer int; EXEC @_answer = sp_getapplock @Resource = @_name, @LockMode = N'Exclusive', @LockOwner = N'Transaction', "
                + "@LockTimeout = 5000; IF @_answer < 0 THROW 51222, N'The schedules of the definition are busy.', 1;"),
        };
        Insert = dialect.Statement(InsertOnce("schedules", NewColumns, NewValues));
        Find = dialect.Statement($"SELECT {Columns} FROM schedules WHERE id = @id");
        FindEqual = dialect.Statement("SELECT id FROM schedules WHERE definition_id = @definition_id AND fingerprint = @fingerprint");
        FindForChange = dialect.Statement($"SELECT {Columns} FROM schedules{dialect.UpdateLock} WHERE id = @id{dialect.ForUpdate}");
        ByIds = dialect.Statement($"SELECT {NamedColumns} FROM schedules WHERE {IsAmong("id")}");
        Suspensions = dialect.Statement($"SELECT {SuspensionColumns} FROM schedule_suspensions WHERE {IsAmong("definition_id")} ORDER BY id");
        List = dialect.Statement($"SELECT{dialect.Top} {Columns} FROM schedules WHERE id > @after ORDER BY id{dialect.Limit}");
        ListOfDefinition = dialect.Statement($"SELECT{dialect.Top} {Columns} FROM schedules WHERE definition_id = @definition_id AND id > @after ORDER BY id{dialect.Limit}");
        LockOfDefinition = dialect.Statement($"SELECT {Columns} FROM schedules{dialect.UpdateLock} WHERE definition_id = @definition_id ORDER BY id{dialect.ForUpdate}");
        Replace = dialect.Statement(
            "UPDATE schedules SET version = version + 1, fingerprint = @fingerprint, spec = @spec, priority = @priority, updated_at = @updated_at, changed_by = @changed_by, "
            + "next_tick = @next_tick, next_at = @next_at WHERE id = @id AND version = @version");
        Move = dialect.Statement("UPDATE schedules SET next_tick = @next_tick, next_at = @next_at WHERE id = @id");
        MoveMany = Many(
            Move,
            "WITH j AS (SELECT * FROM jsonb_to_recordset(CAST(@rows AS jsonb)) AS j(id bigint, next bigint, at bigint)), "
            + "u AS (UPDATE schedules s SET next_tick = j.next, next_at = j.at FROM j WHERE s.id = j.id RETURNING 1) SELECT count(*)::int FROM u",
            "SET NOCOUNT ON; UPDATE s SET next_tick = j.next, next_at = j.at FROM schedules AS s INNER JOIN OPENJSON(@rows) WITH (id bigint '$.id', next bigint '$.next', at bigint '$.at') AS j ON s.id = j.id; SELECT 1;");
        Delete = dialect.Statement("DELETE FROM schedules WHERE id = @id");
        DeleteTicksOf = dialect.Statement("DELETE FROM schedule_ticks WHERE schedule_id = @id");
        DeleteOfDefinition = dialect.Statement("DELETE FROM schedules WHERE definition_id = @definition_id");
        DeleteTicksOfDefinition = dialect.Statement("DELETE FROM schedule_ticks WHERE schedule_id IN (SELECT id FROM schedules WHERE definition_id = @definition_id)");
        DeleteSuspensionsOfDefinition = dialect.Statement("DELETE FROM schedule_suspensions WHERE definition_id = @definition_id");
        InsertSuspension = dialect.Statement(InsertOnce("schedule_suspensions", SuspensionColumns[4..], SuspensionValues));
        DeleteSuspension = dialect.Statement("DELETE FROM schedule_suspensions WHERE id = @id AND definition_id = @definition_id");
        ClaimDue = dialect.Statement(
            $"SELECT{dialect.Top} {NamedColumns} FROM schedules{readPast} WHERE next_at <= @now ORDER BY next_at, priority, id{dialect.Limit}{skipLocked}");
        InsertTick = dialect.Statement(
            $"INSERT INTO schedule_ticks ({NewTickColumns}) VALUES (@schedule_id, @tick, @due_at, @state, @owner, @look_at, 1, @missed, @reason, @now, @settled_at){(dialect.Provider == DatabaseProvider.SqlServer ? string.Empty : " ON CONFLICT DO NOTHING")}");
        const string Of = "id bigint, tick bigint, due bigint, state text, look bigint, missed bigint, reason text, settled bigint";
        const string From = "j.id, j.tick, j.due, j.state, @owner, j.look, 1, j.missed, j.reason, @now, j.settled";
        InsertTicks = Many(
            InsertTick,
            $"INSERT INTO schedule_ticks ({NewTickColumns}) SELECT {From} FROM jsonb_to_recordset(CAST(@rows AS jsonb)) AS j({Of}) ON CONFLICT DO NOTHING RETURNING schedule_id, tick",
            $"INSERT INTO schedule_ticks ({NewTickColumns}) OUTPUT inserted.schedule_id, inserted.tick SELECT {From} FROM OPENJSON(@rows) WITH (id bigint '$.id', tick bigint '$.tick', due bigint '$.due', "
            + "state nvarchar(16) '$.state', look bigint '$.look', missed bigint '$.missed', reason nvarchar(1000) '$.reason', settled bigint '$.settled') AS j "
            + "WHERE NOT EXISTS (SELECT 1 FROM schedule_ticks AS t WITH (UPDLOCK, HOLDLOCK) WHERE t.schedule_id = j.id AND t.tick = j.tick)");
        FindOpen = dialect.Statement($"SELECT{dialect.Top} {TickColumns} FROM schedule_ticks{readPast} WHERE look_at <= @now ORDER BY look_at{dialect.Limit}{skipLocked}");
        TakeOver = dialect.Statement("UPDATE schedule_ticks SET owner = @owner, look_at = @until, attempts = attempts + 1 WHERE schedule_id = @schedule_id AND tick = @tick");
        TakeOverMany = Many(
            TakeOver,
            "WITH j AS (SELECT * FROM jsonb_to_recordset(CAST(@rows AS jsonb)) AS j(id bigint, tick bigint)), u AS (UPDATE schedule_ticks t SET owner = @owner, look_at = @until, attempts = attempts + 1 "
            + "FROM j WHERE t.schedule_id = j.id AND t.tick = j.tick RETURNING 1) SELECT count(*)::int FROM u",
            "SET NOCOUNT ON; UPDATE t SET owner = @owner, look_at = @until, attempts = attempts + 1 FROM schedule_ticks AS t INNER JOIN OPENJSON(@rows) WITH (id bigint '$.id', tick bigint '$.tick') AS j "
            + "ON t.schedule_id = j.id AND t.tick = j.tick; SELECT 1;");
        Settle = dialect.Statement(
            "UPDATE schedule_ticks SET state = @state, run_id = @run_id, reason = @reason, look_at = @look_at, settled_at = @settled_at "
            + $"WHERE schedule_id = @schedule_id AND tick = @tick AND {MaySettle("owner", "look_at", "run_id", "@run_id")}");
        SettleMany = Many(
            Settle,
            "WITH j AS (SELECT * FROM jsonb_to_recordset(CAST(@rows AS jsonb)) AS j(id bigint, tick bigint, state text, run bigint, reason text, look bigint, settled bigint)), "
            + "u AS (UPDATE schedule_ticks t SET state = j.state, run_id = j.run, reason = j.reason, look_at = j.look, settled_at = j.settled FROM j "
            + $"WHERE t.schedule_id = j.id AND t.tick = j.tick AND {MaySettle("t.owner", "t.look_at", "t.run_id", "j.run")} RETURNING 1) SELECT count(*)::int FROM u",
            "SET NOCOUNT ON; UPDATE t SET state = j.state, run_id = j.run, reason = j.reason, look_at = j.look, settled_at = j.settled FROM schedule_ticks AS t INNER JOIN OPENJSON(@rows) "
            + "WITH (id bigint '$.id', tick bigint '$.tick', state nvarchar(16) '$.state', run bigint '$.run', reason nvarchar(1000) '$.reason', look bigint '$.look', settled bigint '$.settled') AS j "
            + $"ON t.schedule_id = j.id AND t.tick = j.tick WHERE {MaySettle("t.owner", "t.look_at", "t.run_id", "j.run")}; SELECT 1;");
        FindOpenBefore = dialect.Statement(
            $"SELECT{Top(1)} {TickColumns} FROM schedule_ticks WHERE schedule_id = @schedule_id AND tick < @tick AND look_at IS NOT NULL ORDER BY tick DESC{Limit(1)}");
        var launched = $"SELECT{Top(50)} {TickColumns} FROM schedule_ticks WHERE schedule_id = @schedule_id AND tick < @tick AND run_id IS NOT NULL ORDER BY tick DESC{Limit(50)}";
        FindRunningBefore = dialect.Statement(
            $"SELECT{Top(1)} {string.Join(", ", TickColumns.Split(", ").Select(c => $"t.{c}"))} FROM ({launched}) AS t INNER JOIN runs AS r ON r.id = t.run_id WHERE r.ended_at IS NULL ORDER BY t.tick DESC{Limit(1)}");
        NextSchedule = dialect.Statement($"SELECT{Top(1)} next_at FROM schedules WHERE next_at IS NOT NULL ORDER BY next_at{Limit(1)}");
        NextOpen = dialect.Statement($"SELECT{Top(1)} look_at FROM schedule_ticks WHERE look_at IS NOT NULL ORDER BY look_at{Limit(1)}");
        NextOf = dialect.Statement($"SELECT definition_id, MIN(next_at) FROM schedules WHERE {IsAmong("definition_id")} AND next_at IS NOT NULL GROUP BY definition_id");
        Ticks = dialect.Statement($"SELECT{dialect.Top} {TickColumns} FROM schedule_ticks WHERE schedule_id = @schedule_id AND tick < @before ORDER BY tick DESC{dialect.Limit}");
        FindOld = dialect.Statement(
            $"SELECT{dialect.Top} t.schedule_id, t.tick FROM schedule_ticks AS t WHERE t.tick < @before AND t.look_at IS NULL "
            + $"AND NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.id = t.run_id AND r.ended_at IS NULL) ORDER BY t.tick{dialect.Limit}");
        DeleteTick = dialect.Statement("DELETE FROM schedule_ticks WHERE schedule_id = @schedule_id AND tick = @tick");
        DeleteTickMany = Many(
            DeleteTick,
            "WITH d AS (DELETE FROM schedule_ticks t USING jsonb_to_recordset(CAST(@rows AS jsonb)) AS j(id bigint, tick bigint) WHERE t.schedule_id = j.id AND t.tick = j.tick RETURNING 1) SELECT count(*)::int FROM d",
            "SET NOCOUNT ON; DELETE t FROM schedule_ticks AS t INNER JOIN OPENJSON(@rows) WITH (id bigint '$.id', tick bigint '$.tick') AS j ON t.schedule_id = j.id AND t.tick = j.tick; SELECT 1;");
    }

    /// <summary>Gets the statement that lets only one transaction change the schedules and suspensions of a definition; null where there is only one writer anyway.</summary>
    public SqlStatement? LockDefinition { get; }

    public SqlStatement Insert { get; }

    public SqlStatement Find { get; }

    public SqlStatement FindEqual { get; }

    public SqlStatement FindForChange { get; }

    public SqlStatement ByIds { get; }

    public SqlStatement Suspensions { get; }

    public SqlStatement List { get; }

    public SqlStatement ListOfDefinition { get; }

    public SqlStatement LockOfDefinition { get; }

    public SqlStatement Replace { get; }

    public SqlStatement Move { get; }

    public SqlStatement MoveMany { get; }

    public SqlStatement Delete { get; }

    public SqlStatement DeleteTicksOf { get; }

    public SqlStatement DeleteOfDefinition { get; }

    public SqlStatement DeleteTicksOfDefinition { get; }

    public SqlStatement DeleteSuspensionsOfDefinition { get; }

    public SqlStatement InsertSuspension { get; }

    public SqlStatement DeleteSuspension { get; }

    public SqlStatement ClaimDue { get; }

    public SqlStatement InsertTick { get; }

    public SqlStatement InsertTicks { get; }

    public SqlStatement FindOpen { get; }

    public SqlStatement TakeOver { get; }

    public SqlStatement TakeOverMany { get; }

    public SqlStatement Settle { get; }

    public SqlStatement SettleMany { get; }

    public SqlStatement FindOpenBefore { get; }

    public SqlStatement FindRunningBefore { get; }

    public SqlStatement NextSchedule { get; }

    public SqlStatement NextOpen { get; }

    public SqlStatement NextOf { get; }

    public SqlStatement Ticks { get; }

    public SqlStatement FindOld { get; }

    public SqlStatement DeleteTick { get; }

    public SqlStatement DeleteTickMany { get; }

    // By whoever has it in hand; and a run is the truth whoever tells of it.
    private static string MaySettle(string owner, string lookAt, string run, string newRun) => $"(({owner} = @owner AND {lookAt} IS NOT NULL) OR ({run} IS NULL AND {newRun} IS NOT NULL))";

    private string IsAmong(string column) => _dialect.Provider switch
    {
        DatabaseProvider.Sqlite => $"{column} IN (SELECT value FROM json_each(@ids))",
        DatabaseProvider.PostgreSql => $"{column} IN (SELECT CAST(jsonb_array_elements_text(CAST(@ids AS jsonb)) AS bigint))",
        DatabaseProvider.SqlServer => $"{column} IN (SELECT CAST(value AS bigint) FROM OPENJSON(@ids))",
    };

    private string Top(int rows) => _dialect.Top.Length > 0 ? FormattableString.Invariant($" TOP ({rows})") : string.Empty;

    private string Limit(int rows) => _dialect.Limit.Length > 0 ? FormattableString.Invariant($" LIMIT {rows}") : string.Empty;

    private SqlStatement Many(SqlStatement one, string postgreSql, string sqlServer) => _dialect.Provider switch
    {
        DatabaseProvider.Sqlite => one,
        DatabaseProvider.PostgreSql => _dialect.Statement(postgreSql),
        DatabaseProvider.SqlServer => _dialect.Statement(sqlServer),
    };

    // Answers the new number, or nothing where there is an equal one.
    private string InsertOnce(string table, string columns, string values) => _dialect.Provider == DatabaseProvider.SqlServer
        ? $"INSERT INTO {table} ({columns}) OUTPUT inserted.id SELECT {values} WHERE NOT EXISTS (SELECT 1 FROM {table} WITH (UPDLOCK, HOLDLOCK) WHERE definition_id = @definition_id AND fingerprint = @fingerprint)"
        : $"INSERT INTO {table} ({columns}) VALUES ({values}) ON CONFLICT DO NOTHING RETURNING id";
}
