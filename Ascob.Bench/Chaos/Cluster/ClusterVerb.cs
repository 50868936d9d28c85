using System.Diagnostics;
using System.Globalization;
using Ascob.Bench.Servers;

namespace Ascob.Bench.Chaos.Cluster;

/// <summary>
/// Several servers and workers on one PostgreSQL and Consul under load and disturbances. Then all is left alone until every run is final, and the jobs' own record is checked: never two holders of a
/// lock, never more at once than allowed, nothing lost, nothing doubled, nothing left behind.
/// </summary>
internal static class ClusterVerb
{
    public static async Task<int> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        var settings = ClusterSettings.From(arguments);
        using var folder = new WorkFolder(arguments.Text("folder"), arguments.Has("keep"));
        using var postgres = PostgresCluster.TryStart(folder, out var reason);
        using var consul = settings.Consul && postgres is not null ? await ConsulProcess.TryStartAsync(folder, cancellationToken) : null;
        if (postgres is null || (settings.Consul && consul is null))
        {
            Console.WriteLine($"skipped: {reason ?? "consul is not in the PATH, and ASCOB_TEST_CONSUL names no executable"}");
            return Verbs.Skipped;
        }

        Console.WriteLine(settings);
        var begun = Stopwatch.GetTimestamp();
        var ledger = Path.Combine(folder.FullPath, "ledger");
        await File.WriteAllBytesAsync(ledger, [], cancellationToken);
        await using var servers = new ClusterServers(AscobServer.Find(arguments.Text("server")), folder, postgres.NewDatabase(), consul?.Url, settings);
        await servers.StartAsync(cancellationToken);
        var verdict = new ChaosVerdict();
        var plan = new ClusterPlan(settings, ledger);
        using var stops = new ClusterStops(servers.Urls, plan, settings, cancellationToken);
        using var clients = new ClusterClients(servers.Urls, plan, settings, stops);
        var load = clients.RunAsync(settings.Disturbance, cancellationToken);
        await new ClusterDisturbances(settings, servers, postgres, consul).RunAsync(load, verdict, cancellationToken);
        await new ClusterChecks(settings, servers, clients, stops, verdict).CheckAsync(ledger, cancellationToken);
        verdict.Fact("time in all", $"{Stopwatch.GetElapsedTime(begun).TotalSeconds:0} s");
        verdict.Print();
        return Judge(settings, verdict);
    }

    private static int Judge(ClusterSettings settings, ChaosVerdict verdict)
    {
        if (!settings.Naive)
        {
            Console.WriteLine(verdict.Violations == 0 ? "PASS: 0 violations" : string.Create(CultureInfo.InvariantCulture, $"FAIL: {verdict.Violations} violations"));
            return verdict.Violations == 0 ? 0 : 1;
        }

        var (overlaps, tooMany) = (verdict.Of(ClusterChecks.Overlaps), verdict.Of(ClusterChecks.TooMany));
        var calibrated = overlaps > 0 && tooMany > 0;
        Console.WriteLine(calibrated
            ? string.Create(CultureInfo.InvariantCulture, $"CALIBRATED: without locks there were {overlaps} moments with two holders, without capacities {tooMany} with more jobs than allowed")
            : string.Create(CultureInfo.InvariantCulture, $"NOT CALIBRATED: {overlaps} overlaps without locks, {tooMany} moments with too many jobs without capacities; take more runs"));
        return calibrated ? 0 : 1;
    }
}
