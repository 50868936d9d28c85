using Ascob.Core.Repository;
using LibGit2Sharp;

namespace Ascob.Server.Repository;

/// <summary>The files of one commit, below the configured directory. Lives no longer than the call that hands it out.</summary>
internal sealed class GitCommit(Commit commit, string directory)
{
    private const int MostFiles = 2000;
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
                settings = Content(entry) is { } text ? SettingsFile.Read(path, text, isInside) : SettingsFile.None with { Errors = [TooLarge(path)] };
            }
            else if (JobFile.IsOne(entry.Name) && files.Count < MostFiles)
            {
                files.Add(Content(entry) is { } text ? JobFileReader.Read(path, text, scripts, isInside) : new JobFile(path, [], [TooLarge(path)], []));
            }
            else if (JobFile.IsOne(entry.Name))
            {
                files.Add(new JobFile(path, [], [new FileError(path, null, $"At most {MostFiles} files of jobs are read.")], []));
                break;
            }
        }

        return new CommitContent(Sha, Author, files, settings);
    }

    private static string Short(string text) => string.Concat(text.Take(200).Select(c => char.IsControl(c) ? ' ' : c));

    private static FileError TooLarge(string path) => new(path, null, $"The file is larger than {FileParser.MaxBytes} bytes, or no file.");

    // A link is no file of jobs: what it names may be anything.
    private static byte[]? Content(TreeEntry entry)
    {
        if (entry.Mode == Mode.SymbolicLink || entry.Target is not Blob blob || blob.Size > FileParser.MaxBytes)
        {
            return null;
        }

        using var content = blob.GetContentStream();
        using var bytes = new MemoryStream();
        content.CopyTo(bytes);
        return bytes.ToArray();
    }

    private Tree Root() => directory.Trim('/') is { Length: > 0 } path
        ? commit.Tree[path]?.Target as Tree ?? throw new GitException($"The commit {Sha[..10]} has no directory '{path}'.")
        : commit.Tree;
}
