using System.Text;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Runs;

/// <summary>Compares the versions of many runs in one statement; only what differs travels back.</summary>
internal sealed class RunVersions(Database database) : IRunVersions
{
    // So that the texts stay small objects.
    private const int Most = 2_000;

    private readonly SqlStatement _changed = database.Dialect.Statement(database.Dialect.Provider switch
    {
        DatabaseProvider.PostgreSql => "SELECT r.id, r.version FROM unnest(CAST(@ids AS bigint[]), CAST(@versions AS bigint[])) AS w(id, version) "
            + "JOIN runs r ON r.id = w.id WHERE r.version <> w.version",
        DatabaseProvider.SqlServer => "SELECT r.id, r.version FROM OPENJSON(@ids) AS i INNER JOIN OPENJSON(@versions) AS v ON v.[key] = i.[key] "
            + "INNER JOIN runs AS r ON r.id = CAST(i.value AS bigint) WHERE r.version <> CAST(v.value AS bigint)",
        DatabaseProvider.Sqlite => "SELECT r.id, r.version FROM json_each(@ids) AS i INNER JOIN json_each(@versions) AS v ON v.key = i.key "
            + "INNER JOIN runs AS r ON r.id = i.value WHERE r.version <> v.value",
    });

    public bool IsShared => database.Dialect.Provider != DatabaseProvider.Sqlite;

    public async Task<IReadOnlyList<KeyValuePair<long, long>>> ChangedAsync(IReadOnlyList<KeyValuePair<long, long>> seen, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(seen);
        var changed = new List<KeyValuePair<long, long>>();
        foreach (var chunk in seen.Chunk(Most))
        {
            // In the order of the index.
            Array.Sort(chunk, static (a, b) => a.Key.CompareTo(b.Key));
            changed.AddRange(await database.ReadAsync(
                session =>
                {
                    var command = session.Command(_changed);
                    command.Args.Text("ids", List(chunk, static r => r.Key)).Text("versions", List(chunk, static r => r.Value));
                    return command.ListAsync(row => KeyValuePair.Create(row.GetInt64(0), row.GetInt64(1)), cancellationToken);
                },
                cancellationToken));
        }

        return changed;
    }

    private string List(KeyValuePair<long, long>[] runs, Func<KeyValuePair<long, long>, long> number)
    {
        var (open, close) = database.Dialect.Provider == DatabaseProvider.PostgreSql ? ('{', '}') : ('[', ']');
        var text = new StringBuilder(runs.Length * 8).Append(open);
        for (var i = 0; i < runs.Length; i++)
        {
            text.Append(i == 0 ? string.Empty : ",").Append(number(runs[i]));
        }

        return text.Append(close).ToString();
    }
}
