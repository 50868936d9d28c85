using Ascob.Core.Repository;
using LibGit2Sharp;

namespace Ascob.Server.Repository;

/// <summary>Looks for scripts in a commit, and follows its links as the file system will.</summary>
internal sealed class GitScripts(Tree tree, string directory) : IScriptFinder
{
    private const int MostLinks = 20;

    /// <inheritdoc/>
    public string? Problem(string path)
    {
        if (path.Length is 0 or > 500 || path.Any(c => c == '\\' || char.IsControl(c)) || path.Split('/').Any(p => p is "" or "." or ".."))
        {
            return "'script' must be a path below scripts/, without '..' and not from the root.";
        }

        var scripts = Parts($"{directory}/scripts");
        var left = new LinkedList<string>([.. scripts, .. path.Split('/')]);
        var at = new List<string>();
        var links = 0;
        while (left.First is { } first)
        {
            left.RemoveFirst();
            if (first.Value == "..")
            {
                if (at.Count == 0)
                {
                    return Leaves(path);
                }

                at.RemoveAt(at.Count - 1);
                continue;
            }

            at.Add(first.Value);
            if (tree[string.Join('/', at)] is not { } entry)
            {
                return $"There is no script '{path}' below scripts/.";
            }

            if (entry.Mode != Mode.SymbolicLink)
            {
                continue;
            }

            if (++links > MostLinks || entry.Target is not Blob link || link.Size > 4096 || link.GetContentText() is not { } target || target.StartsWith('/'))
            {
                return Leaves(path);
            }

            at.RemoveAt(at.Count - 1);
            foreach (var part in Parts(target).Reverse())
            {
                left.AddFirst(part);
            }
        }

        return at.Take(scripts.Length).SequenceEqual(scripts, StringComparer.Ordinal) && at.Count > scripts.Length ? ProblemOf(path, tree[string.Join('/', at)]) : Leaves(path);
    }

    private static string? ProblemOf(string path, TreeEntry entry) => entry switch
    {
        { TargetType: not TreeEntryTargetType.Blob } => $"The script '{path}' is no file.",
        { Target: Blob blob } when IsPointer(blob) => PointerText($"The script '{path}'"),
        { Mode: not Mode.ExecutableFile } => $"The script '{path}' is not executable; make it so with: git update-index --chmod=+x scripts/{path}",
        _ => null,
    };

    /// <summary>Answers whether a file holds nothing but where Git LFS keeps its content.</summary>
    public static bool IsPointer(Blob blob)
    {
        const string Mark = "version https://git-lfs.github.com/spec/";
        if (blob.Size is < 40 or > 1024)
        {
            return false;
        }

        using var content = blob.GetContentStream();
        var begin = new byte[Mark.Length];
        return content.ReadAtLeast(begin, begin.Length, throwOnEndOfStream: false) == begin.Length && System.Text.Encoding.ASCII.GetString(begin) == Mark;
    }

    /// <summary>Says that a file is such a pointer.</summary>
    public static string PointerText(string what) => $"{what} is a pointer of Git LFS, whose content is not in the repository and is not fetched; commit the content itself.";

    private static string Leaves(string path) => $"The script '{path}' is or lies behind a link that leads out of scripts/.";

    private static string[] Parts(string path) => [.. path.Split('/').Where(p => p is not ("" or "."))];
}
