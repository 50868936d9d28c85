using System.Globalization;
using System.Net;

namespace Ascob.Bench.Servers;

/// <summary>How Ascob is started for a measurement: as in production, with one dummy and one shell backend.</summary>
internal sealed class AscobServer
{
    public const string Token = "bench-root-token-0123456789";
    public const string ReadyPath = "/healthz/ready";
    private const string Assembly = "Ascob.Server.dll";

    private readonly string _assembly;
    private readonly string _directory;
    private readonly Dictionary<string, string> _environment;
    private readonly IReadOnlyList<string> _arguments;

    /// <param name="assembly">The program.</param>
    /// <param name="directory">Where its data and its log lie.</param>
    /// <param name="postgres">The connection string; SQLite where there is none.</param>
    /// <param name="more">Settings beyond the usual ones.</param>
    /// <param name="arguments">The command line, such as that of a worker; a server has none.</param>
    public AscobServer(string assembly, string directory, string? postgres = null, IReadOnlyDictionary<string, string>? more = null, IReadOnlyList<string>? arguments = null)
    {
        _arguments = arguments ?? [];
        _assembly = assembly;
        _directory = directory;
        Port = ServerProcess.FreePort();
        _environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["ASPNETCORE_URLS"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}"),
            ["Logging__LogLevel__Default"] = "Warning",
            ["Ascob__DataDirectory"] = Path.Combine(directory, "data"),
            ["Ascob__Security__RootToken"] = Token,
            ["Ascob__Backends__dummyBackend__Type"] = "Dummy",
            ["Ascob__Backends__shell__Type"] = "Shell",
        };
        if (postgres is not null)
        {
            _environment["Ascob__Database__Provider"] = "PostgreSql";
            _environment["Ascob__Database__ConnectionString"] = postgres;
        }

        foreach (var (name, value) in more ?? new Dictionary<string, string>())
        {
            _environment[name] = value;
        }
    }

    /// <summary>Gets how this program, and with it the server, was built.</summary>
#if DEBUG
    public static string Configuration => "Debug";
#else
    public static string Configuration => "Release";
#endif

    public int Port { get; }

    public IPEndPoint Address => new(IPAddress.Loopback, Port);

    public Uri Url => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}/"));

    public ServerProcess Start() => ServerProcess.Start(_assembly, _arguments, _environment, _directory);

    public async Task<ServerProcess> StartReadyAsync(CancellationToken cancellationToken)
    {
        var process = Start();
        await process.WaitUntilReadyAsync(Port, ReadyPath, cancellationToken);
        return process;
    }

    /// <summary>Finds the server that was built with this program: the named one, or the solution's with the same configuration.</summary>
    public static string Find(string? named)
    {
        if (named is not null)
        {
            return File.Exists(named) ? Path.GetFullPath(named) : throw new BenchException($"--server: there is no file {named}.");
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Ascob.sln")))
            {
                var built = Path.Combine(folder.FullName, "Ascob.Server", "bin", Configuration, "net10.0", Assembly);
                return File.Exists(built) ? built : throw new BenchException($"{built} is not built.");
            }
        }

        throw new BenchException("Name the server with --server <path of Ascob.Server.dll>.");
    }
}
