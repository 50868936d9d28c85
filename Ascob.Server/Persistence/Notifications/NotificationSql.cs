using Ascob.Core.Notifications;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Notifications;

/// <summary>The statements about deliveries.</summary>
internal sealed class NotificationSql(SqlDialect dialect)
{
    private const string Key = "run_id = @run_id AND subscription_id = @subscription_id AND seq = @seq";
    private const string Free = "(lease_until IS NULL OR lease_until <= @now)";

    // The first attempt that fails of several that are claimed together sets the pace; those behind it are not due before it.
    private const string EarlierIsPending =
        "SELECT 1 FROM notification_deliveries AS e WHERE e.run_id = p.run_id AND e.subscription_id = p.subscription_id AND e.seq < p.seq AND e.state = 'pending'";

    // Of several versions that run side by side, or after a step back, one may not know all kinds: what it does not know is left to who does.
    private static readonly string Known = $"kind IN ({string.Join(", ", NoticeWords.All.Select(w => $"'{w}'"))})";

    public SqlStatement Notices { get; } = dialect.Statement($"SELECT{dialect.Top} {NoticeColumns.Names} FROM notices WHERE {Known} ORDER BY run_id, seq{dialect.Limit}");

    public SqlStatement DropUnknown { get; } = dialect.Statement($"DELETE FROM notices WHERE NOT ({Known}) AND at_time < @before");

    public SqlStatement TakeNotice { get; } = dialect.Statement("DELETE FROM notices WHERE run_id = @run_id AND seq = @seq");

    public SqlStatement Insert { get; } = dialect.Statement($"INSERT INTO notification_deliveries ({DeliveryColumns.Names}) VALUES ({DeliveryColumns.Values})");

    public SqlStatement Ready { get; } = dialect.Statement(
        "SELECT s.id FROM notification_subscriptions AS s WHERE s.enabled = @enabled AND EXISTS (SELECT 1 FROM notification_deliveries AS d WHERE d.subscription_id = s.id "
        + "AND d.state = 'pending' AND d.due_at <= @now AND d." + Known + ") ORDER BY s.id");

    public SqlStatement Claim { get; } = dialect.Statement(ClaimText(dialect.Provider));

    public SqlStatement EndAttempt { get; } = dialect.Statement(
        "UPDATE notification_deliveries SET state = @state, due_at = @due_at, ended_at = @ended_at, last_error = @last_error, lease_owner = NULL, lease_until = NULL "
        + $"WHERE {Key} AND state = 'pending' AND lease_owner = @owner AND attempts = @attempts");

    // Those of the same run behind it wait as long as it does: nobody need look at them before.
    public SqlStatement HoldBack { get; } = dialect.Statement(
        "UPDATE notification_deliveries SET due_at = @due_at WHERE run_id = @run_id AND subscription_id = @subscription_id AND seq > @seq AND state = 'pending' AND due_at < @due_at");

    public SqlStatement LetGo { get; } = dialect.Statement(
        "UPDATE notification_deliveries SET due_at = @now WHERE run_id = @run_id AND subscription_id = @subscription_id AND seq > @seq AND state = 'pending' AND attempts = 0 AND due_at > @now");

    public SqlStatement Hurry { get; } = dialect.Statement(
        "UPDATE notification_deliveries SET due_at = @now WHERE subscription_id = @subscription_id AND state = 'pending' AND due_at > @now");

    public SqlStatement GiveUp { get; } = dialect.Statement(
        "UPDATE notification_deliveries SET state = 'dead', ended_at = @now, last_error = @last_error, lease_owner = NULL, lease_until = NULL "
        + "WHERE subscription_id = @subscription_id AND state = 'pending'");

    public SqlStatement GiveUpOld { get; } = dialect.Statement(
        "UPDATE notification_deliveries SET state = 'dead', ended_at = @now, last_error = COALESCE(last_error, @last_error) "
        + $"WHERE state = 'pending' AND since < @before AND {Free}");

    public SqlStatement ReleaseLeases { get; } = dialect.Statement(
        "UPDATE notification_deliveries SET lease_owner = NULL, lease_until = NULL WHERE state = 'pending' AND lease_owner = @owner");

    public SqlStatement EndLeases { get; } = dialect.Statement(
        "UPDATE notification_deliveries SET lease_owner = NULL, lease_until = NULL WHERE state = 'pending' AND lease_until IS NOT NULL");

    public SqlStatement Find { get; } = dialect.Statement($"SELECT {DeliveryColumns.Names} FROM notification_deliveries WHERE {Key}");

    public SqlStatement Count { get; } = dialect.Statement(
        "SELECT subscription_id, state, COUNT(*) FROM notification_deliveries WHERE state IN ('pending', 'dead') GROUP BY subscription_id, state");

    public SqlStatement DropOrphans { get; } = dialect.Statement("DELETE FROM notification_deliveries WHERE subscription_id NOT IN (SELECT id FROM notification_subscriptions)");

    public SqlStatement Purge { get; } = dialect.Statement(dialect.Provider switch
    {
        DatabaseProvider.SqlServer => "DELETE TOP (@limit) FROM notification_deliveries WHERE state = @state AND ended_at < @before",
        DatabaseProvider.PostgreSql => "DELETE FROM notification_deliveries WHERE ctid IN (SELECT ctid FROM notification_deliveries WHERE state = @state AND ended_at < @before LIMIT @limit)",
        DatabaseProvider.Sqlite => "DELETE FROM notification_deliveries WHERE rowid IN (SELECT rowid FROM notification_deliveries WHERE state = @state AND ended_at < @before LIMIT @limit)",
    });

    public SqlStatement Replay(bool one, bool ofSubscription) => dialect.Statement(
        "UPDATE notification_deliveries SET state = 'pending', attempts = 0, due_at = @now, since = @now, ended_at = NULL WHERE state = 'dead'" + Which(one, ofSubscription));

    public SqlStatement Drop(bool one, bool ofSubscription) => dialect.Statement("DELETE FROM notification_deliveries WHERE state = 'dead'" + Which(one, ofSubscription));

    public SqlStatement List(bool ofSubscription, bool ofRun, bool ofState, bool after) => dialect.Statement(
        $"SELECT{dialect.Top} {DeliveryColumns.Names} FROM notification_deliveries WHERE 1 = 1"
        + (ofSubscription ? " AND subscription_id = @subscription_id" : string.Empty)
        + (ofRun ? " AND run_id = @run_id" : string.Empty)
        + (ofState ? " AND state = @state" : string.Empty)
        + (after
            ? " AND (run_id < @after_run OR (run_id = @after_run AND (subscription_id < @after_subscription OR (subscription_id = @after_subscription AND seq < @after_seq))))"
            : string.Empty)
        + $" ORDER BY run_id DESC, subscription_id DESC, seq DESC{dialect.Limit}");

    private static string Which(bool one, bool ofSubscription) => one ? $" AND {Key}" : ofSubscription ? " AND subscription_id = @subscription_id" : string.Empty;

    private static string ClaimText(DatabaseProvider provider)
    {
        const string Set = "SET lease_owner = @owner, lease_until = @until, attempts = attempts + 1";
        var due = $"p.subscription_id = @subscription_id AND p.state = 'pending' AND p.due_at <= @now AND p.{Known} AND (p.lease_until IS NULL OR p.lease_until <= @now) AND NOT EXISTS ({EarlierIsPending})";
        return provider switch
        {
            DatabaseProvider.SqlServer =>
                $"WITH due AS (SELECT TOP (@limit) * FROM notification_deliveries AS p WITH (UPDLOCK, READPAST, ROWLOCK) WHERE {due} ORDER BY p.due_at, p.run_id, p.seq) "
                + $"UPDATE due {Set} OUTPUT {DeliveryColumns.Output}",
            DatabaseProvider.PostgreSql =>
                $"UPDATE notification_deliveries {Set} WHERE (run_id, subscription_id, seq) IN (SELECT p.run_id, p.subscription_id, p.seq FROM notification_deliveries AS p WHERE {due} "
                + $"ORDER BY p.due_at, p.run_id, p.seq LIMIT @limit FOR UPDATE SKIP LOCKED) RETURNING {DeliveryColumns.Names}",
            DatabaseProvider.Sqlite =>
                $"UPDATE notification_deliveries {Set} WHERE (run_id, subscription_id, seq) IN (SELECT p.run_id, p.subscription_id, p.seq FROM notification_deliveries AS p WHERE {due} "
                + $"ORDER BY p.due_at, p.run_id, p.seq LIMIT @limit) RETURNING {DeliveryColumns.Names}",
        };
    }
}
