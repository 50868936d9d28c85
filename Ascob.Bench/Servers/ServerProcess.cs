using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Ascob.Bench.Servers;

/// <summary>A server under test, in a process of its own.</summary>
internal sealed partial class ServerProcess : IDisposable
{
    private const int Terminate = 15;
    private const int Stop = 19;
    private const int Continue = 18;
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string _log;

    private ServerProcess(Process process, string log)
    {
        _process = process;
        _log = log;
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>
    /// Starts a .NET program. Its output goes to a file and never through a pipe of ours: a pipe would be inherited by the jobs that the server starts and outlive it.
    /// </summary>
    public static ServerProcess Start(string assembly, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, string directory)
    {
        var log = Path.Combine(directory, "server.log");
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = directory, UseShellExecute = false };
        foreach (var word in (string[])["-c", "exec \"$0\" \"$@\" >>server.log 2>&1 </dev/null", DotNetHost, assembly, .. arguments])
        {
            start.ArgumentList.Add(word);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new ServerProcess(Process.Start(start)!, log);
    }

    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>Waits for the first 200 of a path; answers the time since the call.</summary>
    public async Task<TimeSpan> WaitUntilReadyAsync(int port, string path, CancellationToken cancellationToken)
    {
        var begun = Stopwatch.GetTimestamp();
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };
        var url = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}{path}"));
        while (Stopwatch.GetElapsedTime(begun) < LongestStart)
        {
            if (_process.HasExited)
            {
                throw new BenchException($"The server ended with code {_process.ExitCode} before it was ready:\n{LastLines(20)}");
            }

            try
            {
                using var answer = await client.GetAsync(url, cancellationToken);
                if (answer.IsSuccessStatusCode)
                {
                    return Stopwatch.GetElapsedTime(begun);
                }
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
            {
                // Not there yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), cancellationToken);
        }

        throw new BenchException($"The server was not ready within {LongestStart.TotalSeconds:0} s:\n{LastLines(20)}");
    }

    /// <summary>Lets it stand still as a frozen virtual machine would, connections open and leases running out.</summary>
    public void Pause() => _ = Signal(_process.Id, Stop);

    /// <summary>Lets it go on.</summary>
    public void Resume() => _ = Signal(_process.Id, Continue);

    /// <summary>Kills it as a power cut would: no handler of it runs.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        _process.Kill();
        await _process.WaitForExitAsync(cancellationToken);
    }

    /// <summary>Asks it to stop (SIGTERM) and waits; answers the time it took, or null where it had to be killed after <paramref name="longest"/>.</summary>
    public async Task<TimeSpan?> TerminateAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        var begun = Stopwatch.GetTimestamp();
        _ = Signal(_process.Id, Terminate);
        try
        {
            await _process.WaitForExitAsync(cancellationToken).WaitAsync(longest, cancellationToken);
            return Stopwatch.GetElapsedTime(begun);
        }
        catch (TimeoutException)
        {
            await KillAsync(cancellationToken);
            return null;
        }
    }

    /// <summary>Answers the resident memory in MB.</summary>
    public double ResidentMegabytes()
    {
        _process.Refresh();
        return _process.WorkingSet64 / 1024.0 / 1024.0;
    }

    public string LastLines(int count) =>
        File.Exists(_log) ? string.Join('\n', File.ReadLines(_log).TakeLast(count)) : "(it wrote nothing)";

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private static string DotNetHost => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host ? host : "dotnet";

    [LibraryImport("libc", EntryPoint = "kill")]
    internal static partial int Signal(int pid, int signal);
}
