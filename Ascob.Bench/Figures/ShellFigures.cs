using System.Diagnostics;
using Ascob.Bench.Baselines;
using Ascob.Bench.Load;
using Ascob.Bench.Servers;

namespace Ascob.Bench.Figures;

/// <summary>Shell jobs that do nothing, with their output captured, from submission to end.</summary>
internal static class ShellFigures
{
    private const int Connections = 16;
    private const int Created = 201;
    private static readonly TimeSpan LongestDrain = TimeSpan.FromMinutes(5);

    public static async Task MeasureAsync(BenchRun bench, CancellationToken cancellationToken)
    {
        var count = bench.Arguments.Number("shell-runs", 2000);
        var series = new Series();
        for (var rep = 1; rep <= bench.Repetitions; rep++)
        {
            Report.Progress($"shell, repetition {rep} of {bench.Repetitions}");
            series.Add("spawn", await SpawnRate.MeasureAsync(count, cancellationToken));
            await ShellAsync(bench, count, series, cancellationToken);
        }

        bench.Report.Add(new Figure("shell `true`, output captured", "/s", series["shell"], Goal.RatioAtLeast(0.5), ".NET spawn `sh -c true`, 8 at once", series["spawn"]));
        bench.Report.Add(new Figure("memory after shell load", "MB", series["memory"], Goal.None));
    }

    private static async Task ShellAsync(BenchRun bench, int count, Series series, CancellationToken cancellationToken)
    {
        var server = bench.NewServer("shell");
        using var process = await server.StartReadyAsync(cancellationToken);
        using var client = new BenchClient(server.Url, TimeSpan.FromSeconds(30));
        var load = new LoadGenerator(server.Address, Connections, Created);
        var requests = SampleJobs.Requests(_ => SampleJobs.Shell("true"), AscobServer.Token, variety: 1);
        // As long as the other loads warm up, about 5 s: before that the figure is that of the compiler.
        load.Count(requests, count * 2);
        await client.WaitUntilDrainedAsync(LongestDrain, cancellationToken);

        var begun = Stopwatch.GetTimestamp();
        load.Count(requests, count).Clean("shell submission");
        await client.WaitUntilDrainedAsync(LongestDrain, cancellationToken);
        series.Add("shell", count / Stopwatch.GetElapsedTime(begun).TotalSeconds);
        series.Add("memory", process.ResidentMegabytes());
        var bad = await client.ListAsync("limit=1&status=FAILED&status=ABORTED", cancellationToken);
        if (bad.Items.Count > 0)
        {
            throw new BenchException($"Run {bad.Items[0].Id} did not succeed: {bad.Items[0].StatusReason}");
        }
    }
}
