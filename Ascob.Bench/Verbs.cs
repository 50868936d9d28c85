using System.Globalization;
using Ascob.Bench.Baselines;
using Ascob.Bench.Chaos;
using Ascob.Bench.Chaos.Cluster;
using Ascob.Bench.Figures;
using Ascob.Bench.Servers;

namespace Ascob.Bench;

/// <summary>What this program can be asked to do.</summary>
internal static class Verbs
{
    /// <summary>The exit code where this machine lacks what is to be tried: neither a pass nor a failure.</summary>
    public const int Skipped = 77;

    private const int Wrong = 64;

    private const string Usage = """
        Ascob.Bench <verb...> [options]

          all       submit, latency, shell and start
          submit    durable submission at 64 connections, and dummy runs end to end (also: e2e)
          latency   how soon a single run starts and ends
          shell     shell jobs per second
          locks     how soon a lock goes to the next in line, in the database and in Consul
          start     cold start and idle memory
          poll      10,000 active runs on one backend beside one that hangs (--runs N)
          search    a page among many runs (--runs N, or --big for 1,000,000)
          baselines what the machine does without Ascob
          chaos     kill -9 in rounds under load (--rounds N --seed N --pg --term --backends --naive), or of several servers (--cluster)

          drive-held, drive-working: a load on a server that runs already (--port N --token T --connections N)

          --reps N --seconds N --no-postgres --server Ascob.Server.dll --folder DIR --keep
        """;

    private static readonly Dictionary<string, Func<BenchRun, CancellationToken, Task>> Measures = new(StringComparer.Ordinal)
    {
        ["submit"] = SubmitFigures.MeasureAsync,
        ["latency"] = IdleFigures.MeasureAsync,
        ["shell"] = ShellFigures.MeasureAsync,
        ["locks"] = LockFigures.MeasureAsync,
        ["start"] = StartFigures.MeasureAsync,
        ["baselines"] = SubmitFigures.BaselinesAsync,
        ["search"] = SearchFigures.MeasureAsync,
        ["poll"] = PollFigures.MeasureAsync,
    };

    public static async Task<int> RunAsync(BenchArguments arguments)
    {
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, e) =>
        {
            e.Cancel = true;
            stop.Cancel();
        };
        try
        {
            return arguments.Words switch
            {
                [EchoServer.Verb] => await EchoServer.ServeAsync(arguments.Number("port", 0)),
                [SaveChangesServer.Verb] => await SaveChangesServer.ServeAsync(arguments.Number("port", 0), arguments.Text("file")!),
                ["drive-held" or "drive-working"] => Drive(arguments),
                ["chaos"] when arguments.Has("cluster") => await ClusterVerb.RunAsync(arguments, stop.Token),
                ["chaos"] => await ChaosVerb.RunAsync(arguments, stop.Token),
                [] => Explain(),
                var words => await MeasureAsync(arguments, Expand(words), stop.Token),
            };
        }
        catch (BenchException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 130;
        }
    }

    // A load on a server that runs already, for a profiler: answers, answers per second, p50 and p99.
    private static int Drive(BenchArguments arguments)
    {
        var held = arguments.Words[0] == "drive-held";
        var address = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, arguments.Number("port", 8081));
        var result = new Load.LoadGenerator(address, arguments.Number("connections", 64), 201)
            .Closed(Load.SampleJobs.Requests(n => Load.SampleJobs.Dummy(n, held), arguments.Text("token") ?? AscobServer.Token), TimeSpan.FromSeconds(arguments.Number("seconds", 4)));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Answered} answered, {result.Refused} refused, {result.PerSecond:0}/s, p50 {result.P50:0.00} ms, p99 {result.P99:0.00} ms"));
        return result.Refused == 0 ? 0 : 1;
    }

    private static async Task<int> MeasureAsync(BenchArguments arguments, IReadOnlyList<string> measures, CancellationToken cancellationToken)
    {
        if (measures.FirstOrDefault(m => !Measures.ContainsKey(m)) is { } unknown)
        {
            await Console.Error.WriteLineAsync($"There is no measurement '{unknown}'.\n\n{Usage}");
            return Wrong;
        }

        using var bench = new BenchRun(arguments);
        if (AscobServer.Configuration == "Debug")
        {
            bench.Report.Note("this is a Debug build; its figures say little. Use: dotnet run -c Release --project Ascob.Bench");
        }

        foreach (var measure in measures)
        {
            try
            {
                await Measures[measure](bench, cancellationToken);
            }
            catch (BenchException e)
            {
                bench.Report.Fail($"{measure} was not measured: {e.Message}");
            }
        }

        bench.Report.Print(string.Create(CultureInfo.InvariantCulture, $"{bench.Repetitions} repetitions, loads of {bench.Load.TotalSeconds} s"));
        return bench.Report.Missed == 0 ? 0 : 1;
    }

    private static IReadOnlyList<string> Expand(IReadOnlyList<string> words) =>
        [.. words.SelectMany(w => w switch { "all" => ["submit", "latency", "shell", "start"], "e2e" => ["submit"], _ => (string[])[w] }).Distinct()];

    private static int Explain()
    {
        Console.WriteLine(Usage);
        return 0;
    }
}
