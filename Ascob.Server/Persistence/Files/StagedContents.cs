using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Ascob.Core.Errors;
using Ascob.Core.Files;

namespace Ascob.Server.Persistence.Files;

/// <summary>
/// The contents under <c>files/</c> of the data directory. An empty file beside a content, its mark, says that it may belong to no run; it is there before the first byte of the content and goes
/// when the content's row is stored. So a crash leaves nothing that cannot be told from a file in use, and nothing without a mark is ever swept.
/// </summary>
internal sealed class StagedContents(string directory, long maxBytes)
{
    private const string MarkSuffix = ".staged";

    private readonly ConcurrentDictionary<string, bool> _inHand = new(StringComparer.Ordinal);

    public string PathOf(string storedName) => Path.Combine(directory, storedName);

    /// <summary>Takes a content in; null where it is too large.</summary>
    /// <exception cref="StoreUnavailableException">The disk does not take it.</exception>
    public async Task<StagedFile?> StageAsync(string name, Stream content, CancellationToken cancellationToken)
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
            if (await WriteAsync(PathOf(storedName), content, cancellationToken) is not { } written)
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
                Discard(storedName);
            }
        }
    }

    /// <summary>Takes the mark off: the content is in use. Uncertain: it stays, and the sweep decides.</summary>
    public void Settle(string storedName, bool isCertain)
    {
        if (_inHand.TryRemove(storedName, out _) && isCertain)
        {
            Quietly(() => File.Delete(MarkOf(storedName)));
        }
    }

    /// <summary>Deletes a content that is still in hand. What cannot be deleted now keeps its mark.</summary>
    public void Discard(string storedName)
    {
        if (_inHand.TryRemove(storedName, out _))
        {
            Delete(storedName);
        }
    }

    /// <summary>Marks a content whose row is about to go: should nobody come to delete it, the sweep does.</summary>
    public void Mark(string storedName) => Quietly(() => File.Create(MarkOf(storedName)).Dispose());

    /// <summary>Deletes a content and its mark.</summary>
    public void Delete(string storedName) => Quietly(() =>
    {
        File.Delete(PathOf(storedName));
        File.Delete(MarkOf(storedName));
    });

    /// <summary>Takes the mark off a content that turned out to be in use.</summary>
    public void Unmark(string storedName) => Quietly(() => File.Delete(MarkOf(storedName)));

    /// <summary>Answers the contents with a mark that no request of this process has in hand.</summary>
    public IReadOnlyList<string> Abandoned() => Directory.Exists(directory)
        ?
        [
            .. Directory.EnumerateFiles(directory, "*" + MarkSuffix)
                .Select(f => Path.GetFileName(f)[..^MarkSuffix.Length])
                .Where(n => !_inHand.ContainsKey(n)),
        ]
        : [];

    private string MarkOf(string storedName) => PathOf(storedName) + MarkSuffix;

    private async Task<(long Size, string Sha256)?> WriteAsync(string path, Stream content, CancellationToken cancellationToken)
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
    private static void Quietly(Action work)
    {
        try
        {
            work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The mark is still there, or there was nothing.
        }
    }
}
