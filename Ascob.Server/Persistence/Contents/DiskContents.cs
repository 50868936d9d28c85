using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Ascob.Core.Errors;
using Ascob.Core.Files;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Contents;

/// <summary>
/// Contents as the files of a directory; a mark is an empty file beside its content. Where servers share the directory, each touches the marks of what it has in hand at every sweep, and a mark that
/// nobody has touched for so long is abandoned.
/// </summary>
/// <param name="directory">Where they lie.</param>
/// <param name="abandonedAfter">How long nobody has touched the mark of an abandoned content; zero where no other process uses the directory.</param>
/// <param name="time">The clock.</param>
internal sealed class DiskContents(string directory, TimeSpan abandonedAfter, TimeProvider time) : IContents
{
    private const string MarkSuffix = ".staged";

    private readonly ConcurrentDictionary<string, bool> _inHand = new(StringComparer.Ordinal);

    public async Task<StagedFile?> StageAsync(string name, Stream content, long maxBytes, CancellationToken cancellationToken)
    {
        var storedName = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        _inHand[storedName] = true;
        var complete = false;
        try
        {
            OnDisk(() =>
            {
                Directory.CreateDirectory(directory);
                File.Create(MarkOf(storedName)).Dispose();
            });
            if (await WriteAsync(PathOf(storedName), content, maxBytes, cancellationToken) is not { } written)
            {
                return null;
            }

            complete = true;
            return new StagedFile(name, storedName, written.Size, written.Sha256);
        }
        finally
        {
            if (!complete)
            {
                await DiscardAsync(storedName);
            }
        }
    }

    public Task SettleAsync(string storedName, bool isCertain) => _inHand.TryRemove(storedName, out _) && isCertain
        ? Quietly(() => File.Delete(MarkOf(storedName)))
        : Task.CompletedTask;

    public Task DiscardAsync(string storedName) => _inHand.TryRemove(storedName, out _) ? DeleteAsync(storedName) : Task.CompletedTask;

    public Task MarkAsync(DbSession session, string storedName, CancellationToken cancellationToken) => Quietly(() => File.Create(MarkOf(storedName)).Dispose());

    public Task DeleteAsync(string storedName) => Quietly(() =>
    {
        File.Delete(PathOf(storedName));
        File.Delete(MarkOf(storedName));
    });

    public Task UnmarkAsync(string storedName) => Quietly(() => File.Delete(MarkOf(storedName)));

    public Task<IReadOnlyList<string>> AbandonedAsync(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(directory))
        {
            return Task.FromResult<IReadOnlyList<string>>([]);
        }

        var now = time.GetUtcNow().UtcDateTime;
        if (abandonedAfter > TimeSpan.Zero)
        {
            foreach (var held in _inHand.Keys)
            {
                Quietly(() => File.SetLastWriteTimeUtc(MarkOf(held), now));
            }
        }

        return Task.FromResult<IReadOnlyList<string>>(
        [
            .. new DirectoryInfo(directory).EnumerateFiles("*" + MarkSuffix)
                .Where(f => abandonedAfter == TimeSpan.Zero || now - f.LastWriteTimeUtc >= abandonedAfter)
                .Select(f => f.Name[..^MarkSuffix.Length])
                .Where(n => !_inHand.ContainsKey(n)),
        ]);
    }

    public Task<Stream?> OpenAsync(string storedName, long size, CancellationToken cancellationToken) => Task.FromResult<Stream?>(
        PathOf(storedName) is var path && File.Exists(path)
            ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 65536, FileOptions.Asynchronous | FileOptions.SequentialScan)
            : null);

    public Task<string> LocateAsync(StagedFile content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        var path = PathOf(content.StoredName);
        return File.Exists(path) ? Task.FromResult(path) : throw new FileNotFoundException($"The content of the file '{content.Name}' is gone.");
    }

    private string PathOf(string storedName) => Path.Combine(directory, storedName);

    private string MarkOf(string storedName) => PathOf(storedName) + MarkSuffix;

    private static async Task<(long Size, string Sha256)?> WriteAsync(string path, Stream content, long maxBytes, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = OnDisk(() => new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.Asynchronous));
        var buffer = ArrayPool<byte>.Shared.Rent(81920);
        try
        {
            var size = 0L;
            int read;
            while ((read = await ReadAsync(content, buffer, cancellationToken)) > 0)
            {
                size += read;
                if (size > maxBytes)
                {
                    return null;
                }

                hash.AppendData(buffer, 0, read);
                try
                {
                    await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                }
                catch (IOException e)
                {
                    throw CannotStore(e);
                }
            }

            OnDisk(() => file.Flush(flushToDisk: true));
            return (size, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Named, so that a body that broke is never taken for a disk that did.
    private static ValueTask<int> ReadAsync(Stream content, byte[] buffer, CancellationToken cancellationToken) => content.ReadAsync(buffer, cancellationToken);

    private static void OnDisk(Action work) => OnDisk(() =>
    {
        work();
        return true;
    });

    private static T OnDisk<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotStore(e);
        }
    }

    private static StoreUnavailableException CannotStore(Exception e) => new($"The file cannot be stored now: {e.Message}", e);

    // Litter with a mark is swept later; clearing up must not hide what went wrong before it.
    private static Task Quietly(Action work)
    {
        try
        {
            work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The mark is still there, or there was nothing.
        }

        return Task.CompletedTask;
    }
}
