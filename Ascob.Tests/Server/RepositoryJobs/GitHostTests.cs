using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Server.Configuration;
using Ascob.Server.Repository;
using Ascob.Tests.Backends.Shell;
using Ascob.Tests.Fixtures;
using Ascob.Tests.Server.Api;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ascob.Tests.Server.RepositoryJobs;

/// <summary>Repositories on hosts that ask who comes, with Git's own server program.</summary>
public sealed class GitHostTests : IDisposable
{
    private readonly GitFolder _git = new();
    private readonly LogLines _log = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string[] SignedIn => ["--Ascob:Repository:Username", GitHttpHost.User, "--Ascob:Repository:Password", GitHttpHost.Password];

    public void Dispose() => _git.Dispose();

    [Fact]
    public async Task ARepositoryBehindAPassword_IsReadRunAndFollowed()
    {
        _git.Commit(("a.yml", "- command: cat a.yml"));
        await using var host = await GitHttpHost.StartAsync(_git.Path);
        await using var server = await StartAsync(host.Url, SignedIn);
        using var client = server.Client();

        Assert.Equal(("current", null), await StateAsync(client));
        var second = _git.Commit(("a.yml", "- command: cat a.yml # two"));
        Assert.Equal(("current", null), await StateAsync(client));

        Assert.Equal(second, (await client.GetFromJsonAsync<JsonElement>("/jobs/a", Cancel)).GetProperty("commit").GetString());
        var execution = (await client.PostAsync("/jobs/a", null, Cancel)).Headers.Location!.OriginalString;
        var run = (await client.GetFromJsonAsync<JsonElement>(execution, Cancel)).GetProperty("runId").GetInt64();
        await client.GetAsync($"/api/runs/{run}?waitSeconds=60", Cancel);
        Assert.Equal("- command: cat a.yml # two", await client.GetStringAsync(execution + "/stdout", Cancel));
    }

    [Fact]
    public async Task AForcedPushAndAVanishedBranch_AreSeen()
    {
        _git.Commit(("a.yml", "- command: echo a"));
        _git.Branch("jobs");
        await using var host = await GitHttpHost.StartAsync(_git.Path);
        await using var server = await StartAsync(host.Url, [.. SignedIn, "--Ascob:Repository:Branch", "jobs"]);
        using var client = server.Client();
        Assert.Equal(("current", null), await StateAsync(client));

        _git.Rewrite(("a.yml", null), ("b.yml", "- command: echo b"));
        var (state, problem) = await StateAsync(client);
        Assert.Equal(("unreachable", "The repository has no branch 'jobs'."), (state, problem));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/jobs/a", Cancel)).StatusCode);

        _git.Branch("jobs/more");
        Assert.Equal("unreachable", (await StateAsync(client)).State);
        _git.DeleteBranch("jobs/more");
        _git.Branch("jobs");
        Assert.Equal(("current", null), await StateAsync(client));
        Assert.True((await client.GetFromJsonAsync<JsonElement>("/api/repository", Cancel)).GetProperty("rewritten").GetBoolean());
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/jobs/a", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/jobs/b", Cancel)).StatusCode);
    }

    [Fact]
    public async Task AWrongPassword_IsTriedOnceAndToldWithoutIt()
    {
        _git.Commit(("a.yml", "- command: echo a"));
        await using var host = await GitHttpHost.StartAsync(_git.Path);
        const string wrong = "wrong/pass+word";
        await using var server = await StartAsync(host.Url, ["--Ascob:Repository:Username", GitHttpHost.User, "--Ascob:Repository:Password", wrong]);
        using var client = server.Client();
        await AwaitedAsync(() => _log.Text.Contains("refuses the configured", StringComparison.Ordinal));
        var before = host.Refused;

        var (state, problem) = await StateAsync(client);

        Assert.Equal(("unreachable", "The repository refuses the configured user, password or token."), (state, problem));
        Assert.InRange(host.Refused - before, 1, 4);
        Assert.DoesNotContain(wrong, _log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Uri.EscapeDataString(wrong), _log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutCredentials_ItIsSaidWhichKeysAreMissing()
    {
        _git.Commit(("a.yml", "- command: echo a"));
        await using var host = await GitHttpHost.StartAsync(_git.Path);
        await using var server = await StartAsync(host.Url, []);
        using var client = server.Client();

        Assert.Equal(("unreachable", "The repository asks who signs in: set Ascob:Repository:Token, or Username and Password."), await StateAsync(client));
    }

    [Fact]
    public async Task AHostThatSendsToAnother_GetsNoSecretThere()
    {
        _git.Commit(("a.yml", "- command: echo a"));
        await using var other = await GitHttpHost.StartAsync(_git.Path);
        await using var host = await GitHttpHost.StartAsync(_git.Path);
        host.SendsOnTo = other.Url.Replace("localhost", "127.0.0.1", StringComparison.Ordinal);
        await using var server = await StartAsync(host.Url, SignedIn);
        using var client = server.Client();

        var (state, problem) = await StateAsync(client);

        Assert.Equal("unreachable", state);
        Assert.Contains("127.0.0.1", problem, StringComparison.Ordinal);
        Assert.Empty(other.SignedIn);
    }

    [Theory]
    [InlineData(true, "localhost", null)]
    [InlineData(false, "localhost", "is not trusted")]
    [InlineData(true, "other.example", "is for another name")]
    public async Task OverTls_ACertificateIsBelievedWhereItsAuthorityIsConfigured(bool configured, string name, string? refusal)
    {
        _git.Commit(("a.yml", "- command: echo a"));
        var (certificate, authority) = GitHttpHost.Certificates(name);
        using var owned = certificate;
        var file = Path.Combine(_git.Path, ".git", "authority.pem");
        await File.WriteAllTextAsync(file, authority, Cancel);
        await using var host = await GitHttpHost.StartAsync(_git.Path, certificate);
        await using var server = await StartAsync(host.Url, [.. SignedIn, .. configured ? new[] { "--Ascob:Repository:CaFile", file } : []]);
        using var client = server.Client();

        var (state, problem) = await StateAsync(client);

        Assert.Equal(refusal is null ? "current" : "unreachable", state);
        if (refusal is not null)
        {
            Assert.Contains(refusal, problem, StringComparison.Ordinal);
            Assert.Empty(host.SignedIn);
        }
    }

    [Fact]
    public async Task ACertificateOfAnotherAuthority_IsRefusedAndNoSecretIsSent()
    {
        _git.Commit(("a.yml", "- command: echo a"));
        using var certificate = GitHttpHost.Certificates().Host;
        var file = Path.Combine(_git.Path, ".git", "authority.pem");
        await File.WriteAllTextAsync(file, GitHttpHost.Certificates().Authority, Cancel);
        await using var host = await GitHttpHost.StartAsync(_git.Path, certificate);
        await using var server = await StartAsync(host.Url, [.. SignedIn, "--Ascob:Repository:CaFile", file]);
        using var client = server.Client();

        var (state, problem) = await StateAsync(client);

        Assert.Equal("unreachable", state);
        Assert.Contains("is not trusted by Ascob:Repository:CaFile", problem, StringComparison.Ordinal);
        Assert.Empty(host.SignedIn);
    }

    [Fact]
    public async Task BySsh_TheConfiguredCommandReachesTheHost()
    {
        // Stands in for ssh: what a host would do with the command, on this machine.
        var ssh = Path.Combine(_git.Path, ".git", "ssh-of-the-test");
        await File.WriteAllTextAsync(ssh, "#!/bin/sh\necho \"$@\" >\"$(dirname \"$0\")/ssh-asked\"\nwhile [ $# -gt 1 ]; do shift; done\nexec sh -c \"$1\"\n", Cancel);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(ssh, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
        }

        _git.Commit(("a.yml", "- command: echo a"));
        foreach (var url in new[] { $"ssh://git@host.example:2222{_git.Path}", $"git@host.example:{_git.Path}" })
        {
            await using var server = await StartAsync(url, ["--Ascob:Repository:SshCommand", ssh]);
            using var client = server.Client();

            Assert.Equal(("current", null), await StateAsync(client));
            Assert.Contains("git@host.example", await File.ReadAllTextAsync(Path.Combine(_git.Path, ".git", "ssh-asked"), Cancel), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task BySsh_ARealHostIsRead()
    {
        // A host with a repository in which a job 'a' is, such as sshd on this machine.
        if (Environment.GetEnvironmentVariable("ASCOB_TEST_SSH_URL") is not { Length: > 0 } url)
        {
            Assert.Skip("ASCOB_TEST_SSH_URL names no repository that is reached by ssh (with ASCOB_TEST_SSH_COMMAND).");
            return;
        }

        var command = Environment.GetEnvironmentVariable("ASCOB_TEST_SSH_COMMAND") ?? new RepositoryOptions().SshCommand;
        await using var server = await StartAsync(url, ["--Ascob:Repository:SshCommand", command]);
        using var client = server.Client();

        Assert.Equal(("current", null), await StateAsync(client));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/jobs/a", Cancel)).StatusCode);
    }

    [Fact]
    public async Task BySsh_WhereItCannotBeReached_TheReasonNamesWhatIsNeeded()
    {
        await using var server = await StartAsync("ssh://git@host.invalid/jobs.git", ["--Ascob:Repository:SshCommand", "/nowhere/ssh -o BatchMode=yes"]);
        using var client = server.Client();

        var (state, problem) = await StateAsync(client);

        Assert.Equal("unreachable", state);
        Assert.Contains("The host is reached by '/nowhere/ssh'", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MoreThanTheBound_IsNotFetched()
    {
        var bytes = new byte[3 << 20];
        new Random(5).NextBytes(bytes);
        await File.WriteAllBytesAsync(Path.Combine(_git.Path, "blob"), bytes, Cancel);
        _git.Commit(("a.yml", "- command: echo a"));
        await using var host = await GitHttpHost.StartAsync(_git.Path);
        await using var server = await StartAsync(host.Url, [.. SignedIn, "--Ascob:Repository:MaxFetchBytes", "1048576"]);
        using var client = server.Client();

        var (state, problem) = await StateAsync(client);

        Assert.Equal("unreachable", state);
        Assert.Contains("more than 1048576 bytes (Ascob:Repository:MaxFetchBytes)", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://user:secret@host/x.git", "must not hold a password")]
    [InlineData("https://user:sec ret@ho st/x.git", "must not hold a password")]
    [InlineData("https://ghp_token@host/x.git", "must hold neither a user nor a token")]
    [InlineData("git:secret@host:x.git", "must not hold a password")]
    [InlineData("ftp://host/x.git", "must begin with one of")]
    [InlineData("ext::sh -c id", null)]
    [InlineData("https:///x.git", "must be an address")]
    [InlineData("--upload-pack=id", "must be an address")]
    [InlineData("ssh://git@host/x.git", null)]
    [InlineData("git@host:x.git", null)]
    [InlineData("/srv/a@b:c", null)]
    public async Task AnAddress_IsRefusedAtTheStartWithoutBeingRepeated(string url, string? refusal)
    {
        Assert.Equal(refusal is null, GitAddress.Problem(url) is null);
        if (refusal is not null)
        {
            var refused = await Assert.ThrowsAsync<ConfigurationException>(() => StartAsync(url, []));
            Assert.Contains(refusal, refused.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("sec", refused.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("ghp_", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task AFileOfAuthoritiesThatHoldsNone_StopsTheStart()
    {
        var file = Path.Combine(_git.Path, "empty.pem");
        await File.WriteAllTextAsync(file, "nothing", Cancel);

        Assert.Contains("holds no certificate", (await Assert.ThrowsAsync<ConfigurationException>(() => StartAsync(_git.Path, ["--Ascob:Repository:CaFile", file]))).Message, StringComparison.Ordinal);
        Assert.Contains("must name a file", (await Assert.ThrowsAsync<ConfigurationException>(() => StartAsync(_git.Path, ["--Ascob:Repository:CaFile", file + ".not"]))).Message, StringComparison.Ordinal);
    }

    private static async Task<(string State, string? Problem)> StateAsync(HttpClient client)
    {
        await client.PostAsync("/api/repository/refresh", null, Cancel);
        var info = await client.GetFromJsonAsync<JsonElement>("/api/repository", Cancel);
        return (info.GetProperty("state").GetString()!, info.TryGetProperty("problem", out var problem) ? problem.GetString() : null);
    }

    private static Task AwaitedAsync(Func<bool> condition) => TestWorld.UntilAsync(condition);

    private Task<ApiServer> StartAsync(string url, string[] more) => ApiServer.StartAsync(
        builder =>
        {
            builder.Services.AddSingleton(ShellWorld.Launcher);
            builder.Services.AddSingleton<ILoggerProvider>(_log);
            builder.Logging.AddFilter<LogLines>(null, LogLevel.Debug);
        },
        [
            "--Ascob:Backends:shell:Type", "Shell", "--Ascob:Backends:shell:HostIdleExit", "00:00:02", "--Ascob:Repository:Url", url, "--Ascob:Repository:PollInterval", "00:00:00", .. more,
        ]);

    private sealed class LogLines : ILoggerProvider, ILogger
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<string> _lines = new();

        public string Text => string.Join('\n', _lines);

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
