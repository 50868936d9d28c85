using System.Diagnostics;
using System.Globalization;
using System.Text;
using Ascob.Backends.Shell;
using Ascob.Backends.Shell.Host;
using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Core.Output;

namespace Ascob.Tests.Backends.Shell;

/// <summary>A data directory of its own with a real shell host, and shell adapters on it.</summary>
internal sealed class ShellWorld : IAsyncDisposable
{
    private readonly List<ShellBackendAdapter> _adapters = [];
    private readonly Dictionary<string, string> _settings;
    private readonly ShellHostLauncher _launcher;
    private int _lastRun;

    public ShellWorld(params (string Key, string Value)[] settings)
        : this(Launcher, settings)
    {
    }

    public ShellWorld(ShellHostLauncher launcher, params (string Key, string Value)[] settings)
    {
        _launcher = launcher;
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("The shell backend runs on Linux only.");
        }

        _settings = settings.ToDictionary(s => s.Key, s => s.Value);
        _settings.TryAdd("HostIdleExit", "00:00:02");
        DataDirectory = Directory.CreateTempSubdirectory("ascob-shell-").FullName;
        Adapter = NewAdapter();
    }

    public string DataDirectory { get; }

    public ShellBackendAdapter Adapter { get; private set; }

    public static ShellHostLauncher Launcher { get; } = new(
        Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [Path.Combine(AppContext.BaseDirectory, "Ascob.Server.dll")]);

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static JobSpec Command(string command) => new() { Labels = new Dictionary<string, string> { ["shell_command"] = command } };

    public ShellBackendAdapter NewAdapter()
    {
        var services = new Services(_launcher);
        var context = new BackendContext("shell", new BackendOptions { Type = "Shell" }, key => _settings.GetValueOrDefault(key), DataDirectory, services);
        var adapter = (ShellBackendAdapter)new ShellBackendType().Create(context);
        _adapters.Add(adapter);
        return adapter;
    }

    /// <summary>The server dies and starts again: another adapter, another connection.</summary>
    public async Task RestartServerAsync()
    {
        await Adapter.DisposeAsync();
        Adapter = NewAdapter();
    }

    public BackendJob Job(JobSpec spec) => new()
    {
        RunId = ++_lastRun,
        Marker = "ascob-" + Guid.NewGuid().ToString("N"),
        Attempt = 1,
        Spec = spec,
        IntentAt = TimeProvider.System.GetUtcNow(),
    };

    public async Task<BackendJob> StartAsync(BackendJob job)
    {
        var outcome = await Adapter.SubmitAsync(job, Token);
        Assert.True(outcome.Kind == SubmitOutcomeKind.Accepted, outcome.Reason);
        return job;
    }

    public Task<BackendJob> StartAsync(string command) => StartAsync(Job(Command(command)));

    public static BackendRunRef Ref(BackendJob job) => new(job.RunId, job.Marker, new Dictionary<string, string>());

    public async Task<BackendReport> StatusAsync(BackendJob job) => (await Adapter.GetStatusesAsync([Ref(job)], Token))[0];

    public async Task<BackendReport> EndAsync(BackendJob job)
    {
        BackendReport? report = null;
        await UntilAsync(
            async () => (report = await StatusAsync(job)).State is not (BackendState.Running or BackendState.Unreachable),
            () => $"{job.Marker} still {report?.State} {report?.Reason}");
        return report!;
    }

    public async Task<BackendReport> RunAsync(string command) => await EndAsync(await StartAsync(command));

    public async Task<string> OutputAsync(BackendJob job, OutputChannel channel = OutputChannel.Combined)
    {
        var text = new StringBuilder();
        OutputChunk chunk;
        var offset = 0L;
        do
        {
            chunk = await Adapter.ReadOutputAsync(Ref(job), channel, offset, 1 << 20, Token);
            text.Append(Encoding.UTF8.GetString(chunk.Data.Span));
            offset = chunk.NextOffset;
        }
        while (!chunk.Complete);
        return text.ToString();
    }

    /// <summary>Waits for something to appear in the output of a running job.</summary>
    public Task SaysAsync(BackendJob job, string text) => UntilAsync(
        async () => Encoding.UTF8.GetString((await Adapter.ReadOutputAsync(Ref(job), OutputChannel.Combined, 0, 1 << 16, Token)).Data.Span).Contains(text, StringComparison.Ordinal),
        () => $"never said {text}");

    public string RunDirectoryOf(BackendJob job) => Path.Combine(DataDirectory, "shell", "shell", "runs", job.Marker);

    public static async Task UntilAsync(Func<Task<bool>> condition, Func<string>? message = null, int seconds = 60)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(watch.Elapsed.TotalSeconds < seconds, message?.Invoke() ?? "waited too long");
            await timer.WaitForNextTickAsync(Token);
        }
    }

    /// <summary>Living processes that were started with the marker, or with a command line that holds the text.</summary>
    public static List<int> Survivors(string text)
    {
        var found = new List<int>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || pid == Environment.ProcessId)
            {
                continue;
            }

            try
            {
                var content = File.ReadAllText(directory + "/environ") + File.ReadAllText(directory + "/cmdline");
                if (content.Contains(text, StringComparison.Ordinal))
                {
                    found.Add(pid);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Gone meanwhile.
            }
        }

        return found;
    }

    public async ValueTask DisposeAsync()
    {
        var host = _adapters.Select(a => a.HostPid).LastOrDefault(p => p > 0);
        foreach (var adapter in _adapters)
        {
            await adapter.DisposeAsync();
        }

        if (host > 0)
        {
            KillHost(host, hard: false);
            await GoneAsync(host);
        }

        StubbornTree.TryDelete(DataDirectory);
    }

    public static void KillHost(int pid, bool hard) => Ascob.Backends.Shell.Native.Libc.Kill(pid, hard ? 9 : 15);

    // The first thread may be dead while others still hold the listening socket.
    private static int ThreadsOf(int pid)
    {
        try
        {
            return Directory.GetDirectories($"/proc/{pid}/task").Length;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    public static async Task GoneAsync(int pid)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (Ascob.Backends.Shell.Native.ProcessTable.TryRead(pid) is { IsDead: false } || ThreadsOf(pid) > 1)
        {
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private sealed class Services(ShellHostLauncher launcher) : IServiceProvider
    {
        public object? GetService(Type serviceType) => serviceType == typeof(ShellHostLauncher) ? launcher : null;
    }
}
