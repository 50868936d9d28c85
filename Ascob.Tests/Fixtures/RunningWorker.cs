using System.Diagnostics;
using System.Globalization;
using Ascob.Server.Configuration;

namespace Ascob.Tests.Fixtures;

/// <summary>A worker in a process of its own, which can be killed and asked to stop; a second one on the same directory is its next life.</summary>
internal sealed class RunningWorker : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _log;
    private readonly bool _ownsDirectory;

    private RunningWorker(Process process, string directory, string log, bool ownsDirectory)
    {
        _process = process;
        _log = log;
        _ownsDirectory = ownsDirectory;
        Directory = directory;
    }

    public string Directory { get; }

    public bool HasExited => _process.HasExited;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Starts a worker; whether it got that far is told by <c>GET /api/workers</c>.</summary>
    public static RunningWorker Start(string name, string postgres, params string[] arguments) =>
        Start(System.IO.Directory.CreateTempSubdirectory("ascob-worker-").FullName, ownsDirectory: true, name, postgres, arguments);

    /// <summary>Starts the next life of the worker on its directory, which stays this one's to delete.</summary>
    public RunningWorker NextLife(string name, string postgres, params string[] arguments) => Start(Directory, ownsDirectory: false, name, postgres, arguments);

    /// <summary>Starts a worker on a copy of this one's data directory, as a cloned machine would.</summary>
    public RunningWorker OnCopy(string name, string postgres, params string[] arguments)
    {
        var copy = System.IO.Directory.CreateTempSubdirectory("ascob-worker-").FullName;
        foreach (var file in (string[])["home.id", "home.life", Path.Combine("shell", "host.id")])
        {
            var target = Path.Combine(copy, "data", file);
            PrivateDirectory.Create(Path.GetDirectoryName(target)!);
            File.Copy(Path.Combine(Directory, "data", file), target);
        }

        return Start(copy, ownsDirectory: true, name, postgres, arguments);
    }

    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(Token);
    }

    /// <summary>Asks it to stop as a service manager does; answers its exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync(Token);
        }

        return await ExitAsync();
    }

    /// <summary>Waits until it ends by itself; answers its exit code.</summary>
    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync(Token).WaitAsync(TimeSpan.FromSeconds(60), Token);
        return _process.ExitCode;
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

    private static RunningWorker Start(string directory, bool ownsDirectory, string name, string postgres, string[] arguments)
    {
        var log = Path.Combine(directory, $"worker-{Guid.NewGuid():N}.log");
        string[] words =
        [
            Path.Combine(AppContext.BaseDirectory, "Ascob.Server.dll"), "worker", "--name", name, .. arguments,
            "--environment=Production",
            $"--Ascob:DataDirectory={Path.Combine(directory, "data")}",
            "--Ascob:Database:Provider=PostgreSql",
            $"--Ascob:Database:ConnectionString={postgres}",
            "--Ascob:Hangfire:Storage=Database",
            "--Logging:LogLevel:Default=Warning",
        ];
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = directory, UseShellExecute = false };
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host ? host : "dotnet";
        foreach (var word in (string[])["-c", "exec \"$0\" \"$@\" >\"$ASCOB_TEST_LOG\" 2>&1 </dev/null", dotnet, .. words])
        {
            start.ArgumentList.Add(word);
        }

        start.Environment["ASCOB_TEST_LOG"] = log;
        return new RunningWorker(Process.Start(start)!, directory, log, ownsDirectory);
    }
}
