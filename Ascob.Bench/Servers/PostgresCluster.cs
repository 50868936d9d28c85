using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Ascob.Bench.Servers;

/// <summary>A throw-away PostgreSQL cluster on a free port, with full durability, and its own benchmark program.</summary>
internal sealed partial class PostgresCluster : IDisposable
{
    private const string ServerUser = "postgres";
    private readonly string _programs;
    private readonly string _data;
    private readonly int _port;
    private int _databases;

    private PostgresCluster(string programs, string data, int port)
    {
        _programs = programs;
        _data = data;
        _port = port;
    }

    /// <summary>Starts one; null with the reason where this machine has none.</summary>
    public static PostgresCluster? TryStart(WorkFolder folder, out string? reason)
    {
        if (FindPrograms() is not { } programs)
        {
            reason = "PostgreSQL's server programs (initdb, pg_ctl, pgbench) are not installed";
            return null;
        }

        var data = folder.Child("postgres");
        var cluster = new PostgresCluster(programs, Path.Combine(data, "db"), ServerProcess.FreePort());
        try
        {
            if (IsRoot)
            {
                Run("chown", [ServerUser, data]);
            }

            cluster.Server("initdb", "-D", cluster._data, "-U", "ascob", "-A", "trust", "-E", "UTF8", "--no-locale");
            var settings = string.Create(
                CultureInfo.InvariantCulture,
                $"-p {cluster._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={data} -c shared_buffers=512MB -c max_connections=200");
            cluster.Server("pg_ctl", "start", "-w", "-D", cluster._data, "-l", Path.Combine(data, "log"), "-o", settings);
            reason = null;
            return cluster;
        }
        catch (BenchException e)
        {
            reason = e.Message;
            return null;
        }
    }

    /// <summary>Makes an empty database; answers its connection string.</summary>
    public string NewDatabase()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"ascob{++_databases}");
        Client("psql", "-d", "postgres", "-q", "-c", $"CREATE DATABASE {name}");
        return string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={_port};Username=ascob;Database={name}");
    }

    /// <summary>Restarts it as an upgrade does: open transactions are broken off, connections are closed.</summary>
    public void Restart() => Server("pg_ctl", "restart", "-w", "-D", _data, "-m", "fast", "-l", Path.Combine(Path.GetDirectoryName(_data)!, "log"));

    /// <summary>Answers the transactions per second of single-row inserts of about 1 KB, prepared, by so many clients.</summary>
    public double SingleRowInserts(int clients, int seconds)
    {
        const string Table = "CREATE TABLE IF NOT EXISTS bench_row (id bigserial PRIMARY KEY, key uuid NOT NULL UNIQUE, submitter text NOT NULL, status text NOT NULL, spec text NOT NULL);"
            + "CREATE INDEX IF NOT EXISTS bench_row_submitter ON bench_row (submitter, id); CREATE INDEX IF NOT EXISTS bench_row_status ON bench_row (status, id);";
        const string Insert = "\\set n random(1, 100)\nINSERT INTO bench_row (key, submitter, status, spec) VALUES (gen_random_uuid(), 'user-' || :n, 'DEFINED', repeat('x', 1000));\n";
        Client("psql", "-d", "postgres", "-q", "-c", Table);
        var script = Path.Combine(Path.GetTempPath(), $"ascob-pgbench-{Guid.NewGuid():N}.sql");
        File.WriteAllText(script, Insert);
        try
        {
            var said = Client(
                "pgbench", "-n", "-M", "prepared", "-j", "2", "-f", script,
                "-c", clients.ToString(CultureInfo.InvariantCulture), "-T", seconds.ToString(CultureInfo.InvariantCulture), "postgres");
            var rate = Rate().Match(said);
            return rate.Success ? double.Parse(rate.Groups[1].Value, CultureInfo.InvariantCulture) : throw new BenchException($"pgbench gave no figure:\n{said}");
        }
        finally
        {
            File.Delete(script);
        }
    }

    public void Dispose()
    {
        try
        {
            Server("pg_ctl", "stop", "-D", _data, "-m", "immediate");
        }
        catch (BenchException e)
        {
            Console.Error.WriteLine(e.Message);
        }
    }

    private static bool IsRoot => Environment.UserName == "root";

    private static string? FindPrograms()
    {
        var debian = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(d => Path.Combine(d, "bin"))
            : [];
        var path = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':');
        return debian.Concat(path).FirstOrDefault(d => File.Exists(Path.Combine(d, "initdb")) && File.Exists(Path.Combine(d, "pgbench")));
    }

    // PostgreSQL refuses to run as root.
    private void Server(string program, params string[] arguments)
    {
        var full = Path.Combine(_programs, program);
        if (IsRoot)
        {
            Run("runuser", ["-u", ServerUser, "--", full, .. arguments]);
        }
        else
        {
            Run(full, arguments);
        }
    }

    private string Client(string program, params string[] arguments) =>
        Run(Path.Combine(_programs, program), ["-h", "127.0.0.1", "-p", _port.ToString(CultureInfo.InvariantCulture), "-U", "ascob", .. arguments]);

    private static string Run(string program, string[] arguments)
    {
        // pg_ctl leaves the server behind with its output, so that goes to files and not to pipes that would stay open.
        var said = Path.GetTempFileName();
        try
        {
            var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = Path.GetTempPath() };
            foreach (var word in (string[])["-c", "out=$1; shift; exec \"$@\" >\"$out\" 2>&1 </dev/null", "sh", said, program, .. arguments])
            {
                start.ArgumentList.Add(word);
            }

            using var process = Process.Start(start)!;
            process.WaitForExit();
            var text = File.ReadAllText(said);
            return process.ExitCode == 0 ? text : throw new BenchException($"{Path.GetFileName(program)} {string.Join(' ', arguments)} ended with code {process.ExitCode}: {text}");
        }
        finally
        {
            File.Delete(said);
        }
    }

    [GeneratedRegex(@"tps = ([0-9.]+) \(without")]
    private static partial Regex Rate();
}
