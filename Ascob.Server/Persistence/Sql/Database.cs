using System.Collections.Concurrent;
using System.Data.Common;
using Ascob.Core.Errors;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Ascob.Server.Persistence.Sql;

/// <summary>The way to the database for everything that only reads: bounded, and with the database's troubles turned into ours.</summary>
internal sealed class Database(SqlDialect dialect, TimeSpan longestWait) : IAsyncDisposable
{
    private const int Readers = 24;

    // Searches may be slow; so many of them at once leave the rest of the readers to everything else.
    private const int Searches = 6;

    private readonly SemaphoreSlim _readers = new(Readers);
    private readonly SemaphoreSlim _searches = new(Searches);
    private readonly ConcurrentBag<DbSession> _idle = [];

    public SqlDialect Dialect { get; } = dialect;

    public Task<T> ReadAsync<T>(Func<DbSession, Task<T>> read, CancellationToken cancellationToken) => ReadAsync(read, Dialect.OpenAsync, cancellationToken);

    /// <summary>Reads by statements whose best plan depends on their values.</summary>
    public async Task<T> SearchAsync<T>(Func<DbSession, Task<T>> read, CancellationToken cancellationToken)
    {
        if (!await _searches.WaitAsync(longestWait, cancellationToken))
        {
            throw new StoreUnavailableException("Too many searches wait for the database.");
        }

        try
        {
            return await ReadAsync(session => InterruptedAsync(session, read, cancellationToken), Dialect.OpenPlannedAsync, cancellationToken);
        }
        finally
        {
            _searches.Release();
        }
    }

    // SQLite reads in the caller's thread and looks at no token; a search that finds nothing would walk the whole history.
    private async Task<T> InterruptedAsync<T>(DbSession session, Func<DbSession, Task<T>> read, CancellationToken cancellationToken)
    {
        if (session.Connection is not SqliteConnection { Handle: { } handle })
        {
            return await read(session);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(longestWait);
        await using var interrupt = limit.Token.Register(() => raw.sqlite3_interrupt(handle));
        try
        {
            return await read(session);
        }
        catch (SqliteException e) when (e.SqliteErrorCode == raw.SQLITE_INTERRUPT)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new StoreUnavailableException("The search takes too long; narrow it by time, status, submitter or a label.", e);
        }
    }

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
        _searches.Dispose();
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
