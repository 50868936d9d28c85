using System.Data.Common;

namespace Ascob.Server.Persistence.Sql;

/// <summary>A command with the parameters of its statement.</summary>
internal abstract class SqlCommand(SqlStatement statement, ISqlParameters parameters) : IDisposable
{
    public SqlArgs Args { get; } = new(statement, parameters);

    /// <summary>Carries it out and answers the number of rows it touched.</summary>
    public abstract Task<int> ExecuteAsync(CancellationToken cancellationToken);

    public abstract Task<DbDataReader> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Reads one row with one large value in passing, so that neither the driver nor we hold it in memory as a whole; its length, or null where there is no row.</summary>
    public abstract Task<int?> CopyAsync(Memory<byte> buffer, CancellationToken cancellationToken);

    public abstract void Dispose();

    /// <summary>Reads the rows through <paramref name="row"/>.</summary>
    public async Task<List<T>> ListAsync<T>(Func<DbDataReader, T> row, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        await using var reader = await ReadAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(row(reader));
        }

        return rows;
    }

    /// <summary>Reads rows through <paramref name="row"/> while <paramref name="more"/> holds, at least one; and whether there are others behind them.</summary>
    public async Task<(List<T> Rows, bool HasMore)> ListWhileAsync<T>(Func<DbDataReader, T> row, Func<List<T>, bool> more, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        await using var reader = await ReadAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (rows.Count > 0 && !more(rows))
            {
                return (rows, true);
            }

            rows.Add(row(reader));
        }

        return (rows, false);
    }

    /// <summary>Reads the first row, or answers the default where there is none.</summary>
    public async Task<T?> FirstAsync<T>(Func<DbDataReader, T> row, CancellationToken cancellationToken)
    {
        await using var reader = await ReadAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? row(reader) : default;
    }
}
