using System.Data.Common;

namespace Ascob.Server.Persistence.Sql;

/// <summary>An open connection, its transaction if any, and (where connections are kept) its prepared commands.</summary>
internal sealed class DbSession(SqlDialect dialect, DbConnection connection) : IAsyncDisposable
{
    private const int MostPrepared = 200;

    private readonly Dictionary<SqlStatement, SqlCommand> _prepared = [];
    private readonly Queue<SqlStatement> _oldest = [];

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
        if (Dialect.KeepsConnections)
        {
            Keep(statement, command);
        }

        return command;
    }

    // A search has as many texts as combinations of filters. The command that leaves was made long before any that is in use.
    private void Keep(SqlStatement statement, SqlCommand command)
    {
        if (_prepared.Count >= MostPrepared && _prepared.Remove(_oldest.Dequeue(), out var leaving))
        {
            leaving.Dispose();
        }

        _prepared.Add(statement, command);
        _oldest.Enqueue(statement);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var command in _prepared.Values)
        {
            command.Dispose();
        }

        _prepared.Clear();
        await Connection.DisposeAsync();
    }
}
