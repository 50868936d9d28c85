using Ascob.Server.Configuration;
using LibGit2Sharp;
using LibGit2Sharp.Handlers;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Repository;

/// <summary>
/// This server's copy of the repository, without files, in its data directory. One call at a time; the network is given up after a while, and the next call waits for what still hangs in it.
/// </summary>
internal sealed class GitSource : IDisposable
{
    private const string Remote = "origin";
    private const string AllBranches = "+refs/heads/*:refs/remotes/origin/*";

    private readonly RepositoryOptions _options;
    private readonly string _directory;
    private readonly SemaphoreSlim _gate = new(1);
    private bool _unlocked;

    public GitSource(IOptions<RepositoryOptions> options, IOptions<AscobOptions> server)
    {
        _options = options.Value;
        _directory = System.IO.Path.Combine(server.Value.AbsoluteDataDirectory, "repository", "git");
    }

    /// <summary>Looks where the branch stands, and fetches what is new.</summary>
    /// <exception cref="GitException">That cannot be done now.</exception>
    public Task<string> LookAsync(CancellationToken cancellationToken) => RunAsync(stop => Look(stop), cancellationToken);

    /// <summary>Makes sure that a commit is here, and reads from it; what reads is told when to stop.</summary>
    /// <exception cref="GitException">It is not here and cannot be fetched.</exception>
    public Task<T> ReadAsync<T>(string commit, Func<GitCommit, Func<bool>, T> read, CancellationToken cancellationToken) => RunAsync(
        stop =>
        {
            using var repository = Open();
            if (repository.Lookup<Commit>(commit) is null)
            {
                Fetch(repository, BranchSpec(), stop);
            }

            // Of a branch that was configured before.
            if (repository.Lookup<Commit>(commit) is null)
            {
                Fetch(repository, AllBranches, stop);
            }

            return repository.Lookup<Commit>(commit) is { } found
                ? read(new GitCommit(found, _options.Path), stop)
                : throw new GitException($"The commit {commit[..Math.Min(10, commit.Length)]} is not in the repository, or no longer.");
        },
        cancellationToken);

    /// <summary>Answers whether a commit follows from another one; also where the other one is not known here.</summary>
    public Task<bool> FollowsAsync(string commit, string earlier, CancellationToken cancellationToken) => RunAsync(
        _ =>
        {
            using var repository = Open();
            return repository.Lookup<Commit>(earlier) is { } before && repository.Lookup<Commit>(commit) is { } after
                && repository.ObjectDatabase.FindMergeBase(before, after)?.Sha == before.Sha;
        },
        cancellationToken);

    public void Dispose() => _gate.Dispose();

    private string Look(Func<bool> stop)
    {
        var (tip, fetched) = Find(stop);
        if (fetched)
        {
            GitPacks.Tidy(_directory);
        }

        return tip;
    }

    private (string Tip, bool Fetched) Find(Func<bool> stop)
    {
        using var repository = Open();
        var references = LibGit2Sharp.Repository.ListRemoteReferences(_options.Url, Credentials()).ToList();
        var wanted = _options.Branch is { } branch ? $"refs/heads/{branch}" : "HEAD";
        var tip = references.FirstOrDefault(r => r.CanonicalName == wanted)?.ResolveToDirectReference()?.TargetIdentifier
            ?? throw new GitException(_options.Branch is null ? "The repository has no commit yet." : $"The repository has no branch '{_options.Branch}'.");
        var isNew = repository.Lookup<Commit>(tip) is null;
        if (isNew)
        {
            Fetch(repository, BranchSpec(), stop);
        }

        return repository.Lookup<Commit>(tip) is null ? throw new GitException("The branch moved while it was fetched.") : (tip, isNew);
    }

    // The data directory belongs to one process: what is locked before its first use was locked by one that was killed, and would stay so for ever.
    private void Unlock()
    {
        if (_unlocked)
        {
            return;
        }

        if (Directory.Exists(_directory))
        {
            foreach (var file in Directory.GetFiles(_directory, "*.lock", SearchOption.AllDirectories))
            {
                File.Delete(file);
            }
        }

        _unlocked = true;
    }

    private LibGit2Sharp.Repository Open()
    {
        Unlock();
        if (!LibGit2Sharp.Repository.IsValid(_directory))
        {
            // What a crash left half made has nothing that cannot be fetched again.
            if (Directory.Exists(_directory))
            {
                Directory.Delete(_directory, recursive: true);
            }

            PrivateDirectory.Create(_directory);
            LibGit2Sharp.Repository.Init(_directory, isBare: true);
        }

        var repository = new LibGit2Sharp.Repository(_directory);
        if (repository.Network.Remotes[Remote] is not { } remote)
        {
            repository.Network.Remotes.Add(Remote, _options.Url, AllBranches);
        }
        else if (remote.Url != _options.Url)
        {
            repository.Network.Remotes.Update(Remote, r => r.Url = _options.Url);
        }

        return repository;
    }

    // The other branches are nobody's business here, and may be many.
    private string BranchSpec() => _options.Branch is { } branch ? $"+refs/heads/{branch}:refs/remotes/origin/{branch}" : "+HEAD:refs/remotes/origin/HEAD";

    private void Fetch(LibGit2Sharp.Repository repository, string what, Func<bool> stop)
    {
        var options = new FetchOptions { Prune = true, TagFetchMode = TagFetchMode.None, CredentialsProvider = Credentials(), OnTransferProgress = _ => !stop(), OnProgress = _ => !stop() };
        Commands.Fetch(repository, Remote, [what], options, null);
    }

    private CredentialsHandler? Credentials()
    {
        var secret = _options.Token ?? _options.Password;
        if (secret is null)
        {
            return null;
        }

        var asked = 0;

        // Asked again, the first answer was refused; the same once more would be asked for without end.
        return (_, _, _) => ++asked > 3
            ? throw new GitException("The repository refuses the configured credentials.")
            : new UsernamePasswordCredentials { Username = _options.Username ?? "x-access-token", Password = secret };
    }

    private async Task<T> RunAsync<T>(Func<Func<bool>, T> work, CancellationToken cancellationToken)
    {
        if (!await _gate.WaitAsync(_options.Timeout, cancellationToken))
        {
            throw new GitException("An earlier call to the repository has not come back yet.");
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        over.CancelAfter(_options.Timeout);
        var token = over.Token;
        var running = Task.Run(
            () =>
            {
                try
                {
                    return work(() => token.IsCancellationRequested);
                }
                finally
                {
                    _gate.Release();
                }
            },
            CancellationToken.None);
        try
        {
            return await running.WaitAsync(token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _ = running.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            throw new GitException($"The repository did not answer within {_options.Timeout:c}.");
        }
        catch (Exception e) when (e is LibGit2SharpException or IOException or UnauthorizedAccessException)
        {
            throw new GitException(Sentence(e.Message), e);
        }
    }

    private string Sentence(string message)
    {
        foreach (var secret in new[] { _options.Token, _options.Password }.OfType<string>().Where(s => s.Length > 0))
        {
            message = message.Replace(secret, "***", StringComparison.Ordinal);
        }

        return $"The repository cannot be read: {message.ReplaceLineEndings(" ").Trim()}";
    }
}
