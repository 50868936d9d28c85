using System.Data.Common;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Writing;

/// <summary>
/// Copies the write-ahead log into the database file beside the writer, so that no caller waits for it (SQLite, "Write-Ahead Logging", sections 2.3 and 6). The log can only start over when all of it was
/// copied and nobody wrote meanwhile, so the writer makes the last, short copy itself when it is told that little is left.
/// </summary>
internal sealed class SqliteCheckpointer : IAsyncDisposable
{
    /// <summary>So many changes, about 10 MB of log, call for a copy.</summary>
    private const int ChangesBetween = 2000;

    /// <summary>So little is copied by the writer itself without anybody noticing.</summary>
    private const int FewPages = 256;

    /// <summary>Under a load that outruns the disk the rest does not shrink; then the writer waits for the last copy.</summary>
    private const int Rounds = 4;

    private readonly SqlDialect _dialect;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _wanted = new(0, 1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;
    private int _changes;
    private int _copied;
    private volatile bool _underWay;
    private volatile bool _almostDone;

    public SqliteCheckpointer(SqlDialect dialect, ILogger logger)
    {
        _dialect = dialect;
        _logger = logger;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Counts what the writer committed; called by the writer only.</summary>
    public void Committed(int changes)
    {
        _changes += changes;
        if (_changes >= ChangesBetween && !_underWay && !_almostDone)
        {
            _changes = 0;
            _underWay = true;
            _wanted.Release();
        }
    }

    /// <summary>Makes the last copy on the writer's own connection where it is due; called by the writer only, between two transactions.</summary>
    public void FinishOn(DbConnection connection)
    {
        if (_almostDone)
        {
            _almostDone = false;
            Copy(connection);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
        _wanted.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await _wanted.WaitAsync(_stopping.Token);
                await using var connection = await _dialect.OpenAsync(_stopping.Token);
                for (var round = 0; round < Rounds && Copy(connection) > FewPages; round++)
                {
                    // What was written during one copy is left to the next, which is shorter.
                }

                _almostDone = true;
            }
            catch (OperationCanceledException)
            {
                return;
            }
#pragma warning disable CA1031 // Copying must go on after every error; the log grows meanwhile, and SQLite's own limit makes the writer copy it.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _logger.Log(e is DbException ? LogLevel.Warning : LogLevel.Error, e, "The write-ahead log could not be copied");
            }
            finally
            {
                _underWay = false;
            }
        }
    }

    /// <summary>Copies what is there and answers how many pages it had to copy, which is about as many as were written meanwhile.</summary>
    private int Copy(DbConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA wal_checkpoint(PASSIVE)";
        using var reader = command.ExecuteReader();
        if (!reader.Read())
        {
            return 0;
        }

        var copied = reader.GetInt32(2);
        var fresh = copied >= _copied ? copied - _copied : copied;
        _copied = copied;
        return fresh;
    }
}
