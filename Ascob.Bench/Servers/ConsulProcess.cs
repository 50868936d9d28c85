using System.Diagnostics;
using System.Globalization;

namespace Ascob.Bench.Servers;

/// <summary>A throw-away Consul agent with a directory, so that each change of a lock is synced as in production: the executable of <c>ASCOB_TEST_CONSUL</c>, or the one in the PATH.</summary>
internal sealed class ConsulProcess : IDisposable
{
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(60);
    private const int Stop = 19;
    private const int Continue = 18;
    private readonly ProcessStartInfo _start;
    private Process _process;

    private ConsulProcess(ProcessStartInfo start, int port)
    {
        _start = start;
        _process = Process.Start(start)!;
        Url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");
    }

    public string Url { get; }

    private static string? Binary => Environment.GetEnvironmentVariable("ASCOB_TEST_CONSUL") is { Length: > 0 } given
        ? given
        : (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':').Select(d => Path.Combine(d, "consul")).FirstOrDefault(File.Exists);

    /// <summary>Starts one; null where this machine has none.</summary>
    public static async Task<ConsulProcess?> TryStartAsync(WorkFolder folder, CancellationToken cancellationToken)
    {
        if (Binary is not { } binary)
        {
            return null;
        }

        var directory = folder.Child("consul");
        var ports = Enumerable.Range(0, 4).Select(_ => ServerProcess.FreePort()).ToArray();
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = directory };
        foreach (var word in (string[])
            [
                "-c", "exec \"$0\" \"$@\" >>consul.log 2>&1 </dev/null", binary, "agent", "-server", "-bootstrap-expect=1", $"-data-dir={Path.Combine(directory, "data")}", "-disable-host-node-id", "-node=bench",
                "-bind=127.0.0.1", "-client=127.0.0.1", "-dns-port=-1", "-grpc-port=-1", $"-http-port={ports[0]}", $"-server-port={ports[1]}", $"-serf-lan-port={ports[2]}", $"-serf-wan-port={ports[3]}",
                "-hcl", "disable_update_check = true", "-hcl", "performance { raft_multiplier = 1 }",
            ])
        {
            start.ArgumentList.Add(word);
        }

        var consul = new ConsulProcess(start, ports[0]);
        try
        {
            await consul.WaitUntilReadyAsync(cancellationToken);
            return consul;
        }
        catch
        {
            consul.Dispose();
            throw;
        }
    }

    /// <summary>Lets it stand still, connections open: nobody gets an answer.</summary>
    public void Pause() => _ = ServerProcess.Signal(_process.Id, Stop);

    /// <summary>Lets it go on.</summary>
    public void Resume() => _ = ServerProcess.Signal(_process.Id, Continue);

    /// <summary>Ends it as a power cut would, and starts it again on its directory.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken)
    {
        _process.Kill();
        await _process.WaitForExitAsync(cancellationToken);
        _process.Dispose();
        _process = Process.Start(_start)!;
        await WaitUntilReadyAsync(cancellationToken);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var begun = Stopwatch.GetTimestamp();
        while (!await IsReadyAsync(http, Url, cancellationToken))
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(begun) > LongestStart)
            {
                throw new BenchException("Consul did not start; see consul.log in the folder.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
        }
    }

    private static async Task<bool> IsReadyAsync(HttpClient http, string url, CancellationToken cancellationToken)
    {
        try
        {
            return (await http.GetStringAsync(new Uri(url + "/v1/health/node/bench"), cancellationToken)).Contains("serfHealth", StringComparison.Ordinal);
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
