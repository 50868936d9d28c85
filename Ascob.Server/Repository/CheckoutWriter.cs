using LibGit2Sharp;

namespace Ascob.Server.Repository;

/// <summary>Puts the files of a commit on the disk as Git would, and takes them away again.</summary>
internal static class CheckoutWriter
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Writes everything below a new directory. Other repositories that are only named in it (submodules) are left out.</summary>
    /// <param name="tree">What to write.</param>
    /// <param name="directory">Where to; it is not there yet.</param>
    /// <param name="stop">Answers whether to give up; asked at each entry.</param>
    /// <exception cref="IOException">The disk does not take it.</exception>
    /// <exception cref="CommitRefusedException">The commit is too large, or holds names that cannot be on this disk; nothing was written then.</exception>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public static void Write(Tree tree, string directory, Func<bool> stop)
    {
        CommitCheck.Check(tree, TellsCase(System.IO.Path.GetDirectoryName(directory)!), stop);
        WriteChecked(tree, directory, stop);
    }

    /// <summary>Answers whether the disk of a directory tells capitals from small letters.</summary>
    public static bool TellsCase(string directory)
    {
        var probe = System.IO.Path.Combine(directory, $"new-case-{Guid.NewGuid():N}");
        File.WriteAllBytes(probe, []);
        try
        {
            return !File.Exists(System.IO.Path.Combine(directory, System.IO.Path.GetFileName(probe).ToUpperInvariant()));
        }
        finally
        {
            File.Delete(probe);
        }
    }

    private static void WriteChecked(Tree tree, string directory, Func<bool> stop)
    {
        // No name stands twice in a directory, so this could only be a link that somebody else has put here.
        if (new DirectoryInfo(directory) is { LinkTarget: not null } or { Exists: true })
        {
            throw new IOException($"'{directory}' is there already.");
        }

        Directory.CreateDirectory(directory);
        foreach (var entry in tree)
        {
            if (stop())
            {
                throw new OperationCanceledException();
            }

            var path = System.IO.Path.Combine(directory, entry.Name);
            switch (entry.Target)
            {
                case Tree below:
                    WriteChecked(below, path, stop);
                    break;
                case Blob blob when entry.Mode == Mode.SymbolicLink:
                    File.CreateSymbolicLink(path, blob.GetContentText());
                    break;
                case Blob blob:
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
}
