using Ascob.Core.Errors;
using Ascob.Server.Persistence.Sql;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Ascob.Server.Persistence.Writing;

/// <summary>
/// The only writer of a SQLite database: one thread, one connection, many changes per transaction. Two writing connections would cost more than they bring, since the
/// loser of the write lock sleeps (<c>docs/decisions/0002-group-commit-writer.md</c>).
/// </summary>
internal sealed class SqliteWriter : IStoreWriter, IAsyncDisposable
{
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(10);

    private readonly SqlDialect _dialect;
    private readonly WriteQueue _queue;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<WriteOperation> _batch = new(WriteQueue.LargestBatch);
    private readonly ILogger _logger;
    private readonly SqlStatement _begin;
    private readonly SqlStatement _commit;
    private readonly SqlStatement _rollback;
    private readonly SqliteCheckpointer _checkpointer;
    private DbSession? _session;

    public SqliteWriter(SqlDialect dialect, DatabaseOptions options, ILogger<SqliteWriter> logger)
    {
        _dialect = dialect;
        _begin = dialect.Statement("BEGIN IMMEDIATE");
        _commit = dialect.Statement("COMMIT");
        _rollback = dialect.Statement("ROLLBACK");
        _logger = logger;
        _checkpointer = new SqliteCheckpointer(dialect, logger);
        _queue = new WriteQueue(options.WriteQueue, options.LongestWait);
        new Thread(Run) { IsBackground = true, Name = "sqlite-writer" }.Start();
    }

    public Task<T> WriteAsync<T>(WriteOperation<T> operation, CancellationToken cancellationToken) => _queue.SendAsync(operation, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        // What is in line is still written: its callers were promised an answer.
        _queue.Complete();
        try
        {
            await _ended.Task.WaitAsync(LongestEnd);
            await _checkpointer.DisposeAsync();
        }
        catch (TimeoutException)
        {
            _logger.LogError("The database does not take what is left; its callers have no answer");
        }
    }

    private void Run()
    {
        while (IsThereMore())
        {
            try
            {
                WriteBatch();
            }
#pragma warning disable CA1031 // The writer must outlive every error; the callers of the batch were told.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _logger.LogError(e, "A batch of changes failed");
                FailBatch(e);
            }
        }

        CloseSession();
        _ended.SetResult();
    }

    // The thread is there for nothing else, so it may wait; the line ends when the server does.
    private bool IsThereMore() => _queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult();

    private void WriteBatch()
    {
        _batch.Clear();
        try
        {
            // The lock comes before the batch: callers who gave up while the database was locked are then not in it.
            Execute(_begin);
        }
#pragma warning disable CA1031 // A broken database is as little reason to end the writer as a locked one; the callers are told.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _logger.Log(_dialect.IsUnavailable(e) ? LogLevel.Warning : LogLevel.Error, "The database cannot be written now: {Reason}", e.Message);
            _queue.Drain(_batch);
            FailBatch(e);
            CloseSession();
            return;
        }

        _queue.Drain(_batch);
        try
        {
            foreach (var operation in _batch)
            {
                Execute(operation);
            }

            Execute(_commit);
        }
        catch (Exception e)
        {
            Rollback();
            if (_batch.Count == 1)
            {
                FailBatch(e);
            }
            else
            {
                WriteSingly();
            }

            return;
        }

        foreach (var operation in _batch)
        {
            operation.Complete();
        }

        _checkpointer.Committed(_batch.Count);
        FinishCheckpoint();
    }

    private void FinishCheckpoint()
    {
        try
        {
            _checkpointer.FinishOn(Session().Connection);
        }
        catch (SqliteException e)
        {
            // The batch is stored whatever becomes of the copy; the next one tries again.
            _logger.LogWarning("The write-ahead log could not be copied: {Reason}", e.Message);
        }
    }

    /// <summary>One operation failed and took the others with it: each gets a transaction of its own.</summary>
    private void WriteSingly()
    {
        Exception? unavailable = null;
        foreach (var operation in _batch)
        {
            if (unavailable is not null)
            {
                operation.Fail(Wrap(unavailable));
                continue;
            }

            try
            {
                Execute(_begin);
                Execute(operation);
                Execute(_commit);
                operation.Complete();
            }
#pragma warning disable CA1031 // The caller is told.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Rollback();
                operation.Fail(Wrap(e));
                unavailable = _dialect.IsUnavailable(e) ? e : null;
            }
        }
    }

    private void Execute(WriteOperation operation)
    {
        // Microsoft.Data.Sqlite has no asynchronous work: the task is complete when the call returns.
        var task = operation.ExecuteAsync(Session(), repeated: false, CancellationToken.None);
        if (task.IsCompletedSuccessfully)
        {
            return;
        }

        task.AsTask().GetAwaiter().GetResult();
    }

    private void Execute(SqlStatement statement) => Session().Command(statement).ExecuteAsync(CancellationToken.None).GetAwaiter().GetResult();

    private void Rollback()
    {
        try
        {
            // On a full disk SQLite rolls back by itself, and a second rollback is an error.
            if (_session?.Connection is SqliteConnection connection && raw.sqlite3_get_autocommit(connection.Handle) == 0)
            {
                Execute(_rollback);
            }
        }
        catch (SqliteException)
        {
            // The connection is of no more use; the next batch opens another.
            CloseSession();
        }
    }

    private void FailBatch(Exception exception)
    {
        foreach (var operation in _batch)
        {
            operation.Fail(Wrap(exception));
        }

        _batch.Clear();
    }

    private Exception Wrap(Exception exception) => _dialect.IsUnavailable(exception)
        ? new StoreUnavailableException($"The database cannot store this now: {exception.Message}", exception) { OutcomeUnknown = !_dialect.IsServerRefusal(exception) }
        : exception;

    private DbSession Session() => _session ??= new DbSession(_dialect, _dialect.OpenAsync(CancellationToken.None).GetAwaiter().GetResult());

    private void CloseSession()
    {
        _session?.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _session = null;
    }
}
