using System.Data.Common;
using Ascob.Core.Errors;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Writing;

/// <summary>
/// The writers of a database server: two connections, each sending many changes as one message and one transaction. Changes that need several round trips get a
/// connection of their own.
/// </summary>
internal sealed class BatchWriter : IStoreWriter, IAsyncDisposable
{
    private const int Writers = 2;
    private const int Attempts = 4;

    private readonly SqlDialect _dialect;
    private readonly Func<IReadOnlyList<WriteOperation>, IReadOnlyList<IBatchedOperation>> _combine;
    private readonly WriteQueue _queue;
    private readonly TimeSpan _longestWait;
    private readonly ILogger _logger;
    private readonly Task[] _loops;
    private readonly SemaphoreSlim _direct = new(16);

    /// <summary>Starts the writers.</summary>
    /// <param name="dialect">The database.</param>
    /// <param name="combine">Puts operations of a batch together where the database is faster so; null where each is a statement of its own.</param>
    /// <param name="options">Limits.</param>
    /// <param name="logger">Where troubles are told.</param>
    public BatchWriter(
        SqlDialect dialect,
        Func<IReadOnlyList<WriteOperation>, IReadOnlyList<IBatchedOperation>>? combine,
        DatabaseOptions options,
        ILogger<BatchWriter> logger)
    {
        _combine = combine ?? (batch => [.. batch.Cast<IBatchedOperation>()]);
        _dialect = dialect;
        _logger = logger;
        _longestWait = options.LongestWait;
        _queue = new WriteQueue(options.WriteQueue, options.LongestWait);
        _loops = [.. Enumerable.Range(0, Writers).Select(_ => Task.Run(RunAsync))];
    }

    public Task<T> WriteAsync<T>(WriteOperation<T> operation, CancellationToken cancellationToken) =>
        operation is IBatchedOperation ? _queue.SendAsync(operation, cancellationToken) : WriteDirectlyAsync(operation, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        _queue.Complete();
        await Task.WhenAll(_loops);
        _direct.Dispose();
    }

    private async Task<T> WriteDirectlyAsync<T>(WriteOperation<T> operation, CancellationToken cancellationToken)
    {
        if (!await _direct.WaitAsync(_longestWait, cancellationToken))
        {
            throw new StoreUnavailableException("The database did not take the change in time.");
        }

        try
        {
            await WriteAloneAsync(operation, mayBeStored: false, cancellationToken);
        }
        finally
        {
            _direct.Release();
        }

        return await operation.Answer;
    }

    private async Task RunAsync()
    {
        var batch = new List<WriteOperation>(WriteQueue.LargestBatch);
        while (await _queue.Reader.WaitToReadAsync())
        {
            batch.Clear();
            _queue.Drain(batch);
            if (batch.Count == 0)
            {
                continue;
            }

            try
            {
                // A stable order of the rows that batches share keeps the two writers, and those of other servers, from waiting for each other in a circle.
                await WriteBatchAsync([.. batch.OrderBy(o => o.LockOrder, StringComparer.Ordinal)]);
            }
#pragma warning disable CA1031 // The writer must outlive every error; the callers are told.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _logger.LogError(e, "A batch of changes failed");
                foreach (var operation in batch)
                {
                    operation.Fail(Wrap(e, outcomeUnknown: true));
                }
            }
        }
    }

    private async Task WriteBatchAsync(IReadOnlyList<WriteOperation> batch)
    {
        try
        {
            await using var connection = await _dialect.OpenAsync(CancellationToken.None);
            await using var transaction = _dialect.BatchIsTransaction ? null : await connection.BeginTransactionAsync();
            await using var commands = connection.CreateBatch();
            commands.Transaction = transaction;
            var combined = _combine(batch);
            foreach (var operation in combined)
            {
                operation.AddTo(commands);
            }

            await using (var reader = await commands.ExecuteReaderAsync())
            {
                foreach (var operation in combined)
                {
                    await operation.ReadAsync(reader);
                    await reader.NextResultAsync();
                }
            }

            if (transaction is not null)
            {
                await transaction.CommitAsync();
            }
        }
        catch (Exception e) when (_dialect.IsServerRefusal(e) && !_dialect.IsContention(e) && batch.Count == 1)
        {
            batch[0].Fail(Wrap(e, outcomeUnknown: false));
            return;
        }
        catch (Exception e) when (e is DbException or IOException or TimeoutException)
        {
            await WriteSinglyAsync(batch, mayBeStored: !_dialect.IsServerRefusal(e), e);
            return;
        }

        foreach (var operation in batch)
        {
            operation.Complete();
        }
    }

    /// <summary>
    /// One operation, or the connection, failed and took the others with it: each gets a transaction of its own. Where the commit's answer was lost, each finds out first
    /// whether it was stored.
    /// </summary>
    private async Task WriteSinglyAsync(IReadOnlyList<WriteOperation> batch, bool mayBeStored, Exception cause)
    {
        _logger.LogWarning("A batch of {Count} changes is repeated one by one: {Reason}", batch.Count, cause.Message);
        Exception? away = null;
        foreach (var operation in batch)
        {
            if (away is not null)
            {
                // What kept one of them waiting keeps all: their callers are told now, and not one after the other.
                operation.Fail(Wrap(away, mayBeStored));
                continue;
            }

            if (await WriteAloneAsync(operation, mayBeStored, CancellationToken.None) is { } trouble && _dialect.IsUnavailable(trouble) && !_dialect.IsContention(trouble))
            {
                away = trouble;
            }
        }
    }

    /// <summary>Answers why it failed; null where it was stored.</summary>
    private async Task<Exception?> WriteAloneAsync(WriteOperation operation, bool mayBeStored, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await ExecuteAloneAsync(operation, mayBeStored, cancellationToken);
                operation.Complete();
                return null;
            }
            catch (Exception e) when (IsWorthRepeating(operation, e) && attempt < Attempts)
            {
                mayBeStored |= !_dialect.IsServerRefusal(e);
                await Task.Delay(TimeSpan.FromMilliseconds(50 * attempt * attempt), TimeProvider.System, cancellationToken);
            }
#pragma warning disable CA1031 // The caller is told.
            catch (Exception e)
#pragma warning restore CA1031
            {
                operation.Fail(Wrap(e, mayBeStored || !_dialect.IsServerRefusal(e)));
                return e;
            }
        }
    }

    // What cannot find out whether it was stored is safe to repeat when the server said no, and only then.
    private bool IsWorthRepeating(WriteOperation operation, Exception exception) =>
        _dialect.IsContention(exception)
        || (operation.FindsItsTrace && (_dialect.IsUnavailable(exception) || _dialect.IsDuplicate(exception)));

    private async Task ExecuteAloneAsync(WriteOperation operation, bool repeated, CancellationToken cancellationToken)
    {
        await using var session = new DbSession(_dialect, await _dialect.OpenAsync(cancellationToken));
        await using var transaction = await session.Connection.BeginTransactionAsync(cancellationToken);
        session.Transaction = transaction;
        await operation.ExecuteAsync(session, repeated, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private Exception Wrap(Exception exception, bool outcomeUnknown) => _dialect.IsUnavailable(exception)
        ? new StoreUnavailableException($"The database cannot store this now: {exception.Message}", exception) { OutcomeUnknown = outcomeUnknown }
        : exception;
}
