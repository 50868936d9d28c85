using System.Globalization;

namespace Ascob.Bench.Chaos.Cluster;

/// <summary>How the servers are treated.</summary>
/// <param name="Runs">How many jobs contend.</param>
/// <param name="Locks">For how many locks.</param>
/// <param name="Servers">On how many servers.</param>
/// <param name="Workers">And on how many workers.</param>
/// <param name="KillEvery">How often one of them is ended by kill -9 and started again.</param>
/// <param name="Long">How long a server is away or paused, and Consul paused, where that is to be longer than leases and sessions live.</param>
/// <param name="Consul">Whether locks lie in Consul, which is stopped, resumed and restarted; else in the database.</param>
/// <param name="Naive">The jobs take no locks and nothing has a capacity: proves that this harness sees two holders and too many at once.</param>
/// <param name="Seed">Makes the jobs and the order of the disturbances the same again.</param>
internal sealed record ClusterSettings(int Runs, int Locks, int Servers, int Workers, TimeSpan KillEvery, TimeSpan Long, bool Consul, bool Naive, int Seed)
{
    /// <summary>How long all runs may take to end once nobody disturbs any more.</summary>
    public static readonly TimeSpan LongestDrain = TimeSpan.FromMinutes(3);

    /// <summary>How many clients submit at once.</summary>
    public const int Clients = 6;

    /// <summary>How many jobs of the servers' own backend may run at once, on all servers together: few enough to be reached.</summary>
    public const int ShellLimit = 4;

    /// <summary>How many jobs may run at once on each worker.</summary>
    public const int WorkerCapacity = 2;

    /// <summary>The least number of disturbances, so that each kind comes at least once.</summary>
    public const int Rounds = 20;

    /// <summary>The time over which jobs are submitted: about what the disturbances take.</summary>
    public TimeSpan Disturbance => KillEvery * (Rounds + 4);

    public static ClusterSettings From(BenchArguments arguments) => new(
        arguments.Number("runs", 1000),
        arguments.Number("locks", 10),
        arguments.Number("servers", 3),
        arguments.Number("workers", 2),
        TimeSpan.FromSeconds(arguments.Number("kill-every", 5)),
        TimeSpan.FromSeconds(arguments.Number("long", 25)),
        !arguments.Has("no-consul"),
        arguments.Has("naive"),
        arguments.Number("seed", Random.Shared.Next(1, 1_000_000)));

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Runs} runs for {Locks} locks on {Servers} servers and {Workers} workers with PostgreSQL and locks in {(Consul ? "Consul" : "the database")}, a kill -9 every {KillEvery.TotalSeconds:0} s, seed {Seed}{(Naive ? ", NAIVE: no locks and no capacities" : string.Empty)}");
}
