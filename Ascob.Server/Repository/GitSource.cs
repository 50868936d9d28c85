using Ascob.Server.Configuration;
using LibGit2Sharp;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Repository;

/// <summary>
/// This server's copy of the repository, without files, in its data directory. What is here is read whatever the network does; one call at a time goes over the network, and one that does not come back is given up after a
/// while, so that a connection that has died without a word is in nobody's way for ever.
/// </summary>
internal sealed class GitSource : IDisposable
{
    private readonly RepositoryOptions _options;
    private readonly GitCopy _copy;
    private readonly GitRemote _remote;
    private readonly GitTurns _here = new(mostGivenUp: 0);
    private readonly GitTurns _network = new(mostGivenUp: 4);

    public GitSource(IOptions<RepositoryOptions> options, IOptions<AscobOptions> server)
    {
        _options = options.Value;
        _remote = new GitRemote(_options, GitTrust.Load(_options.CaFile));
        _copy = new GitCopy(System.IO.Path.Combine(server.Value.AbsoluteDataDirectory, "repository", "git"), _remote);
    }

    /// <summary>Looks where the branch stands, and fetches what is new.</summary>
    /// <exception cref="GitException">That cannot be done now.</exception>
    public Task<string> LookAsync(CancellationToken cancellationToken) => RunAsync(_network, Look, cancellationToken);

    /// <summary>Reads from a commit, and fetches it before where it is not here; what reads is told when to stop.</summary>
    /// <exception cref="GitException">It is not here and cannot be fetched.</exception>
    public async Task<T> ReadAsync<T>(string commit, Func<GitCommit, Func<bool>, T> read, CancellationToken cancellationToken)
    {
        await EnsureAsync(commit, cancellationToken);
        return await RunAsync(
            _here,
            stop =>
            {
                using var repository = _copy.Open();
                return repository.Lookup<Commit>(commit) is { } found
                    ? read(new GitCommit(found, _options.Path), stop)
                    : throw new GitException($"The commit {commit[..Math.Min(10, commit.Length)]} is not in the repository, or no longer.");
            },
            cancellationToken);
    }

    /// <summary>Fetches all branches where a commit is not here; it may not be there either.</summary>
    /// <exception cref="GitException">They cannot be fetched.</exception>
    public async Task EnsureAsync(string commit, CancellationToken cancellationToken)
    {
        if (await RunAsync(_here, _ => Has(commit), cancellationToken))
        {
            return;
        }

        await RunAsync(
            _network,
            stop =>
            {
                using var repository = _copy.Open();
                if (repository.Lookup<Commit>(commit) is null)
                {
                    _remote.FetchAll(repository, stop);
                }

                return true;
            },
            cancellationToken);
    }

    /// <summary>Answers whether a commit follows from another one; also where the other one is not known here.</summary>
    public Task<bool> FollowsAsync(string commit, string earlier, CancellationToken cancellationToken) => RunAsync(
        _here,
        _ =>
        {
            using var repository = _copy.Open();
            return repository.Lookup<Commit>(earlier) is { } before && repository.Lookup<Commit>(commit) is { } after
                && repository.ObjectDatabase.FindMergeBase(before, after)?.Sha == before.Sha;
        },
        cancellationToken);

    public void Dispose()
    {
        _here.Dispose();
        _network.Dispose();
    }

    private bool Has(string commit)
    {
        using var repository = _copy.Open();
        return repository.Lookup<Commit>(commit) is not null;
    }

    private string Look(Func<bool> stop)
    {
        using var repository = _copy.Open();
        var tip = _remote.Look(repository, stop);
        return repository.Lookup<Commit>(tip) is null ? throw new GitException($"The branch stands at {tip}, which is no commit.") : tip;
    }

    private async Task<T> RunAsync<T>(GitTurns turns, Func<Func<bool>, T> work, CancellationToken cancellationToken)
    {
        try
        {
            return await turns.RunAsync(work, _options.Timeout, cancellationToken);
        }
        catch (Exception e) when (e is LibGit2SharpException or IOException or UnauthorizedAccessException)
        {
            throw new GitException(_remote.Sentence(e), e);
        }
    }
}
