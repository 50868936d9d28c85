using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Demo.PagerDuty;
using Ascob.Tests.Server.Api;

namespace Ascob.Tests.Backends.PagerDuty;

/// <summary>
/// The whole server against a PagerDuty whose answers get lost in every way, by a seeded plan. Set <c>ASCOB_ONCE_SUBMISSIONS</c> for more submissions.
/// </summary>
public sealed class PagerDutyOnceTests : IAsyncLifetime
{
    private const int Seed = 20260101;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    // Reads are safe to lose in the same ways; the plan has no duplicated order, for which TCP and HTTP leave no room.
    private static readonly PretendFault[] Faults =
    [
        PretendFault.DropBefore, PretendFault.DropAfter, PretendFault.Late, PretendFault.Truncate, PretendFault.ErrorAfter, PretendFault.ErrorBefore, PretendFault.LoginPage, PretendFault.Nonsense,
    ];

    private readonly Random _random = new(Seed);
    private PagerDutyWorld _world = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static int Submissions => int.TryParse(Environment.GetEnvironmentVariable("ASCOB_ONCE_SUBMISSIONS"), CultureInfo.InvariantCulture, out var count) ? count : 300;

    public async ValueTask InitializeAsync()
    {
        _world = await PagerDutyWorld.StartAsync();
        _world.Server.RequestsPerMinute = int.MaxValue;
        _world.Server.LateBy = TimeSpan.FromSeconds(3);
        _world.Server.Fault = Plan;
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task WithAnIncidentForEachRun_NothingIsLostAndNothingStartsTwice()
    {
        await using var server = await StartServerAsync("--Ascob:Backends:pd:ServiceId", "PSERVICE", "--Ascob:Backends:pd:From", "ascob@example.test");
        using var client = server.Client();

        var ids = await SubmitAllAsync(client, _ => new { pagerduty_action_id = PagerDutyWorld.Action });
        var left = await SettleAsync(client, ids, _ => Task.CompletedTask);

        var started = _world.Server.StartedByKey;
        Report("own incident", ids.Count, started.Count, started.Values.Count(c => c > 1), left, await DoubtedAsync(client, ids));
        Assert.Equal(0, left);
        Assert.Equal(ids.Count, started.Count);
        Assert.All(started.Values, c => Assert.Equal(1, c));
    }

    [Fact]
    public async Task WithASharedIncident_NothingIsSentAgainWithoutAPerson()
    {
        await using var server = await StartServerAsync("--Ascob:Backends:pd:IncidentId", PagerDutyWorld.Shared);
        using var client = server.Client();

        var ids = await SubmitAllAsync(client, n =>
        {
            _world.Server.AddAction($"A{n}", "one of many", TimeSpan.Zero, TimeSpan.FromMilliseconds(20));
            return new { pagerduty_action_id = $"A{n}" };
        });
        var verdicts = 0;
        var left = await SettleAsync(client, ids, async run =>
        {
            if (run.GetProperty("statusReason").GetString()?.StartsWith("an operator must give the verdict", StringComparison.Ordinal) == true)
            {
                verdicts++;
                await DecideAsync(client, run);
            }
        });

        var started = _world.Server.Invocations.GroupBy(i => i.Action.Id, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);
        Report($"shared incident, {verdicts} verdicts", ids.Count, started.Count, started.Values.Count(c => c > 1), left, await DoubtedAsync(client, ids));
        Assert.Equal(0, left);
        Assert.True(verdicts > 0);
        Assert.Equal(ids.Count, started.Count);
        Assert.All(started.Values, c => Assert.Equal(1, c));
    }

    private static void Report(string what, int submitted, int started, int twice, int left, int doubted) => TestContext.Current.TestOutputHelper!.WriteLine(
        $"PagerDuty, {what}: {submitted} submitted, {doubted} were in doubt, {started} started, {submitted - started} lost, {twice} doubled, {left} not settled");

    private Task<ApiServer> StartServerAsync(params string[] settings) => ApiServer.StartAsync(null, PagerDutyServerTests.Backend("pd", _world.Server.Url,
    [
        "--Ascob:Backends:pd:Resilience:Timeout", "00:00:01.5",
        "--Ascob:Backends:pd:Resilience:FailuresBeforeBreak", "1000",
        "--Ascob:Backends:pd:DoubtWait", "00:00:04",
        .. settings,
    ]));

    private PretendFault Plan(string request)
    {
        lock (_random)
        {
            var share = request.StartsWith("POST /automation_actions", StringComparison.Ordinal) ? 0.3 : request.StartsWith("POST", StringComparison.Ordinal) ? 0.1 : 0.02;
            if (_random.NextDouble() >= share)
            {
                return PretendFault.None;
            }

            return Faults[_random.Next(Faults.Length)];
        }
    }

    private static async Task<List<long>> SubmitAllAsync(HttpClient client, Func<int, object> labels)
    {
        var ids = new long[Submissions];
        await Parallel.ForAsync(0, ids.Length, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Token }, async (n, token) =>
        {
            using var answer = await client.PostAsJsonAsync("/api/runs", new { jobSpec = new { labels = labels(n) } }, token);
            ids[n] = (await answer.Content.ReadFromJsonAsync<JsonElement>(token)).GetProperty("runId").GetInt64();
        });
        return [.. ids];
    }

    private static async Task<int> SettleAsync(HttpClient client, List<long> ids, Func<JsonElement, Task> onDoubt)
    {
        var begun = TimeProvider.System.GetTimestamp();
        var left = ids.ToHashSet();
        while (left.Count > 0 && TimeProvider.System.GetElapsedTime(begun) < Longest)
        {
            foreach (var id in left.ToList())
            {
                var run = await client.GetFromJsonAsync<JsonElement>($"/api/runs/{id}", Token);
                switch (run.GetProperty("status").GetString())
                {
                    case "SUCCEEDED":
                        left.Remove(id);
                        break;
                    case "IN_DOUBT":
                        await onDoubt(run);
                        break;
                    case "FAILED" or "ABORTED":
                        Assert.Fail(run.ToString());
                        break;
                }
            }

            await Task.Delay(100, Token);
        }

        return left.Count;
    }

    // The person looks at what PagerDuty shows.
    private async Task DecideAsync(HttpClient client, JsonElement run)
    {
        var action = run.GetProperty("labels").GetProperty("pagerduty_action_id").GetString();
        object verdict = _world.Server.Invocations.SingleOrDefault(i => i.Action.Id == action) is { } started
            ? new { verdict = "adopt", backendKeys = new { invocationId = started.Id }, reason = "seen there" }
            : new { verdict = "not_started", reason = "not there" };
        using var answer = await client.PostAsJsonAsync($"/api/runs/{run.GetProperty("id").GetInt64()}/resolve", verdict, Token);
    }

    private static async Task<int> DoubtedAsync(HttpClient client, List<long> ids)
    {
        var doubted = 0;
        foreach (var id in ids)
        {
            var events = await client.GetFromJsonAsync<JsonElement>($"/api/runs/{id}/events", Token);
            doubted += events.GetProperty("items").EnumerateArray().Any(e => e.GetProperty("to").GetString() == "IN_DOUBT") ? 1 : 0;
        }

        return doubted;
    }
}
