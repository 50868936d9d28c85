using System.Globalization;
using Ascob.Core.Kuroko2;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Runs;

/// <summary>Counts runs for kuroko2's statistics.</summary>
internal sealed class InstanceCounts : IInstanceCounts
{
    private static readonly string Unstarted = string.Join(", ", new[] { RunStatus.WaitingLocks, RunStatus.PendingSubmit }.Select(s => $"'{s.ToWire()}'"));

    private readonly Database _database;
    private readonly SqlStatement _failed;

    public InstanceCounts(Database database)
    {
        _database = database;
        var dialect = database.Dialect;

        // Without figures about its tables SQLite would rather walk all runs.
        var byStatus = dialect.Provider == DatabaseProvider.Sqlite ? " INDEXED BY ix_runs_definition_status" : string.Empty;
        var (top, limit) = dialect.Provider == DatabaseProvider.SqlServer ? (" TOP (1)", string.Empty) : (string.Empty, " LIMIT 1");
        _failed = dialect.Statement(
            "SELECT COUNT(*) FROM definitions AS d INNER JOIN runs AS f ON f.id = "
            + $"(SELECT{top} n.id FROM runs AS n{byStatus} WHERE n.definition_id = d.id AND n.status = 'FAILED' ORDER BY n.ended_at DESC, n.id DESC{limit}) "
            + "WHERE (d.acknowledged_run IS NULL OR d.acknowledged_run <> f.id) "
            + "AND NOT EXISTS (SELECT 1 FROM runs AS g WHERE g.parent_id = COALESCE(f.parent_id, f.id) AND g.id > f.id AND g.status = 'SUCCEEDED')");
    }

    public Task<int> FailedDefinitionsAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync(session => session.Command(_failed).FirstAsync(row => Count(row.GetValue(0)), cancellationToken), cancellationToken);

    public async Task<IReadOnlyDictionary<string, int>> WaitingAsync(IReadOnlyCollection<string> queues, DateTimeOffset before, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(queues);
        if (queues.Count == 0)
        {
            return new Dictionary<string, int>();
        }

        // What is stored of a value may be a shorter key that stands for it.
        var dialect = _database.Dialect;
        var isPostgreSql = dialect.Provider == DatabaseProvider.PostgreSql;
        var stored = queues.Distinct(StringComparer.Ordinal).ToDictionary(q => isPostgreSql ? q : dialect.EncodeLabelValue(q), StringComparer.Ordinal);
        var counts = await _database.ReadAsync(
            session =>
            {
                var command = session.Command(dialect.Statement(WaitingText(stored.Count)));
                command.Args.Time("before", before).Text("queue_key", isPostgreSql ? ScriptSurroundings.QueueLabel : dialect.EncodeKey(ScriptSurroundings.QueueLabel));
                foreach (var (index, queue) in stored.Keys.Index())
                {
                    command.Args.Text(Name(index), queue);
                }

                return command.ListAsync(row => (Queue: row.GetString(0), Count: Count(row.GetValue(1))), cancellationToken);
            },
            cancellationToken);
        return counts.ToDictionary(c => stored[c.Queue], c => c.Count, StringComparer.Ordinal);
    }

    /// <summary>Answers the text of the question for so many queues.</summary>
    internal string WaitingText(int queues)
    {
        var names = string.Join(", ", Enumerable.Range(0, queues).Select(i => $"@{Name(i)}"));
        var waiting = $"r.status IN ({Unstarted}) AND r.defined_at < @before";
        return _database.Dialect.Provider switch
        {
            DatabaseProvider.PostgreSql =>
                $"SELECT w.queue, COUNT(*) FROM (SELECT r.labels ->> CAST(@queue_key AS text) AS queue FROM runs AS r WHERE {waiting}) AS w WHERE w.queue IN ({names}) GROUP BY w.queue",
            var provider =>
                $"SELECT l.label_value, COUNT(*) FROM runs AS r{(provider == DatabaseProvider.Sqlite ? " INDEXED BY ix_runs_status" : string.Empty)} "
                + $"INNER JOIN run_labels AS l ON l.label_key = @queue_key AND l.label_value IN ({names}) AND l.run_id = r.id WHERE {waiting} GROUP BY l.label_value",
        };
    }

    private static string Name(int index) => string.Create(CultureInfo.InvariantCulture, $"q{index}");

    private static int Count(object value) => Convert.ToInt32(value, CultureInfo.InvariantCulture);
}
