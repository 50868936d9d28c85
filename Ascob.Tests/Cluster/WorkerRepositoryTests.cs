using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Tests.Fixtures;
using Ascob.Tests.Server.RepositoryJobs;

namespace Ascob.Tests.Cluster;

/// <summary>Jobs of the repository on a worker: a server and a worker as processes of their own.</summary>
public sealed class WorkerRepositoryTests(PostgresFixture postgres)
{
    private static readonly string[] Impatient =
    [
        "--Ascob:Engine:Heartbeat=00:00:00.300", "--Ascob:Engine:Lease=00:00:02", "--Ascob:Engine:VanishedAfter=00:00:04", $"--Ascob:Security:EncryptionKey={Members.EncryptionKey}",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AJob_RunsInItsFilesWithTheHelperAndIsHaltedAndEndedThere()
    {
        using var git = new GitFolder();
        git.Commit(
            ("bin/tool", "#!/bin/sh\necho tool"),
            ("scripts/run.sh", "#!/bin/sh\ntool; event seen \"$1\"; echo $?; cat word"),
            ("word", "of the commit\n"),
            ("script.yml", "- script: run.sh\n  vars: [{name: x}]"),
            ("loop.yml", "- command: while true; do echo x; sleep 0.02; done"));
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database, git, "w");
        using var client = server.Client();
        await using var worker = RunningWorker.Start("w", database, [$"--Ascob:Repository:Url={git.Path}", $"--Ascob:PublicUrl={server.Url.ToString().TrimEnd('/')}", .. Impatient]);
        await OnlineAsync(client, worker);

        var script = await ExecuteAsync(client, "script", new { x = "$(id)" });
        var end = await EndAsync(client, script);
        Assert.Equal("complete", end.GetProperty("outcome").GetString());
        Assert.Equal("tool\n0\nof the commit\n", await client.GetStringAsync(script + "/stdout", Token));
        Assert.Equal(("$(id)", "job"), (end.GetProperty("events")[1].GetProperty("cause").GetString(), end.GetProperty("events")[1].GetProperty("source").GetString()));
        Assert.Equal("w", (await client.GetFromJsonAsync<JsonElement>($"/api/runs/{end.GetProperty("runId")}", Token)).GetProperty("backendId").GetString());

        var loop = await ExecuteAsync(client, "loop", new { });
        await TestWorld.UntilAsync(async () => (await client.GetStringAsync(loop + "/stdout", Token)).Length > 0);
        Assert.True(await Halting.SignalledAsync(client, loop, "stop"));
        var before = await Halting.SettledAsync(client, loop);
        Assert.True(await Halting.SignalledAsync(client, loop, "continue"));
        await TestWorld.UntilAsync(async () => (await client.GetStringAsync(loop + "/stdout", Token)).Length > before.Length);
        Assert.True(await Halting.SignalledAsync(client, loop, "stop"));
        Assert.True(await Halting.SignalledAsync(client, loop, "kill"));
        Assert.Equal("fail", (await EndAsync(client, loop)).GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task AWorkerWithoutTheRepository_EndsAJobOfItWithThatReason()
    {
        using var git = new GitFolder();
        git.Commit(("a.yml", "- command: echo a"));
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database, git, "w");
        using var client = server.Client();
        await using var worker = RunningWorker.Start("w", database, Impatient);
        await OnlineAsync(client, worker);

        var end = await EndAsync(client, await ExecuteAsync(client, "a", new { }));

        Assert.Equal("fail", end.GetProperty("outcome").GetString());
        Assert.Contains("Ascob:Repository:Url", end.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhereNoWorkerIsNamed_JobsStayOnServers_AndAHaltOfOneThatIsAwayIsRefused()
    {
        using var git = new GitFolder();
        git.Commit(("a.yml", "- command: echo a"));
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database, git, null);
        using var client = server.Client();
        await using var worker = RunningWorker.Start("w", database, [$"--Ascob:Repository:Url={git.Path}", .. Impatient]);
        await OnlineAsync(client, worker);

        for (var i = 0; i < 5; i++)
        {
            var end = await EndAsync(client, await ExecuteAsync(client, "a", new { }));
            Assert.Equal("shell", (await client.GetFromJsonAsync<JsonElement>($"/api/runs/{end.GetProperty("runId")}", Token)).GetProperty("backendId").GetString());
        }
    }

    [Fact]
    public async Task AHaltOfAJobWhoseWorkerIsGone_IsRefusedWithItsName()
    {
        using var git = new GitFolder();
        git.Commit(("a.yml", "- command: echo up; sleep 60"));
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database, git, "w");
        using var client = server.Client();
        await using var worker = RunningWorker.Start("w", database, [$"--Ascob:Repository:Url={git.Path}", .. Impatient]);
        await OnlineAsync(client, worker);
        var execution = await ExecuteAsync(client, "a", new { });
        await TestWorld.UntilAsync(async () => (await client.GetStringAsync(execution + "/stdout", Token)).Length > 0);

        await worker.KillAsync();
        await TestWorld.UntilAsync(async () => (await client.GetStringAsync("/api/workers", Token)).Contains("\"away\"", StringComparison.Ordinal));
        var answer = await client.PutAsJsonAsync(execution, new { @event = "stop" }, Token);
        var text = await answer.Content.ReadAsStringAsync(Token);

        // Where the run is in doubt by now, nobody says that anything of it runs.
        Assert.True(answer.StatusCode == HttpStatusCode.Conflict ? text.Contains("worker 'w'", StringComparison.Ordinal) : text.Contains("\"signalled\":false", StringComparison.Ordinal), text);
    }

    private static Task<RunningServer> StartServerAsync(string database, GitFolder git, string? backend) => RunningServer.StartAsync(
        [
            "--Ascob:Database:Provider=PostgreSql", $"--Ascob:Database:ConnectionString={database}", "--Ascob:Hangfire:Storage=Database", "--Ascob:ServerName=one",
            "--Ascob:Backends:shell:Type=Shell", $"--Ascob:Repository:Url={git.Path}", .. backend is null ? Array.Empty<string>() : [$"--Ascob:Repository:Backend={backend}"], .. Impatient,
        ]);

    private static async Task OnlineAsync(HttpClient client, RunningWorker worker)
    {
        try
        {
            await TestWorld.UntilAsync(async () => (await client.GetStringAsync("/api/workers", Token)).Contains("\"online\"", StringComparison.Ordinal)
                && (await client.GetFromJsonAsync<JsonElement>("/jobs", Token)).GetArrayLength() > 0);
        }
        catch (OperationCanceledException) when (!Token.IsCancellationRequested)
        {
            Assert.Fail($"The worker or the repository is not there: {await client.GetStringAsync("/api/repository", Token)}\n{worker.Log()}");
        }
    }

    private static async Task<string> ExecuteAsync(HttpClient client, string job, object values)
    {
        var answer = await client.PostAsJsonAsync($"/jobs/{job}", values, Token);
        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync(Token));
        return answer.Headers.Location!.OriginalString;
    }

    private static async Task<JsonElement> EndAsync(HttpClient client, string execution)
    {
        var runId = (await client.GetFromJsonAsync<JsonElement>(execution, Token)).GetProperty("runId").GetInt64();
        await client.GetAsync($"/api/runs/{runId}?waitSeconds=60", Token);
        return await client.GetFromJsonAsync<JsonElement>(execution, Token);
    }
}
