using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Runs;

/// <summary>
/// Reads pages of runs. A query is driven by the filter that matches the fewest runs: each of its values is one branch that walks an index from the newest run down, so
/// that no branch reads more than a page unless other filters thin it out. Why it is not left to the planner: <c>docs/decisions/0003-search.md</c>.
/// </summary>
internal sealed class RunSearchSql(SqlDialect dialect)
{
    // Beyond so many values one walk down the runs is cheaper than one branch for each.
    private const int MostBranches = 40;

    // Where runs are numbered by several servers, numbers and times may disagree by their clocks; the exact time is compared besides.
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, SqlStatement> _statements = new(StringComparer.Ordinal);

    public async Task<RunPage> ReadAsync(DbSession session, RunSearch search, CancellationToken cancellationToken)
    {
        var bounds = await BoundsAsync(session, search, cancellationToken);
        if (bounds.Below <= bounds.Above + 1 || search.Submitters is { Count: 0 } || search.Statuses is { Count: 0 })
        {
            return new RunPage([], null);
        }

        var filters = Filters(search);
        var driver = await RarestAsync(session, filters, bounds, cancellationToken);
        var statement = Statement(Text(filters, driver, search));
        var command = session.Command(statement);
        Bind(command.Args, filters, search, bounds);
        command.Args.Int("limit", search.Limit + 1);
        var runs = await command.ListAsync(RunColumns.Read, cancellationToken);
        return runs.Count <= search.Limit
            ? new RunPage(runs, null)
            : new RunPage(runs.GetRange(0, search.Limit), runs[search.Limit - 1].Id);
    }

    /// <summary>Answers every text that a search may use, so that a test can have them parsed.</summary>
    public IReadOnlyList<string> Texts(RunSearch search)
    {
        var filters = Filters(search);
        return [IdAtText, Text(filters, null, search), .. filters.Where(CanDrive).SelectMany(f => (string[])[Text(filters, f, search), CountText(f)])];
    }

    private static List<Filter> Filters(RunSearch search)
    {
        var filters = new List<Filter>();
        foreach (var (key, value) in search.Labels ?? [])
        {
            filters.Add(new Filter(null, [value], key, filters.Count));
        }

        Add("status", search.Statuses?.Distinct().Select(s => s.ToWire()));
        Add("submitter", search.Submitters?.Distinct(StringComparer.Ordinal));
        Add("backend_id", search.BackendId is null ? null : [search.BackendId]);
        Add("parent_id", search.ParentId is { } parent ? [parent.ToString(CultureInfo.InvariantCulture)] : null);
        return filters;

        void Add(string column, IEnumerable<string>? values)
        {
            if (values is not null)
            {
                filters.Add(new Filter(column, [.. values], null, filters.Count));
            }
        }
    }

    private async Task<IdBounds> BoundsAsync(DbSession session, RunSearch search, CancellationToken cancellationToken)
    {
        var below = search.BeforeId ?? long.MaxValue;
        var above = 0L;
        if (search.DefinedBefore is { } before)
        {
            below = Math.Min(below, 1 + await IdAtAsync(session, before, +1, cancellationToken));
        }

        if (search.DefinedAfter is { } after)
        {
            above = Math.Max(above, await IdAtAsync(session, after, -1, cancellationToken) - 1);
        }

        return new IdBounds(above, below);
    }

    /// <summary>Answers the number of the last run that was defined before a time, moved by the slack.</summary>
    private async Task<long> IdAtAsync(DbSession session, DateTimeOffset time, int direction, CancellationToken cancellationToken)
    {
        var command = session.Command(Statement(IdAtText));
        var moved = direction > 0
            ? (DateTimeOffset.MaxValue - time < Slack ? DateTimeOffset.MaxValue : time + Slack)
            : (time - DateTimeOffset.MinValue < Slack ? DateTimeOffset.MinValue : time - Slack);
        command.Args.Time("time", moved);
        return await command.FirstAsync(row => row.GetInt64(0), cancellationToken);
    }

    /// <summary>Counts how many runs each filter matches, up to a bound that grows while all are alike; the fewest wins.</summary>
    private async Task<Filter?> RarestAsync(DbSession session, List<Filter> filters, IdBounds bounds, CancellationToken cancellationToken)
    {
        var candidates = filters.Where(f => f.Values.Length <= MostBranches && CanDrive(f)).ToList();
        foreach (var most in (int[])[1_000, 20_000])
        {
            if (candidates.Count <= 1)
            {
                break;
            }

            var counted = new List<(Filter Filter, long Count)>();
            foreach (var filter in candidates)
            {
                counted.Add((filter, await CountAsync(session, filter, most, bounds, cancellationToken)));
            }

            var fewest = counted.MinBy(c => c.Count);
            if (fewest.Count < most)
            {
                return fewest.Filter;
            }
        }

        return candidates.FirstOrDefault();
    }

    // A GIN index answers in no order: PostgreSQL's own statistics know better when to use it.
    private bool CanDrive(Filter filter) => filter.LabelKey is null || dialect.Provider != DatabaseProvider.PostgreSql;

    private async Task<long> CountAsync(DbSession session, Filter filter, int most, IdBounds bounds, CancellationToken cancellationToken)
    {
        var total = 0L;
        foreach (var value in filter.Values)
        {
            var command = session.Command(Statement(CountText(filter)));
            if (filter.Column == "parent_id")
            {
                command.Args.Long("value", long.Parse(value, CultureInfo.InvariantCulture));
            }
            else
            {
                command.Args.Text("value", value);
            }

            command.Args.Text("label_key", filter.LabelKey is null ? null : dialect.EncodeKey(filter.LabelKey))
                .Long("below", bounds.Below)
                .Long("above", bounds.Above)
                .Int("limit", most);
            total += await command.FirstAsync(row => Convert.ToInt64(row.GetValue(0), CultureInfo.InvariantCulture), cancellationToken);
            if (total >= most)
            {
                break;
            }
        }

        return total;
    }

    private string CountText(Filter filter)
    {
        var inner = filter.LabelKey is null
            ? $"SELECT{dialect.Top} 1 AS one FROM runs AS r WHERE r.{filter.Column} = @value AND r.id < @below AND r.id > @above{dialect.Limit}"
            : $"SELECT{dialect.Top} 1 AS one FROM run_labels AS l WHERE l.label_key = @label_key AND l.label_value = @value AND l.run_id < @below AND l.run_id > @above{dialect.Limit}";
        return $"SELECT COUNT(*) FROM ({inner}) AS x";
    }

    private string Text(List<Filter> filters, Filter? driver, RunSearch search)
    {
        var conditions = new StringBuilder();
        foreach (var filter in filters.Where(f => f != driver))
        {
            conditions.Append(" AND ").Append(Condition(filter));
        }

        if (search.DefinedAfter is not null)
        {
            conditions.Append(" AND r.defined_at > @defined_after");
        }

        if (search.DefinedBefore is not null)
        {
            conditions.Append(" AND r.defined_at < @defined_before");
        }

        if (search.Text is { Length: > 0 })
        {
            conditions.Append(dialect.Provider switch
            {
                DatabaseProvider.Sqlite => @" AND r.description LIKE @text ESCAPE '\'",
                DatabaseProvider.PostgreSql => @" AND r.description ILIKE @text ESCAPE '\'",
                _ => @" AND r.description COLLATE Latin1_General_100_CI_AS LIKE @text ESCAPE '\'",
            });
        }

        if (driver is null)
        {
            return Branch($"FROM runs AS r WHERE r.id < @below AND r.id > @above{conditions}", "r.id");
        }

        var branches = driver.Values.Select((_, i) => driver.LabelKey is null
            ? Branch($"FROM runs AS r WHERE r.{driver.Column} = @{Name(driver, i)} AND r.id < @below AND r.id > @above{conditions}", "r.id")
            : Branch(
                $"FROM run_labels AS l {LoopJoin} runs AS r ON r.id = l.run_id WHERE l.label_key = @k{driver.Number} AND l.label_value = @{Name(driver, i)} "
                + $"AND l.run_id < @below AND l.run_id > @above{conditions}",
                "l.run_id")).ToArray();
        if (branches.Length == 1)
        {
            return branches[0];
        }

        var union = string.Join(" UNION ALL ", branches.Select((b, i) => $"SELECT * FROM ({b}) AS b{i}"));
        return $"SELECT{dialect.Top} {RunColumns.Select("u")} FROM ({union}) AS u ORDER BY u.id DESC{dialect.Limit}";
    }

    private string IdAtText =>
        $"SELECT{(dialect.Top.Length > 0 ? " TOP (1)" : string.Empty)} id FROM runs WHERE defined_at < @time ORDER BY defined_at DESC{(dialect.Limit.Length > 0 ? " LIMIT 1" : string.Empty)}";

    // SQLite takes CROSS JOIN as an order to keep the sequence of the tables.
    private string LoopJoin => dialect.Provider == DatabaseProvider.Sqlite ? "CROSS JOIN" : "INNER LOOP JOIN";

    private string Branch(string from, string order) => $"SELECT{dialect.Top} {RunColumns.Select("r")} {from} ORDER BY {order} DESC{dialect.Limit}";

    private string Condition(Filter filter)
    {
        if (filter.LabelKey is not null)
        {
            return dialect.Provider == DatabaseProvider.PostgreSql
                ? $"r.labels @> CAST(@{Name(filter, 0)} AS jsonb)"
                : $"EXISTS (SELECT 1 FROM run_labels AS l{filter.Number} WHERE l{filter.Number}.label_key = @k{filter.Number} "
                    + $"AND l{filter.Number}.label_value = @{Name(filter, 0)} AND l{filter.Number}.run_id = r.id)";
        }

        return filter.Values.Length == 1
            ? $"{Unindexed}r.{filter.Column} = @{Name(filter, 0)}"
            : $"{Unindexed}r.{filter.Column} IN ({string.Join(", ", filter.Values.Select((_, i) => $"@{Name(filter, i)}"))})";
    }

    // A plus sign keeps SQLite from using the index of a filter that does not drive.
    private string Unindexed => dialect.Provider == DatabaseProvider.Sqlite ? "+" : string.Empty;

    private void Bind(SqlArgs args, List<Filter> filters, RunSearch search, IdBounds bounds)
    {
        args.Long("below", bounds.Below).Long("above", bounds.Above).Time("defined_after", search.DefinedAfter).Time("defined_before", search.DefinedBefore);
        if (search.Text is { Length: > 0 } text)
        {
            args.Text("text", $"%{EscapeLike(text)}%");
        }

        foreach (var filter in filters)
        {
            if (filter.LabelKey is not null)
            {
                args.Text(string.Create(CultureInfo.InvariantCulture, $"k{filter.Number}"), dialect.EncodeKey(filter.LabelKey));
            }

            for (var i = 0; i < filter.Values.Length; i++)
            {
                BindValue(args, filter, i);
            }
        }
    }

    private void BindValue(SqlArgs args, Filter filter, int index)
    {
        var value = filter.Values[index];
        if (filter.Column == "parent_id")
        {
            args.Long(Name(filter, index), long.Parse(value, CultureInfo.InvariantCulture));
        }
        else if (filter.LabelKey is not null && dialect.Provider == DatabaseProvider.PostgreSql)
        {
            args.Text(
                Name(filter, index),
                JsonSerializer.Serialize(new Dictionary<string, string> { [filter.LabelKey] = value }, StoreJson.Relaxed.IReadOnlyDictionaryStringString));
        }
        else
        {
            args.Text(Name(filter, index), value);
        }
    }

    private static string EscapeLike(string text) => text
        .Replace(@"\", @"\\", StringComparison.Ordinal)
        .Replace("%", @"\%", StringComparison.Ordinal)
        .Replace("_", @"\_", StringComparison.Ordinal)
        .Replace("[", @"\[", StringComparison.Ordinal);

    private static string Name(Filter filter, int index) => string.Create(CultureInfo.InvariantCulture, $"v{filter.Number}_{index}");

    private SqlStatement Statement(string text)
    {
        // Callers choose the number of labels and submitters, so the texts must not pile up without end.
        if (_statements.Count > 1_000)
        {
            _statements.Clear();
        }

        return _statements.GetOrAdd(text, dialect.Statement);
    }

    private sealed record Filter(string? Column, string[] Values, string? LabelKey, int Number);

    private readonly record struct IdBounds(long Above, long Below);
}
