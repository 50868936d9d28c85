using System.Data.Common;

namespace Ascob.Server.Persistence.Sql;

/// <summary>An open connection, its transaction if any, and (where connections are kept) its prepared commands.</summary>
internal sealed class DbSession(SqlDialect dialect, DbConnection connection) : IAsyncDisposable
{
    private readonly Dictionary<SqlStatement, SqlCommand> _prepared = [];

    public SqlDialect Dialect { get; } = dialect;

    public DbConnection Connection { get; } = connection;

    public DbTransaction? Transaction { get; set; }

    public SqlCommand Command(SqlStatement statement)
    {
        if (_prepared.TryGetValue(statement, out var command))
        {
            return command;
        }

        command = statement.CreateCommand(Connection, Transaction);
        if (Dialect.KeepsConnections && _prepared.Count < 200)
        {
            // A search has as many texts as combinations of filters; only so many are worth their memory.
            _prepared.Add(statement, command);
        }

        return command;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var command in _prepared.Values)
        {
            await command.DisposeAsync();
        }

        _prepared.Clear();
        await Connection.DisposeAsync();
    }
}
