using System.Collections.Concurrent;
using System.Security.Cryptography;
using Ascob.Core.Files;
using Ascob.Server.Configuration;

namespace Ascob.Server.Persistence.Contents;

/// <summary>
/// Contents of the database as files of this machine, for jobs that want a path. A file appears under its name only when all of it is there and its digest is right; one of an earlier life is looked
/// over before it is used. Over the bound, those go that nobody has asked for for the longest time; what was asked for within ten minutes stays, whatever the bound. Whoever gives up waiting for a
/// large one finds it further on its way when it asks again.
/// </summary>
internal sealed class ContentCache(string directory, long maxBytes, TimeProvider time)
{
    private static readonly TimeSpan InUse = TimeSpan.FromMinutes(10);

    // Of the process: a few large files at once are all that its database connections and its disk are good for.
    private static readonly SemaphoreSlim Turns = new(4);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Task> _underWay = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _verified = new(StringComparer.Ordinal);

    public async Task<string> LocateAsync(StagedFile content, Func<CancellationToken, Task<Stream?>> open, CancellationToken cancellationToken)
    {
        var path = Path.Combine(directory, content.StoredName);

        Task ready;
        lock (_gate)
        {
            if (!_underWay.TryGetValue(content.StoredName, out ready!))
            {
                _underWay[content.StoredName] = ready = Task.Run(() => MakeReadyAsync(path, content, open), CancellationToken.None);
            }
        }

        await ready.WaitAsync(cancellationToken);
        return path;
    }

    private async Task MakeReadyAsync(string path, StagedFile content, Func<CancellationToken, Task<Stream?>> open)
    {
        await Turns.WaitAsync();
        try
        {
            if (!await IsGoodAsync(path, content))
            {
                MakeRoom(content.Size);
                await FetchAsync(path, content, open);
                _verified[content.StoredName] = true;
            }

            File.SetLastWriteTimeUtc(path, time.GetUtcNow().UtcDateTime);
        }
        finally
        {
            Turns.Release();
            lock (_gate)
            {
                _underWay.Remove(content.StoredName);
            }
        }
    }

    private async Task<bool> IsGoodAsync(string path, StagedFile content)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length != content.Size)
        {
            return false;
        }

        if (!_verified.ContainsKey(content.StoredName))
        {
            await using var stream = file.OpenRead();
            if (Convert.ToHexStringLower(await SHA256.HashDataAsync(stream)) != content.Sha256)
            {
                return false;
            }

            _verified[content.StoredName] = true;
        }

        return true;
    }

    private static async Task FetchAsync(string path, StagedFile content, Func<CancellationToken, Task<Stream?>> open)
    {
        await using var source = await open(CancellationToken.None) ?? throw new FileNotFoundException($"The content of the file '{content.Name}' is gone.");
        var partial = path + ".part";
        try
        {
            using (var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256))
            {
                await using var file = new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.Asynchronous);
                var buffer = new byte[80 * 1024];
                int read;
                while ((read = await source.ReadAsync(buffer)) > 0)
                {
                    hash.AppendData(buffer, 0, read);
                    await file.WriteAsync(buffer.AsMemory(0, read));
                }

                if (Convert.ToHexStringLower(hash.GetHashAndReset()) != content.Sha256)
                {
                    throw new IOException($"The content of the file '{content.Name}' is not what was uploaded: its digest is another.");
                }
            }

            File.Move(partial, path, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private void MakeRoom(long size)
    {
        lock (_gate)
        {
            var files = PrivateDirectory.Create(directory).GetFiles();
            var unused = time.GetUtcNow().UtcDateTime - InUse;
            var total = files.Sum(f => f.Length) + size;
            foreach (var file in files.Where(f => f.LastWriteTimeUtc < unused).OrderBy(f => f.LastWriteTimeUtc).TakeWhile(_ => total > maxBytes))
            {
                total -= file.Length;
                _verified.TryRemove(file.Name, out _);
                file.Delete();
            }
        }
    }
}
