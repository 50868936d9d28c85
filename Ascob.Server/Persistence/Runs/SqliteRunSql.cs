using Ascob.Server.Persistence.Notifications;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Runs;

/// <summary>SQLite's statements. Branching happens in code: a statement costs microseconds there.</summary>
internal sealed class SqliteRunSql(SqlDialect dialect) : RunSql(dialect)
{
    public SqlStatement InsertRun { get; } = dialect.Statement($"INSERT INTO runs ({RunColumns.Names}) VALUES ({RunColumns.Values})");

    public SqlStatement InsertEvent { get; } = dialect.Statement($"INSERT INTO run_events ({EventColumns}) VALUES ({EventValues})");

    public SqlStatement InsertNotice { get; } = dialect.Statement($"INSERT INTO notices ({NoticeColumns.Names}) VALUES ({NoticeColumns.Values})");

    public SqlStatement InsertLabel { get; } = dialect.Statement("INSERT INTO run_labels (label_key, label_value, run_id) VALUES (@label_key, @label_value, @id)");

    public SqlStatement DeleteLabel { get; } = dialect.Statement("DELETE FROM run_labels WHERE label_key = @label_key AND label_value = @label_value AND run_id = @id");

    public SqlStatement InsertKey { get; } = dialect.Statement($"INSERT INTO idempotency_keys ({KeyColumns}) VALUES ({KeyValues}) ON CONFLICT DO NOTHING");

    public SqlStatement NextTicket { get; } = dialect.Statement("SELECT COALESCE(MAX(ticket), 0) + 1 FROM lock_requests");

    public SqlStatement InsertLock { get; } = dialect.Statement($"INSERT INTO lock_requests ({LockColumns}) VALUES (@id, @ticket, @lock_key, @mode, @policy, @requested_at)");

    public SqlStatement InsertFile { get; } = dialect.Statement($"INSERT INTO run_files ({FileColumns}) VALUES ({Files.RunFileRow.Values})");

    public SqlStatement ShareFiles { get; } = dialect.Statement($"INSERT INTO run_files ({FileColumns}) SELECT {SharedFileValues} FROM run_files AS f WHERE f.run_id = @source");

    public SqlStatement UpdateRun { get; } = dialect.Statement($"UPDATE runs SET {RunColumns.Assignments} WHERE id = @id AND version = @before");

    public SqlStatement FindVersion { get; } = dialect.Statement("SELECT version FROM runs WHERE id = @id");

    public SqlStatement TakeSlot { get; } = dialect.Statement(
        "INSERT INTO backend_slots (backend_id, used) VALUES (@slot, 1) ON CONFLICT (backend_id) DO UPDATE SET used = used + 1 WHERE used < @slot_max");

    public SqlStatement GiveSlot { get; } = dialect.Statement("UPDATE backend_slots SET used = used - 1 WHERE backend_id = @slot AND used > 0");

    public SqlStatement NoteHighest { get; } = dialect.Statement(
        "INSERT INTO sequences (name, value) VALUES ('runs', @id) ON CONFLICT (name) DO UPDATE SET value = MAX(value, excluded.value)");

    protected override string ByDue => " INDEXED BY ix_runs_due";

    protected override string ByLine => " INDEXED BY ix_runs_line";

    protected override string AddText(AddParts parts) => throw new NotSupportedException("SQLite stores a run in several statements.");

    protected override string ApplyText(ApplyParts parts) => throw new NotSupportedException("SQLite changes a run in several statements.");

    protected override string ClaimFirstText(string state, string order, string index, string condition) =>
        $"UPDATE runs SET lease_owner = @owner, lease_until = @until WHERE id IN (SELECT id FROM runs{index} WHERE {state} AND {condition} ORDER BY {order} LIMIT @limit) RETURNING {RunColumns.Select()}";

    protected override string TakeIdsText() => throw new NotSupportedException("SQLite has no sequences.");

    protected override string ClaimText() =>
        "UPDATE runs SET lease_owner = @owner, lease_until = @until WHERE id = @id AND status NOT IN ('SUCCEEDED', 'FAILED', 'ABORTED') "
        + $"AND (lease_until IS NULL OR lease_until <= @now OR lease_owner = @owner) RETURNING {RunColumns.Select()}";

    protected override string RescheduleText() =>
        "UPDATE runs SET next_check_at = @next, failed_checks = @failed, lease_owner = NULL, lease_until = NULL WHERE id = @id AND version = @version";
}
