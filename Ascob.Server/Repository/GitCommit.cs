using Ascob.Core.Repository;
using LibGit2Sharp;

namespace Ascob.Server.Repository;

/// <summary>The files of one commit, below the configured directory. Lives no longer than the call that hands it out.</summary>
internal sealed class GitCommit(Commit commit, string directory)
{
    private const int MostFiles = 2000;
    private const long MostBytes = 16 * 1024 * 1024;
    private const int LongestName = 300;

    /// <summary>Gets the commit's name.</summary>
    public string Sha => commit.Sha;

    /// <summary>Gets all of its files.</summary>
    public Tree Tree => commit.Tree;

    /// <summary>Gets who made it.</summary>
    public string Author => Short($"{commit.Author.Name} <{commit.Author.Email}>");

    /// <summary>Reads the files of jobs and the settings.</summary>
    /// <param name="stop">Answers whether to give up; asked at each file.</param>
    /// <param name="isInside">Answers whether a host is inside the house, where no messages go.</param>
    /// <exception cref="GitException">The configured directory is not there.</exception>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public CommitContent ReadJobs(Func<bool> stop, Func<string, bool> isInside)
    {
        var root = Root();
        var scripts = new GitScripts(commit.Tree, directory);
        var files = new List<JobFile>();
        var settings = SettingsFile.None;
        TreeEntry? settingsEntry = null;
        var bytes = 0L;
        foreach (var entry in root.Where(e => e is { TargetType: TreeEntryTargetType.Blob, Name.Length: <= LongestName }).OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            if (stop())
            {
                throw new OperationCanceledException();
            }

            var path = entry.Path.Replace('\\', '/');
            if (JobFile.IsSettings(entry.Name) && settingsEntry is not null)
            {
                settings = SettingsFile.None with { Errors = [new FileError(path, null, $"The settings stand in {settingsEntry.Name} already.")] };
            }
            else if (JobFile.IsSettings(entry.Name))
            {
                settingsEntry = entry;
                settings = Content(entry, out var problem) is { } text ? SettingsFile.Read(path, text, isInside) : SettingsFile.None with { Errors = [new FileError(path, null, problem)] };
            }
            else if (JobFile.IsOne(entry.Name) && Exceeded(files.Count, bytes += SizeOf(entry)) is { } bound)
            {
                // A file with an error leaves its jobs as they are.
                files.Add(new JobFile(path, [], [new FileError(path, null, bound)], []));
                if (files.Count >= 2 * MostFiles)
                {
                    break;
                }
            }
            else if (JobFile.IsOne(entry.Name))
            {
                files.Add(Content(entry, out var problem) is { } text ? JobFileReader.Read(path, text, scripts, isInside) : new JobFile(path, [], [new FileError(path, null, problem)], []));
            }
        }

        return new CommitContent(Sha, Author, files, settings);
    }

    private static string Short(string text) => string.Concat(text.Take(200).Select(c => char.IsControl(c) ? ' ' : c));

    private static long SizeOf(TreeEntry entry) => entry.Target is Blob { Size: var size and <= FileParser.MaxBytes } ? size : 0;

    private static string? Exceeded(int files, long bytes) =>
        files >= MostFiles ? $"At most {MostFiles} files of jobs are read; this one stays as it was."
        : bytes > MostBytes ? $"The files of jobs have more than {MostBytes} bytes together; this one stays as it was."
        : null;

    private static byte[]? Content(TreeEntry entry, out string problem)
    {
        problem = entry switch
        {
            // What a link names may be anything.
            { Mode: Mode.SymbolicLink } => "The file is a symbolic link, which is not followed; put the jobs into the file itself.",
            { Target: Blob { Size: var size } } when size > FileParser.MaxBytes => $"The file has {size} bytes; at most {FileParser.MaxBytes} are read.",
            { Target: Blob blob } when GitScripts.IsPointer(blob) => GitScripts.PointerText("The file"),
            { Target: Blob } => string.Empty,
            _ => "This is no file.",
        };
        if (problem.Length > 0)
        {
            return null;
        }

        using var content = ((Blob)entry.Target).GetContentStream();
        using var bytes = new MemoryStream();
        content.CopyTo(bytes);
        return bytes.ToArray();
    }

    private Tree Root() => directory.Trim('/') is { Length: > 0 } path
        ? commit.Tree[path]?.Target as Tree ?? throw new GitException($"The commit {Sha[..10]} has no directory '{path}'.")
        : commit.Tree;
}
