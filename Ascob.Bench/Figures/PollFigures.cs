using System.Diagnostics;
using System.Globalization;
using Ascob.Bench.Polling;

namespace Ascob.Bench.Figures;

/// <summary>What it costs to follow very many active runs on one backend, while another backend answers nothing at all.</summary>
internal static class PollFigures
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    public static async Task MeasureAsync(BenchRun bench, CancellationToken cancellationToken)
    {
        var runs = bench.Arguments.Number("runs", 10_000);
        await StoreAsync(bench, "SQLite", runs, null, cancellationToken);
        if (bench.Postgres() is { } postgres)
        {
            await StoreAsync(bench, "PostgreSQL", runs, postgres.NewDatabase(), cancellationToken);
        }
    }

    private static async Task StoreAsync(BenchRun bench, string store, int runs, string? database, CancellationToken cancellationToken)
    {
        await using var engine = await PolledEngine.StartAsync(bench.Folder.Child("poll"), database, Interval, cancellationToken);
        Report.Progress(string.Create(CultureInfo.InvariantCulture, $"making {runs:N0} active runs on {store}"));
        await engine.SubmitAsync(PolledEngine.Good, runs, cancellationToken);
        await engine.SubmitAsync(PolledEngine.Hanging, 500, cancellationToken);

        // Two intervals, in which the runs spread over the interval as they would be after a while.
        await Task.Delay(Interval * 2.5, cancellationToken);
        var window = TimeSpan.FromSeconds(Math.Max(30, bench.Arguments.Number("seconds", 60)));
        var begun = Stopwatch.GetTimestamp();
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        engine.Reset();
        await Task.Delay(window, cancellationToken);
        var seen = engine.Read();
        var took = Stopwatch.GetElapsedTime(begun);
        var used = (Process.GetCurrentProcess().TotalProcessorTime - cpu) / took * 100;

        var name = string.Create(CultureInfo.InvariantCulture, $"{runs:N0} active runs every {Interval.TotalSeconds:0} s, {store}");
        bench.Report.Add(new Figure($"requests for 100 runs: {name}", string.Empty, [100.0 * seen.Requests / seen.Asked], Goal.AtMost(1, string.Empty)));
        bench.Report.Add(new Figure($"lateness of the oldest in a batch, p99: {name}", "s", [seen.LatenessP99], Goal.AtMost(10, "s")));
        bench.Report.Add(new Figure($"time between two looks at a run, p99: {name}", "s", [seen.BetweenP99], Goal.AtMost(Interval.TotalSeconds * 1.5, "s")));
        bench.Report.Add(new Figure($"the run that was not looked at longest, at the end: {name}", "s", [seen.LongestSince], Goal.AtMost(Interval.TotalSeconds * 3, "s")));
        bench.Report.Add(new Figure($"looks per second: {name}", "/s", [seen.Asked / took.TotalSeconds], Goal.None));
        bench.Report.Add(new Figure($"CPU of all of it, of one core: {name}", "%", [used], Goal.AtMost(50, "%")));
    }
}
