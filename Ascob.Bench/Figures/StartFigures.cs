using System.Diagnostics;
using Ascob.Bench.Baselines;
using Ascob.Bench.Servers;

namespace Ascob.Bench.Figures;

/// <summary>From the start of the process to the first 200, and the memory of a server that has nothing to do.</summary>
internal static class StartFigures
{
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);

    public static async Task MeasureAsync(BenchRun bench, CancellationToken cancellationToken)
    {
        var series = new Series();
        for (var rep = 1; rep <= bench.Repetitions; rep++)
        {
            Report.Progress($"start, repetition {rep} of {bench.Repetitions}");
            var server = bench.NewServer("start");
            await StartAsync(server, "first start", series, rest: false, cancellationToken);
            await StartAsync(server, "start", series, rest: true, cancellationToken);
            var begun = Stopwatch.GetTimestamp();
            var (process, _) = await BaselineServer.StartAsync(EchoServer.Verb, bench.Folder.Child("echo"), cancellationToken);
            using (process)
            {
                series.Add("echo", Stopwatch.GetElapsedTime(begun).TotalSeconds);
                await Task.Delay(Rest, cancellationToken);
                series.Add("echo memory", process.ResidentMegabytes());
            }
        }

        bench.Report.Add(new Figure("cold start to the first 200, existing database", "s", series["start"], Goal.AtMost(1.5, "s"), "bare JSON echo", series["echo"]));
        bench.Report.Add(new Figure("very first start, database created", "s", series["first start"], Goal.None, "bare JSON echo", series["echo"]));
        bench.Report.Add(new Figure("idle memory", "MB", series["memory"], Goal.AtMost(150, "MB"), "bare JSON echo", series["echo memory"]));
    }

    private static async Task StartAsync(AscobServer server, string name, Series series, bool rest, CancellationToken cancellationToken)
    {
        var begun = Stopwatch.GetTimestamp();
        using var process = server.Start();
        await process.WaitUntilReadyAsync(server.Port, AscobServer.ReadyPath, cancellationToken);
        series.Add(name, Stopwatch.GetElapsedTime(begun).TotalSeconds);
        if (rest)
        {
            await Task.Delay(Rest, cancellationToken);
            series.Add("memory", process.ResidentMegabytes());
        }

        await process.TerminateAsync(TimeSpan.FromSeconds(15), cancellationToken);
    }
}
