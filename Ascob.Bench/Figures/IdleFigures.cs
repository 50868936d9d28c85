using System.Diagnostics;
using System.Globalization;
using Ascob.Bench.Load;
using Ascob.Bench.Servers;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;

namespace Ascob.Bench.Figures;

/// <summary>How soon a single run starts and ends where nothing else happens.</summary>
internal static class IdleFigures
{
    private const int Runs = 200;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    public static async Task MeasureAsync(BenchRun bench, CancellationToken cancellationToken)
    {
        var series = new Series();
        for (var rep = 1; rep <= bench.Repetitions; rep++)
        {
            Report.Progress($"idle latency, repetition {rep} of {bench.Repetitions}");
            await DummyAsync(bench, "sqlite", series, cancellationToken);
            await ShellAsync(bench, series, cancellationToken);
            if (bench.Postgres() is not null)
            {
                await DummyAsync(bench, "postgres", series, cancellationToken);
            }
        }

        Tell(bench.Report, series, "sqlite", "SQLite");
        bench.Report.Add(new Figure("idle shell, request to the job's first line, p50", "ms", series["shell start p50"], Goal.None));
        bench.Report.Add(new Figure("idle shell, request to the job's first line, p99", "ms", series["shell start p99"], Goal.None));
        bench.Report.Add(new Figure("idle shell `true`, request to known end, p50", "ms", series["shell end p50"], Goal.AtMost(11, "ms")));
        bench.Report.Add(new Figure("idle shell `true`, request to known end, p99", "ms", series["shell end p99"], Goal.None));
        if (series.Has("postgres start p50"))
        {
            Tell(bench.Report, series, "postgres", "PostgreSQL");
        }
    }

    private static void Tell(Report report, Series series, string store, string shown)
    {
        report.Add(new Figure($"idle submit to start, {shown}, p50", "ms", series[store + " start p50"], Goal.AtMost(2, "ms")));
        report.Add(new Figure($"idle submit to start, {shown}, p99", "ms", series[store + " start p99"], Goal.AtMost(10, "ms")));
        report.Add(new Figure($"idle dummy, request to known end, {shown}, p50", "ms", series[store + " end p50"], Goal.None));
        report.Add(new Figure($"idle dummy, request to known end, {shown}, p99", "ms", series[store + " end p99"], Goal.None));
    }

    /// <summary>The start from the run's own timeline (stored to handed over), the end by the clock of the caller.</summary>
    private static async Task DummyAsync(BenchRun bench, string store, Series series, CancellationToken cancellationToken)
    {
        var server = bench.NewServer(store, store == "postgres");
        using var process = await server.StartReadyAsync(cancellationToken);
        using var client = new BenchClient(server.Url, TimeSpan.FromSeconds(30));
        var start = new LatencySample();
        var end = new LatencySample();
        for (var i = -Runs; i < Runs; i++)
        {
            var (id, milliseconds) = await RunAsync(client, SampleJobs.Dummy(Math.Abs(i)), cancellationToken);
            await Task.Delay(Pause, cancellationToken);
            if (i < 0)
            {
                continue;
            }

            var events = await client.EventsAsync(id, cancellationToken);
            var handed = events.First(e => e.To is RunStatus.Submitted or RunStatus.Running || e.To.IsFinal());
            start.Add((handed.At - events[0].At).TotalMilliseconds);
            end.Add(milliseconds);
        }

        Keep(series, store, start, end);
    }

    /// <summary>The start by the clock of the job itself, which writes it down as the first thing it does.</summary>
    private static async Task ShellAsync(BenchRun bench, Series series, CancellationToken cancellationToken)
    {
        var server = bench.NewServer("shell");
        using var process = await server.StartReadyAsync(cancellationToken);
        using var client = new BenchClient(server.Url, TimeSpan.FromSeconds(30));
        var start = new LatencySample();
        var end = new LatencySample();
        for (var i = -Runs; i < Runs; i++)
        {
            var clock = SampleJobs.Shell("date +%s%N");
            var before = UnixMilliseconds();
            var (id, _) = await RunAsync(client, clock, cancellationToken);
            await Task.Delay(Pause, cancellationToken);
            var (_, milliseconds) = await RunAsync(client, SampleJobs.Shell("true"), cancellationToken);
            await Task.Delay(Pause, cancellationToken);
            if (i >= 0)
            {
                var said = await client.OutputAsync(id, cancellationToken);
                start.Add((long.Parse(said.Trim(), CultureInfo.InvariantCulture) / 1e6) - before);
                end.Add(milliseconds);
            }
        }

        Keep(series, "shell", start, end);
    }

    private static async Task<(long Id, double Milliseconds)> RunAsync(BenchClient client, JobSpec spec, CancellationToken cancellationToken)
    {
        var begun = Stopwatch.GetTimestamp();
        var (status, id, text) = await client.SubmitAsync(spec, key: null, cancellationToken);
        if (id == 0)
        {
            throw new BenchException($"A submission was refused: HTTP {status} {text}");
        }

        var run = await client.RunAsync(id, 30, cancellationToken);
        return run.Status == RunStatus.Succeeded
            ? (id, Stopwatch.GetElapsedTime(begun).TotalMilliseconds)
            : throw new BenchException($"Run {id} is {run.Status.ToWire()}: {run.StatusReason}");
    }

    private static double UnixMilliseconds() => (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalMilliseconds;

    private static void Keep(Series series, string name, LatencySample start, LatencySample end)
    {
        series.Add(name + " start p50", start.Percentile(0.50));
        series.Add(name + " start p99", start.Percentile(0.99));
        series.Add(name + " end p50", end.Percentile(0.50));
        series.Add(name + " end p99", end.Percentile(0.99));
    }
}
