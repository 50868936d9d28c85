using System.Globalization;
using System.Text.Json;
using Ascob.Core.Kuroko2;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Runs;

/// <summary>Reads executions off the runs: ended ones along the index of their ends, running ones along that of the statuses.</summary>
internal sealed class ExecutionHistory(Database database) : IExecutionHistory
{
    // While it is being stopped, or nobody knows how it stands, a job may be at work.
    private static readonly string AtWork = string.Join(", ", new[] { RunStatus.Running, RunStatus.Aborting, RunStatus.InDoubt }.Select(s => $"'{s.ToWire()}'"));

    private readonly SqlDialect _dialect = database.Dialect;

    public Task<ExecutionPage> EndedAsync(ExecutionSearch search, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(search);
        return search.Submitters is { Count: 0 } ? Task.FromResult(new ExecutionPage([], null)) : database.ReadAsync(
            async session =>
            {
                var command = session.Command(_dialect.Statement(EndedText(search)));
                Bind(command.Args, search, search.Limit + 1)
                    .Time("from_time", search.From)
                    .Time("last_time", search.After?.EndedAt)
                    .Long("last_id", search.After?.RunId);
                var runs = await command.ListAsync(RunColumns.Read, cancellationToken);
                if (runs.Count <= search.Limit)
                {
                    return new ExecutionPage(runs, null);
                }

                var last = runs[search.Limit - 1];
                return new ExecutionPage(runs.GetRange(0, search.Limit), new ExecutionPlace(last.EndedAt!.Value, last.Id));
            },
            cancellationToken);
    }

    public async Task<IReadOnlyList<Run>> RunningAsync(ExecutionSearch search, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(search);
        return search.Submitters is { Count: 0 } ? [] : await database.ReadAsync(
            session =>
            {
                var command = session.Command(_dialect.Statement(RunningText(search)));
                Bind(command.Args, search, search.Limit);
                return command.ListAsync(RunColumns.Read, cancellationToken);
            },
            cancellationToken);
    }

    public async Task<long?> MaxMemoryKbAsync(long definitionId, IReadOnlyList<string>? submitters, CancellationToken cancellationToken) => submitters is { Count: 0 } ? null : await database.ReadAsync(
        session =>
        {
            var command = session.Command(_dialect.Statement(
                $"SELECT MAX(r.max_memory_kb) FROM runs AS r{Indexed("definition_memory")} WHERE r.definition_id = @definition_id AND r.max_memory_kb IS NOT NULL{Submitted(submitters)}"));
            BindSubmitters(command.Args.Long("definition_id", definitionId), submitters);
            return command.FirstAsync(row => RunColumns.Long(row, 0), cancellationToken);
        },
        cancellationToken);

    /// <summary>Answers every text that a search may use, so that a test can have them parsed.</summary>
    internal IReadOnlyList<string> Texts(ExecutionSearch search) => [EndedText(search), RunningText(search)];

    private string EndedText(ExecutionSearch search)
    {
        var after = search.After is null ? string.Empty : " AND (r.ended_at < @last_time OR (r.ended_at = @last_time AND r.id < @last_id))";
        return $"SELECT{_dialect.Top} {RunColumns.Select("r")} FROM runs AS r{Indexed("ended")} "
            + $"WHERE r.ended_at IS NOT NULL AND r.ended_at >= @from_time AND r.ended_at < @to_time AND r.started_at IS NOT NULL{after}{Conditions(search)} ORDER BY r.ended_at DESC, r.id DESC{_dialect.Limit}";
    }

    private string RunningText(ExecutionSearch search) =>
        $"SELECT{_dialect.Top} {RunColumns.Select("r")} FROM runs AS r{Indexed("status")} "
        + $"WHERE r.status IN ({AtWork}) AND r.started_at IS NOT NULL AND r.started_at < @to_time{Conditions(search)} ORDER BY r.started_at DESC, r.id DESC{_dialect.Limit}";

    private string Conditions(ExecutionSearch search)
    {
        var text = search.BackendId is null ? string.Empty : " AND r.backend_id = @backend_id";
        text += search.Host is null ? string.Empty : @" AND r.intent_place LIKE @host ESCAPE '\'";
        text += Submitted(search.Submitters);
        return search.Queue is null ? text
            : _dialect.Provider == DatabaseProvider.PostgreSql ? text + " AND r.labels @> CAST(@queue AS jsonb)"
            : text + " AND EXISTS (SELECT 1 FROM run_labels AS l WHERE l.label_key = @queue_key AND l.label_value = @queue AND l.run_id = r.id)";
    }

    private SqlArgs Bind(SqlArgs args, ExecutionSearch search, int limit)
    {
        args.Time("to_time", search.To).Int("limit", limit).Text("backend_id", search.BackendId);
        if (search.Host is { } host)
        {
            args.Text("host", host.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("%", @"\%", StringComparison.Ordinal).Replace("_", @"\_", StringComparison.Ordinal).Replace("[", @"\[", StringComparison.Ordinal) + ":%");
        }

        BindSubmitters(args, search.Submitters);
        if (search.Queue is { } queue)
        {
            args.Text("queue_key", _dialect.EncodeKey(ScriptSurroundings.QueueLabel)).Text("queue", _dialect.Provider == DatabaseProvider.PostgreSql
                ? JsonSerializer.Serialize(new Dictionary<string, string> { [ScriptSurroundings.QueueLabel] = queue }, StoreJson.Relaxed.IReadOnlyDictionaryStringString)
                : _dialect.EncodeLabelValue(queue));
        }

        return args;
    }

    private static string Submitted(IReadOnlyList<string>? submitters) =>
        submitters is null ? string.Empty : $" AND r.submitter IN ({string.Join(", ", submitters.Select((_, i) => SubmitterName(i, "@")))})";

    private static void BindSubmitters(SqlArgs args, IReadOnlyList<string>? submitters)
    {
        for (var i = 0; i < (submitters?.Count ?? 0); i++)
        {
            args.Text(SubmitterName(i, string.Empty), submitters![i]);
        }
    }

    private static string SubmitterName(int number, string prefix) => string.Create(CultureInfo.InvariantCulture, $"{prefix}s{number}");

    // Without figures about its tables SQLite would rather walk all runs.
    private string Indexed(string index) => _dialect.Provider == DatabaseProvider.Sqlite ? $" INDEXED BY ix_runs_{index}" : string.Empty;
}
