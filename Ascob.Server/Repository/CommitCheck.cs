using LibGit2Sharp;

namespace Ascob.Server.Repository;

/// <summary>
/// Looks the files of a commit over before any is written: objects of a few kilobytes can stand for millions of files, and objects made by hand can hold names that Git itself refuses.
/// </summary>
internal sealed class CommitCheck(bool tellsCase, Func<bool> stop)
{
    /// <summary>The most files and directories.</summary>
    public const int MostEntries = 100_000;

    /// <summary>The most bytes of all files together.</summary>
    public const long MostBytes = 1L << 30;

    /// <summary>The deepest directory.</summary>
    public const int MostDepth = 64;

    private const int LongestLink = 4096;

    private int _entries;
    private long _bytes;

    /// <summary>Looks everything over.</summary>
    /// <param name="tree">The files.</param>
    /// <param name="tellsCase">Whether the disk tells capitals from small letters.</param>
    /// <param name="stop">Answers whether to give up; asked at each entry.</param>
    /// <exception cref="CommitRefusedException">The commit cannot be on this disk.</exception>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public static void Check(Tree tree, bool tellsCase, Func<bool> stop) => new CommitCheck(tellsCase, stop).Check(tree, string.Empty, 1);

    private void Check(Tree tree, string directory, int depth)
    {
        if (depth > MostDepth)
        {
            throw new CommitRefusedException($"The commit has directories deeper than {MostDepth} levels, such as '{Shown(directory)}'.");
        }

        var names = new Dictionary<string, string>(tellsCase ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase);
        foreach (var entry in tree)
        {
            if (stop())
            {
                throw new OperationCanceledException();
            }

            if (++_entries > MostEntries)
            {
                throw new CommitRefusedException($"The commit has more than {MostEntries} files and directories.");
            }

            CheckName(entry.Name, directory, names);
            switch (entry.Target)
            {
                case Tree below:
                    Check(below, $"{directory}{entry.Name}/", depth + 1);
                    break;
                case Blob blob:
                    Take(blob.Size);
                    CheckLink(entry, blob, directory);
                    break;
                default:
                    break;
            }
        }
    }

    private static void CheckName(string name, string directory, Dictionary<string, string> names)
    {
        if (name is "" or "." or ".." || name.AsSpan().ContainsAny('/', '\0') || name.Equals(".git", StringComparison.OrdinalIgnoreCase))
        {
            throw new CommitRefusedException($"The commit holds the name '{Shown(directory + name)}', which no file may have.");
        }

        if (!names.TryAdd(name, name))
        {
            throw new CommitRefusedException(names[name] == name
                ? $"The commit holds the name '{Shown(directory + name)}' twice in one directory."
                : $"The commit holds '{Shown(directory + names[name])}' and '{Shown(directory + name)}', which are one file on this disk: it does not tell capitals from small letters.");
        }
    }

    private static void CheckLink(TreeEntry entry, Blob blob, string directory)
    {
        if (entry.Mode == Mode.SymbolicLink && (blob.Size is 0 or > LongestLink || blob.GetContentText().Contains('\0', StringComparison.Ordinal)))
        {
            throw new CommitRefusedException($"The link '{Shown(directory + entry.Name)}' names nothing that a link can name: 1 to {LongestLink} bytes without NUL.");
        }
    }

    private static string Shown(string path) => path.Length <= 200 ? path : $"…{path[^200..]}";

    private void Take(long bytes)
    {
        _bytes += bytes;
        if (_bytes > MostBytes)
        {
            throw new CommitRefusedException($"The files of the commit have more than {MostBytes} bytes.");
        }
    }
}
