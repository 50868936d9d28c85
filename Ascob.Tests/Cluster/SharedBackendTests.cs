using Ascob.Core.Backends;
using Ascob.Demo.Rundeck;
using Ascob.Tests.Fixtures;
using Ascob.Tests.Robustness;
using Ascob.Tests.Server.Api;
using Npgsql;

namespace Ascob.Tests.Cluster;

/// <summary>What holds of a backend holds over all servers: its capacity, and that an operator has drained it.</summary>
public sealed class SharedBackendTests(PostgresFixture postgres)
{
    private const int Capacity = 4;
    private const int Runs = 80;
    private static readonly PretendRundeckJob Job = new("1111-short", "web", "short") { Takes = TimeSpan.FromMilliseconds(400), Output = ["done"] };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Capacity_UnderLoadAtTwoServersOfWhichOneIsKilledAgainAndAgain_IsNeverExceededAndNeverLost()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var rundeck = new PretendRundeck(TimeProvider.System, Job);
        await rundeck.StartAsync(0, Token);
        const string Backend = "--Ascob:Backends:rundeck:";
        string[] Settings(string name) => Members.Settings(
            database, name,
            Backend + "Type", "Rundeck", Backend + "Url", rundeck.Url.AbsoluteUri, Backend + "AuthToken", rundeck.AuthToken,
            Backend + "MaxConcurrentRuns", "4", Backend + "DoubtWait", "00:00:03", Backend + "Resilience:Timeout", "00:00:03",
            Backend + "Poll:Initial", "00:00:00.1", Backend + "Poll:Max", "00:00:00.5",
            "--Ascob:Engine:Lease", "00:00:03", "--Ascob:Engine:SweepInterval", "00:00:00.5", "--Ascob:Engine:WaitRecheck", "00:00:01");
        await using var steady = await RunningServer.StartAsync(Settings("steady"));
        await using var first = await RunningServer.StartAsync(Settings("victim"));
        var victim = first;
        using var client = steady.Client();
        using var mostUsed = new CancellationTokenSource();
        var watch = WatchSlotsAsync(database, mostUsed.Token);
        var ids = new List<long>();

        for (var round = 0; round < 4; round++)
        {
            using (var other = victim.Client())
            {
                for (var i = 0; i < Runs / 4; i++)
                {
                    ids.Add(await (i % 2 == 0 ? client : other).AcceptedAsync(new { submitter = "ann", labels = new Dictionary<string, string> { ["_execution_backend_id"] = "rundeck", ["rundeck_job_id"] = Job.Id } }));
                }

                // It dies with some of its runs on their way and some at work.
                await Http.UntilAsync(async () => (await other.AllRunsAsync("submitter=ann&status=SUCCEEDED")).Count > round * Runs / 8, TimeSpan.FromSeconds(60));
            }

            await victim.KillAsync();
            var next = await first.NextLifeAsync(Settings("victim"));
            if (!ReferenceEquals(victim, first))
            {
                await victim.DisposeAsync();
            }

            victim = next;
        }

        await using var last = victim;
        foreach (var id in ids)
        {
            Assert.Equal("SUCCEEDED", await client.EndAsync(id, TimeSpan.FromSeconds(120)));
        }

        await mostUsed.CancelAsync();
        Assert.InRange(await watch, 1, Capacity);
        Assert.InRange(MostAtOnce(rundeck), 1, Capacity);
        Assert.Equal(Runs, rundeck.Started.Count);
        Assert.All(rundeck.Started.Values, times => Assert.Equal(1, times));
        Assert.Equal(0, await ScalarAsync(database, "SELECT COALESCE(SUM(used), 0)::int FROM backend_slots"));
    }

    [Fact]
    public async Task Drain_OfABackendAtOneServer_HoldsAtTheOtherWithinSeconds_AndSoDoesItsEnd()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await Members.StartAsync(database, "one", "--Ascob:Hangfire:Storage", "Database");
        await using var two = await Members.StartAsync(database, "two", "--Ascob:Hangfire:Storage", "Database");
        using var client = one.Client();
        using var other = two.Client();

        foreach (var (order, isDrained) in ((string, bool)[])[("drain", true), ("resume", false)])
        {
            await OrderAsync(client, order);
            await Http.UntilAsync(() => Task.FromResult(DrainedAt(two) == isDrained), TimeSpan.FromSeconds(5));
            if (isDrained)
            {
                var held = await other.AcceptedAsync(new { submitter = "held", labels = Http.Dummy() });
                await Http.UntilAsync(
                    async () => (await other.JsonAsync($"/api/runs/{held}")).GetProperty("statusReason").GetString()?.Contains("drained", StringComparison.Ordinal) == true, TimeSpan.FromSeconds(10));
            }
        }

        var run = Assert.Single(await other.AllRunsAsync("submitter=held"));
        Assert.Equal("SUCCEEDED", await other.EndAsync(run.GetProperty("id").GetInt64()));
    }

    private static async Task OrderAsync(HttpClient client, string order)
    {
        using var answer = await client.PostAsync($"/api/backends/dummyBackend/{order}", null, Token);
        Assert.True(answer.IsSuccessStatusCode, answer.StatusCode.ToString());
    }

    private static bool DrainedAt(ApiServer server) => server.Get<BackendCatalog>().TryGet("dummyBackend", out var backend) && backend.Condition.Drained;

    // Exact, from when each execution began and ended.
    private static int MostAtOnce(PretendRundeck rundeck)
    {
        var most = 0;
        var now = 0;
        foreach (var (_, change) in rundeck.Executions.Values
            .SelectMany(e => ((DateTimeOffset, int)[])[(e.StartsAt, 1), (e.EndsAt!.Value, -1)])
            .OrderBy(e => e.Item1).ThenBy(e => e.Item2))
        {
            now += change;
            most = Math.Max(most, now);
        }

        return most;
    }

    private static async Task<int> WatchSlotsAsync(string database, CancellationToken stop)
    {
        var most = 0;
        while (!stop.IsCancellationRequested)
        {
            most = Math.Max(most, await ScalarAsync(database, "SELECT GREATEST(COALESCE(MAX(used), 0), (SELECT count(*) FROM runs WHERE holds_slot))::int FROM backend_slots"));
            await Task.Delay(20, CancellationToken.None);
        }

        return most;
    }

    private static async Task<int> ScalarAsync(string database, string text)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(text, connection);
        return (int)(await command.ExecuteScalarAsync(Token))!;
    }
}
