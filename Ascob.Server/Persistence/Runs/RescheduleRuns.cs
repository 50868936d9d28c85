using System.Data.Common;
using System.Text.Json;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Runs;

/// <summary>Moves the next look at runs that nobody changed. The same again does the same, so it may be repeated blindly.</summary>
internal sealed class RescheduleRuns(RunSql sql, IReadOnlyList<Reschedule> runs) : WriteOperation<bool>, IBatchedOperation
{
    public void AddTo(DbBatch batch) => sql.Reschedule.AddTo(batch).Text("runs", ToJson());

    public ValueTask ReadAsync(DbDataReader reader)
    {
        Result = true;
        return ValueTask.CompletedTask;
    }

    public override async ValueTask ExecuteAsync(DbSession session, bool repeated, CancellationToken cancellationToken)
    {
        Result = true;
        var command = session.Command(sql.Reschedule);
        if (sql is not SqliteRunSql)
        {
            command.Args.Text("runs", ToJson());
            await command.FirstAsync(r => r.GetInt32(0), cancellationToken);
            return;
        }

        foreach (var run in runs)
        {
            command.Args.Long("id", run.RunId).Long("version", run.Version).Time("next", run.NextCheckAt).Int("failed", run.FailedChecks);
            await command.ExecuteAsync(cancellationToken);
        }
    }

    private string ToJson() => JsonSerializer.Serialize(
        runs.OrderBy(r => r.RunId).Select(r => new StoredReschedule(r.RunId, r.Version, UtcMicroseconds.From(r.NextCheckAt), r.FailedChecks)).ToList(),
        StoreJson.Relaxed.ListStoredReschedule);
}
