using System.Globalization;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Ascob.Core.Telemetry;
using Ascob.Tests.Docs;
using Ascob.Tests.Fixtures;
using Ascob.Tests.Robustness;
using Ascob.Tests.Server.Api;

namespace Ascob.Tests.Server.Telemetry;

[Collection(RunsAlone.Name)]
public sealed partial class MetricsTests
{
    private static readonly HashSet<string> OfTheFormat = new(StringComparer.Ordinal) { "le", "otel_scope_name", "otel_scope_version" };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OperationsPage_NamesEveryMetricWithItsKindAndLabels_AndNoOther()
    {
        var documented = Row().Matches(Repository.Read("docs", "operations.md"))
            .Select(m => $"{m.Groups["name"].Value} {m.Groups["kind"].Value} {string.Join(' ', Word().Matches(m.Groups["labels"].Value).Select(w => w.Value).Order(StringComparer.Ordinal))}".Trim())
            .Order(StringComparer.Ordinal)
            .ToList();
        await using var receiver = await TestReceiver.StartAsync();
        await using var server = await ServerWithARunAsync("--Ascob:Notifications:AllowedInternal:0", "127.0.0.1");
        using var client = server.Client();
        using var subscribed = await client.PostAsJsonAsync("/api/notifications/subscriptions", new { name = "metrics", kind = "webhook", url = receiver.Url }, Cancel);
        Assert.True(subscribed.IsSuccessStatusCode);
        var scraped = new List<string>();
        var holder = await client.AcceptedAsync(new { submitter = "metrics", labels = Http.Dummy(("dummy_run_ms", "500")), locks = new[] { new { key = "metrics" } } });
        var waiter = await client.AcceptedAsync(new { submitter = "metrics", labels = Http.Dummy(("dummy_run_ms", "10")), locks = new[] { new { key = "metrics" } } });
        Assert.Equal(("SUCCEEDED", "SUCCEEDED"), (await client.EndAsync(holder), await client.EndAsync(waiter)));
        server.Get<AscobMetrics>().ConsulError("away");
        server.Get<ScheduleMetrics>().Fired(Ascob.Core.Schedules.TickState.Launched, TimeSpan.FromSeconds(1));

        await Http.UntilAsync(
            async () =>
            {
                scraped = Families(await client.GetStringAsync("/metrics", Cancel));
                return scraped.Count >= documented.Count;
            },
            TimeSpan.FromSeconds(30),
            () => Task.FromResult($"documented:\n{string.Join('\n', documented)}\nscraped:\n{string.Join('\n', scraped)}"));

        Assert.NotEmpty(documented);
        Assert.Equal(documented, scraped);
    }

    [Fact]
    public async Task SubmitDuration_IsMeasuredInSecondsByBackend_OnceForEachRunStored()
    {
        await using var server = await ServerWithARunAsync();
        using var client = server.Client();
        using var refused = await client.SubmitAsync(new { labels = new Dictionary<string, string> { ["_execution_backend_id"] = "nowhere" } });

        var text = await client.GetStringAsync("/metrics", Cancel);

        Assert.Equal(1, Value(text, "ascob_submit_duration_seconds_count"));
        Assert.InRange(Value(text, "ascob_submit_duration_seconds_sum"), 0.000_001, 10);
        Assert.Contains("le=\"0.005\"", text, StringComparison.Ordinal);
    }

    private static async Task<ApiServer> ServerWithARunAsync(params string[] more)
    {
        var server = await ApiServer.StartWithDummyAsync(["--Ascob:Backends:dummyBackend:Poll:Initial", "00:00:00.1", "--Ascob:Backends:dummyBackend:Poll:Max", "00:00:00.1", .. more]);
        using var client = server.Client();
        Assert.Equal("SUCCEEDED", await client.EndAsync(await client.AcceptedAsync(new { submitter = "metrics", labels = Http.Dummy(("dummy_run_ms", "1000")) })));
        using var stranger = server.Client("asc_wrong");
        using var refused = await stranger.GetAsync("/api/runs", Cancel);
        return server;
    }

    private static double Value(string text, string name)
    {
        var line = text.Split('\n').Single(l => l.StartsWith(name + "{", StringComparison.Ordinal) && l.Contains("backend=\"dummyBackend\"", StringComparison.Ordinal));
        return double.Parse(line[(line.IndexOf('}', StringComparison.Ordinal) + 1)..].Trim().Split(' ')[0], CultureInfo.InvariantCulture);
    }

    private static List<string> Families(string text)
    {
        var samples = Sample().Matches(text);
        return [.. TypeLine().Matches(text).Select(t =>
        {
            var name = t.Groups["name"].Value;
            var labels = samples
                .Where(s => s.Groups["name"].Value == name || s.Groups["name"].Value == name + "_bucket")
                .SelectMany(s => Label().Matches(s.Groups["labels"].Value).Select(l => l.Groups[1].Value))
                .Where(l => !OfTheFormat.Contains(l))
                .Distinct()
                .Order(StringComparer.Ordinal);
            return $"{name} {t.Groups["kind"].Value} {string.Join(' ', labels)}".Trim();
        }).Order(StringComparer.Ordinal)];
    }

    [GeneratedRegex(@"^\| `(?<name>ascob_\w+)` \| (?<kind>\w+) \|(?<labels>[^|]*)\|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();

    [GeneratedRegex(@"^# TYPE (?<name>ascob_\w+) (?<kind>\w+)", RegexOptions.Multiline)]
    private static partial Regex TypeLine();

    [GeneratedRegex(@"^(?<name>ascob_\w+)\{(?<labels>[^}]*)\}", RegexOptions.Multiline)]
    private static partial Regex Sample();

    [GeneratedRegex("(\\w+)=\"")]
    private static partial Regex Label();
}
