using System.Diagnostics;
using System.Globalization;
using Ascob.Bench.Load;
using Ascob.Bench.Servers;
using Ascob.Core.Runs;

namespace Ascob.Bench.Chaos.Cluster;

/// <summary>
/// Several servers on one PostgreSQL and Consul under load: one of them is killed every few seconds, Consul is stopped, resumed and restarted, PostgreSQL is restarted. Then all is left alone until
/// every run is final, and the jobs' own record is checked: never two holders of a lock, nothing lost, nothing doubled.
/// </summary>
internal static class ClusterVerb
{
    private const string Overlaps = "moments with two holders of a lock";

    public static async Task<int> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        var settings = ClusterSettings.From(arguments);
        using var folder = new WorkFolder(arguments.Text("folder"), arguments.Has("keep"));
        using var postgres = PostgresCluster.TryStart(folder, out var reason);
        using var consul = settings.Consul ? await ConsulProcess.TryStartAsync(folder, cancellationToken) : null;
        if (postgres is null || (settings.Consul && consul is null))
        {
            Console.WriteLine($"skipped: {reason ?? "consul is not in the PATH, and ASCOB_TEST_CONSUL names no executable"}");
            return 0;
        }

        Console.WriteLine(settings);
        var begun = Stopwatch.GetTimestamp();
        var ledger = Path.Combine(folder.FullPath, "ledger");
        await using var servers = new ClusterServers(AscobServer.Find(arguments.Text("server")), folder, postgres.NewDatabase(), consul?.Url, settings.Servers);
        await servers.StartAsync(cancellationToken);
        var verdict = new ChaosVerdict();
        using var clients = new ClusterClients(servers.Urls, new ClusterPlan(settings, ledger), settings);
        var load = clients.RunAsync(settings.Disturbance, cancellationToken);
        await DisturbAsync(settings, servers, postgres, consul, load, verdict, cancellationToken);
        await CheckAsync(settings, servers, clients, ledger, verdict, cancellationToken);
        verdict.Fact("time in all", $"{Stopwatch.GetElapsedTime(begun).TotalSeconds:0} s");
        verdict.Print();
        return Judge(settings, verdict);
    }

    private static async Task DisturbAsync(
        ClusterSettings settings, ClusterServers servers, PostgresCluster postgres, ConsulProcess? consul, Task load, ChaosVerdict verdict, CancellationToken cancellationToken)
    {
#pragma warning disable CA5394 // A seed that makes the same order again is what is wanted.
        var random = new Random(settings.Seed);
        var ready = new LatencySample();
        var (kills, stops, consuls, databases) = (0, 0, 0, 0);
        for (var round = 1; !load.IsCompleted || round <= 8; round++)
        {
            await Task.Delay(settings.KillEvery, cancellationToken);
            ready.Add((await servers.KillAndStartAsync(random.Next(settings.Servers), cancellationToken)).TotalMilliseconds);
            kills++;
            switch (round % 4)
            {
                case 1 when consul is not null:
                    consul.Pause();
                    await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
                    consul.Resume();
                    stops++;
                    break;
                case 2:
                    postgres.Restart();
                    databases++;
                    break;
                case 3 when consul is not null:
                    await consul.RestartAsync(cancellationToken);
                    consuls++;
                    break;
                default:
                    break;
            }
        }
#pragma warning restore CA5394

        await load;
        verdict.Fact("servers killed", $"{kills}");
        verdict.Fact("start to ready, median / slowest", $"{ready.Percentile(0.5):0} / {ready.Percentile(1):0} ms");
        verdict.Fact("Consul stopped for 3 s / restarted", $"{stops} / {consuls}");
        verdict.Fact("PostgreSQL restarted", $"{databases}");
        verdict.Never("servers that ended by themselves", servers.Ends);
    }

    private static async Task CheckAsync(
        ClusterSettings settings, ClusterServers servers, ClusterClients clients, string file, ChaosVerdict verdict, CancellationToken cancellationToken)
    {
        var readers = servers.Urls.Select(u => new BenchClient(u, TimeSpan.FromSeconds(60))).ToArray();
        try
        {
            var left = Stopwatch.GetTimestamp();
            try
            {
                await readers[0].WaitUntilDrainedAsync(ClusterSettings.LongestDrain, cancellationToken);
            }
            catch (BenchException e)
            {
                verdict.Never("not final in time", [e.Message]);
            }

            verdict.Fact("left alone to all runs final", $"{Stopwatch.GetElapsedTime(left).TotalSeconds:0.0} s");
            verdict.Fact("runs accepted", $"{clients.Accepted.Count}");
            verdict.Fact("answers lost and asked for again", $"{clients.LostAnswers}");
            verdict.Never("answers that nobody wants", clients.Surprises);
            verdict.Never("jobs that were not accepted", clients.Accepted.Count < settings.Runs ? [$"{settings.Runs - clients.Accepted.Count}"] : []);
            await CheckRunsAsync(clients, readers, verdict, cancellationToken);
            CheckLedger(clients, LockLedger.Read(file), settings, verdict);
            var locks = (await readers[^1].LocksAsync(cancellationToken)).Items;
            verdict.Never("locks left behind", locks.Select(l => l.Key));
        }
        finally
        {
            Array.ForEach(readers, r => r.Dispose());
        }
    }

    // Each run is read from another server than the one before: all of them know all of it.
    private static async Task CheckRunsAsync(ClusterClients clients, BenchClient[] readers, ChaosVerdict verdict, CancellationToken cancellationToken)
    {
        var notGood = new List<string>();
        var silent = new List<string>();
        var doubted = 0;
        var n = 0;
        foreach (var (key, id) in clients.Accepted)
        {
            var run = await readers[n % readers.Length].RunAsync(id, 0, cancellationToken);
            if (run.Status != RunStatus.Succeeded)
            {
                notGood.Add(string.Create(CultureInfo.InvariantCulture, $"{key} (run {id}): {run.Status.ToWire()} {run.StatusReason}"));
            }
            else if (await OutputAsync(readers[(n + 1) % readers.Length], id, cancellationToken) is var said && said.Trim() != $"done {key}")
            {
                silent.Add($"{key} (run {id}): '{said.Trim()}'");
            }

            doubted += (await readers[(n + 2) % readers.Length].EventsAsync(id, cancellationToken)).Any(e => e.To == RunStatus.InDoubt) ? 1 : 0;
            n++;
        }

        verdict.Fact("runs in doubt for a time", $"{doubted}");
        verdict.Never("runs that did not succeed", notGood);
        verdict.Never("outputs that another server has not", silent);
    }

    private static async Task<string> OutputAsync(BenchClient reader, long id, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.OutputAsync(id, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            return e.Message;
        }
    }

    private static void CheckLedger(ClusterClients clients, LockLedger ledger, ClusterSettings settings, ChaosVerdict verdict)
    {
        verdict.Fact("grants seen by the jobs themselves", $"{ledger.Grants}");
        verdict.Never(Overlaps, ledger.TwoHolders);
        verdict.Never("fencing numbers that did not grow", settings.Naive ? [] : ledger.FencesThatDidNotGrow);
        verdict.Never("jobs started twice", ledger.Starts.Where(s => s.Value > 1).Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Key}: {s.Value} times")));
        verdict.Never("jobs never started", clients.Accepted.Keys.Where(k => !ledger.Starts.ContainsKey(k)));
        verdict.Never("lines that make no sense", ledger.Unreadable);
    }

    private static int Judge(ClusterSettings settings, ChaosVerdict verdict)
    {
        if (!settings.Naive)
        {
            Console.WriteLine(verdict.Violations == 0 ? "PASS: 0 violations" : string.Create(CultureInfo.InvariantCulture, $"FAIL: {verdict.Violations} violations"));
            return verdict.Violations == 0 ? 0 : 1;
        }

        var seen = verdict.Of(Overlaps);
        Console.WriteLine(seen > 0
            ? string.Create(CultureInfo.InvariantCulture, $"CALIBRATED: without locks there were {seen} moments with two holders")
            : "NOT CALIBRATED: without locks there was no overlap; take more runs");
        return seen > 0 ? 0 : 1;
    }
}
