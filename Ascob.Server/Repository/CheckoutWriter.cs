using LibGit2Sharp;

namespace Ascob.Server.Repository;

/// <summary>Puts the files of a commit on the disk as Git would, and takes them away again.</summary>
internal static class CheckoutWriter
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private const int MostEntries = 100_000;
    private const long MostBytes = 1L << 30;
    private const int MostDepth = 64;

    /// <summary>Writes everything below a new directory. Other repositories that are only named in it (submodules) are left out.</summary>
    /// <param name="tree">What to write.</param>
    /// <param name="directory">Where to; it is not there yet.</param>
    /// <param name="stop">Answers whether to give up; asked at each entry.</param>
    /// <exception cref="IOException">The disk does not take it, or a name cannot be one of a file.</exception>
    /// <exception cref="GitException">The commit is too large, or holds two entries of one name.</exception>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public static void Write(Tree tree, string directory, Func<bool> stop) => Write(tree, directory, 1, new Bounds(stop));

    private static void Write(Tree tree, string directory, int depth, Bounds bounds)
    {
        // A commit made by hand could name a link and a directory alike, and so have files written wherever the link leads.
        if (new DirectoryInfo(directory).LinkTarget is not null)
        {
            throw new GitException($"The commit holds files below the link '{System.IO.Path.GetFileName(directory)}'.");
        }

        if (depth > MostDepth)
        {
            throw new GitException($"The commit has directories deeper than {MostDepth} levels.");
        }

        Directory.CreateDirectory(directory);

        // Some file systems tell no capitals from small letters.
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var entry in tree)
        {
            bounds.Enter();
            if (!names.Add(entry.Name))
            {
                throw new GitException($"The commit holds the name '{entry.Name}' twice in one directory; capitals and small letters count as the same.");
            }

            // Git itself refuses these; whoever wrote the objects by hand did not ask it.
            if (entry.Name is "" or "." or ".." || entry.Name.Contains('/', StringComparison.Ordinal) || entry.Name.Equals(".git", StringComparison.OrdinalIgnoreCase))
            {
                throw new IOException($"The commit holds the name '{entry.Name}', which no file may have.");
            }

            var path = System.IO.Path.Combine(directory, entry.Name);
            switch (entry.Target)
            {
                case Tree below:
                    Write(below, path, depth + 1, bounds);
                    break;
                case Blob blob when entry.Mode == Mode.SymbolicLink:
                    bounds.Take(blob.Size);
                    File.CreateSymbolicLink(path, blob.GetContentText());
                    break;
                case Blob blob:
                    bounds.Take(blob.Size);
                    WriteFile(blob, path, entry.Mode == Mode.ExecutableFile);
                    break;
                default:
                    break;
            }
        }

        if (!OperatingSystem.IsWindows())
        {
            // The top one stays writable, or it could not be renamed.
            foreach (var below in Directory.GetDirectories(directory).Where(d => new DirectoryInfo(d).LinkTarget is null))
            {
                File.SetUnixFileMode(below, Readable | Executable);
            }
        }
    }

    /// <summary>Takes the right to write from the top directory too.</summary>
    public static void Protect(string directory)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(directory, Readable | Executable);
        }
    }

    /// <summary>Gives the right to write back, for the directory to be moved.</summary>
    public static void Unprotect(string directory)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(directory, Readable | Executable | UnixFileMode.UserWrite);
        }
    }

    /// <summary>Deletes a directory with all that is in it; false where something resists.</summary>
    public static bool TryDelete(string directory)
    {
        try
        {
            if (Directory.Exists(directory))
            {
                Delete(new DirectoryInfo(directory));
            }

            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static void Delete(DirectoryInfo directory)
    {
        Unprotect(directory.FullName);
        foreach (var below in directory.EnumerateDirectories().Where(d => d.LinkTarget is null))
        {
            Delete(below);
        }

        directory.Delete(recursive: true);
    }

    private static void WriteFile(Blob blob, string path, bool isExecutable)
    {
        using (var content = blob.GetContentStream())
        using (var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write))
        {
            content.CopyTo(file);
        }

        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, isExecutable ? Readable | Executable : Readable);
        }
    }

    /// <summary>Keeps a commit from filling the disk.</summary>
    private sealed class Bounds(Func<bool> stop)
    {
        private int _entries;
        private long _bytes;

        public void Enter()
        {
            if (stop())
            {
                throw new OperationCanceledException();
            }

            if (++_entries > MostEntries)
            {
                throw new GitException($"The commit has more than {MostEntries} files and directories.");
            }
        }

        public void Take(long bytes)
        {
            _bytes += bytes;
            if (_bytes > MostBytes)
            {
                throw new GitException($"The files of the commit have more than {MostBytes} bytes.");
            }
        }
    }
}
