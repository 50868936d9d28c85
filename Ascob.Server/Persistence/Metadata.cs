using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence;

/// <summary>Facts that all servers of a database agree on, in <c>metadata</c>: each is set by whoever comes first, and changed only by who has seen the value that it replaces.</summary>
internal sealed class Metadata(Database database, IStoreWriter writer)
{
    /// <summary>How many characters <see cref="FindStartAsync"/> answers.</summary>
    public const int StartLength = 80;

    private readonly SqlStatement _findStart = database.Dialect.Statement(database.Dialect.Provider == DatabaseProvider.SqlServer
        ? "SELECT SUBSTRING(value, 1, 80) FROM metadata WHERE name = @name"
        : "SELECT substr(value, 1, 80) FROM metadata WHERE name = @name");

    private readonly SqlStatement _find = database.Dialect.Statement("SELECT value FROM metadata WHERE name = @name");

    private readonly SqlStatement _add = database.Dialect.Statement(database.Dialect.Provider == DatabaseProvider.SqlServer
        ? "INSERT INTO metadata (name, value) SELECT @name, @value WHERE NOT EXISTS (SELECT 1 FROM metadata WITH (UPDLOCK, HOLDLOCK) WHERE name = @name)"
        : "INSERT INTO metadata (name, value) VALUES (@name, @value) ON CONFLICT (name) DO NOTHING");

    private readonly SqlStatement _replace = database.Dialect.Statement("UPDATE metadata SET value = @value WHERE name = @name AND value = @old");

    /// <summary>Answers the value; null where there is none.</summary>
    public Task<string?> FindAsync(string name, CancellationToken cancellationToken) => ReadAsync(_find, name, cancellationToken);

    /// <summary>Answers the first characters of the value, for values that are large and begin with what tells them from others; null where there is none.</summary>
    public Task<string?> FindStartAsync(string name, CancellationToken cancellationToken) => ReadAsync(_findStart, name, cancellationToken);

    /// <summary>Sets the value where there is none, and answers the one that holds.</summary>
    public async Task<string> FindOrAddAsync(string name, string value, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await FindAsync(name, cancellationToken) is { } found)
            {
                return found;
            }

            await WriteAsync(_add, name, value, null, cancellationToken);
        }
    }

    /// <summary>Sets the value if it is still the old one (null: none); answers whether it was.</summary>
    public async Task<bool> TryReplaceAsync(string name, string? old, string value, CancellationToken cancellationToken) =>
        await WriteAsync(old is null ? _add : _replace, name, value, old, cancellationToken) > 0;

    private Task<string?> ReadAsync(SqlStatement statement, string name, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var command = session.Command(statement);
            command.Args.Text("name", name);
            return command.FirstAsync(row => row.GetString(0), cancellationToken);
        },
        cancellationToken);

    private Task<int> WriteAsync(SqlStatement statement, string name, string value, string? old, CancellationToken cancellationToken) => writer.WriteAsync(
        new DelegateOperation<int>((session, stop) =>
        {
            var command = session.Command(statement);
            command.Args.Text("name", name).Text("value", value);
            if (old is not null)
            {
                command.Args.Text("old", old);
            }

            return command.ExecuteAsync(stop);
        }),
        cancellationToken);
}
