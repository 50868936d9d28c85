using LibGit2Sharp;

namespace Ascob.Tests.Server.RepositoryJobs;

/// <summary>A Git repository of the tests, with its files beside it.</summary>
internal sealed class GitFolder : IDisposable
{
    public GitFolder()
    {
        Path = Directory.CreateTempSubdirectory("ascob-git-").FullName;
        LibGit2Sharp.Repository.Init(Path);
    }

    public string Path { get; }

    /// <summary>Writes files and commits everything; a null text deletes the file. Files below <c>bin</c> and <c>scripts</c> are programs.</summary>
    public string Commit(params (string Name, string? Text)[] files)
    {
        foreach (var (name, text) in files)
        {
            Put(name, text);
        }

        return CommitAll();
    }

    public void Link(string name, string target)
    {
        var path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.CreateSymbolicLink(path, target);
    }

    /// <summary>Makes a history that knows nothing of the present one.</summary>
    public string Rewrite(params (string Name, string? Text)[] files)
    {
        Directory.Delete(System.IO.Path.Combine(Path, ".git"), recursive: true);
        LibGit2Sharp.Repository.Init(Path);
        return Commit(files);
    }

    /// <summary>Commits a tree that no library makes: a file of the present commit, and others of the given names in that order.</summary>
    public void CommitByHand(string kept, params string[] names)
    {
        using var repository = new LibGit2Sharp.Repository(Path);
        var head = repository.Head.Tip;
        var blob = head[kept].Target.Id;
        byte[] tree = [.. new[] { kept }.Concat(names).SelectMany(n => (byte[])[.. System.Text.Encoding.UTF8.GetBytes($"100644 {n}"), 0, .. blob.RawId])];
        var made = repository.Lookup<Tree>(repository.ObjectDatabase.Write<Tree>(tree));
        var commit = repository.ObjectDatabase.CreateCommit(head.Author, head.Committer, "by hand", made, [head], prettifyMessage: false);
        repository.Refs.UpdateTarget(repository.Head.CanonicalName, commit.Sha);
    }

    /// <summary>Makes a branch of the present commit.</summary>
    public void Branch(string name)
    {
        using var repository = new LibGit2Sharp.Repository(Path);
        repository.CreateBranch(name);
    }

    /// <summary>Takes a branch away.</summary>
    public void DeleteBranch(string name)
    {
        using var repository = new LibGit2Sharp.Repository(Path);
        repository.Branches.Remove(name);
    }

    /// <summary>Takes the repository away.</summary>
    public void Hide() => Directory.Move(Path, Path + ".away");

    /// <summary>Brings it back.</summary>
    public void Show() => Directory.Move(Path + ".away", Path);

    public void Dispose()
    {
        foreach (var path in new[] { Path, Path + ".away" }.Where(Directory.Exists))
        {
            Directory.Delete(path, recursive: true);
        }
    }

    private void Put(string name, string? text)
    {
        var path = System.IO.Path.Combine(Path, name);
        if (text is null)
        {
            File.Delete(path);
            return;
        }

        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows() && (name.StartsWith("bin/", StringComparison.Ordinal) || name.StartsWith("scripts/", StringComparison.Ordinal)))
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private string CommitAll()
    {
        using var repository = new LibGit2Sharp.Repository(Path);
        Commands.Stage(repository, "*");
        var author = new Signature("Ada", "ada@example.org", new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return repository.Commit("change", author, author, new CommitOptions { AllowEmptyCommit = true }).Sha;
    }
}
