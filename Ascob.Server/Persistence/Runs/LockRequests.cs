using System.Text.Json;
using Ascob.Core.Jobs;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Runs;

/// <summary>Stores the lock requests of a run. All of them get the same ticket, so that two runs are in the same order in every line they share.</summary>
internal static class LockRequests
{
    public static string ToJson(SqlDialect dialect, IReadOnlyList<LockSpec> locks) => JsonSerializer.Serialize(
        Distinct(locks).Select(l => new StoredLockRequest(dialect.EncodeKey(l.Key), l.Mode.ToString(), l.Policy.ToString())).ToList(),
        StoreJson.Relaxed.ListStoredLockRequest);

    public static async Task InsertAsync(
        SqliteRunSql sql, DbSession session, long runId, DateTimeOffset at, IReadOnlyList<LockSpec> locks, CancellationToken cancellationToken)
    {
        var ticket = await session.Command(sql.NextTicket).FirstAsync(r => r.GetInt64(0), cancellationToken);
        var insert = session.Command(sql.InsertLock);
        foreach (var wanted in Distinct(locks))
        {
            insert.Args.Long("id", runId)
                .Long("ticket", ticket)
                .Text("lock_key", wanted.Key)
                .Text("mode", wanted.Mode.ToString())
                .Text("policy", wanted.Policy.ToString())
                .Time("requested_at", at);
            await insert.ExecuteAsync(cancellationToken);
        }
    }

    // Two names may become one when runtime variables are resolved; the stricter wish counts.
    private static IEnumerable<LockSpec> Distinct(IReadOnlyList<LockSpec> locks) => locks
        .GroupBy(l => l.Key, StringComparer.Ordinal)
        .Select(g => g.FirstOrDefault(l => l.Mode == LockMode.Exclusive) ?? g.First());
}
