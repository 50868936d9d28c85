using Ascob.Core.Runs;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Runs;

/// <summary>The statements that decide whether a run of a definition may start.</summary>
internal sealed class LaunchGuardSql
{
    private static readonly string Active = string.Join(", ", Enum.GetValues<RunStatus>().Where(s => !s.IsFinal()).Select(s => $"'{s.ToWire()}'"));

    public LaunchGuardSql(SqlDialect dialect)
    {
        // Without figures about its tables SQLite would rather walk all runs of a status.
        var byStatus = dialect.Provider == DatabaseProvider.Sqlite ? " INDEXED BY ix_runs_definition_status" : string.Empty;
        Hold = dialect.Statement($"SELECT acknowledged_run, version FROM definitions{dialect.UpdateLock} WHERE id = @definition_id{dialect.ForUpdate}");
        FindActive = dialect.Statement(
            $"SELECT{dialect.Top} id, status FROM runs{byStatus} WHERE definition_id = @definition_id AND status IN ({Active}) ORDER BY id{dialect.Limit}");
        FindFailed = dialect.Statement(
            $"SELECT{dialect.Top} id, COALESCE(parent_id, id), ended_at FROM runs{byStatus} WHERE definition_id = @definition_id AND status = 'FAILED' ORDER BY ended_at DESC, id DESC{dialect.Limit}");
        FindMadeGood = dialect.Statement(
            $"SELECT{dialect.Top} id FROM runs WHERE parent_id = @root AND status = 'SUCCEEDED' AND (ended_at > @ended_at OR (ended_at = @ended_at AND id > @id)) ORDER BY id{dialect.Limit}");
    }

    /// <summary>Gets the statement that makes other launches of the definition wait for the end of this transaction.</summary>
    public SqlStatement Hold { get; }

    /// <summary>Gets the statement that finds the oldest runs of a definition that are not final.</summary>
    public SqlStatement FindActive { get; }

    private SqlStatement FindFailed { get; }

    private SqlStatement FindMadeGood { get; }

    /// <summary>Answers a run of the definition that is not final; null for none.</summary>
    public async Task<LaunchHindrance?> FindActiveAsync(DbSession session, long definitionId, CancellationToken cancellationToken)
    {
        var command = session.Command(FindActive);
        command.Args.Long("definition_id", definitionId).Int("limit", 1);
        return await command.FirstAsync(row => new LaunchHindrance(row.GetInt64(0), RunColumns.Status(row.GetString(1))), cancellationToken);
    }

    /// <summary>Answers the newest failure of the definition unless it was acknowledged or a resubmission that ended later succeeded; null for none.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="definitionId">The definition.</param>
    /// <param name="acknowledged">The failed run that somebody knows of; null for none.</param>
    /// <param name="chain">The first run of a chain whose failure does not count; null where each does.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task<LaunchHindrance?> FindErrorAsync(DbSession session, long definitionId, long? acknowledged, long? chain, CancellationToken cancellationToken)
    {
        var failed = session.Command(FindFailed);
        failed.Args.Long("definition_id", definitionId).Int("limit", 1);
        if (await failed.FirstAsync(row => ((long Id, long Root, DateTimeOffset? EndedAt)?)(row.GetInt64(0), row.GetInt64(1), RunColumns.Time(row, 2)), cancellationToken) is not { } newest
            || newest.Id == acknowledged || newest.Root == chain)
        {
            return null;
        }

        var good = session.Command(FindMadeGood);
        good.Args.Long("root", newest.Root).Long("id", newest.Id).Time("ended_at", newest.EndedAt).Int("limit", 1);
        return await good.FirstAsync(row => (long?)row.GetInt64(0), cancellationToken) is null ? new LaunchHindrance(newest.Id, RunStatus.Failed) : null;
    }
}
