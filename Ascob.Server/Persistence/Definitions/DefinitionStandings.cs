using Ascob.Core.Definitions;
using Ascob.Server.Persistence.Runs;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Definitions;

/// <summary>Reads how definitions stand, from their runs.</summary>
internal sealed class DefinitionStandings
{
    private readonly LaunchGuardSql _guards;
    private readonly SqlStatement _acknowledged;
    private readonly SqlStatement _last;
    private readonly SqlStatement _durations;
    private readonly SqlStatement _running;
    private readonly SqlStatement _runningSince;

    public DefinitionStandings(SqlDialect dialect, LaunchGuardSql guards)
    {
        _guards = guards;
        var isSqlite = dialect.Provider == DatabaseProvider.Sqlite;
        var newest = isSqlite ? " INDEXED BY ix_runs_definition" : string.Empty;
        var byStatus = isSqlite ? " INDEXED BY ix_runs_definition_status" : string.Empty;
        _acknowledged = dialect.Statement("SELECT acknowledged_run FROM definitions WHERE id = @definition_id");
        _last = dialect.Statement($"SELECT{dialect.Top} {RunColumns.Select()} FROM runs{newest} WHERE definition_id = @definition_id ORDER BY id DESC{dialect.Limit}");
        _durations = dialect.Statement(
            $"SELECT{dialect.Top} started_at, ended_at FROM runs{byStatus} WHERE definition_id = @definition_id AND status = 'SUCCEEDED' ORDER BY ended_at DESC{dialect.Limit}");

        // The index of what is due holds the active runs only, however long the history.
        _running = dialect.Statement(
            $"SELECT definition_id, MIN(COALESCE(started_at, submitted_at)) FROM runs{(isSqlite ? " INDEXED BY ix_runs_due" : string.Empty)} WHERE next_check_at IS NOT NULL AND definition_id IS NOT NULL "
            + "AND status IN ('SUBMITTED', 'RUNNING') AND COALESCE(started_at, submitted_at) IS NOT NULL GROUP BY definition_id");
        _runningSince = dialect.Statement(
            $"SELECT{dialect.Top} id FROM runs{byStatus} WHERE definition_id = @definition_id AND status IN ('SUBMITTED', 'RUNNING') AND COALESCE(started_at, submitted_at) <= @since AND id > @after ORDER BY id{dialect.Limit}");
    }

    public async Task<IReadOnlyDictionary<long, DefinitionStanding>> ReadAsync(DbSession session, IReadOnlyCollection<long> ids, CancellationToken cancellationToken)
    {
        var standings = new Dictionary<long, DefinitionStanding>();
        foreach (var id in ids)
        {
            var acknowledged = session.Command(_acknowledged);
            acknowledged.Args.Long("definition_id", id);
            var (isThere, run) = await acknowledged.FirstAsync(row => (true, RunColumns.Long(row, 0)), cancellationToken);
            if (!isThere)
            {
                continue;
            }

            var last = session.Command(_last);
            last.Args.Long("definition_id", id).Int("limit", 1);
            standings[id] = new DefinitionStanding(
                await last.FirstAsync(RunColumns.Read, cancellationToken),
                (await _guards.FindActiveAsync(session, id, cancellationToken))?.RunId,
                (await _guards.FindErrorAsync(session, id, run, chain: null, cancellationToken))?.RunId);
        }

        return standings;
    }

    public async Task<IReadOnlyList<RunningDefinition>> RunningAsync(DbSession session, CancellationToken cancellationToken) =>
        await session.Command(_running).ListAsync(row => new RunningDefinition(row.GetInt64(0), UtcMicroseconds.To(row.GetInt64(1))), cancellationToken);

    public async Task<IReadOnlyList<long>> RunningSinceAsync(DbSession session, long id, DateTimeOffset since, long afterId, int limit, CancellationToken cancellationToken)
    {
        var command = session.Command(_runningSince);
        command.Args.Long("definition_id", id).Time("since", since).Long("after", afterId).Int("limit", limit);
        return await command.ListAsync(row => row.GetInt64(0), cancellationToken);
    }

    public async Task<IReadOnlyList<TimeSpan>> DurationsAsync(DbSession session, long id, int limit, CancellationToken cancellationToken)
    {
        var command = session.Command(_durations);
        command.Args.Long("definition_id", id).Int("limit", limit);
        var rows = await command.ListAsync(row => (Started: RunColumns.Time(row, 0), Ended: RunColumns.Time(row, 1)), cancellationToken);
        return [.. rows.Where(r => r.Started is not null && r.Ended >= r.Started).Select(r => r.Ended!.Value - r.Started!.Value)];
    }
}
