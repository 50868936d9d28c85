using System.Diagnostics;
using System.Globalization;
using Ascob.Server.Persistence.Locks.Consul;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;
using Microsoft.Extensions.DependencyInjection;

[assembly: AssemblyFixture(typeof(Ascob.Tests.Fixtures.ConsulFixture))]

namespace Ascob.Tests.Fixtures;

/// <summary>
/// Real Consul: the executable that <c>ASCOB_TEST_CONSUL</c> names or that is in the PATH, else a container where a Docker engine answers. One agent in memory is shared by all tests, each below a prefix of its own;
/// tests that freeze, kill or forget get agents of their own, for which the executable is needed.
/// </summary>
public sealed class ConsulFixture : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private readonly ConsulContainer _container = new();
    private ConsulAgent? _shared;
    private int _prefixes;

    private static string? Binary { get; } =
        Environment.GetEnvironmentVariable("ASCOB_TEST_CONSUL") is { Length: > 0 } given
            ? given
            : (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':', StringSplitOptions.RemoveEmptyEntries).Select(d => Path.Combine(d, "consul")).FirstOrDefault(File.Exists);

    /// <summary>Answers the shared agent's address; skips the test where there is no Consul.</summary>
    public async Task<Uri> SharedUrlAsync()
    {
        if (Binary is null)
        {
            await _container.EnsureStartedAsync();
            return _container.Url;
        }

        return (await SharedAsync()).Url;
    }

    /// <summary>Makes a prefix that no other test uses.</summary>
    public string NewPrefix() => string.Create(CultureInfo.InvariantCulture, $"test-{Environment.ProcessId}-{Interlocked.Increment(ref _prefixes)}/locks/");

    public async ValueTask DisposeAsync()
    {
        if (_shared is not null)
        {
            await _shared.DisposeAsync();
        }

        await _container.DisposeAsync();
        _gate.Dispose();
    }

    /// <summary>Answers the shared agent; skips the test where there is no executable.</summary>
    internal async Task<ConsulAgent> SharedAsync()
    {
        SkipWithoutBinary();
        await _gate.WaitAsync();
        try
        {
            return _shared ??= await ConsulAgent.StartAsync(Binary!);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Starts an agent for one test alone; skips the test where there is no executable.</summary>
    internal static async Task<ConsulAgent> OwnAsync(bool durable = false, string? extra = null, string? token = null)
    {
        SkipWithoutBinary();
        return await ConsulAgent.StartAsync(Binary!, durable, extra, token);
    }

    /// <summary>Runs one of the executable's commands in a directory.</summary>
    internal static async Task RunAsync(string directory, params string[] arguments)
    {
        SkipWithoutBinary();
        using var process = Process.Start(new ProcessStartInfo(Binary!, arguments) { WorkingDirectory = directory, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await error);
    }

    /// <summary>The settings of a server that keeps its locks there, with short times.</summary>
    internal static TestStoreParts Parts(Uri url, string prefix, Action<ConsulOptions>? change = null, string? token = null) => new(
        new Dictionary<string, string?>
        {
            ["Ascob:Locks:Provider"] = "Consul",
            ["Ascob:Locks:Consul:Url"] = url.ToString(),
            ["Ascob:Locks:Consul:KeyPrefix"] = prefix,
            ["Ascob:Locks:Consul:Token"] = token,
        },
        services => services.Configure<ConsulOptions>(options =>
        {
            options.SessionTtl = TimeSpan.FromSeconds(2);
            options.LockDelay = TimeSpan.FromMilliseconds(500);
            options.Timeout = TimeSpan.FromSeconds(2);
            options.WatchWait = TimeSpan.FromSeconds(5);
            options.KeepInterval = TimeSpan.FromMilliseconds(100);
            options.DelayRetry = TimeSpan.FromMilliseconds(50);
            options.OrphanAfter = TimeSpan.FromSeconds(4);
            change?.Invoke(options);
        }));

    private static void SkipWithoutBinary() => Assert.SkipWhen(Binary is null, "No Consul is installed (consul is not in PATH), and ASCOB_TEST_CONSUL names no executable.");

    private sealed class ConsulContainer : ProductContainer
    {
        protected override ushort Port => 8500;

        protected override IContainer Build() => new ContainerBuilder("hashicorp/consul:1.20")
            .WithCommand("agent", "-dev", "-client=0.0.0.0", "-hcl", "session_ttl_min = \"1s\"")
            .WithPortBinding(8500, true)
            .WithWaitStrategy(Wait.ForUnixContainer().UntilHttpRequestIsSucceeded(r => r.ForPort(8500).ForPath("/v1/status/leader")))
            .Build();
    }
}
