using System.Collections.Concurrent;
using System.Data.Common;
using Ascob.Core.Errors;

namespace Ascob.Server.Persistence.Sql;

/// <summary>The way to the database for everything that only reads: bounded, and with the database's troubles turned into ours.</summary>
internal sealed class Database(SqlDialect dialect, TimeSpan longestWait) : IAsyncDisposable
{
    private const int Readers = 24;

    private readonly SemaphoreSlim _readers = new(Readers);
    private readonly ConcurrentBag<DbSession> _idle = [];

    public SqlDialect Dialect { get; } = dialect;

    public Task<T> ReadAsync<T>(Func<DbSession, Task<T>> read, CancellationToken cancellationToken) => ReadAsync(read, Dialect.OpenAsync, cancellationToken);

    /// <summary>Reads by statements whose best plan depends on their values.</summary>
    public Task<T> SearchAsync<T>(Func<DbSession, Task<T>> read, CancellationToken cancellationToken) => ReadAsync(read, Dialect.OpenPlannedAsync, cancellationToken);

    private async Task<T> ReadAsync<T>(Func<DbSession, Task<T>> read, Func<CancellationToken, Task<DbConnection>> open, CancellationToken cancellationToken)
    {
        if (!await _readers.WaitAsync(longestWait, cancellationToken))
        {
            throw new StoreUnavailableException("The database did not answer in time.");
        }

        try
        {
            return await ReadOnSessionAsync(read, open, cancellationToken);
        }
        catch (Exception e) when (Dialect.IsUnavailable(e))
        {
            throw new StoreUnavailableException($"The database cannot answer now: {e.Message}", e);
        }
        finally
        {
            _readers.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        while (_idle.TryTake(out var session))
        {
            await session.DisposeAsync();
        }

        _readers.Dispose();
    }

    private async Task<T> ReadOnSessionAsync<T>(Func<DbSession, Task<T>> read, Func<CancellationToken, Task<DbConnection>> open, CancellationToken cancellationToken)
    {
        if (!_idle.TryTake(out var session))
        {
            session = new DbSession(Dialect, await open(cancellationToken));
        }

        var healthy = false;
        try
        {
            var result = await read(session);
            healthy = true;
            return result;
        }
        finally
        {
            if (healthy && Dialect.KeepsConnections)
            {
                _idle.Add(session);
            }
            else
            {
                await session.DisposeAsync();
            }
        }
    }
}
