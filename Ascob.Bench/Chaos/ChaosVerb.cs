using System.Diagnostics;
using System.Globalization;
using Ascob.Bench.Load;
using Ascob.Bench.Servers;

namespace Ascob.Bench.Chaos;

/// <summary>
/// Ends the server again and again at random moments while clients submit; then leaves it alone until all runs are final, and counts what was lost, doubled or wrong.
/// </summary>
internal static class ChaosVerb
{
    public static async Task<int> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        var settings = ChaosSettings.From(arguments);
        using var folder = new WorkFolder(arguments.Text("folder"), arguments.Has("keep"));
        string? reason = null;
        using var postgres = settings.Postgres ? PostgresCluster.TryStart(folder, out reason) : null;
        if (reason is not null)
        {
            Console.WriteLine($"skipped: {reason}");
            return Verbs.Skipped;
        }

        Console.WriteLine(settings);
        var begun = Stopwatch.GetTimestamp();
        var directory = folder.Child("server");
        await using var products = settings.Backends ? await PretendProducts.StartAsync(settings.Seed, cancellationToken) : null;
        var server = new AscobServer(AscobServer.Find(arguments.Text("server")), directory, postgres?.NewDatabase(), products?.Settings(settings.Naive));
        var verdict = new ChaosVerdict();
        var plan = new ChaosPlan(settings, Path.Combine(directory, "ledger"));
        using var clients = new ChaosClients(server.Url, settings, plan);
        using var end = new CancellationTokenSource();
        var load = clients.RunAsync(end.Token, cancellationToken);
        await RoundsAsync(server, settings, load, verdict, cancellationToken);
        await SettleAsync(server, settings, clients, load, end, Path.Combine(directory, "ledger"), verdict, cancellationToken);
        if (products is not null)
        {
            await products.CheckAsync(verdict, cancellationToken);
            verdict.Never("accepted and never started at a product", products.Starts < clients.Answered.Count ? [$"{clients.Answered.Count - products.Starts} jobs"] : []);
        }

        verdict.Fact("time in all", $"{Stopwatch.GetElapsedTime(begun).TotalSeconds:0} s");
        verdict.Print();
        return Judge(settings, verdict);
    }

    private static async Task RoundsAsync(AscobServer server, ChaosSettings settings, Task load, ChaosVerdict verdict, CancellationToken cancellationToken)
    {
#pragma warning disable CA5394 // A seed that makes the same moments again is what is wanted.
        var random = new Random(settings.Seed);
        var ready = new LatencySample();
        var stops = new LatencySample();
        var badStops = new List<string>();
        for (var round = 1; round <= settings.Rounds; round++)
        {
            using var process = server.Start();
            ready.Add((await process.WaitUntilReadyAsync(server.Port, AscobServer.ReadyPath, cancellationToken)).TotalMilliseconds);
            var life = TimeSpan.FromMilliseconds(random.Next(ChaosSettings.EarliestMilliseconds, ChaosSettings.LatestMilliseconds + 1));
            if (await Task.WhenAny(load, Task.Delay(life, cancellationToken)) == load)
            {
                await load;
            }

            if (process.HasExited)
            {
                badStops.Add(string.Create(CultureInfo.InvariantCulture, $"round {round}: it ended by itself with code {process.ExitCode}: {process.LastLines(3)}"));
            }
            else if (settings.Gentle)
            {
                await StopAsync(process, round, stops, badStops, cancellationToken);
            }
            else
            {
                await process.KillAsync(cancellationToken);
            }

            if (round % 20 == 0)
            {
                await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"round {round}"));
            }
        }
#pragma warning restore CA5394

        verdict.Fact("process start to ready, median / slowest", $"{ready.Percentile(0.5):0} / {ready.Percentile(1):0} ms");
        if (settings.Gentle)
        {
            verdict.Fact("SIGTERM to exit, median / slowest", $"{stops.Percentile(0.5):0} / {stops.Percentile(1):0} ms");
        }

        verdict.Never("ends that were not in order", badStops);
    }

    private static async Task StopAsync(ServerProcess process, int round, LatencySample stops, List<string> badStops, CancellationToken cancellationToken)
    {
        var took = await process.TerminateAsync(ChaosSettings.LongestStop, cancellationToken);
        if (took is null)
        {
            badStops.Add(string.Create(CultureInfo.InvariantCulture, $"round {round}: still there after {ChaosSettings.LongestStop.TotalSeconds} s: {process.LastLines(3)}"));
        }
        else
        {
            stops.Add(took.Value.TotalMilliseconds);
            if (process.ExitCode != 0)
            {
                badStops.Add(string.Create(CultureInfo.InvariantCulture, $"round {round}: exit code {process.ExitCode}: {process.LastLines(3)}"));
            }
        }
    }

    private static async Task SettleAsync(
        AscobServer server,
        ChaosSettings settings,
        ChaosClients clients,
        Task load,
        CancellationTokenSource end,
        string ledger,
        ChaosVerdict verdict,
        CancellationToken cancellationToken)
    {
        using var process = await server.StartReadyAsync(cancellationToken);
        await end.CancelAsync();
        await load;
        using var client = new BenchClient(server.Url, TimeSpan.FromSeconds(60));
        var begun = Stopwatch.GetTimestamp();
        await DrainAsync(client, verdict, cancellationToken);
        verdict.Fact("last start to all runs final", $"{Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s");
        verdict.Fact("answers lost and asked for again", $"{clients.LostAnswers}");
        verdict.Fact("answers that were replays", $"{clients.Replayed}");
        verdict.Never("answers that nobody wants", clients.Surprises);
        await new ChaosChecks(client, settings, clients.Answered, Ledger.Read(ledger), verdict).CheckAsync(cancellationToken);
        var stopped = await process.TerminateAsync(ChaosSettings.LongestStop, cancellationToken);
        verdict.Never("last stop not in order", stopped is null || process.ExitCode != 0 ? [stopped is null ? "not within 15 s" : $"exit code {process.ExitCode}"] : []);
    }

    private static async Task DrainAsync(BenchClient client, ChaosVerdict verdict, CancellationToken cancellationToken)
    {
        try
        {
            await client.WaitUntilDrainedAsync(ChaosSettings.LongestDrain, cancellationToken);
        }
        catch (BenchException e)
        {
            verdict.Never("not final in time", [e.Message]);
        }
    }

    private static int Judge(ChaosSettings settings, ChaosVerdict verdict)
    {
        if (!settings.Naive)
        {
            Console.WriteLine(verdict.Violations == 0 ? "PASS: 0 violations" : string.Create(CultureInfo.InvariantCulture, $"FAIL: {verdict.Violations} violations"));
            return verdict.Violations == 0 ? 0 : 1;
        }

        if (settings.Backends)
        {
            var doubled = verdict.Of(ChaosChecks.MarkerStartedTwice);
            Console.WriteLine(doubled > 0
                ? string.Create(CultureInfo.InvariantCulture, $"CALIBRATED: naive resends started {doubled} jobs twice")
                : "NOT CALIBRATED: naive resends started no job twice; take more rounds");
            return doubled > 0 ? 0 : 1;
        }

        var seen = verdict.Of(ChaosChecks.TwoRuns);
        Console.WriteLine(seen > 0
            ? string.Create(CultureInfo.InvariantCulture, $"CALIBRATED: the naive clients made {seen} double runs, {verdict.Of(ChaosChecks.KeyStartedTwice)} of them seen in the ledger")
            : "NOT CALIBRATED: the naive clients made no double; take more rounds");
        return seen > 0 ? 0 : 1;
    }
}
