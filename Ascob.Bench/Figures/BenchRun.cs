using Ascob.Bench.Servers;

namespace Ascob.Bench.Figures;

/// <summary>What the measurements share: settings, a folder, a database server, and the table they fill.</summary>
internal sealed class BenchRun : IDisposable
{
    private PostgresCluster? _postgres;
    private bool _asked;

    public BenchRun(BenchArguments arguments)
    {
        Arguments = arguments;
        Assembly = AscobServer.Find(arguments.Text("server"));
        Folder = new WorkFolder(arguments.Text("folder"), arguments.Has("keep"));
        Repetitions = arguments.Number("reps", 5);
        Load = TimeSpan.FromSeconds(arguments.Number("seconds", 4));
    }

    public BenchArguments Arguments { get; }

    public string Assembly { get; }

    public WorkFolder Folder { get; }

    public int Repetitions { get; }

    /// <summary>Gets how long a load lasts.</summary>
    public TimeSpan Load { get; }

    /// <summary>Gets how long it is driven before it is measured, so that the compiler has done its work.</summary>
    public static TimeSpan WarmUp { get; } = TimeSpan.FromSeconds(5);

    public Report Report { get; } = new();

    /// <summary>Answers the throw-away PostgreSQL; null where there is none, which the table then says.</summary>
    public PostgresCluster? Postgres()
    {
        if (!_asked)
        {
            _asked = true;
            string? reason = "--no-postgres";
            _postgres = Arguments.Has("no-postgres") ? null : PostgresCluster.TryStart(Folder, out reason);
            if (_postgres is null)
            {
                Report.Note($"skipped all that needs PostgreSQL: {reason}");
            }
        }

        return _postgres;
    }

    /// <summary>Answers a server with an empty store.</summary>
    public AscobServer NewServer(string name, bool postgres = false) =>
        new(Assembly, Folder.Child(name), postgres ? Postgres()!.NewDatabase() : null);

    public void Dispose()
    {
        _postgres?.Dispose();
        Folder.Dispose();
    }
}
