using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Ascob.Core.Definitions;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Definitions;

/// <summary>Reads pages of definitions. There are thousands of them at most, and their rows are narrow: a page walks the names and filters as it goes.</summary>
internal sealed class DefinitionListSql(SqlDialect dialect)
{
    private const string Stars = "SELECT definition_id FROM definition_stars WHERE identifier = @identifier";

    private readonly ConcurrentDictionary<string, SqlStatement> _statements = new(StringComparer.Ordinal);

    public async Task<DefinitionPage> ReadAsync(DbSession session, DefinitionSearch search, CancellationToken cancellationToken)
    {
        var command = session.Command(Statement(Text(search)));
        Bind(command.Args, search);
        var (page, hasMore) = await DefinitionRows.PageAsync(command, search.Limit, cancellationToken);
        return new DefinitionPage(page, await StarsAsync(session, search.StarsOf, cancellationToken), hasMore ? page[^1].Name : null);
    }

    /// <summary>Answers the statements that a search asks, for whoever checks them against a grammar.</summary>
    public IReadOnlyList<SqlStatement> Statements(DefinitionSearch search) => [Statement(Text(search)), Statement(Stars)];

    public async Task<IReadOnlyDictionary<long, DefinitionHead>> HeadsAsync(DbSession session, IReadOnlyCollection<long> ids, CancellationToken cancellationToken)
    {
        var among = dialect.Provider switch
        {
            DatabaseProvider.Sqlite => "SELECT value FROM json_each(@ids)",
            DatabaseProvider.PostgreSql => "SELECT CAST(jsonb_array_elements_text(CAST(@ids AS jsonb)) AS bigint)",
            DatabaseProvider.SqlServer => "SELECT CAST(value AS bigint) FROM OPENJSON(@ids)",
        };
        var command = session.Command(Statement($"SELECT id, name, suspended, submitter FROM definitions WHERE id IN ({among})"));
        command.Args.Text("ids", $"[{string.Join(',', ids.Select(id => id.ToString(CultureInfo.InvariantCulture)))}]");
        var heads = await command.ListAsync(row => new DefinitionHead(row.GetInt64(0), row.GetString(1), row.GetBoolean(2), row.IsDBNull(3) ? null : row.GetString(3)), cancellationToken);
        return heads.ToDictionary(h => h.Id);
    }

    private async Task<HashSet<long>> StarsAsync(DbSession session, string? identifier, CancellationToken cancellationToken)
    {
        if (identifier is null)
        {
            return [];
        }

        var command = session.Command(Statement(Stars));
        command.Args.Text("identifier", identifier);
        return [.. await command.ListAsync(row => row.GetInt64(0), cancellationToken)];
    }

    private string Text(DefinitionSearch search)
    {
        var conditions = new List<string>();
        AddIf(search.AfterName is not null, "d.name > @after");
        AddIf(search.Text is { Length: > 0 }, @"d.search_text LIKE @text ESCAPE '\'");
        AddIf(search.Owner is not null, @"d.owners LIKE @owner ESCAPE '\'");
        AddIf(search.Source is not null, "d.source = @source");
        AddIf(search.StarredBy is not null, "EXISTS (SELECT 1 FROM definition_stars AS s WHERE s.identifier = @identifier AND s.definition_id = d.id)");
        conditions.AddRange(search.Tags.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $@"d.tags LIKE @tag{i} ESCAPE '\'")));
        if (search.Submitters is { } submitters)
        {
            var names = string.Join(", ", submitters.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"@submitter{i}")));
            conditions.Add(names.Length == 0 ? "d.submitter IS NULL" : $"(d.submitter IS NULL OR d.submitter IN ({names}))");
        }

        var text = new StringBuilder($"SELECT{dialect.Top} {DefinitionRows.Columns} FROM {DefinitionRows.Present}");
        if (conditions.Count > 0)
        {
            text.Append(" WHERE ").AppendJoin(" AND ", conditions);
        }

        return text.Append($" ORDER BY d.name{dialect.Limit}").ToString();

        void AddIf(bool isAsked, string condition)
        {
            if (isAsked)
            {
                conditions.Add(condition);
            }
        }
    }

    private static void Bind(SqlArgs args, DefinitionSearch search)
    {
        args.Text("after", search.AfterName)
            .Text("text", search.Text is { Length: > 0 } text ? $"%{DefinitionRows.EscapeLike(DefinitionRows.Folded(text))}%" : null)
            .Text("owner", search.Owner is { } owner ? DefinitionRows.LinePattern(owner) : null)
            .Text("source", search.Source)
            .Text("identifier", search.StarredBy)
            .Int("limit", search.Limit + 1);
        for (var i = 0; i < search.Tags.Count; i++)
        {
            args.Text(string.Create(CultureInfo.InvariantCulture, $"tag{i}"), DefinitionRows.LinePattern(search.Tags[i]));
        }

        for (var i = 0; i < (search.Submitters?.Count ?? 0); i++)
        {
            args.Text(string.Create(CultureInfo.InvariantCulture, $"submitter{i}"), search.Submitters![i]);
        }
    }

    private SqlStatement Statement(string text)
    {
        if (_statements.Count > 500)
        {
            _statements.Clear();
        }

        return _statements.GetOrAdd(text, dialect.Statement);
    }
}
