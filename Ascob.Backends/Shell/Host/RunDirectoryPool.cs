using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.Versioning;

namespace Ascob.Backends.Shell.Host;

/// <summary>
/// Keeps the emptied directories of ended runs for new ones. Making and removing directories is dear on some file systems (on ext4 without a journal each new file
/// looks at all that were removed in the last seconds), moving one is cheap everywhere. Each host has a pool of its own; what earlier hosts left behind is deleted as far as that
/// works and never stands in the way of a job.
/// </summary>
internal sealed class RunDirectoryPool
{
    private const int MostKept = 128;

    private readonly ConcurrentDictionary<string, Pool> _pools = new(StringComparer.Ordinal);
    private readonly string _name = Guid.NewGuid().ToString("N");
    private readonly Func<string, bool> _tryDelete;
    private long _last;

    public RunDirectoryPool()
        : this(StubbornTree.TryDelete)
    {
    }

    /// <summary>Initialises a pool that removes directories in its own way.</summary>
    internal RunDirectoryPool(Func<string, bool> tryDelete) => _tryDelete = tryDelete;

    /// <summary>Puts a kept directory, with an empty journal and work directory in it, into the place of a new run's; false when there is none.</summary>
    public bool TryTake(string runDirectory)
    {
        if (!PoolOf(runDirectory).Kept.TryDequeue(out var kept))
        {
            return false;
        }

        try
        {
            Directory.Move(kept, runDirectory);
            return true;
        }
        catch (Exception e) when (StubbornTree.IsRefusal(e))
        {
            _tryDelete(kept);
            return false;
        }
    }

    /// <summary>
    /// Removes the directory of an ended run; false where it is still there. One that only resists its deletion is out of the way all the same and deleted by a later host.
    /// </summary>
    public bool TryGive(string runDirectory)
    {
        if (!Directory.Exists(runDirectory))
        {
            return true;
        }

        var pool = PoolOf(runDirectory);
        if (pool.Directory is null || pool.Kept.Count >= MostKept)
        {
            return _tryDelete(runDirectory);
        }

        // First out of the way, in one step; then emptied. A directory is moved only by who may write to it.
        var place = Path.Combine(pool.Directory, Interlocked.Increment(ref _last).ToString(CultureInfo.InvariantCulture));
        StubbornTree.TryOpen(runDirectory);
        try
        {
            Directory.Move(runDirectory, place);
        }
        catch (Exception e) when (StubbornTree.IsRefusal(e))
        {
            return _tryDelete(runDirectory);
        }

        if (TryEmpty(place))
        {
            pool.Kept.Enqueue(place);
        }
        else
        {
            _tryDelete(place);
        }

        return true;
    }

    // Only what looks exactly as we made it is kept: a job owns its directory and may have left anything there.
    private static bool TryEmpty(string directory)
    {
        try
        {
            return OperatingSystem.IsLinux() && IsEmptied(directory);
        }
        catch (Exception e) when (StubbornTree.IsRefusal(e))
        {
            return false;
        }
    }

    [SupportedOSPlatform("linux")]
    private static bool IsEmptied(string directory)
    {
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos())
        {
            var isOurs = entry.LinkTarget is null && entry switch
            {
                DirectoryInfo work => work.Name == RunDirectory.Work && !work.EnumerateFileSystemInfos().Any() && work.UnixFileMode == RunDirectory.Private,
                FileInfo file => file.Name == RunDirectory.Journal || file.Name is JobOutput.Combined + ".0" or JobOutput.Stdout + ".0" or JobOutput.Stderr + ".0",
                _ => false,
            };
            if (!isOurs)
            {
                return false;
            }

            if (entry is FileInfo { Length: > 0 })
            {
                File.OpenHandle(entry.FullName, FileMode.Truncate, FileAccess.Write).Dispose();
            }
        }

        return Directory.Exists(Path.Combine(directory, RunDirectory.Work)) && File.Exists(Path.Combine(directory, RunDirectory.Journal));
    }

    private Pool PoolOf(string runDirectory)
    {
        var pools = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(runDirectory))!, "pool");
        if (_pools.TryGetValue(pools, out var known))
        {
            return known;
        }

        lock (_pools)
        {
            return _pools.GetOrAdd(pools, Open);
        }
    }

    private Pool Open(string pools)
    {
        var own = Path.Combine(pools, _name);
        try
        {
            if (OperatingSystem.IsLinux())
            {
                Directory.CreateDirectory(pools, RunDirectory.Private);
                Directory.CreateDirectory(own, RunDirectory.Private);
            }

            // One host owns a data directory at a time, so all the others here are left over. No job waits for them.
            var leftOver = Directory.GetFileSystemEntries(pools).Where(p => p != own).ToList();
            _ = Task.Run(() => leftOver.ForEach(p => _tryDelete(p)));
            return new Pool(own);
        }
        catch (Exception e) when (StubbornTree.IsRefusal(e))
        {
            return new Pool(null);
        }
    }

    private sealed record Pool(string? Directory)
    {
        public ConcurrentQueue<string> Kept { get; } = new();
    }
}
