using Ascob.Server.Configuration;
using Microsoft.AspNetCore.Builder;

namespace Ascob.Tests.Server.Cli;

public sealed class EmbeddedRunTests : IAsyncLifetime
{
    private readonly CliFixture _cli = new();
    private readonly List<string[]> _built = [];

    public ValueTask InitializeAsync()
    {
        _cli.BuildServer = Build;
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _cli.DisposeAsync();

    [Fact]
    public async Task Run_WithoutAServer_StartsOneOnLoopbackWithATokenOfItsOwn()
    {
        Assert.Equal(4, await _cli.RunAsync("run", "--label", "pretend_exit=4", "--quiet"));

        var args = Assert.Single(_built);
        Assert.Contains("--urls=http://127.0.0.1:0", args);
        Assert.Contains("--environment=Development", args);
        Assert.DoesNotContain(args, a => a.StartsWith("--Ascob:DataDirectory", StringComparison.Ordinal));
        Assert.Equal(PretendServer.Output, _cli.Output);
        Assert.Empty(_cli.Error);
    }

    [Fact]
    public async Task Run_WhenAnotherServerHoldsTheDataDirectory_UsesATemporaryOneAndRemovesIt()
    {
        _cli.BuildServer = (args, configure) =>
            Value(args, "--Ascob:DataDirectory") is null ? throw new DataDirectoryInUseException("held", new IOException()) : Build(args, configure);

        Assert.Equal(0, await _cli.RunAsync("run", "-c", "true"));

        var temporary = Value(Assert.Single(_built), "--Ascob:DataDirectory")!;
        Assert.False(Directory.Exists(temporary));
        Assert.Contains("temporary", _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WhenTheEnvironmentIsGiven_KeepsIt()
    {
        _cli.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";

        await _cli.RunAsync("run", "-c", "true");

        Assert.DoesNotContain("--environment=Development", Assert.Single(_built));
    }

    [Fact]
    public async Task Run_WhenTheConfigurationIsWrong_Says78()
    {
        _cli.BuildServer = (_, _) => throw new ConfigurationException("Ascob:Databse is not a setting; did you mean Ascob:Database?");

        Assert.Equal(78, await _cli.RunAsync("run", "-c", "true"));
        Assert.StartsWith("ascob: Ascob:Databse", _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WhenDetached_NeedsAServerThatStays() => Assert.Equal(64, await _cli.RunAsync("run", "-c", "true", "--detach"));

    private WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure)
    {
        _built.Add(args);
        return new PretendServer(Value(args, "--Ascob:Security:RootToken")!).Build(Value(args, "--urls")!, configure);
    }

    private static string? Value(string[] args, string name) =>
        args.FirstOrDefault(a => a.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];
}
