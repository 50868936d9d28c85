using System.Globalization;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Schedules;

/// <summary>Two whole servers on PostgreSQL, of which one is killed while schedules fire every second: each firing has exactly one run.</summary>
public sealed class KilledServerTests(PostgresFixture postgres)
{
    private const int Schedules = 8;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AServerKilledAtTheTick_LeavesNoFiringOutAndDoublesNone()
    {
        string[] settings =
        [
            "--Ascob:Database:Provider", "PostgreSql", "--Ascob:Database:ConnectionString", await postgres.CreateDatabaseAsync(),
            "--Ascob:Security:EncryptionKey", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            "--Ascob:Schedules:Lease", "00:00:02", "--Ascob:Engine:Lease", "00:00:03", "--Ascob:Hangfire:Storage", "Database",
        ];
        await using var survivor = await RunningServer.StartAsync(settings);
        using var client = survivor.Client();
        var end = TimeProvider.System.GetUtcNow().AddSeconds(25);
        var schedules = new List<(string Definition, long Id)>();
        for (var i = 0; i < Schedules; i++)
        {
            schedules.Add(await AddAsync(client, $"job{i}", end));
        }

        // Each life of the other server ends in the middle of a second in which schedules fire.
        foreach (var milliseconds in (int[])[3010, 2005, 2050])
        {
            await using var victim = await RunningServer.StartAsync(settings);
            await Task.Delay(milliseconds, Stop);
            await victim.KillAsync();
        }

        foreach (var (definition, id) in schedules)
        {
            var ticks = await SettledAsync(client, definition, id, end);
            Assert.All(ticks, t => Assert.Equal("launched", t.GetProperty("state").GetString()));
            var times = ticks.Select(t => DateTimeOffset.Parse(t.GetProperty("at").GetString()!, CultureInfo.InvariantCulture)).Order().ToList();
            Assert.Equal(Enumerable.Range(0, times.Count).Select(i => times[0].AddSeconds(i)), times);
            Assert.InRange(end - times[^1], TimeSpan.Zero, TimeSpan.FromSeconds(1));
            var runs = (await client.GetFromJsonAsync<JsonElement>($"/api/runs?definition={definition}&limit=500", Stop)).GetProperty("items").EnumerateArray().Select(r => r.GetProperty("id").GetInt64());
            Assert.Equal(ticks.Select(t => t.GetProperty("runId").GetInt64()).Order(), runs.Order());
        }
    }

    private static async Task<(string Definition, long Id)> AddAsync(HttpClient client, string name, DateTimeOffset end)
    {
        var labels = new Dictionary<string, string> { ["_execution_backend_id"] = "dummyBackend", ["dummy_run_ms"] = "10" };
        using var defined = await client.PostAsJsonAsync("/api/definitions", new { name, jobSpec = new { labels } }, Stop);
        Assert.True(defined.IsSuccessStatusCode, await defined.Content.ReadAsStringAsync(Stop));
        var schedule = new { cron = "* * * * * *", endAt = end, catchUp = new { policy = "all" } };
        using var added = await client.PostAsJsonAsync($"/api/definitions/{name}/schedules", new { schedule }, Stop);
        Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync(Stop));
        return (name, (await added.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("id").GetInt64());
    }

    private static async Task<List<JsonElement>> SettledAsync(HttpClient client, string definition, long id, DateTimeOffset end)
    {
        while (true)
        {
            var schedule = await client.GetFromJsonAsync<JsonElement>($"/api/definitions/{definition}/schedules/{id}", Stop);
            List<JsonElement> ticks =
                [.. (await client.GetFromJsonAsync<JsonElement>($"/api/definitions/{definition}/schedules/{id}/ticks?limit=500", Stop)).GetProperty("items").EnumerateArray()];
            if (TimeProvider.System.GetUtcNow() > end && schedule.GetProperty("state").GetString() == "over" && ticks.TrueForAll(t => t.GetProperty("settledAt").ValueKind == JsonValueKind.String))
            {
                return ticks;
            }

            Assert.True(TimeProvider.System.GetUtcNow() < end.AddMinutes(2), $"The firings do not come to their end: {schedule}\n{string.Join('\n', ticks)}");
            await Task.Delay(100, Stop);
        }
    }
}
