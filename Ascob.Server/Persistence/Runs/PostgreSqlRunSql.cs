using System.Text;
using Ascob.Server.Persistence.Notifications;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Runs;

/// <summary>
/// PostgreSQL's statements: each operation is one statement with data-modifying parts, so that hundreds of them travel together and none waits for the answer of another.
/// </summary>
internal sealed class PostgreSqlRunSql(SqlDialect dialect) : RunSql(dialect)
{
    private static readonly string[] EventNames = ["at_time", "event_type", "from_status", "to_status", "actor", "reason", "data", "change_id"];
    private static readonly string[] NoticeNames = ["notice_kind", "notice_facts"];

    /// <summary>Gets the statement that changes many runs, given as arrays; it answers the numbers of those whose version was the expected one.</summary>
    public SqlStatement ApplyMany(bool withNotices) => Get($"apply-many-{withNotices}", () =>
        Rows(["id", "before", "lease_changes", .. RunColumns.ChangingNames, .. EventNames, .. withNotices ? NoticeNames : []])
        + $"r AS (UPDATE runs r SET {RunColumns.AssignmentsFromRows} FROM u WHERE r.id = u.id AND r.version = u.before RETURNING r.id), "
        + $"e AS (INSERT INTO run_events ({EventColumns}) {EventsOf} WHERE u.id IN (SELECT id FROM r)){(withNotices ? NoticesOf : string.Empty)} SELECT id FROM r");

    private static string EventsOf => $"SELECT u.id, u.version, {string.Join(", ", EventNames.Select(n => $"u.{n}"))} FROM u";

    // Only what was stored itself is told.
    private static string NoticesOf =>
        $", n AS (INSERT INTO notices ({NoticeColumns.Names}) SELECT u.id, u.version, u.notice_kind, u.at_time, u.notice_facts FROM u WHERE u.notice_kind IS NOT NULL AND u.id IN (SELECT id FROM r))";

    /// <summary>Gets the statement that stores many runs, given as arrays; it answers the numbers of those whose idempotency key was new or missing.</summary>
    public SqlStatement AddMany(bool withKeys, bool withNotices) => Get($"add-many-{withKeys}-{withNotices}", () =>
    {
        string[] keyNames = withKeys ? ["scope", "idem_key", "body_hash"] : [];
        var fresh = withKeys ? " WHERE u.idem_key IS NULL OR u.id IN (SELECT run_id FROM k)" : string.Empty;
        var keys = withKeys
            ? $"k AS (INSERT INTO idempotency_keys ({KeyColumns}) SELECT u.scope, u.idem_key, u.body_hash, u.id, u.defined_at FROM u WHERE u.idem_key IS NOT NULL "
                + "ON CONFLICT DO NOTHING RETURNING run_id), "
            : string.Empty;
        var columns = string.Join(", ", RunColumns.AllNames.Select(n => $"u.{n}"));
        return Rows([.. RunColumns.AllNames, "labels", .. EventNames, .. keyNames, .. withNotices ? NoticeNames : []]) + keys
            + $"r AS (INSERT INTO runs ({RunColumns.Names}, labels) SELECT {columns}, CAST(u.labels AS jsonb) FROM u{fresh} RETURNING id), "
            + $"e AS (INSERT INTO run_events ({EventColumns}) {EventsOf}{(withKeys ? " WHERE u.id IN (SELECT id FROM r)" : string.Empty)}){(withNotices ? NoticesOf : string.Empty)} SELECT id FROM r";
    });

    private static string Rows(IReadOnlyList<string> names) =>
        $"WITH u AS (SELECT * FROM unnest({string.Join(", ", names.Select(n => $"@{n}"))}) AS u({string.Join(", ", names)})), ";

    protected override string AddText(AddParts parts)
    {
        var text = new StringBuilder("WITH ");
        var from = string.Empty;
        if (parts.HasFlag(AddParts.Key))
        {
            text.Append($"k AS (INSERT INTO idempotency_keys ({KeyColumns}) VALUES ({KeyValues}) ON CONFLICT DO NOTHING RETURNING 1), ");
            from = " FROM k";
        }

        text.Append($"r AS (INSERT INTO runs ({RunColumns.Names}, labels) SELECT {RunColumns.Values}, CAST(@labels AS jsonb){from} RETURNING id), ");
        text.Append($"e AS (INSERT INTO run_events ({EventColumns}) SELECT {EventValues} FROM r)");
        AppendNotice(text, parts.HasFlag(AddParts.Notice));
        AppendFiles(text, parts);
        AppendLocks(text, parts.HasFlag(AddParts.Locks), "r");
        return text.Append(" SELECT count(*)::int FROM r").ToString();
    }

    protected override string ApplyText(ApplyParts parts)
    {
        var takes = parts.HasFlag(ApplyParts.TakesSlot);
        var text = new StringBuilder("WITH ");
        if (takes)
        {
            text.Append("cur AS (SELECT id FROM runs WHERE id = @id AND version = @before FOR UPDATE), ");
            text.Append("slot AS (INSERT INTO backend_slots AS s (backend_id, used) SELECT @slot, 1 FROM cur ");
            text.Append("ON CONFLICT (backend_id) DO UPDATE SET used = s.used + 1 WHERE s.used < @slot_max RETURNING 1), ");
        }

        text.Append($"r AS (UPDATE runs SET {RunColumns.Assignments} WHERE id = @id AND version = @before");
        text.Append(takes ? " AND EXISTS (SELECT 1 FROM slot) RETURNING id), " : " RETURNING id), ");
        text.Append($"e AS (INSERT INTO run_events ({EventColumns}) SELECT {EventValues} FROM r)");
        AppendNotice(text, parts.HasFlag(ApplyParts.Notice));
        if (parts.HasFlag(ApplyParts.DropsLocks))
        {
            text.Append(", d AS (DELETE FROM lock_requests WHERE run_id IN (SELECT id FROM r))");
        }

        if (parts.HasFlag(ApplyParts.GivesSlot))
        {
            text.Append(", g AS (UPDATE backend_slots SET used = used - 1 WHERE backend_id = @old_slot AND used > 0 AND EXISTS (SELECT 1 FROM r))");
        }

        AppendLocks(text, parts.HasFlag(ApplyParts.AddsLocks), "r");
        return text.Append(takes
            ? " SELECT (SELECT count(*) FROM cur)::int + (SELECT count(*) FROM r)::int"
            : " SELECT 2 * count(*)::int FROM r").ToString();
    }

    protected override string ClaimFirstText(string state, string order, string index, string condition) =>
        $"UPDATE runs SET lease_owner = @owner, lease_until = @until WHERE id IN (SELECT id FROM runs WHERE {state} AND {condition} ORDER BY {order} LIMIT @limit "
        + $"FOR UPDATE SKIP LOCKED) RETURNING {RunColumns.Select()}";

    protected override string TakeIdsText() => "SELECT nextval('run_ids') FROM generate_series(1, @count)";

    protected override string ClaimText() =>
        "UPDATE runs SET lease_owner = @owner, lease_until = @until WHERE id = @id AND status NOT IN ('SUCCEEDED', 'FAILED', 'ABORTED') "
        + $"AND (lease_until IS NULL OR lease_until <= @now OR lease_owner = @owner) RETURNING {RunColumns.Select()}";

    protected override string RescheduleText() =>
        "WITH x AS (SELECT * FROM jsonb_to_recordset(CAST(@runs AS jsonb)) AS j(id bigint, version bigint, next bigint, failed int)), "
        + "l AS (SELECT r.id, x.next, x.failed FROM runs r JOIN x ON r.id = x.id AND r.version = x.version ORDER BY r.id FOR UPDATE OF r), "
        + "u AS (UPDATE runs r SET next_check_at = l.next, failed_checks = l.failed, lease_owner = NULL, lease_until = NULL FROM l WHERE r.id = l.id RETURNING 1) "
        + "SELECT count(*)::int FROM u";

    private static void AppendNotice(StringBuilder text, bool withNotice)
    {
        if (withNotice)
        {
            text.Append($", n AS (INSERT INTO notices ({NoticeColumns.Names}) SELECT {NoticeColumns.Values} FROM r)");
        }
    }

    private static void AppendFiles(StringBuilder text, AddParts parts)
    {
        if (parts.HasFlag(AddParts.Files))
        {
            text.Append($", f AS (INSERT INTO run_files ({FileColumns}) SELECT r.id, j.name, j.\"storedName\", j.size, j.sha256, @defined_at ");
            text.Append("FROM r, jsonb_to_recordset(CAST(@files AS jsonb)) AS j(name text, \"storedName\" text, size bigint, sha256 text))");
        }

        if (parts.HasFlag(AddParts.SharedFiles))
        {
            // Locked, so that whoever drops these rows sees the shared ones before the contents are deleted.
            text.Append(", o AS (SELECT * FROM run_files WHERE run_id = @source FOR SHARE)");
            text.Append($", s AS (INSERT INTO run_files ({FileColumns}) SELECT r.id, f.name, f.stored_name, f.size, f.sha256, f.created_at FROM r, o AS f)");
        }
    }

    private static void AppendLocks(StringBuilder text, bool withLocks, string run)
    {
        if (withLocks)
        {
            text.Append(", t AS MATERIALIZED (SELECT nextval('lock_tickets') AS ticket)");
            text.Append($", l AS (INSERT INTO lock_requests ({LockColumns}) SELECT {run}.id, t.ticket, j.key, j.mode, j.policy, @requested_at ");
            text.Append($"FROM {run}, t, jsonb_to_recordset(CAST(@locks AS jsonb)) AS j(key text, mode text, policy text))");
        }
    }
}
