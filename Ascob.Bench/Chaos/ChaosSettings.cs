using System.Globalization;

namespace Ascob.Bench.Chaos;

/// <summary>How the server is treated.</summary>
/// <param name="Rounds">How often it is ended and started again.</param>
/// <param name="Seed">Makes the jobs and the moments the same again; what the machine does with them is its own.</param>
/// <param name="Gentle">Ended by SIGTERM instead of kill -9.</param>
/// <param name="Naive">The clients repeat without an Idempotency-Key: proves that this harness can see a double.</param>
/// <param name="Postgres">On a throw-away PostgreSQL instead of SQLite.</param>
/// <param name="Backends">The jobs go to a pretend Jenkins, Rundeck and PagerDuty that lose, delay and answer wrongly; with <paramref name="Naive"/> it is the server that repeats without waiting.</param>
/// <param name="Clients">How many submit at once.</param>
internal sealed record ChaosSettings(int Rounds, int Seed, bool Gentle, bool Naive, bool Postgres, bool Backends, int Clients)
{
    /// <summary>The moments at which the server is ended, counted from its being ready.</summary>
    public const int EarliestMilliseconds = 10;

    public const int LatestMilliseconds = 500;

    /// <summary>How long a server may take to stop by itself.</summary>
    public static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(15);

    /// <summary>How long all accepted runs may take to end once the server is left alone: leases, doubts and locks included.</summary>
    public static readonly TimeSpan LongestDrain = TimeSpan.FromMinutes(10);

    /// <summary>Gets whether the clients repeat without a key.</summary>
    public bool NaiveClients => Naive && !Backends;

    public static ChaosSettings From(BenchArguments arguments)
    {
        var naive = arguments.Has("naive");
        var backends = arguments.Has("backends");
        return new ChaosSettings(
            arguments.Number("rounds", 200),
            arguments.Number("seed", Random.Shared.Next(1, 1_000_000)),
            arguments.Has("term"),
            naive,
            arguments.Has("pg"),
            backends,
            arguments.Number("clients", backends ? 4 : naive ? 32 : 8));
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Rounds} rounds of {(Gentle ? "SIGTERM" : "kill -9")} on {(Postgres ? "PostgreSQL" : "SQLite")}, {Clients} clients, seed {Seed}{(Backends ? ", jobs of pretend products" : string.Empty)}{(Naive ? Backends ? ", NAIVE resends" : ", NAIVE clients" : string.Empty)}");
}
