using System.Globalization;

namespace Ascob.Backends.Shell.Host;

/// <summary>
/// Removes directories that resist: without permissions (a job's <c>chmod 0</c>, a read-only module cache), or deeper than a path can name. Never throws; what stays is left for later.
/// </summary>
internal static class StubbornTree
{
    /// <summary>Removes a directory with all that is in it; false where something stays.</summary>
    public static bool TryDelete(string directory)
    {
        try
        {
            if (Directory.Exists(directory))
            {
                Directory.Delete(directory, recursive: true);
            }

            return true;
        }
        catch (Exception e) when (IsRefusal(e))
        {
            return TryDeleteFlat(directory);
        }
    }

    /// <summary>Gives the owner of a directory the right to change it, as far as that is allowed.</summary>
    public static void TryOpen(string directory)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            File.SetUnixFileMode(directory, RunDirectory.Private);
        }
        catch (Exception e) when (IsRefusal(e))
        {
            // Somebody else's; what follows fails or does not.
        }
    }

    /// <summary>Answers whether the file system has refused something, as opposed to a fault of ours. .NET calls paths that are too long invalid arguments.</summary>
    public static bool IsRefusal(Exception e) => e is IOException or UnauthorizedAccessException or ArgumentException;

    // Each directory is emptied of files and its own directories are moved up beside it, so no path grows longer than the first.
    private static bool TryDeleteFlat(string directory)
    {
        TryOpen(directory);
        var waiting = new Queue<string>([directory]);
        var emptied = new List<string>();
        var isWhole = true;
        var moved = 0;
        while (waiting.TryDequeue(out var next))
        {
            isWhole &= TryEmpty(next, child =>
            {
                var place = Path.Combine(directory, ".deleting-" + (++moved).ToString(CultureInfo.InvariantCulture));
                Directory.Move(child, place);
                waiting.Enqueue(place);
            });
            emptied.Add(next);
        }

        emptied.Reverse();
        foreach (var empty in emptied)
        {
            isWhole &= Try(() => Directory.Delete(empty));
        }

        return isWhole || !Directory.Exists(directory);
    }

    private static bool TryEmpty(string directory, Action<string> moveUp)
    {
        List<FileSystemInfo> entries = [];
        var isWhole = Try(() => entries.AddRange(new DirectoryInfo(directory).EnumerateFileSystemInfos()));
        foreach (var entry in entries)
        {
            isWhole &= Try(() =>
            {
                // A link is removed, never followed.
                if (entry is DirectoryInfo && entry.LinkTarget is null)
                {
                    TryOpen(entry.FullName);
                    moveUp(entry.FullName);
                }
                else
                {
                    File.Delete(entry.FullName);
                }
            });
        }

        return isWhole;
    }

    private static bool Try(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception e) when (IsRefusal(e))
        {
            return false;
        }
    }
}
