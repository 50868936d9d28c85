using Ascob.Bench.Load;
using Ascob.Bench.Servers;

namespace Ascob.Bench.Chaos.Cluster;

/// <summary>
/// Every few seconds a server or a worker is killed; in turn Consul is stopped, PostgreSQL restarted and Consul restarted. Meanwhile a server is away, another paused and Consul paused, each for longer than
/// leases and sessions live, and at last Consul and PostgreSQL are restarted together.
/// </summary>
internal sealed class ClusterDisturbances(ClusterSettings settings, ClusterServers servers, PostgresCluster postgres, ConsulProcess? consul)
{
    private const int RoundOfAbsence = 4;
    private const int RoundOfPause = 9;
    private const int RoundOfConsulPause = 14;
    private static readonly TimeSpan ShortStop = TimeSpan.FromSeconds(3);
    private readonly Random _random = new(settings.Seed);
    private readonly LatencySample _ready = new();
    private Task _longer = Task.CompletedTask;
    private bool _consulIsTaken;
    private int _kills;
    private int _workerKills;
    private int _stops;
    private int _consuls;
    private int _databases;
    private TimeSpan? _back;

    public async Task RunAsync(Task load, ChaosVerdict verdict, CancellationToken cancellationToken)
    {
        for (var round = 1; !load.IsCompleted || round <= ClusterSettings.Rounds; round++)
        {
            await Task.Delay(settings.KillEvery, cancellationToken);
            await BeginLongerAsync(round, cancellationToken);
            await KillAsync(round, cancellationToken);
            await DisturbPartsAsync(round, cancellationToken);
        }

        await _longer;
        Console.WriteLine(consul is null ? "  PostgreSQL is restarted for the last time" : "  Consul and PostgreSQL are restarted together");
        await Task.WhenAll(Task.Run(postgres.Restart, cancellationToken), consul?.RestartAsync(cancellationToken) ?? Task.CompletedTask);
        await load;
        foreach (var end in servers.Servers.Concat(servers.Workers).Select(m => m.EndedByItself()).OfType<string>())
        {
            servers.Ends.Add(end);
        }

        verdict.Fact("servers / workers killed", $"{_kills} / {_workerKills}");
        verdict.Fact("start to ready, median / slowest", $"{_ready.Percentile(0.5):0} / {_ready.Percentile(1):0} ms");
        verdict.Fact("a server away, another paused", $"{settings.Long.TotalSeconds:0} s each; ready {_back?.TotalMilliseconds ?? double.NaN:0} ms after its pause");
        verdict.Fact("Consul stopped for 3 s / for longer / restarted", $"{_stops} / {(consul is null ? 0 : 1)} / {_consuls}");
        verdict.Fact("PostgreSQL restarted / together with Consul", $"{_databases} / {(consul is null ? 0 : 1)}");
        verdict.Never("servers and workers that ended by themselves", servers.Ends);
        verdict.Never("members that are not seen at the end", await servers.MissingAsync(cancellationToken));
    }

    // One after the other: a round in which one should begin waits for the one before.
    private async Task BeginLongerAsync(int round, CancellationToken cancellationToken)
    {
        if (round is not (RoundOfAbsence or RoundOfPause or RoundOfConsulPause) || (round == RoundOfConsulPause && consul is null))
        {
            return;
        }

        await _longer;
        Console.WriteLine(round switch
        {
            RoundOfAbsence => $"  a server is away for {settings.Long.TotalSeconds:0} s",
            RoundOfPause => $"  a server is paused for {settings.Long.TotalSeconds:0} s",
            _ => $"  Consul is paused for {settings.Long.TotalSeconds:0} s",
        });
        _longer = round switch
        {
            RoundOfAbsence => TakeAsync(async s => Ready(await servers.KillAndStartAsync(s, settings.Long, cancellationToken))),
            RoundOfPause => TakeAsync(async s => _back = await s.PauseAsync(settings.Long, cancellationToken)),
            _ => PauseConsulAsync(cancellationToken),
        };
    }

    private async Task TakeAsync(Func<ClusterMember, Task> treatment)
    {
        var server = Any(servers.Servers)!;
        server.IsTaken = true;
        await treatment(server);
        server.IsTaken = false;
    }

    private async Task PauseConsulAsync(CancellationToken cancellationToken)
    {
        _consulIsTaken = true;
        await StopConsulAsync(settings.Long, cancellationToken);
        _consulIsTaken = false;
    }

    private async Task StopConsulAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        consul!.Pause();
        try
        {
            await Task.Delay(pause, cancellationToken);
        }
        finally
        {
            consul.Resume();
        }
    }

    private async Task KillAsync(int round, CancellationToken cancellationToken)
    {
        if (round % 3 == 0 && Any(servers.Workers) is { } worker)
        {
#pragma warning disable CA5394 // A seed that makes the same order again is what is wanted.
            await servers.KillAndStartAsync(worker, TimeSpan.FromMilliseconds(_random.Next(2000)), cancellationToken);
#pragma warning restore CA5394
            _workerKills++;
        }
        else if (Any(servers.Servers) is { } server)
        {
            Ready(await servers.KillAndStartAsync(server, TimeSpan.Zero, cancellationToken));
            _kills++;
        }
    }

    private async Task DisturbPartsAsync(int round, CancellationToken cancellationToken)
    {
        switch (round % 4)
        {
            case 1 when consul is not null && !_consulIsTaken:
                await StopConsulAsync(ShortStop, cancellationToken);
                _stops++;
                break;
            case 2:
                await Task.Run(postgres.Restart, cancellationToken);
                _databases++;
                break;
            case 3 when consul is not null && !_consulIsTaken:
                await consul.RestartAsync(cancellationToken);
                _consuls++;
                break;
            default:
                break;
        }
    }

    private ClusterMember? Any(IReadOnlyList<ClusterMember> members)
    {
        var free = members.Where(m => !m.IsTaken).ToList();
#pragma warning disable CA5394 // A seed that makes the same order again is what is wanted.
        return free.Count == 0 ? null : free[_random.Next(free.Count)];
#pragma warning restore CA5394
    }

    private void Ready(TimeSpan? after)
    {
        lock (_ready)
        {
            _ready.Add(after?.TotalMilliseconds ?? 0);
        }
    }
}
