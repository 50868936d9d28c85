using Ascob.Core.Notifications;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Runs;

/// <summary>The statements that write runs. On SQLite one operation is several small statements; on a server it is one command that answers one row.</summary>
internal abstract class RunSql(SqlDialect dialect)
{
    protected const string EventColumns = "run_id, seq, at_time, event_type, from_status, to_status, actor, reason, data, change_id";
    protected const string EventValues = "@id, @version, @at_time, @event_type, @from_status, @to_status, @actor, @reason, @data, @change_id";
    protected const string LockColumns = "run_id, ticket, lock_key, mode, policy, requested_at";
    protected const string KeyColumns = "scope, idem_key, body_hash, run_id, created_at";
    protected const string KeyValues = "@scope, @idem_key, @body_hash, @id, @defined_at";
    protected const string FileColumns = Files.RunFileRow.Columns;
    protected const string SharedFileValues = "@id, f.name, f.stored_name, f.size, f.sha256, f.created_at";
    protected const string Free = "(lease_until IS NULL OR lease_until <= @now OR lease_owner = @owner)";
    protected const string Due = $"next_check_at <= @due AND {Free}";

    private readonly Dictionary<string, SqlStatement> _statements = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    public SqlDialect Dialect { get; } = dialect;

    /// <summary>Gets what is known of those who want to be told of events; null where there is nobody to tell.</summary>
    public NoticeInterest? Interest { get; init; }

    /// <summary>Gets who is woken when a notice has been stored.</summary>
    public NoticeSignal? NoticeStored { get; init; }

    public SqlStatement Find => Get("find", () => $"SELECT {RunColumns.Select()} FROM runs WHERE id = @id");

    public SqlStatement FindForUpdate => Get("find-update", () => $"SELECT {RunColumns.Select()} FROM runs{Dialect.UpdateLock} WHERE id = @id{Dialect.ForUpdate}");

    public SqlStatement FindKey => Get("find-key", () => "SELECT run_id, body_hash FROM idempotency_keys WHERE scope = @scope AND idem_key = @idem_key");

    public SqlStatement FindMarker => Get("find-marker", () => "SELECT marker_id FROM runs WHERE id = @id");

    public SqlStatement FindChange => Get("find-change", () => "SELECT change_id FROM run_events WHERE run_id = @id AND seq = @version");

    public SqlStatement Events => Get(
        "events",
        () => $"SELECT{Dialect.Top} run_id, seq, at_time, event_type, from_status, to_status, actor, reason, data FROM run_events WHERE run_id = @id AND seq > @seq ORDER BY seq{Dialect.Limit}");

    public SqlStatement CountActive => Get(
        "count-active",
        () => $"SELECT backend_id, status, COUNT(*) FROM runs{ByDue} WHERE next_check_at IS NOT NULL GROUP BY backend_id, status");

    public SqlStatement MaxId => Get(
        "max-id",
        () => "SELECT COALESCE((SELECT MAX(id) FROM runs), 0), COALESCE((SELECT value FROM sequences WHERE name = 'runs'), 0)");

    public SqlStatement ReleaseLeases => Get(
        "release-leases",
        () => $"UPDATE runs{ByDue} SET lease_owner = NULL, lease_until = NULL, next_check_at = CASE WHEN status = 'PENDING_SUBMIT' THEN defined_at ELSE next_check_at END WHERE next_check_at IS NOT NULL AND lease_owner = @owner");

    public SqlStatement EndLeases => Get(
        "end-leases",
        () => $"UPDATE runs{ByDue} SET lease_owner = NULL, lease_until = NULL, next_check_at = CASE WHEN status = 'PENDING_SUBMIT' THEN defined_at ELSE next_check_at END WHERE next_check_at IS NOT NULL AND lease_until IS NOT NULL");

    public SqlStatement FindEnded => Get(
        "find-ended",
        () => $"SELECT{Dialect.Top} id FROM runs WHERE defined_at < @before AND ended_at < @before ORDER BY defined_at{Dialect.Limit}");

    public SqlStatement FinalAmong(int ids) => Get($"final-among-{ids}", () => $"SELECT id, spec FROM runs WHERE ended_at IS NOT NULL AND id IN ({Names("id", ids)})");

    public SqlStatement FindMarkers(int markers) => Get(
        $"find-markers-{markers}",
        () => $"SELECT {RunColumns.Select()} FROM runs WHERE marker_id IN ({Names("marker", markers)})");

    public SqlStatement ActiveAt(int places) => Get(
        $"active-at-{places}",
        () => $"SELECT {RunColumns.Select()} FROM runs{ByDue} WHERE next_check_at IS NOT NULL AND intent_place IN ({Names("place", places)})");

    /// <summary>Gets the statement that takes numbers from the sequence; servers only.</summary>
    public SqlStatement TakeIds => Get("take-ids", TakeIdsText);

    /// <summary>Gets the statement that leases one run.</summary>
    public SqlStatement Claim => Get("claim", ClaimText);

    /// <summary>Gets the statement that moves one run's next look.</summary>
    public SqlStatement Reschedule => Get("reschedule", RescheduleText);

    public SqlStatement NextDue(bool ofBackend, int exceptPlaces) => Get(
        $"next-due-{ofBackend}-{exceptPlaces}",
        () => $"SELECT{(Dialect.Top.Length > 0 ? " TOP (1)" : string.Empty)} next_check_at FROM runs{ByDue} WHERE next_check_at IS NOT NULL{(ofBackend ? " AND backend_id = @backend_id" : string.Empty)}{ExceptPlaces(exceptPlaces)} "
            + $"ORDER BY next_check_at{(Dialect.Limit.Length > 0 ? " LIMIT 1" : string.Empty)}");

    public SqlStatement ClaimDue(int statuses, bool ofBackend, int exceptPlaces, int exceptBackends) => Get(
        $"claim-due-{statuses}-{ofBackend}-{exceptPlaces}-{exceptBackends}",
        () => ClaimFirstText(Due, "next_check_at", ByDue, $"status IN ({Names("status", statuses)})" + (ofBackend ? " AND backend_id = @backend_id" : string.Empty) + ExceptPlaces(exceptPlaces) + ExceptBackends(exceptBackends)));

    /// <summary>Gets the statement that leases the first runs in line for a slot of a backend.</summary>
    public SqlStatement ClaimInLine(int exceptPlaces) => Get(
        $"claim-in-line-{exceptPlaces}",
        () => ClaimFirstText(Free, "queue_rank", ByLine, "backend_id = @backend_id AND queue_rank IS NOT NULL AND status = 'PENDING_SUBMIT'" + ExceptPlaces(exceptPlaces)));

    public SqlStatement DeleteFrom(string table, int ids) => Get(
        $"delete-{table}-{ids}",
        () => $"DELETE FROM {table} WHERE {(table == "runs" ? "id" : "run_id")} IN ({Names("id", ids)})");

    /// <summary>Gets the one command that stores a new run; servers only.</summary>
    public SqlStatement Add(AddParts parts) => Get($"add-{parts}", () => AddText(parts));

    /// <summary>Gets the one command that changes a run; servers only.</summary>
    public SqlStatement Apply(ApplyParts parts) => Get($"apply-{parts}", () => ApplyText(parts));

    /// <summary>
    /// Gets what makes the database look at active runs only, where it would not find that out by itself: without figures about its tables SQLite prefers an index on one value, and then walks the
    /// whole history of a backend.
    /// </summary>
    protected virtual string ByDue => string.Empty;

    /// <summary>Gets the same for the runs in line.</summary>
    protected virtual string ByLine => string.Empty;

    private static string ExceptPlaces(int places) => places == 0 ? string.Empty : $" AND (intent_place IS NULL OR intent_place NOT IN ({Names("place", places)}))";

    private static string ExceptBackends(int backends) => backends == 0
        ? string.Empty
        : $" AND (backend_id IS NULL OR backend_id NOT IN ({Names("except", backends)}) OR status IN ('DEFINED', 'WAITING_LOCKS'))";

    protected static string Names(string prefix, int count) => string.Join(", ", Enumerable.Range(0, count).Select(i => $"@{prefix}{i}"));

    protected abstract string AddText(AddParts parts);

    protected abstract string ApplyText(ApplyParts parts);

    /// <summary>Answers a statement that leases the first runs, in the order of a column.</summary>
    protected abstract string ClaimFirstText(string state, string order, string index, string condition);

    protected abstract string TakeIdsText();

    protected abstract string ClaimText();

    protected abstract string RescheduleText();

    protected SqlStatement Get(string name, Func<string> text)
    {
        lock (_gate)
        {
            if (!_statements.TryGetValue(name, out var statement))
            {
                statement = Dialect.Statement(text());
                _statements.Add(name, statement);
            }

            return statement;
        }
    }
}

/// <summary>What is stored with a new run beside its row, its labels and its event.</summary>
[Flags]
internal enum AddParts
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>An idempotency key, which decides whether anything is stored.</summary>
    Key = 1,

    /// <summary>Lock requests.</summary>
    Locks = 2,

    /// <summary>Files that came with it.</summary>
    Files = 4,

    /// <summary>The files of another run.</summary>
    SharedFiles = 8,

    /// <summary>A notice of its event.</summary>
    Notice = 16,
}

/// <summary>What a change does beside the run's row and its event.</summary>
[Flags]
internal enum ApplyParts
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Takes a slot of a backend.</summary>
    TakesSlot = 1,

    /// <summary>Gives a slot back.</summary>
    GivesSlot = 2,

    /// <summary>Drops the run's lock requests.</summary>
    DropsLocks = 4,

    /// <summary>Stores lock requests.</summary>
    AddsLocks = 8,

    /// <summary>Stores a notice of its event.</summary>
    Notice = 16,
}
