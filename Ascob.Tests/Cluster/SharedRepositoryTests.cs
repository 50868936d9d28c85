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
    public async Task AnExecution_IsReadEndedAndRepeatedAtAnyServer_AndHaltedAtItsOwn()
    {
        using var git = new GitFolder();
        git.Commit(("a.yml", "- command: echo up; sleep 60"), ("b.yml", "- command: cat b.yml"));
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await StartAsync(database, "one", git);
        await using var two = await StartAsync(database, "two", git);
        using var first = one.Client();
        using var second = two.Client();
        await first.PostAsync("/api/repository/refresh", null, Token);
        var execution = (await first.PostAsJsonAsync("/jobs/a", new { }, Token)).Headers.Location!.OriginalString;
        var begun = TimeProvider.System.GetTimestamp();
        while (await second.GetStringAsync(execution + "/stdout", Token) is var output && !output.StartsWith("up", StringComparison.Ordinal))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromMinutes(1), $"The job has not written 'up': {output}");
            await Task.Delay(50, Token);
        }

        // Of the two only the one that runs the job reaches its processes, and the other one says so.
        var here = await first.PutAsJsonAsync(execution, new { @event = "stop" }, Token);
        var there = await second.PutAsJsonAsync(execution, new { @event = "continue" }, Token);
        Assert.Equal(HttpStatusCode.OK, here.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, there.StatusCode);
        Assert.Contains("one", await there.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.True((await second.PutAsJsonAsync(execution, new { @event = "terminate" }, Token)).IsSuccessStatusCode);
        Assert.Equal("fail", (await EndAsync(second, execution)).GetProperty("outcome").GetString());

        var other = (await second.PostAsJsonAsync("/jobs/b", new { }, Token)).Headers.Location!.OriginalString;
        Assert.Equal("complete", (await EndAsync(first, other)).GetProperty("outcome").GetString());
        Assert.Equal("- command: cat b.yml", await first.GetStringAsync(other + "/stdout", Token));
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
