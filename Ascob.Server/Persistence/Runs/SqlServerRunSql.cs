using System.Text;
using Ascob.Server.Persistence.Notifications;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Runs;

/// <summary>SQL Server's statements: each operation is one script that answers one row.</summary>
internal sealed class SqlServerRunSql(SqlDialect dialect) : RunSql(dialect)
{
    protected override string AddText(AddParts parts)
    {
        var text = new StringBuilder("SET NOCOUNT ON; DECLARE @_stored int = 1; ");
        if (parts.HasFlag(AddParts.Key))
        {
            text.Append($"INSERT INTO idempotency_keys ({KeyColumns}) SELECT {KeyValues} WHERE NOT EXISTS ");
            text.Append("(SELECT 1 FROM idempotency_keys WITH (UPDLOCK, HOLDLOCK) WHERE scope = @scope AND idem_key = @idem_key); SET @_stored = @@ROWCOUNT; ");
        }

        text.Append("IF @_stored = 1 BEGIN ");
        text.Append($"INSERT INTO runs ({RunColumns.Names}) VALUES ({RunColumns.Values}); ");
        text.Append($"INSERT INTO run_events ({EventColumns}) VALUES ({EventValues}); ");
        text.Append("INSERT INTO run_labels (label_key, label_value, run_id) SELECT [key], [value], @id FROM OPENJSON(@labels); ");
        AppendNotice(text, parts.HasFlag(AddParts.Notice));
        AppendFiles(text, parts);
        AppendLocks(text, parts.HasFlag(AddParts.Locks));
        return text.Append("END; SELECT @_stored;").ToString();
    }

    protected override string ApplyText(ApplyParts parts)
    {
        var text = new StringBuilder("SET NOCOUNT ON; DECLARE @_outcome int = 0; ");
        text.Append("IF EXISTS (SELECT 1 FROM runs WITH (UPDLOCK, ROWLOCK) WHERE id = @id AND version = @before) SET @_outcome = 2; ");
        if (parts.HasFlag(ApplyParts.TakesSlot))
        {
            text.Append("IF @_outcome = 2 BEGIN ");
            text.Append("UPDATE backend_slots WITH (UPDLOCK, HOLDLOCK) SET used = used + 1 WHERE backend_id = @slot AND used < @slot_max; ");
            text.Append("IF @@ROWCOUNT = 0 BEGIN ");
            text.Append("IF EXISTS (SELECT 1 FROM backend_slots WITH (UPDLOCK, HOLDLOCK) WHERE backend_id = @slot) SET @_outcome = 1; ");
            text.Append("ELSE INSERT INTO backend_slots (backend_id, used) VALUES (@slot, 1); END; END; ");
        }

        text.Append("IF @_outcome = 2 BEGIN ");
        text.Append($"UPDATE runs SET {RunColumns.Assignments} WHERE id = @id AND version = @before; ");
        text.Append($"INSERT INTO run_events ({EventColumns}) VALUES ({EventValues}); ");
        AppendNotice(text, parts.HasFlag(ApplyParts.Notice));
        if (parts.HasFlag(ApplyParts.DropsLocks))
        {
            text.Append("DELETE FROM lock_requests WHERE run_id = @id; ");
        }

        if (parts.HasFlag(ApplyParts.GivesSlot))
        {
            text.Append("UPDATE backend_slots SET used = used - 1 WHERE backend_id = @old_slot AND used > 0; ");
        }

        AppendLocks(text, parts.HasFlag(ApplyParts.AddsLocks));
        return text.Append("END; SELECT @_outcome;").ToString();
    }

    protected override string ClaimFirstText(string state, string order, string index, string condition) =>
        $"WITH due AS (SELECT TOP (@limit) * FROM runs WITH (UPDLOCK, READPAST, ROWLOCK) WHERE {state} AND {condition} ORDER BY {order}) "
        + $"UPDATE due SET lease_owner = @owner, lease_until = @until OUTPUT {RunColumns.Output}";

    protected override string TakeIdsText() =>
        "SET NOCOUNT ON; DECLARE @_first sql_variant; "
        + "EXEC sys.sp_sequence_get_range @sequence_name = N'run_ids', @range_size = @count, @range_first_value = @_first OUTPUT; SELECT CAST(@_first AS bigint);";

    protected override string ClaimText() =>
        $"UPDATE runs SET lease_owner = @owner, lease_until = @until OUTPUT {RunColumns.Output} WHERE id = @id AND status NOT IN ('SUCCEEDED', 'FAILED', 'ABORTED') "
        + "AND (lease_until IS NULL OR lease_until <= @now OR lease_owner = @owner)";

    protected override string RescheduleText() =>
        "SET NOCOUNT ON; UPDATE r SET next_check_at = j.next, failed_checks = j.failed, lease_owner = NULL, lease_until = NULL "
        + "FROM runs AS r INNER JOIN OPENJSON(@runs) WITH (id bigint '$.id', version bigint '$.version', next bigint '$.next', failed int '$.failed') AS j "
        + "ON r.id = j.id AND r.version = j.version; SELECT 1;";

    private static void AppendFiles(StringBuilder text, AddParts parts)
    {
        if (parts.HasFlag(AddParts.Files))
        {
            text.Append($"INSERT INTO run_files ({FileColumns}) SELECT @id, name, stored_name, size, sha256, @defined_at FROM OPENJSON(@files) ");
            text.Append("WITH (name nvarchar(400) COLLATE Latin1_General_100_BIN2 '$.name', stored_name nvarchar(64) COLLATE Latin1_General_100_BIN2 '$.storedName', ");
            text.Append("size bigint '$.size', sha256 nvarchar(64) COLLATE Latin1_General_100_BIN2 '$.sha256'); ");
        }

        if (parts.HasFlag(AddParts.SharedFiles))
        {
            // Locked, so that whoever drops these rows sees the shared ones before the contents are deleted.
            text.Append($"INSERT INTO run_files ({FileColumns}) SELECT {SharedFileValues} FROM run_files AS f WITH (HOLDLOCK) WHERE f.run_id = @source; ");
        }
    }

    private static void AppendNotice(StringBuilder text, bool withNotice)
    {
        if (withNotice)
        {
            text.Append($"INSERT INTO notices ({NoticeColumns.Names}) VALUES ({NoticeColumns.Values}); ");
        }
    }

    private static void AppendLocks(StringBuilder text, bool withLocks)
    {
        if (withLocks)
        {
            text.Append("DECLARE @_ticket bigint = NEXT VALUE FOR lock_tickets; ");
            text.Append($"INSERT INTO lock_requests ({LockColumns}) SELECT @id, @_ticket, lock_key, mode, policy, @requested_at FROM OPENJSON(@locks) ");
            text.Append("WITH (lock_key nvarchar(210) COLLATE Latin1_General_100_BIN2 '$.key', mode nvarchar(20) '$.mode', policy nvarchar(20) '$.policy'); ");
        }
    }
}
