using System.Globalization;
using Ascob.Bench.Load;
using Ascob.Bench.Servers;
using Ascob.Core.Client;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;

namespace Ascob.Bench.Figures;

/// <summary>
/// How soon a lock goes from a run that has ended to the next in line: from the end of the one to the grant and to the start of the other, by the timelines of the runs. Many runs want one lock, so that there is always a next.
/// </summary>
internal static class LockFigures
{
    private const int Runs = 200;
    private const int JobMilliseconds = 20;
    private static readonly TimeSpan LongestDrain = TimeSpan.FromMinutes(3);

    public static async Task MeasureAsync(BenchRun bench, CancellationToken cancellationToken)
    {
        var series = new Series();
        using var consul = await ConsulProcess.TryStartAsync(bench.Folder, cancellationToken);
        if (consul is null)
        {
            bench.Report.Note("skipped locks in Consul: consul is not in the PATH, and ASCOB_TEST_CONSUL names no executable");
        }

        for (var rep = 1; rep <= bench.Repetitions; rep++)
        {
            Report.Progress($"locks, repetition {rep} of {bench.Repetitions}");
            await HandOverAsync(bench, "database", null, servers: 1, series, cancellationToken);
            if (consul is not null)
            {
                await HandOverAsync(bench, "consul", consul.Url, servers: 1, series, cancellationToken);
                if (bench.Postgres() is not null)
                {
                    await HandOverAsync(bench, "shared", consul.Url, servers: 2, series, cancellationToken);
                }
            }
        }

        Tell(bench.Report, series, "database", "one server, locks in the database", 50);
        Tell(bench.Report, series, "consul", "one server, locks in Consul", 250);
        Tell(bench.Report, series, "shared", "two servers on PostgreSQL, locks in Consul", 250);
    }

    private static void Tell(Report report, Series series, string name, string shown, double most)
    {
        if (series.Has(name + " start p50"))
        {
            report.Add(new Figure($"lock hand-over, end to next grant, {shown}, p50", "ms", series[name + " grant p50"], Goal.None));
            report.Add(new Figure($"lock hand-over, end to next grant, {shown}, p99", "ms", series[name + " grant p99"], Goal.None));
            report.Add(new Figure($"lock hand-over, end to next start, {shown}, p50", "ms", series[name + " start p50"], Goal.None));
            report.Add(new Figure($"lock hand-over, end to next start, {shown}, p99", "ms", series[name + " start p99"], Goal.AtMost(most, "ms")));
        }
    }

    private static async Task HandOverAsync(BenchRun bench, string name, string? consul, int servers, Series series, CancellationToken cancellationToken)
    {
        var processes = new List<ServerProcess>();
        var clients = new List<BenchClient>();
        try
        {
            // All servers keep their locks below the same prefix, each measurement below one of its own.
            var prefix = $"bench-{Guid.NewGuid():N}/";
            var database = servers > 1 ? bench.Postgres()!.NewDatabase() : null;
            for (var i = 0; i < servers; i++)
            {
                var server = new AscobServer(bench.Assembly, bench.Folder.Child($"locks-{name}-{i}"), database, Settings(consul, prefix, i));
                processes.Add(await server.StartReadyAsync(cancellationToken));
                clients.Add(new BenchClient(server.Url, TimeSpan.FromSeconds(30)));
            }

            var ids = new List<long>();
            for (var i = 0; i < Runs; i++)
            {
                var (status, id, text) = await clients[i % servers].SubmitAsync(Job(), key: null, cancellationToken);
                ids.Add(id > 0 ? id : throw new BenchException($"A submission was refused: HTTP {status} {text}"));
            }

            await clients[0].WaitUntilDrainedAsync(LongestDrain, cancellationToken);
            await KeepAsync(clients[0], ids, name, series, cancellationToken);
        }
        finally
        {
            clients.ForEach(c => c.Dispose());
            processes.ForEach(p => p.Dispose());
        }
    }

    private static Dictionary<string, string> Settings(string? consul, string prefix, int server)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Ascob__ServerName"] = string.Create(CultureInfo.InvariantCulture, $"bench-{server}"),
            ["Ascob__Security__EncryptionKey"] = Convert.ToBase64String(new byte[32]),
        };
        if (consul is not null)
        {
            settings["Ascob__Locks__Provider"] = "Consul";
            settings["Ascob__Locks__Consul__Url"] = consul;
            settings["Ascob__Locks__Consul__KeyPrefix"] = prefix;
        }

        return settings;
    }

    private static JobSpec Job() => JobSpec.Builder("bench")
        .WithLabel("_execution_backend_id", "dummyBackend")
        .WithLabel("dummy_run_ms", JobMilliseconds.ToString(CultureInfo.InvariantCulture))
        .WithLock("hand-over")
        .Build();

    private static async Task KeepAsync(BenchClient client, List<long> ids, string name, Series series, CancellationToken cancellationToken)
    {
        var lives = new List<(DateTimeOffset Granted, DateTimeOffset Started, DateTimeOffset Ended, long Fence)>();
        foreach (var id in ids)
        {
            var events = await client.EventsAsync(id, cancellationToken);
            var run = await client.RunAsync(id, 0, cancellationToken);
            lives.Add((
                At(events, e => e.Type == RunEventTypes.LocksGranted),

                // A quick job may be over before its start was noted; then the figure is larger than the truth.
                At(events, e => e.To is RunStatus.Submitted or RunStatus.Running || e.To.IsFinal()),
                At(events, e => e.To.IsFinal()),
                run.Locks![0].Fence ?? throw new BenchException($"Run {id} had no fencing number.")));
        }

        var grant = new LatencySample();
        var start = new LatencySample();
        var line = lives.OrderBy(l => l.Fence).ToList();
        foreach (var (before, after) in line.Zip(line.Skip(1)))
        {
            if (after.Granted < before.Ended)
            {
                throw new BenchException("Two runs held the lock at once.");
            }

            grant.Add((after.Granted - before.Ended).TotalMilliseconds);
            start.Add((after.Started - before.Ended).TotalMilliseconds);
        }

        series.Add(name + " grant p50", grant.Percentile(0.50));
        series.Add(name + " grant p99", grant.Percentile(0.99));
        series.Add(name + " start p50", start.Percentile(0.50));
        series.Add(name + " start p99", start.Percentile(0.99));
    }

    private static DateTimeOffset At(IReadOnlyList<RunEventInfo> events, Func<RunEventInfo, bool> which) =>
        events.FirstOrDefault(which)?.At ?? throw new BenchException($"A timeline has a gap: {string.Join(", ", events.Select(e => $"{e.Type} {e.To.ToWire()}"))}.");
}
