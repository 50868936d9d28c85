using Ascob.Server.Configuration;
using LibGit2Sharp;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Repository;

/// <summary>
/// This server's copy of the repository, without files, in its data directory. The network is given up after a while, and what is here already never waits for it.
/// </summary>
internal sealed class GitSource : IDisposable
{
    private const int MostHanging = 3;

    private readonly RepositoryOptions _options;
    private readonly string _directory;
    private readonly GitRemote _remote;
    private readonly GitGate _network = new(MostHanging);
    private readonly GitGate _local = new(0);
    private readonly Lock _opening = new();
    private bool _unlocked;

    public GitSource(IOptions<RepositoryOptions> options, IOptions<AscobOptions> server, TimeProvider time)
    {
        _options = options.Value;
        _remote = new GitRemote(_options, GitTrust.Load(_options.CaFile), time);
        _directory = System.IO.Path.Combine(server.Value.AbsoluteDataDirectory, "repository", "git");
    }

    /// <summary>Looks where the branch stands, and fetches what is new.</summary>
    /// <exception cref="GitException">That cannot be done now.</exception>
    public Task<string> LookAsync(CancellationToken cancellationToken) => RunAsync(_network, Look, cancellationToken);

    /// <summary>Makes sure that a commit is here, and reads from it; what reads is told when to stop.</summary>
    /// <exception cref="GitException">It is not here and cannot be fetched.</exception>
    public async Task<T> ReadAsync<T>(string commit, Func<GitCommit, Func<bool>, T> read, CancellationToken cancellationToken)
    {
        await EnsureAsync(commit, cancellationToken);
        return await RunAsync(
            _local,
            stop =>
            {
                using var repository = Open();
                return repository.Lookup<Commit>(commit) is { } found
                    ? read(new GitCommit(found, _options.Path), stop)
                    : throw new GitException($"The commit {commit[..Math.Min(10, commit.Length)]} is not in the repository, or no longer.");
            },
            cancellationToken);
    }

    /// <summary>Makes sure that a commit is here, if the repository has it. Asks the network only where it is not.</summary>
    /// <exception cref="GitException">It is not here, and the repository cannot be asked.</exception>
    public async Task EnsureAsync(string commit, CancellationToken cancellationToken)
    {
        if (!await RunAsync(_local, _ => IsHere(commit), cancellationToken))
        {
            await RunAsync(_network, stop => FetchCommit(commit, stop), cancellationToken);
        }
    }

    /// <summary>Answers whether a commit follows from another one; also where the other one is not known here.</summary>
    public Task<bool> FollowsAsync(string commit, string earlier, CancellationToken cancellationToken) => RunAsync(
        _local,
        _ =>
        {
            using var repository = Open();
            return repository.Lookup<Commit>(earlier) is { } before && repository.Lookup<Commit>(commit) is { } after
                && repository.ObjectDatabase.FindMergeBase(before, after)?.Sha == before.Sha;
        },
        cancellationToken);

    public void Dispose()
    {
        _network.Dispose();
        _local.Dispose();
    }

    private bool IsHere(string commit)
    {
        using var repository = Open();
        return repository.Lookup<Commit>(commit) is not null;
    }

    private bool FetchCommit(string commit, Func<bool> stop)
    {
        using var repository = Open();
        if (repository.Lookup<Commit>(commit) is null)
        {
            GitTimeouts.Set(_options.Timeout);
            _remote.FetchAll(repository, stop);
        }

        return true;
    }

    private string Look(Func<bool> stop)
    {
        using var repository = Open();
        GitTimeouts.Set(_options.Timeout);
        var tip = _remote.Look(repository, stop);
        return repository.Lookup<Commit>(tip) is null ? throw new GitException($"The branch stands at {tip}, which is no commit.") : tip;
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
            // And what was being fetched then.
            string[] left =
            [
                .. Directory.GetFiles(_directory, "*.lock", SearchOption.AllDirectories),
                .. Directory.GetFiles(_directory, "pack_git2_*", SearchOption.AllDirectories),
                .. Directory.GetFiles(_directory, $"{GitRemote.LookPrefix}*", SearchOption.AllDirectories),
            ];
            foreach (var file in left.Distinct(StringComparer.Ordinal))
            {
                File.Delete(file);
            }
        }

        _unlocked = true;
    }

    private LibGit2Sharp.Repository Open()
    {
        // Readers and the network come here at the same time.
        lock (_opening)
        {
            return OpenAlone();
        }
    }

    private LibGit2Sharp.Repository OpenAlone()
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
        _remote.Configure(repository);
        return repository;
    }

    private async Task<T> RunAsync<T>(GitGate gate, Func<Func<bool>, T> work, CancellationToken cancellationToken)
    {
        if (await gate.EnterAsync(_options.Timeout, cancellationToken) is not { } turn)
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
                    turn.End();
                }
            },
            CancellationToken.None);
        try
        {
            return await running.WaitAsync(token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            turn.Abandon();
            _ = running.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            throw new GitException($"The repository did not answer within {_options.Timeout:c}.");
        }
        catch (Exception e) when (e is LibGit2SharpException or IOException or UnauthorizedAccessException)
        {
            throw new GitException(_remote.Sentence(e), e);
        }
    }
}
