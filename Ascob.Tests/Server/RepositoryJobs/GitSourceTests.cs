using Ascob.Server.Configuration;
using Ascob.Server.Repository;
using Ascob.Tests.Fixtures;
using LibGit2Sharp;
using Microsoft.Extensions.Options;
using RepositoryOptions = Ascob.Server.Repository.RepositoryOptions;

namespace Ascob.Tests.Server.RepositoryJobs;

/// <summary>A server's copy of a repository.</summary>
public sealed class GitSourceTests : IAsyncDisposable
{
    private readonly GitFolder _git = new();
    private readonly string _data = Directory.CreateTempSubdirectory("ascob-git-data-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Copy => Path.Combine(_data, "repository", "git");

    public async ValueTask DisposeAsync()
    {
        _git.Dispose();
        await TestDirectories.DeleteAsync(_data);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task LookAsync_FetchesItsOwnBranchOnly_AndFindsACommitOfAnotherWhenItIsAskedFor(bool named)
    {
        var own = _git.Commit(("a.yml", "- command: echo own\n"));
        string name, other;
        using (var repository = new LibGit2Sharp.Repository(_git.Path))
        {
            name = repository.Head.FriendlyName;
            var author = new Signature("other", "other@example.org", DateTimeOffset.UnixEpoch);
            var commit = repository.ObjectDatabase.CreateCommit(author, author, "other", repository.Head.Tip.Tree, [], false);
            repository.CreateBranch("other", commit);
            other = commit.Sha;
        }

        using var source = Source(named ? name : null);
        Assert.Equal(own, await source.LookAsync(Stop));
        using (var copy = new LibGit2Sharp.Repository(Copy))
        {
            Assert.NotNull(copy.Lookup<Commit>(own));
            Assert.Null(copy.Lookup<Commit>(other));
        }

        Assert.Equal(other, await source.ReadAsync(other, (c, _) => c.Sha, Stop));
    }

    private GitSource Source(string? branch) => new(
        Options.Create(new RepositoryOptions { Url = _git.Path, Branch = branch }), Options.Create(new AscobOptions { DataDirectory = _data }));
}
