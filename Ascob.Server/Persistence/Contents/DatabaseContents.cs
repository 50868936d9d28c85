using System.Collections.Concurrent;
using System.Security.Cryptography;
using Ascob.Core.Errors;
using Ascob.Core.Files;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Contents;

/// <summary>
/// Contents in the database of the runs, in chunks, so that every server has them. Memory stays flat however large a content is: each chunk is a transaction of its own, beside the group-commit
/// writer, which a large one would hold up.
/// </summary>
internal sealed class DatabaseContents(Database database, IStoreWriter writer, ContentSql sql, ContentCache cache) : IContents
{
    /// <summary>The size of a chunk: large enough to cost few round trips, small enough to be nothing to a server's memory.</summary>
    public const int ChunkBytes = 256 * 1024;

    // A statement over more of them might take longer than a statement may.
    private const int ChunksDeletedAtOnce = 128;

    // Of the process: uploads leave the writer's own connections, and the database, some room.
    private static readonly SemaphoreSlim Uploads = new(6);

    /// <summary>How long nobody has touched the mark of an abandoned content; whoever has it in hand does so at every sweep.</summary>
    public static readonly TimeSpan AbandonedAfter = TimeSpan.FromHours(2);

    private readonly ConcurrentDictionary<string, bool> _inHand = new(StringComparer.Ordinal);

    public async Task<StagedFile?> StageAsync(string name, Stream content, long maxBytes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        _inHand[id] = true;
        var complete = false;
        try
        {
            await ExecuteAsync(sql.Mark, id, cancellationToken);
            if (await WriteAsync(id, content, maxBytes, cancellationToken) is not { } written)
            {
                return null;
            }

            complete = true;
            return new StagedFile(name, id, written.Size, written.Sha256);
        }
        finally
        {
            if (!complete)
            {
                await DiscardAsync(id);
            }
        }
    }

    public Task SettleAsync(string storedName, bool isCertain) =>
        _inHand.TryRemove(storedName, out _) && isCertain ? UnmarkAsync(storedName) : Task.CompletedTask;

    public Task DiscardAsync(string storedName) => _inHand.TryRemove(storedName, out _) ? DeleteAsync(storedName) : Task.CompletedTask;

    public Task MarkAsync(DbSession session, string storedName, CancellationToken cancellationToken)
    {
        var mark = session.Command(sql.Mark);
        mark.Args.Text("id", storedName);
        return mark.ExecuteAsync(cancellationToken);
    }

    public Task UnmarkAsync(string storedName) => QuietlyAsync(() => ExecuteAsync(sql.Unmark, storedName, CancellationToken.None));

    public Task DeleteAsync(string storedName) => QuietlyAsync(async () =>
    {
        for (var first = 0; await DeleteAsync(storedName, first) > 0; first += ChunksDeletedAtOnce)
        {
            // The next ones.
        }

        await ExecuteAsync(sql.Unmark, storedName, CancellationToken.None);
    });

    public async Task<IReadOnlyList<string>> AbandonedAsync(CancellationToken cancellationToken)
    {
        foreach (var held in _inHand.Keys)
        {
            await ExecuteAsync(sql.Touch, held, cancellationToken);
        }

        var untouched = await database.ReadAsync(
            session =>
            {
                var find = session.Command(sql.FindUntouched);
                find.Args.Long("age", (long)AbandonedAfter.TotalMicroseconds);
                return find.ListAsync(row => row.GetString(0), cancellationToken);
            },
            cancellationToken);
        return [.. untouched.Where(n => !_inHand.ContainsKey(n))];
    }

    public async Task<Stream?> OpenAsync(string storedName, long size, CancellationToken cancellationToken)
    {
        var stream = new ContentStream(size, (number, buffer, ct) => ReadAsync(storedName, number, buffer, ct));
        if (await stream.IsThereAsync(cancellationToken))
        {
            return stream;
        }

        await stream.DisposeAsync();
        return null;
    }

    public Task<string> LocateAsync(StagedFile content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        return cache.LocateAsync(content, ct => OpenAsync(content.StoredName, content.Size, ct), cancellationToken);
    }

    private async Task<(long Size, string Sha256)?> WriteAsync(string id, Stream content, long maxBytes, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        // One chunk is stored while the next one comes in. Whole arrays, since that is what drivers take.
        byte[][] buffers = [new byte[ChunkBytes], []];
        var storing = Task.CompletedTask;
        var size = 0L;
        try
        {
            for (var number = 0; ; number++)
            {
                var buffer = buffers[number % 2] is { Length: > 0 } made ? made : buffers[number % 2] = new byte[ChunkBytes];
                var read = await content.ReadAtLeastAsync(buffer, ChunkBytes, throwOnEndOfStream: false, cancellationToken);
                size += read;
                if (size > maxBytes)
                {
                    return null;
                }

                hash.AppendData(buffer, 0, read);
                await storing;
                if (read > 0)
                {
                    storing = AddAsync(id, number, read == ChunkBytes ? buffer : buffer[..read], cancellationToken);
                }

                if (read < ChunkBytes)
                {
                    await storing;
                    return (size, Convert.ToHexStringLower(hash.GetHashAndReset()));
                }
            }
        }
        finally
        {
            // What is under way must be over before anybody deletes the content again.
            await storing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task AddAsync(string id, int number, byte[] data, CancellationToken cancellationToken)
    {
        await Uploads.WaitAsync(cancellationToken);
        try
        {
            await writer.WriteAsync(
                new DelegateOperation<int>((session, stop) =>
                {
                    var add = session.Command(sql.AddChunk);
                    add.Args.Text("id", id).Int("number", number).Bytes("data", data);
                    return add.ExecuteAsync(stop);
                }),
                cancellationToken);
        }
        finally
        {
            Uploads.Release();
        }
    }

    private Task<int?> ReadAsync(string id, int number, Memory<byte> buffer, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var read = session.Command(sql.ReadChunk);
            read.Args.Text("id", id).Int("number", number);
            return read.CopyAsync(buffer, cancellationToken);
        },
        cancellationToken);

    private Task<int> DeleteAsync(string id, int first) => writer.WriteAsync(
        new DelegateOperation<int>((session, stop) =>
        {
            var delete = session.Command(sql.DeleteChunks);
            delete.Args.Text("id", id).Int("first", first).Int("end", first + ChunksDeletedAtOnce);
            return delete.ExecuteAsync(stop);
        }),
        CancellationToken.None);

    private Task<int> ExecuteAsync(SqlStatement statement, string id, CancellationToken cancellationToken) => writer.WriteAsync(
        new DelegateOperation<int>((session, stop) =>
        {
            var command = session.Command(statement);
            command.Args.Text("id", id);
            return command.ExecuteAsync(stop);
        }),
        cancellationToken);

    // Litter with a mark is swept later; clearing up must not hide what went wrong before it.
    private static async Task QuietlyAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (StoreUnavailableException)
        {
            // The mark is still there.
        }
    }
}
