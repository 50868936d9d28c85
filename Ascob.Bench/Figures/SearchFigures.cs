using System.Diagnostics;
using System.Globalization;
using Ascob.Bench.Load;
using Ascob.Bench.Servers;
using Ascob.Core.Jobs;

namespace Ascob.Bench.Figures;

/// <summary>A page of a filtered list among very many runs, which were made by submitting them and letting them end.</summary>
internal static class SearchFigures
{
    private const int Connections = 64;
    private const int Created = 201;
    private const int Ok = 200;
    private const int Asked = 300;
    private static readonly TimeSpan LongestDrain = TimeSpan.FromMinutes(30);

    public static async Task MeasureAsync(BenchRun bench, CancellationToken cancellationToken)
    {
        var count = bench.Arguments.Number("runs", bench.Arguments.Has("big") ? 1_000_000 : 20_000);
        await StoreAsync(bench, "SQLite", count, postgres: false, cancellationToken);
        if (bench.Postgres() is not null)
        {
            await StoreAsync(bench, "PostgreSQL", count, postgres: true, cancellationToken);
        }
    }

    private static async Task StoreAsync(BenchRun bench, string store, int count, bool postgres, CancellationToken cancellationToken)
    {
        var server = bench.NewServer("search", postgres);
        using var process = await server.StartReadyAsync(cancellationToken);
        using var client = new BenchClient(server.Url, TimeSpan.FromMinutes(2));
        Report.Progress($"making {count} runs on {store}");
        var begun = Stopwatch.GetTimestamp();
        var load = new LoadGenerator(server.Address, Connections, Created);
        for (var made = 0; made < count; made += 50_000)
        {
            var first = made;
            load.Count(n => HttpText.Post("/api/runs", SampleJobs.Body(Job(first + n)), AscobServer.Token), Math.Min(50_000, count - made)).Clean("making runs");
            await client.WaitUntilDrainedAsync(LongestDrain, cancellationToken);
        }

        bench.Report.Add(new Figure($"making {count:N0} runs, {store}", "/s", [count / Stopwatch.GetElapsedTime(begun).TotalSeconds], Goal.None));
        foreach (var (name, query) in Queries(count))
        {
            Ask(bench.Report, server, $"search {name}, {count:N0} runs, {store}, p99", query);
        }
    }

    private static void Ask(Report report, AscobServer server, string name, Func<int, string> query)
    {
        var load = new LoadGenerator(server.Address, 1, Ok);
        byte[] Request(int n) => HttpText.Get("/api/runs?" + query(n), AscobServer.Token);
        load.Count(Request, Asked / 10);
        var result = load.Count(Request, Asked).Clean(name);
        report.Add(new Figure(name, "ms", [result.P99], Goal.AtMost(10, "ms")));
    }

    private static IEnumerable<(string Name, Func<int, string> Query)> Queries(int count)
    {
        yield return ("no filter", _ => "limit=50");
        yield return ("status, rare", _ => "status=FAILED");
        yield return ("status, common", _ => "status=SUCCEEDED");
        yield return ("status, absent", _ => "status=IN_DOUBT");
        yield return ("submitter", n => Text($"submitter=user-{n % 100}"));
        yield return ("label of a third", _ => "label=env:prod");
        yield return ("label of one in 50", n => Text($"label=team:team-{n % 50}"));
        yield return ("label of one in 1,000", n => Text($"label=app:app-{n % 1000}"));
        yield return ("unique label", n => Text($"label=ticket:t-{n * 31 % count}"));
        yield return ("absent label", _ => "label=ticket:none");
        yield return ("two labels", n => Text($"label=env:prod&label=team:team-{n % 50}"));
        yield return ("two labels, common and rare", n => Text($"label=team:team-{n % 50}&label=app:app-{n % 1000}"));
        yield return ("label and status", n => Text($"label=team:team-{n % 50}&status=FAILED"));
        yield return ("label and submitter", n => Text($"label=env:test&submitter=user-{n % 100}"));
        yield return ("time", _ => "definedBefore=2100-01-01T00:00:00Z&definedAfter=2020-01-01T00:00:00Z");
        yield return ("time and status", _ => "definedBefore=2100-01-01T00:00:00Z&status=FAILED");
    }

    // One in a hundred fails; the labels are as common as their names say.
    private static JobSpec Job(int n) => JobSpec.Builder(Text($"user-{n % 100}"))
        .WithLabel("_execution_backend_id", "dummyBackend")
        .WithLabel("dummy_result", n % 97 == 0 ? "failure" : "success")
        .WithLabel("env", (n % 3) switch { 0 => "prod", 1 => "test", _ => "dev" })
        .WithLabel("team", Text($"team-{n / 3 % 50}"))
        .WithLabel("app", Text($"app-{n / 7 % 1000}"))
        .WithLabel("ticket", Text($"t-{n}"))
        .Build();

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
