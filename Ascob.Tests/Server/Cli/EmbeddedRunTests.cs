using Ascob.Server.Configuration;
using Ascob.Tests.Robustness;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

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

    [Theory]
    [InlineData("run", "-c", "true")]
    [InlineData("serve")]
    public async Task Start_WhenAnotherServerHoldsTheDataDirectory_IsToldInOneLineWithoutCalls(params string[] args)
    {
        var directory = Directory.CreateTempSubdirectory("ascob-held-").FullName;
        try
        {
            using var other = new DataDirectoryLock(Options.Create(new AscobOptions { DataDirectory = directory }));
            other.Take();
            var logs = new LogCapture();
            _cli.BuildServer = (given, configure) => Value(given, "--Ascob:DataDirectory") is not null ? Build(given, configure) : Build(["--urls=http://127.0.0.1:0", "--Ascob:Security:RootToken=x"], b =>
            {
                configure?.Invoke(b);
                b.Logging.AddProvider(logs);
                b.Services.AddSingleton(Options.Create(new AscobOptions { DataDirectory = directory }));
                b.Services.AddSingleton<DataDirectoryLock>();
                b.Services.AddHostedService(s => s.GetRequiredService<DataDirectoryLock>());
            });

            await _cli.RunAsync(args);

            Assert.Empty(logs.Lines);
            Assert.Contains("directory", Assert.Single(_cli.Error.TrimEnd().Split('\n'), l => !l.StartsWith("run ", StringComparison.Ordinal)), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
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
