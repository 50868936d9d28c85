using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

[assembly: AssemblyFixture(typeof(Ascob.Tests.Fixtures.PostgresFixture))]

namespace Ascob.Tests.Fixtures;

/// <summary>
/// A real PostgreSQL server: the one that <c>ASCOB_TEST_POSTGRES</c> names, or a throw-away cluster of the installed binaries on a free loopback port, started when the first
/// test asks for it.
/// </summary>
public sealed class PostgresFixture : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly SemaphoreSlim _gate = new(1);
    private string? _server;
    private string? _missing;
    private string? _directory;
    private Process? _process;
    private int _databases;

    /// <summary>Makes an empty database and answers its connection string; skips the test where there is no PostgreSQL.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        await EnsureStartedAsync();
        Assert.SkipWhen(_missing is not null, _missing ?? string.Empty);
        var name = string.Create(CultureInfo.InvariantCulture, $"ascob_{Environment.ProcessId}_{Interlocked.Increment(ref _databases)}");
        await using var connection = new NpgsqlConnection(_server);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = $"CREATE DATABASE {name}";
        await command.ExecuteNonQueryAsync();
        return new NpgsqlConnectionStringBuilder(_server) { Database = name, Pooling = true, MaxPoolSize = 30 }.ConnectionString;
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (_process is { HasExited: false } process)
        {
            // SIGQUIT is PostgreSQL's immediate shutdown: what is thrown away needs no checkpoint, which takes minutes on a busy disk.
            await RunAsync("kill", ["-QUIT", process.Id.ToString(CultureInfo.InvariantCulture)]);
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        }

        _process?.Dispose();
        if (_directory is not null)
        {
            Directory.Delete(_directory, recursive: true);
        }

        _gate.Dispose();
    }

    private static string? FindBinaries()
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':', StringSplitOptions.RemoveEmptyEntries);
        var debian = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderByDescending(d => d, StringComparer.Ordinal).Select(d => Path.Combine(d, "bin"))
            : [];
        return path.Concat(debian).FirstOrDefault(d => File.Exists(Path.Combine(d, "initdb")) && File.Exists(Path.Combine(d, "postgres")));
    }

    private async Task EnsureStartedAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (_server is not null || _missing is not null)
            {
                return;
            }

            if (Environment.GetEnvironmentVariable("ASCOB_TEST_POSTGRES") is { Length: > 0 } given)
            {
                _server = given;
            }
            else if (FindBinaries() is { } binaries)
            {
                await StartAsync(binaries);
            }
            else
            {
                _missing = "No PostgreSQL is installed (initdb is neither in PATH nor under /usr/lib/postgresql), and ASCOB_TEST_POSTGRES names no server.";
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task StartAsync(string binaries)
    {
        _directory = Directory.CreateTempSubdirectory("ascob-pg-").FullName;
        var data = Path.Combine(_directory, "data");
        var asUser = Environment.IsPrivilegedProcess ? await HandOverAsync(_directory) : [];
        await RunAsync([.. asUser, Path.Combine(binaries, "initdb"), "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
        var port = FreePort();
        string[] start =
        [
            .. asUser, Path.Combine(binaries, "postgres"), "-D", data, "-k", _directory, "-h", "127.0.0.1",
            "-p", port.ToString(CultureInfo.InvariantCulture), "-c", "max_connections=500", "-c", "shared_buffers=256MB",
        ];
        _process = Process.Start(StartInfo(start)) ?? throw new InvalidOperationException("postgres did not start.");
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var server = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = port,
            Username = "postgres",
            Database = "postgres",
            Pooling = false,
        }.ConnectionString;
        await WaitUntilUpAsync(server);
        _server = server;
    }

    /// <summary>PostgreSQL refuses to run as root: the directory goes to another user, and the answered command runs as that user.</summary>
    private static async Task<string[]> HandOverAsync(string directory)
    {
        var user = File.ReadLines("/etc/passwd").Any(l => l.StartsWith("postgres:", StringComparison.Ordinal)) ? "postgres" : "nobody";
        await RunAsync("chown", ["-R", user, directory]);
        return ["setpriv", $"--reuid={user}", "--clear-groups", "--"];
    }

    private async Task WaitUntilUpAsync(string server)
    {
        using var limit = new CancellationTokenSource(StartLimit);
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(server);
                await connection.OpenAsync(limit.Token);
                return;
            }
            catch (NpgsqlException) when (_process is { HasExited: false })
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, limit.Token);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static Task RunAsync(string file, string[] arguments) => RunAsync([file, .. arguments]);

    private static async Task RunAsync(string[] command)
    {
        using var process = Process.Start(StartInfo(command)) ?? throw new InvalidOperationException($"{command[0]} did not start.");
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', command)} failed: {await output}{await error}");
    }

    private static ProcessStartInfo StartInfo(string[] command) => new(command[0], command[1..])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        WorkingDirectory = "/",
    };
}
