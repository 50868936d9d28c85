using Ascob.Bench.Baselines;
using Ascob.Bench.Load;
using Ascob.Bench.Servers;

namespace Ascob.Bench.Figures;

/// <summary>
/// Durable submission over HTTP with 64 connections, and dummy runs from submission to end. Submission alone is measured with manual-start runs, which wait; the same load is then
/// given with runs that the engine carries out meanwhile, which is what a portal does.
/// </summary>
internal static class SubmitFigures
{
    private const int Connections = 64;
    private const int Created = 201;
    private const int Clients = 64;
    private const int HangfireCount = 1000;
    private static readonly TimeSpan LongestDrain = TimeSpan.FromMinutes(5);

    public static async Task MeasureAsync(BenchRun bench, CancellationToken cancellationToken)
    {
        var series = new Series();
        var postgres = bench.Postgres();
        for (var rep = 1; rep <= bench.Repetitions; rep++)
        {
            Report.Progress($"submission, repetition {rep} of {bench.Repetitions}");
            await BaselineAsync(bench, EchoServer.Verb, "echo", series, cancellationToken);
            await BaselineAsync(bench, SaveChangesServer.Verb, "savechanges", series, cancellationToken);
            await HeldAsync(bench, "sqlite", series, cancellationToken);
            await WorkingAsync(bench, "sqlite", series, cancellationToken);
            if (postgres is null)
            {
                continue;
            }

            series.Add("pgbench", postgres.SingleRowInserts(Clients, (int)bench.Load.TotalSeconds));
            await HeldAsync(bench, "postgres", series, cancellationToken);
            await WorkingAsync(bench, "postgres", series, cancellationToken);
            series.Add("hangfire", await HangfireJobs.MeasureAsync(postgres.NewDatabase(), HangfireCount, cancellationToken));
        }

        Tell(bench.Report, series);
    }

    /// <summary>The baselines alone: what this machine can do today.</summary>
    public static async Task BaselinesAsync(BenchRun bench, CancellationToken cancellationToken)
    {
        var series = new Series();
        for (var rep = 1; rep <= bench.Repetitions; rep++)
        {
            await BaselineAsync(bench, EchoServer.Verb, "echo", series, cancellationToken);
            await BaselineAsync(bench, SaveChangesServer.Verb, "savechanges", series, cancellationToken);
            series.Add("spawn", await SpawnRate.MeasureAsync(HangfireCount, cancellationToken));
            if (bench.Postgres() is { } postgres)
            {
                series.Add("pgbench", postgres.SingleRowInserts(Clients, (int)bench.Load.TotalSeconds));
                series.Add("hangfire", await HangfireJobs.MeasureAsync(postgres.NewDatabase(), HangfireCount, cancellationToken));
            }
        }

        foreach (var name in ((string[])["echo", "savechanges", "spawn", "pgbench", "hangfire"]).Where(series.Has))
        {
            bench.Report.Add(new Figure("baseline " + name, "/s", series[name], Goal.None));
        }

        bench.Report.Add(new Figure("baseline echo, p99", "ms", series["echo p99"], Goal.None));
        bench.Report.Add(new Figure("baseline savechanges, p99", "ms", series["savechanges p99"], Goal.None));
    }

    private static async Task BaselineAsync(BenchRun bench, string verb, string name, Series series, CancellationToken cancellationToken)
    {
        var (process, address) = await BaselineServer.StartAsync(verb, bench.Folder.Child(name), cancellationToken);
        using (process)
        {
            var load = new LoadGenerator(address, Connections, Created);
            var requests = SampleJobs.Requests(n => SampleJobs.Dummy(n), token: null, path: "/runs");
            load.Closed(requests, BenchRun.WarmUp);
            var result = load.Closed(requests, bench.Load).Clean(name);
            series.Add(name, result.PerSecond);
            series.Add(name + " p99", result.P99);
        }
    }

    private static async Task HeldAsync(BenchRun bench, string store, Series series, CancellationToken cancellationToken)
    {
        var server = bench.NewServer(store, store == "postgres");
        using var process = await server.StartReadyAsync(cancellationToken);
        var load = new LoadGenerator(server.Address, Connections, Created);
        var requests = SampleJobs.Requests(n => SampleJobs.Dummy(n, held: true), AscobServer.Token);
        load.Closed(requests, BenchRun.WarmUp);
        var full = load.Closed(requests, bench.Load).Clean($"submission, {store}");
        series.Add(store, full.PerSecond);
        series.Add(store + " p99", full.P99);
        series.Add(store + " max", full.Max);
        var half = load.AtRate(requests, full.PerSecond / 2, bench.Load).Clean($"submission at half rate, {store}");
        series.Add(store + " half p99", half.P99);
        var one = new LoadGenerator(server.Address, 1, Created).Closed(requests, TimeSpan.FromSeconds(1)).Clean($"submission, one connection, {store}");
        series.Add(store + " one p50", one.P50);
        series.Add(store + " one p99", one.P99);
    }

    private static async Task WorkingAsync(BenchRun bench, string store, Series series, CancellationToken cancellationToken)
    {
        var server = bench.NewServer(store, store == "postgres");
        using var process = await server.StartReadyAsync(cancellationToken);
        using var client = new BenchClient(server.Url, TimeSpan.FromSeconds(30));
        var load = new LoadGenerator(server.Address, Connections, Created);
        var requests = SampleJobs.Requests(n => SampleJobs.Dummy(n), AscobServer.Token);
        load.Closed(requests, BenchRun.WarmUp);
        await client.WaitUntilDrainedAsync(LongestDrain, cancellationToken);

        var begun = System.Diagnostics.Stopwatch.GetTimestamp();
        var result = load.Closed(requests, bench.Load).Clean($"submission while the engine works, {store}");
        await client.WaitUntilDrainedAsync(LongestDrain, cancellationToken);
        var seconds = System.Diagnostics.Stopwatch.GetElapsedTime(begun).TotalSeconds;
        series.Add(store + " working", result.PerSecond);
        series.Add(store + " working p99", result.P99);
        series.Add(store + " end to end", result.Answered / seconds);
        series.Add(store + " loaded memory", process.ResidentMegabytes());
        await MustAllHaveSucceededAsync(client, cancellationToken);
    }

    // A rate of runs that failed would be no figure.
    private static async Task MustAllHaveSucceededAsync(BenchClient client, CancellationToken cancellationToken)
    {
        var bad = await client.ListAsync("limit=1&status=FAILED&status=ABORTED", cancellationToken);
        if (bad.Items.Count > 0)
        {
            throw new BenchException($"Run {bad.Items[0].Id} did not succeed: {bad.Items[0].StatusReason}");
        }
    }

    private static void Tell(Report report, Series s)
    {
        report.Add(new Figure("submit, SQLite, 64 connections", "/s", s["sqlite"], Goal.RatioAtLeast(10), "SaveChanges each", s["savechanges"]));
        report.Add(new Figure("submit, SQLite, 64 connections", "/s", s["sqlite"], Goal.RatioAtLeast(0.2), "bare JSON echo", s["echo"]));
        report.Add(new Figure("submit, SQLite, 64 connections, p99", "ms", s["sqlite p99"], Goal.AtMost(20, "ms"), "SaveChanges each", s["savechanges p99"]));
        report.Add(new Figure("submit, SQLite, fixed half rate, p99", "ms", s["sqlite half p99"], Goal.AtMost(20, "ms")));
        report.Add(new Figure("submit, SQLite, 64 connections, slowest", "ms", s["sqlite max"], Goal.None));
        report.Add(new Figure("submit, SQLite, 1 connection, p50", "ms", s["sqlite one p50"], Goal.AtMost(1, "ms")));
        report.Add(new Figure("submit, SQLite, 1 connection, p99", "ms", s["sqlite one p99"], Goal.AtMost(5, "ms")));
        report.Add(new Figure("submit while working, SQLite", "/s", s["sqlite working"], Goal.RatioAtLeast(10), "SaveChanges each", s["savechanges"]));
        report.Add(new Figure("submit while working, SQLite", "/s", s["sqlite working"], Goal.None, "bare JSON echo", s["echo"]));
        report.Add(new Figure("submit while working, SQLite, p99", "ms", s["sqlite working p99"], Goal.None));
        if (s.Has("pgbench"))
        {
            report.Add(new Figure("submit, PostgreSQL, 64 connections", "/s", s["postgres"], Goal.RatioAtLeast(1), "pgbench, 64 clients", s["pgbench"]));
            report.Add(new Figure("submit, PostgreSQL, 64 connections, p99", "ms", s["postgres p99"], Goal.AtMost(20, "ms")));
            report.Add(new Figure("submit, PostgreSQL, fixed half rate, p99", "ms", s["postgres half p99"], Goal.AtMost(20, "ms")));
            report.Add(new Figure("submit while working, PostgreSQL", "/s", s["postgres working"], Goal.None, "pgbench, 64 clients", s["pgbench"]));
            report.Add(new Figure("submit while working, PostgreSQL, p99", "ms", s["postgres working p99"], Goal.None));
            report.Add(new Figure("dummy end to end, SQLite", "/s", s["sqlite end to end"], Goal.RatioAtLeast(40), "Hangfire.PostgreSql", s["hangfire"]));
            report.Add(new Figure("dummy end to end, PostgreSQL", "/s", s["postgres end to end"], Goal.RatioAtLeast(20), "Hangfire.PostgreSql", s["hangfire"]));
            report.Add(new Figure("memory after load, PostgreSQL", "MB", s["postgres loaded memory"], Goal.AtMost(250, "MB")));
        }
        else
        {
            report.Add(new Figure("dummy end to end, SQLite", "/s", s["sqlite end to end"], Goal.None));
        }

        report.Add(new Figure("memory after load, SQLite", "MB", s["sqlite loaded memory"], Goal.AtMost(250, "MB")));
    }
}
