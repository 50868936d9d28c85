using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Tests.Backends.Shell;
using Ascob.Tests.Fixtures;
using Ascob.Tests.Server.Api;
using Ascob.Tests.Server.RepositoryJobs;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Cluster;

/// <summary>Several servers on one database and one repository of jobs.</summary>
public sealed class SharedRepositoryTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Commits_AreAppliedOnceAndInOrder_WhicheverServersLook()
    {
        using var git = new GitFolder();
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await StartAsync(database, "one", git);
        await using var two = await StartAsync(database, "two", git);
        using var first = one.Client();
        using var second = two.Client();

        for (var round = 1; round <= 5; round++)
        {
            var commit = git.Commit(("a.yml", $"- command: echo {round}"));
            var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => (i % 2 == 0 ? first : second).PostAsync("/api/repository/refresh", null, Token)));
            Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a.StatusCode));
            foreach (var client in new[] { first, second })
            {
                Assert.Equal(commit, (await client.GetFromJsonAsync<JsonElement>("/jobs/a", Token)).GetProperty("commit").GetString());
                Assert.Equal(round, (await client.GetFromJsonAsync<JsonElement>("/api/definitions/a", Token)).GetProperty("version").GetInt32());
            }
        }
    }

    [Fact]
    public async Task AnExecution_IsReadHaltedEndedAndRepeatedAtAnyServer()
    {
        using var git = new GitFolder();
        git.Commit(("a.yml", "- command: while true; do echo x; sleep 0.02; done"), ("b.yml", "- command: cat b.yml"));
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await StartAsync(database, "one", git);
        await using var two = await StartAsync(database, "two", git);
        using var first = one.Client();
        using var second = two.Client();
        await first.PostAsync("/api/repository/refresh", null, Token);
        var execution = (await first.PostAsJsonAsync("/jobs/a", new { }, Token)).Headers.Location!.OriginalString;
        await WrittenAsync(first, execution, o => o.Length > 0);

        // Which of the two runs the job is for them to find out; the orders go to both.
        foreach (var (here, there) in new[] { (first, second), (second, first) })
        {
            Assert.True(await Halting.SignalledAsync(here, execution, "stop"));
            var halted = await Halting.SettledAsync(first, execution);
            Assert.True(await Halting.SignalledAsync(there, execution, "continue"));
            await WrittenAsync(first, execution, o => o.Length > halted.Length);
        }

        Assert.True(await Halting.SignalledAsync(second, execution, "stop"));
        Assert.True(await Halting.SignalledAsync(second, execution, "terminate"));
        var end = await EndAsync(second, execution);
        Assert.Equal("fail", end.GetProperty("outcome").GetString());
        Assert.Equal(["start", "stop", "continue", "stop", "continue", "stop", "terminate", "fail"], end.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("name").GetString()));
        Assert.False(await Halting.SignalledAsync(first, execution, "stop"));

        var other = (await second.PostAsJsonAsync("/jobs/b", new { }, Token)).Headers.Location!.OriginalString;
        Assert.Equal("complete", (await EndAsync(first, other)).GetProperty("outcome").GetString());
        Assert.Equal("- command: cat b.yml", await first.GetStringAsync(other + "/stdout", Token));
    }

    [Fact]
    public async Task AMessageWithOneId_AtTwoServersAtOnce_CreatesOneEventAndSendsOneSignal()
    {
        using var git = new GitFolder();
        git.Commit(("a.yml", "- command: trap 'echo woken' CONT; echo up; while true; do sleep 0.05; done"));
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await StartAsync(database, "one", git);
        await using var two = await StartAsync(database, "two", git);
        using var first = one.Client();
        using var second = two.Client();
        await first.PostAsync("/api/repository/refresh", null, Token);
        var execution = (await first.PostAsJsonAsync("/jobs/a", new { }, Token)).Headers.Location!.OriginalString;
        await WrittenAsync(first, execution, o => o.StartsWith("up", StringComparison.Ordinal));

        var orders = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => (i % 2 == 0 ? first : second).PutAsJsonAsync(execution, new { @event = "continue", id = "c-1" }, Token)));
        var notes = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => (i % 2 == 0 ? first : second).PutAsJsonAsync(execution, new { @event = "deployed", id = "d-1" }, Token)));

        Assert.All(orders.Concat(notes), a => Assert.Equal(HttpStatusCode.OK, a.StatusCode));
        Assert.Single((await Task.WhenAll(orders.Select(a => a.Content.ReadAsStringAsync(Token)))).Distinct());
        var events = (await second.GetFromJsonAsync<JsonElement>(execution, Token)).GetProperty("events").EnumerateArray().Select(e => e.GetProperty("name").GetString());
        Assert.Equal(["start", "continue", "deployed"], events);
        await Halting.SignalledAsync(first, execution, "terminate");
        await EndAsync(first, execution);
        Assert.Equal("up\nwoken\n", await first.GetStringAsync(execution + "/stdout", Token));
    }

    [Fact]
    public async Task AnOrder_ForAJobWhoseServerIsAway_IsRefusedWithThatAndLeavesNothing()
    {
        using var git = new GitFolder();
        git.Commit(("a.yml", "- command: echo up; sleep 60"));
        var database = await postgres.CreateDatabaseAsync();
        await using var two = await StartAsync(database, "two", git);
        using var second = two.Client();
        string execution;
        await using (var one = await StartAsync(database, "one", git))
        {
            using var first = one.Client();
            await first.PostAsync("/api/repository/refresh", null, Token);
            execution = (await first.PostAsJsonAsync("/jobs/a", new { }, Token)).Headers.Location!.OriginalString;
            await WrittenAsync(first, execution, o => o.StartsWith("up", StringComparison.Ordinal));
        }

        var begun = TimeProvider.System.GetTimestamp();
        HttpResponseMessage refused;
        do
        {
            // Until it is known here that the other one is gone, it may still be waited for.
            refused = await second.PutAsJsonAsync(execution, new { @event = "stop" }, Token);
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromMinutes(1), await refused.Content.ReadAsStringAsync(Token));
        }
        while (refused.StatusCode == HttpStatusCode.ServiceUnavailable);

        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Contains("Nobody who is there can reach the job", (await refused.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        var last = await second.PutAsJsonAsync(execution, new { @event = "continue" }, Token);
        Assert.Equal(HttpStatusCode.Conflict, last.StatusCode);
        Assert.DoesNotContain("continue", (await second.GetFromJsonAsync<JsonElement>(execution, Token)).GetProperty("events").EnumerateArray().Select(e => e.GetProperty("name").GetString()));
    }

    private static async Task WrittenAsync(HttpClient client, string execution, Func<string, bool> enough)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (await client.GetStringAsync(execution + "/stdout", Token) is var output && !enough(output))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromMinutes(1), $"The job has written only '{output}': {await client.GetStringAsync(execution, Token)}");
            await Task.Delay(50, Token);
        }
    }

    private static Task<ApiServer> StartAsync(string database, string name, GitFolder git) => ApiServer.StartAsync(
        builder => builder.Services.AddSingleton(ShellWorld.Launcher),
        Members.Settings(
            database,
            name,
            "--Ascob:Backends:shell:Type", "Shell",
            "--Ascob:Backends:shell:HostIdleExit", "00:00:02",
            "--Ascob:Backends:shell:StopGrace", "00:00:01",
            "--Ascob:Repository:Url", git.Path,
            "--Ascob:Repository:PollInterval", "00:00:00"));

    private static async Task<JsonElement> EndAsync(HttpClient client, string execution)
    {
        var runId = (await client.GetFromJsonAsync<JsonElement>(execution, Token)).GetProperty("runId").GetInt64();
        await client.GetAsync($"/api/runs/{runId}?waitSeconds=60", Token);
        return await client.GetFromJsonAsync<JsonElement>(execution, Token);
    }
}
