using System.Collections.Concurrent;
using System.Globalization;

namespace Ascob.Backends.Shell.Host;

/// <summary>
/// Keeps the emptied directories of ended runs for new ones. Making and removing directories is dear on some file systems (on ext4 without a journal each new file
/// looks at all that were removed in the last seconds), moving one is cheap everywhere. What a host leaves behind here, the next one deletes.
/// </summary>
internal sealed class RunDirectoryPool
{
    private const int MostKept = 128;

    private readonly ConcurrentDictionary<string, ConcurrentQueue<string>> _kept = new(StringComparer.Ordinal);
    private long _last;

    /// <summary>Puts a kept directory, with an empty journal and work directory in it, into the place of a new run's; false when there is none.</summary>
    public bool TryTake(string runDirectory)
    {
        if (!Kept(runDirectory).TryDequeue(out var kept))
        {
            return false;
        }

        try
        {
            Directory.Move(kept, runDirectory);
            return true;
        }
        catch (IOException)
        {
            Delete(kept);
            return false;
        }
    }

    /// <summary>Removes the directory of an ended run.</summary>
    public void Give(string runDirectory)
    {
        var kept = Kept(runDirectory);
        if (kept.Count >= MostKept || !Directory.Exists(runDirectory))
        {
            Delete(runDirectory);
            return;
        }

        // First out of the way, in one step; then emptied.
        var place = Path.Combine(PoolOf(runDirectory), Interlocked.Increment(ref _last).ToString(CultureInfo.InvariantCulture));
        Directory.Move(runDirectory, place);
        if (TryEmpty(place))
        {
            kept.Enqueue(place);
        }
        else
        {
            Delete(place);
        }
    }

    private static string PoolOf(string runDirectory) => Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(runDirectory))!, "pool");

    private static void Delete(string directory)
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    // Only what looks exactly as we made it is kept: a job owns its directory and may have left anything there.
    private static bool TryEmpty(string directory)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

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

    private ConcurrentQueue<string> Kept(string runDirectory)
    {
        var pool = PoolOf(runDirectory);
        if (_kept.TryGetValue(pool, out var known))
        {
            return known;
        }

        lock (_kept)
        {
            return _kept.GetOrAdd(pool, static p =>
            {
                Delete(p);
                if (OperatingSystem.IsLinux())
                {
                    Directory.CreateDirectory(p, RunDirectory.Private);
                }

                return new ConcurrentQueue<string>();
            });
        }
    }
}
