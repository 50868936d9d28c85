using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Runs;

/// <summary>
/// Gives out run numbers. On SQLite, which one server has for itself, from a counter that starts above every number ever given; on a server from its sequence, in blocks
/// that grow with demand and are thrown away when they are old, so that numbers keep growing with time across servers.
/// </summary>
internal sealed class RunIds(Database database, RunSql sql, TimeProvider time) : IDisposable
{
    private const int LargestBlock = 256;
    private static readonly TimeSpan BlockLife = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _gate = new(1);
    private readonly Queue<long> _block = new();
    private long _last = -1;
    private long _blockAt;
    private int _blockSize = 1;

    public async ValueTask<long> NextAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _last) >= 0)
        {
            return Interlocked.Increment(ref _last);
        }

        await _gate.WaitAsync(cancellationToken);
        try
        {
            return sql is SqliteRunSql ? await StartCounterAsync(cancellationToken) : await NextOfBlockAsync(cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task<long> StartCounterAsync(CancellationToken cancellationToken)
    {
        if (_last < 0)
        {
            var highest = await database.ReadAsync(
                session => session.Command(sql.MaxId).FirstAsync(r => Math.Max(r.GetInt64(0), r.GetInt64(1)), cancellationToken),
                cancellationToken);
            Volatile.Write(ref _last, highest);
        }

        return Interlocked.Increment(ref _last);
    }

    private async Task<long> NextOfBlockAsync(CancellationToken cancellationToken)
    {
        var fresh = time.GetElapsedTime(_blockAt) < BlockLife;
        if (fresh && _block.TryDequeue(out var id))
        {
            return id;
        }

        _blockSize = fresh ? Math.Min(_blockSize * 2, LargestBlock) : 1;
        _block.Clear();
        _blockAt = time.GetTimestamp();
        foreach (var taken in await database.ReadAsync(session => TakeBlockAsync(session, _blockSize, cancellationToken), cancellationToken))
        {
            _block.Enqueue(taken);
        }

        return _block.Dequeue();
    }

    private async Task<IEnumerable<long>> TakeBlockAsync(DbSession session, int size, CancellationToken cancellationToken)
    {
        var command = session.Command(sql.TakeIds);
        command.Args.Int("count", size);
        if (sql.Dialect.Provider == DatabaseProvider.PostgreSql)
        {
            return (await command.ListAsync(r => r.GetInt64(0), cancellationToken)).Order();
        }

        var first = await command.FirstAsync(r => r.GetInt64(0), cancellationToken);
        return Enumerable.Range(0, size).Select(i => first + i);
    }
}
