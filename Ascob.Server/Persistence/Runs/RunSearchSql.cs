using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Runs;

/// <summary>
/// Reads pages of runs. A query is driven by the filter that matches the fewest runs: each of its values is one branch that walks an index from the newest run down, so
/// that no branch reads more than a page unless other filters thin it out. Why it is not left to the planner: <c>docs/decisions/0008-search-by-rarest-filter.md</c>.
/// </summary>
internal sealed class RunSearchSql(SqlDialect dialect)
{
    // So many of a filter's newest matches tell how common it is.
    private const int Sample = 1_000;

    // Beyond so many values one walk down the runs is cheaper than one branch for each.
    private const int MostBranches = 40;

    // Where runs are numbered by several servers, numbers and times may disagree by their clocks; the exact time is compared besides.
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, SqlStatement> _statements = new(StringComparer.Ordinal);

    public async Task<RunPage> ReadAsync(DbSession session, RunSearch search, CancellationToken cancellationToken)
    {
        var bounds = await BoundsAsync(session, search, cancellationToken);
        if (bounds.Below <= bounds.Above + 1 || CannotMatch(search))
        {
            return new RunPage([], null);
        }

        var filters = Filters(search);
        var driver = await RarestAsync(session, filters, bounds, cancellationToken);
        if (TriesNewestFirst(filters, driver)
            && await RowsAsync(session, NewestText(filters, driver, search), filters, search, bounds, cancellationToken) is { } newest
            && newest.Count > search.Limit)
        {
            return ToPage(newest, search);
        }

        return ToPage(await RowsAsync(session, Text(filters, driver, search), filters, search, bounds, cancellationToken), search);
    }

    /// <summary>Answers every text that a search may use, so that a test can have them parsed.</summary>
    public IReadOnlyList<string> Texts(RunSearch search)
    {
        var filters = Filters(search);
        return [IdAtText, "SELECT MAX(id) FROM runs", Text(filters, null, search), .. filters.Where(CanDrive).SelectMany(f => (string[])[Text(filters, f, search), CountText(f)])];
    }

    private static RunPage ToPage(List<Run> runs, RunSearch search) => runs.Count <= search.Limit
        ? new RunPage(runs, null)
        : new RunPage(runs.GetRange(0, search.Limit), runs[search.Limit - 1].Id);

    // A run has one value of a label, so two wanted values of the same label never meet.
    private static bool CannotMatch(RunSearch search) =>
        search.Submitters is { Count: 0 }
        || search.Statuses is { Count: 0 }
        || (search.Labels is { } labels && labels.Distinct().Count() != labels.Select(l => l.Key).Distinct(StringComparer.Ordinal).Count());

    private async Task<List<Run>> RowsAsync(
        DbSession session, string text, List<Filter> filters, RunSearch search, IdBounds bounds, CancellationToken cancellationToken)
    {
        var command = session.Command(Statement(text));
        Bind(command.Args, filters, search, bounds);
        command.Args.Int("limit", search.Limit + 1).Int("sample", Sample);
        return await command.ListAsync(RunColumns.Read, cancellationToken);
    }

    // PostgreSQL takes conditions for independent. Where they go together, as failures and the team that has them, it expects few matches and collects all of them to
    // sort; a look at the newest candidates mostly fills the page.
    private bool TriesNewestFirst(List<Filter> filters, Filter? driver) =>
        dialect.Provider == DatabaseProvider.PostgreSql && filters.Count > 1 && (driver is null || driver.Values.Length == 1) && filters.Any(f => f.LabelKey is not null);

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
        Add("definition_id", search.DefinitionId is { } definition ? [definition.ToString(CultureInfo.InvariantCulture)] : null);
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

        var highest = await session.Command(Statement("SELECT MAX(id) FROM runs")).FirstAsync(row => RunColumns.Long(row, 0), cancellationToken) ?? 0;
        return new IdBounds(above, below, Math.Min(highest, below));
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

    /// <summary>Answers the filter that matches the fewest runs, by a look at its newest matches; null where none can drive.</summary>
    private async Task<Filter?> RarestAsync(DbSession session, List<Filter> filters, IdBounds bounds, CancellationToken cancellationToken)
    {
        var candidates = filters.Where(f => f.Values.Length <= MostBranches && CanDrive(f)).ToList();
        if (candidates.Count <= 1)
        {
            return candidates.FirstOrDefault();
        }

        var rarest = (Filter: candidates[0], Share: double.MaxValue);
        foreach (var filter in candidates)
        {
            var share = await ShareAsync(session, filter, bounds, cancellationToken);
            if (share < rarest.Share)
            {
                rarest = (filter, share);
            }
        }

        return rarest.Filter;
    }

    // A GIN index answers in no order: PostgreSQL's own statistics know better when to use it.
    private bool CanDrive(Filter filter) => filter.LabelKey is null || dialect.Provider != DatabaseProvider.PostgreSql;

    /// <summary>Estimates which share of the runs a filter matches, from how far down its newest matches reach.</summary>
    private async Task<double> ShareAsync(DbSession session, Filter filter, IdBounds bounds, CancellationToken cancellationToken)
    {
        var total = 0.0;
        foreach (var value in filter.Values)
        {
            var command = session.Command(Statement(CountText(filter)));
            if (filter.IsNumber)
            {
                command.Args.Long("value", long.Parse(value, CultureInfo.InvariantCulture));
            }
            else
            {
                command.Args.Text("value", filter.LabelKey is null ? value : dialect.EncodeLabelValue(value));
            }

            command.Args.Text("label_key", filter.LabelKey is null ? null : dialect.EncodeKey(filter.LabelKey))
                .Long("below", bounds.Below)
                .Long("above", bounds.Above)
                .Int("limit", Sample);
            var (count, lowest) = await command.FirstAsync(
                row => (Convert.ToInt64(row.GetValue(0), CultureInfo.InvariantCulture), row.IsDBNull(1) ? 0 : row.GetInt64(1)),
                cancellationToken);

            // All matches were seen: they are spread over the whole range.
            var reach = bounds.Highest - (count < Sample ? bounds.Above : lowest);
            total += count / Math.Max(1.0, reach);
        }

        return total;
    }

    private string CountText(Filter filter)
    {
        var inner = filter.LabelKey is null
            ? $"SELECT{dialect.Top} r.id FROM runs AS r{Indexed(filter)} WHERE r.{filter.Column} = @value AND r.id < @below AND r.id > @above ORDER BY r.id DESC{dialect.Limit}"
            : $"SELECT{dialect.Top} l.run_id AS id FROM run_labels AS l WHERE l.label_key = @label_key AND l.label_value = @value AND l.run_id < @below AND l.run_id > @above ORDER BY l.run_id DESC{dialect.Limit}";
        return $"SELECT COUNT(*), MIN(x.id) FROM ({inner}) AS x";
    }

    /// <summary>
    /// Makes the query of a page: numbers first, from indexes alone where that can be, then the rows of the page. Reading a row of a run costs many times the look into an index.
    /// </summary>
    private string Text(List<Filter> filters, Filter? driver, RunSearch search)
    {
        var byLabel = driver?.LabelKey is not null;
        var id = byLabel ? "d.run_id" : "d.id";
        var conditions = new StringBuilder($"{id} < @below AND {id} > @above");
        foreach (var filter in filters.Where(f => f != driver))
        {
            conditions.Append(" AND ").Append(Condition(filter, id, byLabel || driver is not null));
        }

        AppendRowConditions(conditions, search, byLabel);
        var branches = driver is null
            ? [$"SELECT{dialect.Top} d.id FROM runs AS d WHERE {conditions} ORDER BY d.id DESC{dialect.Limit}"]
            : driver.Values.Select((_, i) => byLabel
                ? $"SELECT{dialect.Top} d.run_id AS id FROM run_labels AS d WHERE d.label_key = @k{driver.Number} AND d.label_value = @{Name(driver, i)} AND {conditions} ORDER BY d.run_id DESC{dialect.Limit}"
                : $"SELECT{dialect.Top} d.id FROM runs AS d{Indexed(driver)} WHERE d.{driver.Column} = @{Name(driver, i)} AND {conditions} ORDER BY d.id DESC{dialect.Limit}").ToArray();
        var ids = branches.Length == 1
            ? branches[0]
            : $"SELECT{dialect.Top} u.id FROM ({string.Join(" UNION ALL ", branches.Select((b, i) => $"SELECT b{i}.id FROM ({b}) AS b{i}"))}) AS u ORDER BY u.id DESC{dialect.Limit}";
        return $"SELECT {RunColumns.Select("r")} FROM ({ids}) AS p {OrderedJoin} runs AS r ON r.id = p.id ORDER BY p.id DESC";
    }

    private string IdAtText =>
        $"SELECT{(dialect.Top.Length > 0 ? " TOP (1)" : string.Empty)} id FROM runs WHERE defined_at < @time ORDER BY defined_at DESC{(dialect.Limit.Length > 0 ? " LIMIT 1" : string.Empty)}";

    private string NewestText(List<Filter> filters, Filter? driver, RunSearch search)
    {
        var driven = driver is null ? string.Empty : $"c.{driver.Column} = @{Name(driver, 0)} AND ";
        var conditions = new StringBuilder("TRUE");
        foreach (var filter in filters.Where(f => f != driver))
        {
            conditions.Append(" AND ").Append(Condition(filter, "d.id", isDriven: false));
        }

        AppendRowConditions(conditions, search, byLabel: false);
        return $"SELECT {RunColumns.Select("d")} FROM (SELECT c.* FROM runs AS c WHERE {driven}c.id < @below AND c.id > @above ORDER BY c.id DESC LIMIT @sample) AS d "
            + $"WHERE {conditions} ORDER BY d.id DESC LIMIT @limit";
    }

    // SQLite takes CROSS JOIN as an order to keep the sequence of the tables.
    private string OrderedJoin => dialect.Provider switch
    {
        DatabaseProvider.Sqlite => "CROSS JOIN",
        DatabaseProvider.SqlServer => "INNER LOOP JOIN",
        _ => "INNER JOIN",
    };

    private string Indexed(Filter filter) => dialect.Provider == DatabaseProvider.Sqlite ? $" INDEXED BY ix_runs_{filter.IndexName}" : string.Empty;

    private string Condition(Filter filter, string id, bool isDriven)
    {
        var values = string.Join(", ", filter.Values.Select((_, i) => $"@{Name(filter, i)}"));
        var number = filter.Number;
        if (filter.LabelKey is not null)
        {
            return dialect.Provider == DatabaseProvider.PostgreSql
                ? $"d.labels @> CAST({values} AS jsonb)"
                : $"EXISTS (SELECT 1 FROM run_labels AS l{number} WHERE l{number}.label_key = @k{number} AND l{number}.label_value = {values} AND l{number}.run_id = {id})";
        }

        // PostgreSQL combines indexes by itself; SQLite must be told to look into the narrow index and not into the wide row.
        return dialect.Provider == DatabaseProvider.PostgreSql || !isDriven
            ? $"d.{filter.Column} IN ({values})"
            : $"EXISTS (SELECT 1 FROM runs AS c{number}{Indexed(filter)} WHERE c{number}.{filter.Column} IN ({values}) AND c{number}.id = {id})";
    }

    private void AppendRowConditions(StringBuilder conditions, RunSearch search, bool byLabel)
    {
        var row = byLabel ? "x" : "d";
        var wanted = new List<string>();
        if (search.DefinedAfter is not null)
        {
            wanted.Add($"{row}.defined_at > @defined_after");
        }

        if (search.DefinedBefore is not null)
        {
            wanted.Add($"{row}.defined_at < @defined_before");
        }

        if (search.Text is { Length: > 0 })
        {
            wanted.Add(dialect.Provider switch
            {
                DatabaseProvider.Sqlite => $@"{row}.description LIKE @text ESCAPE '\'",
                DatabaseProvider.PostgreSql => $@"{row}.description ILIKE @text ESCAPE '\'",
                _ => $@"{row}.description COLLATE Latin1_General_100_CI_AS LIKE @text ESCAPE '\'",
            });
        }

        if (wanted.Count > 0)
        {
            var all = string.Join(" AND ", wanted);
            conditions.Append(" AND ").Append(byLabel ? $"EXISTS (SELECT 1 FROM runs AS x WHERE x.id = d.run_id AND {all})" : all);
        }
    }

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
        if (filter.IsNumber)
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
            args.Text(Name(filter, index), filter.LabelKey is null ? value : dialect.EncodeLabelValue(value));
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

    private sealed record Filter(string? Column, string[] Values, string? LabelKey, int Number)
    {
        public string? IndexName => Column switch
        {
            "backend_id" => "backend",
            "parent_id" => "parent",
            "definition_id" => "definition",
            _ => Column,
        };

        public bool IsNumber => Column is "parent_id" or "definition_id";
    }

    private readonly record struct IdBounds(long Above, long Below, long Highest);
}
