using System.Diagnostics;
using System.Globalization;
using Ascob.Server.Security;

namespace Ascob.Tests.Fixtures;

/// <summary>The server in a process of its own, which can be killed and asked to stop; a second one on the same directory is its next life.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    public const string RootToken = "root-token-of-the-tests-0123456789";
    private const string Listening = "Now listening on: ";
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string _log;
    private readonly bool _ownsDirectory;

    private RunningServer(Process process, string directory, string log, bool ownsDirectory)
    {
        _process = process;
        _log = log;
        _ownsDirectory = ownsDirectory;
        Directory = directory;
    }

    public string Directory { get; }

    public Uri Url { get; private set; } = null!;

    public int ProcessId => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Gets the time from the start of the process to the first answer of <c>/healthz/ready</c>.</summary>
    public TimeSpan ReadyAfter { get; private set; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Starts a server with a dummy backend on a new directory and waits until it is ready.</summary>
    public static Task<RunningServer> StartAsync(params string[] settings) =>
        StartAsync(System.IO.Directory.CreateTempSubdirectory("ascob-server-").FullName, ownsDirectory: true, settings);

    /// <summary>Starts a server whose environment is named by these variables, as in an image, and by no argument.</summary>
    public static Task<RunningServer> StartInAsync(IReadOnlyDictionary<string, string> variables, params string[] settings) =>
        StartAsync(System.IO.Directory.CreateTempSubdirectory("ascob-server-").FullName, ownsDirectory: true, settings, variables);

    /// <summary>Starts the next life of the server on its directory, which stays this one's to delete.</summary>
    public Task<RunningServer> NextLifeAsync(params string[] settings) => StartAsync(Directory, ownsDirectory: false, settings);

    public HttpClient Client()
    {
        var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false }) { BaseAddress = Url };
        client.DefaultRequestHeaders.Add(AccessMiddleware.Header, RootToken);
        return client;
    }

    /// <summary>Ends it as a power cut would: no handler of it runs.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(Token);
    }

    /// <summary>Asks it to stop as a service manager does; answers its exit code and the time it took.</summary>
    public async Task<(int ExitCode, TimeSpan Took)> TerminateAsync(TimeSpan longest)
    {
        var begun = Stopwatch.GetTimestamp();
        using (var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync(Token);
        }

        await _process.WaitForExitAsync(Token).WaitAsync(longest, Token);
        return (_process.ExitCode, Stopwatch.GetElapsedTime(begun));
    }

    public string Log() => File.Exists(_log) ? File.ReadAllText(_log) : string.Empty;

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
        if (_ownsDirectory)
        {
            await TestDirectories.DeleteAsync(Directory);
        }
    }

    private static async Task<RunningServer> StartAsync(string directory, bool ownsDirectory, string[] settings, IReadOnlyDictionary<string, string>? variables = null)
    {
        var log = Path.Combine(directory, $"server-{Guid.NewGuid():N}.log");
        string[] arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "Ascob.Server.dll"),
            "--urls", "http://127.0.0.1:0",
            .. variables is null ? (string[])["--environment", "Production"] : [],
            "--Ascob:DataDirectory", Path.Combine(directory, "data"),
            "--Ascob:Security:RootToken", RootToken,
            "--Ascob:Backends:dummyBackend:Type", "Dummy",
            "--Logging:LogLevel:Default", "Warning",
            "--Logging:LogLevel:Microsoft.Hosting.Lifetime", "Information",
            .. settings,
        ];

        // The log goes to a file and never through a pipe of ours, which would be inherited by whatever the server starts.
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = directory, UseShellExecute = false };
        foreach (var word in (string[])["-c", "exec \"$0\" \"$@\" >\"$ASCOB_TEST_LOG\" 2>&1 </dev/null", Dotnet, .. arguments])
        {
            start.ArgumentList.Add(word);
        }

        start.Environment["ASCOB_TEST_LOG"] = log;
        foreach (var (name, value) in variables ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        var begun = Stopwatch.GetTimestamp();
        var server = new RunningServer(Process.Start(start)!, directory, log, ownsDirectory);
        try
        {
            await server.WaitUntilReadyAsync(begun);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private async Task WaitUntilReadyAsync(long begun)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };
        while (Stopwatch.GetElapsedTime(begun) < LongestStart)
        {
            Assert.False(_process.HasExited, $"The server ended before it was ready:\n{Log()}");
            if (Url is null && ListeningUrl(Log()) is { } url)
            {
                Url = url;
            }

            if (Url is not null && await IsReadyAsync(client))
            {
                ReadyAfter = Stopwatch.GetElapsedTime(begun);
                return;
            }

            await Task.Delay(10, Token);
        }

        Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"The server was not ready within {LongestStart.TotalSeconds} s:\n{Log()}"));
    }

    private async Task<bool> IsReadyAsync(HttpClient client)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri(Url, "/healthz/ready"), Token);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !Token.IsCancellationRequested)
        {
            return false;
        }
    }

    private static Uri? ListeningUrl(string log)
    {
        var at = log.IndexOf(Listening, StringComparison.Ordinal);
        if (at < 0)
        {
            return null;
        }

        var from = at + Listening.Length;
        var end = from;
        while (end < log.Length && (char.IsAsciiLetterOrDigit(log[end]) || log[end] is ':' or '/' or '.'))
        {
            end++;
        }

        // The line may be only half written.
        return end < log.Length && Uri.TryCreate(log[from..end], UriKind.Absolute, out var url) ? url : null;
    }

    private static string Dotnet => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host ? host : "dotnet";
}
