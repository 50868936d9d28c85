using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Cluster;

/// <summary>A server and workers as processes of their own on one PostgreSQL, used over HTTP.</summary>
public sealed class WorkerTests(PostgresFixture postgres)
{
    private const string Key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    private static readonly string[] Impatient =
    [
        "--Ascob:Engine:Heartbeat=00:00:00.300", "--Ascob:Engine:Lease=00:00:02", "--Ascob:Engine:VanishedAfter=00:00:04", $"--Ascob:Security:EncryptionKey={Key}",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Worker_WhenJobHasItsLabels_RunsItAndReportsItsEnd()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database);
        using var client = server.Client();
        await using var worker = RunningWorker.Start("server-1", database, ["--labels", "os=linux,team=dba", "--capacity", "3", .. Impatient]);
        var shown = await WorkerAsync(client, worker, "server-1", "online");

        var run = await SubmitAsync(client, "exit 5", ("team", "dba"));
        var ended = await EndAsync(client, run);

        Assert.Equal((3, "linux", "dba"), ((int)shown["capacity"]!, (string?)shown["labels"]!["os"], (string?)shown["labels"]!["team"]));
        Assert.Equal(("FAILED", "exit code 5", "server-1"), ((string?)ended["status"], (string?)ended["statusReason"], (string?)ended["backendId"]));
    }

    [Fact]
    public async Task Worker_WhenJobCarriesNoLabelOfIt_IsPassedOver()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database);
        using var client = server.Client();
        await using var worker = RunningWorker.Start("server-1", database, ["--labels", "os=linux", .. Impatient]);
        await WorkerAsync(client, worker, "server-1", "online");

        var explained = await PostAsync(client, "/api/routing/explain", Spec("true"));
        var named = await PostAsync(client, "/api/routing/explain", Spec("true", ("_execution_backend_id", "server-1")));
        var other = await client.PostAsJsonAsync("/api/runs", Spec("true", ("os", "windows")), Token);

        Assert.Equal("shell", (string?)explained["backendId"]);
        Assert.Equal("server-1", (string?)named["backendId"]);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode);
        Assert.Contains("label 'os' is 'linux' here", await other.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_WhenStopIsAskedOfTheServer_StopsTheJob()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database);
        using var client = server.Client();
        await using var worker = RunningWorker.Start("w", database, ["--labels", "team=dba", .. Impatient]);
        await WorkerAsync(client, worker, "w", "online");
        var run = await SubmitAsync(client, "sleep 600", ("team", "dba"));
        await UntilAsync(client, run, "RUNNING");

        var answer = await client.DeleteAsync($"/api/runs/{run}", Token);

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal("ABORTED", (string?)(await EndAsync(client, run))["status"]);
    }

    [Fact]
    public async Task Worker_WhenKilledAndStartedAgain_FindsItsJobsAndKeepsTheirExitCode()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database);
        using var client = server.Client();
        await using var worker = RunningWorker.Start("w", database, ["--labels", "team=dba", .. Impatient]);
        await WorkerAsync(client, worker, "w", "online");
        var run = await SubmitAsync(client, Until(worker, "exit 7"), ("team", "dba"));
        await UntilAsync(client, run, "RUNNING");

        await worker.KillAsync();
        await WorkerAsync(client, worker, "w", "away");
        await File.WriteAllTextAsync(Path.Combine(worker.Directory, "go"), string.Empty, Token);
        await using var next = worker.NextLife("w", database, ["--labels", "team=dba", .. Impatient]);
        var ended = await EndAsync(client, run);

        Assert.Equal(("FAILED", 7, 1), ((string?)ended["status"], (int?)ended["exitCode"], (int)ended["attempt"]!));
    }

    [Fact]
    public async Task Worker_WhenItVanishes_ItsRunIsInDoubtWithTheReasonUntilAPersonDecides()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database);
        using var client = server.Client();
        await using var worker = RunningWorker.Start("w", database, ["--labels", "team=dba", .. Impatient]);
        await WorkerAsync(client, worker, "w", "online");
        var run = await SubmitAsync(client, Until(worker, "exit 0"), ("team", "dba"));
        await UntilAsync(client, run, "RUNNING");

        await worker.KillAsync();
        var doubted = await UntilAsync(client, run, "IN_DOUBT");
        var verdict = await client.PostAsJsonAsync($"/api/runs/{run}/resolve", new { verdict = "failed", reason = "the machine burned down" }, Token);
        var ended = await EndAsync(client, run);
        var waiting = await SubmitAsync(client, "true", ("team", "dba"));
        var held = await UntilAsync(client, waiting, r => ((string?)r["statusReason"])?.Contains("worker 'w' was last seen at", StringComparison.Ordinal) == true);

        Assert.Contains("only worker 'w' can reach its jobs; worker 'w' was last seen at", (string?)doubted["statusReason"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, verdict.StatusCode);
        Assert.Equal("FAILED", (string?)ended["status"]);
        Assert.Equal("PENDING_SUBMIT", (string?)held["status"]);
        await File.WriteAllTextAsync(Path.Combine(worker.Directory, "go"), string.Empty, Token);
    }

    [Fact]
    public async Task Worker_WhenItComesBackAfterAVerdict_StopsTheJobThatNobodyFollowsAnyMore()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database);
        using var client = server.Client();
        await using var worker = RunningWorker.Start("w", database, ["--labels", "team=dba", .. Impatient]);
        await WorkerAsync(client, worker, "w", "online");
        var pidFile = Path.Combine(worker.Directory, "pid");
        var run = await SubmitAsync(client, $"echo $$ > '{pidFile}.new'; mv '{pidFile}.new' '{pidFile}'; exec sleep 600", ("team", "dba"));
        await UntilAsync(client, run, "RUNNING");
        await worker.KillAsync();
        await UntilAsync(client, run, "IN_DOUBT");
        using var verdict = await client.PostAsJsonAsync($"/api/runs/{run}/resolve", new { verdict = "failed", reason = "given up" }, Token);
        Assert.Equal("FAILED", (string?)(await EndAsync(client, run))["status"]);
        var process = $"/proc/{(await File.ReadAllTextAsync(pidFile, Token)).Trim()}";
        Assert.True(Directory.Exists(process));

        await using var next = worker.NextLife("w", database, ["--labels", "team=dba", .. Impatient]);

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (Directory.Exists(process))
        {
            await Task.Delay(50, limit.Token);
        }

        Assert.Equal("FAILED", (string?)(await EndAsync(client, run))["status"]);
    }

    [Fact]
    public async Task Worker_WhenItComesBackAfterADoubt_TakesItsRunsUpAgain()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database);
        using var client = server.Client();
        await using var worker = RunningWorker.Start("w", database, ["--labels", "team=dba", .. Impatient]);
        await WorkerAsync(client, worker, "w", "online");
        var run = await SubmitAsync(client, Until(worker, "exit 3"), ("team", "dba"));
        await UntilAsync(client, run, "RUNNING");
        await worker.KillAsync();
        await UntilAsync(client, run, "IN_DOUBT");

        await using var next = worker.NextLife("w", database, ["--labels", "team=dba", .. Impatient]);
        await UntilAsync(client, run, "RUNNING");
        await File.WriteAllTextAsync(Path.Combine(worker.Directory, "go"), string.Empty, Token);

        Assert.Equal(3, (int?)(await EndAsync(client, run))["exitCode"]);
    }

    [Fact]
    public async Task Worker_WhenItHasACapacity_NeverRunsMoreAtOnce()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database);
        using var client = server.Client();
        await using var worker = RunningWorker.Start("w", database, ["--labels", "team=dba", "--capacity", "2", .. Impatient]);
        await WorkerAsync(client, worker, "w", "online");
        var marks = System.IO.Directory.CreateDirectory(Path.Combine(worker.Directory, "marks")).FullName;
        var command = $"touch {marks}/$ASCOB_RUN_ID; ls {marks} | wc -l >>{worker.Directory}/counts; sleep 0.2; rm {marks}/$ASCOB_RUN_ID";

        var runs = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => SubmitAsync(client, command, ("team", "dba"))));
        foreach (var run in runs)
        {
            Assert.Equal("SUCCEEDED", (string?)(await EndAsync(client, run))["status"]);
        }

        var counts = await File.ReadAllLinesAsync(Path.Combine(worker.Directory, "counts"), Token);
        Assert.Equal(8, counts.Length);
        Assert.All(counts, c => Assert.InRange(int.Parse(c, System.Globalization.CultureInfo.InvariantCulture), 1, 2));
    }

    [Fact]
    public async Task Worker_WhenAskedToStop_LeavesInOrderAndIsForgottenOnRequest()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database);
        using var client = server.Client();
        await using var worker = RunningWorker.Start("w", database, ["--labels", "team=dba", .. Impatient]);
        await WorkerAsync(client, worker, "w", "online");
        await EndAsync(client, await SubmitAsync(client, "true", ("team", "dba")));

        var refused = await client.DeleteAsync("/api/workers/w", Token);
        var exit = await worker.TerminateAsync();
        await WorkerAsync(client, worker, "w", "stopped");
        var forgotten = await client.DeleteAsync("/api/workers/w", Token);
        var unknown = await client.DeleteAsync("/api/workers/w", Token);

        Assert.Equal(0, exit);
        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.NoContent, HttpStatusCode.NotFound), (refused.StatusCode, forgotten.StatusCode, unknown.StatusCode));
    }

    [Fact]
    public async Task Worker_WhenItsNameIsTaken_RefusesToStartWithOneLine()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database);
        using var client = server.Client();
        await using var worker = RunningWorker.Start("w", database, Impatient);
        await WorkerAsync(client, worker, "w", "online");

        await using var twin = RunningWorker.Start("w", database, Impatient);

        Assert.Equal(78, await twin.ExitAsync());
        Assert.Contains("--name 'w' belongs to another worker on this database", twin.Log(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_WhenItsJobWritesAndReadsAFile_ServerShowsTheOutputLiveAndKeepsIt()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database);
        using var client = server.Client();
        await using var worker = RunningWorker.Start("w", database, ["--labels", "team=dba", .. Impatient]);
        await WorkerAsync(client, worker, "w", "online");
        using var form = new MultipartFormDataContent
        {
            { new StringContent(Spec($"cat \"$ASCOB_FILES_DIR/words\"; {Until(worker, "echo last")}", ("team", "dba")).ToJsonString(), System.Text.Encoding.UTF8, "application/json"), "request" },
            { new ByteArrayContent("first\n"u8.ToArray()), "words", "words" },
        };
        using var accepted = await client.PostAsync("/api/runs", form, Token);
        Assert.True(accepted.IsSuccessStatusCode, await accepted.Content.ReadAsStringAsync(Token));
        var run = (long)JsonNode.Parse(await accepted.Content.ReadAsStringAsync(Token))!["runId"]!;

        var live = string.Empty;
        await TestWorld.UntilAsync(async () => (live = await client.GetStringAsync($"/api/runs/{run}/output.txt", Token)).Length > 0);
        await File.WriteAllTextAsync(Path.Combine(worker.Directory, "go"), string.Empty, Token);
        var ended = await EndAsync(client, run);
        await worker.TerminateAsync();

        Assert.Equal("first\n", live);
        Assert.Equal(("SUCCEEDED", "w"), ((string?)ended["status"], (string?)ended["backendId"]));
        Assert.Equal("first\nlast\n", await client.GetStringAsync($"/api/runs/{run}/output.txt", Token));
    }

    [Fact]
    public async Task Server_WhenDrainedByAnOperator_IsNotReadyUntilItIsResumed()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database);
        using var client = server.Client();

        using var unknown = await client.PostAsJsonAsync("/api/servers/nobody/drain", new { }, Token);
        using var drained = await client.PostAsJsonAsync("/api/servers/one/drain", new { }, Token);
        await TestWorld.UntilAsync(async () => (await client.GetAsync("/healthz/ready", Token)).StatusCode == HttpStatusCode.ServiceUnavailable);
        var list = JsonNode.Parse(await client.GetStringAsync("/api/servers", Token))!["items"]!.AsArray();
        var run = await UntilAsync(client, await SubmitAsync(client, "true"), "SUCCEEDED");
        using var resumed = await client.PostAsJsonAsync("/api/servers/one/resume", new { }, Token);
        await TestWorld.UntilAsync(async () => (await client.GetAsync("/healthz/ready", Token)).IsSuccessStatusCode);

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.Accepted, HttpStatusCode.Accepted), (unknown.StatusCode, drained.StatusCode, resumed.StatusCode));
        Assert.Equal(("one", "draining", true), ((string?)list[0]!["name"], (string?)list[0]!["state"], (bool)list[0]!["answering"]!));
        Assert.Equal("SUCCEEDED", (string?)run["status"]);
    }

    [Fact]
    public async Task Server_WhenLockIsReleasedByAWorker_TheNextInLineStartsWhereItBelongs()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database);
        using var client = server.Client();
        await using var worker = RunningWorker.Start("w", database, ["--labels", "team=dba", .. Impatient]);
        await WorkerAsync(client, worker, "w", "online");
        var first = await SubmitAsync(client, Until(worker, "exit 0"), [("team", "dba")], "db");
        await UntilAsync(client, first, "RUNNING");
        var second = await SubmitAsync(client, "true", [], "db");
        var third = await SubmitAsync(client, "true", [("team", "dba")], "db");

        await File.WriteAllTextAsync(Path.Combine(worker.Directory, "go"), string.Empty, Token);

        Assert.Equal("SUCCEEDED", (string?)(await EndAsync(client, first))["status"]);
        Assert.Equal(("SUCCEEDED", "shell"), ((string?)(await EndAsync(client, second))["status"], (string?)(await EndAsync(client, second))["backendId"]));
        Assert.Equal(("SUCCEEDED", "w"), ((string?)(await EndAsync(client, third))["status"], (string?)(await EndAsync(client, third))["backendId"]));
    }

    [Fact]
    public async Task Server_WhenItsLocksLieElsewhereThanThoseOfAServerThatIsThere_RefusesToStartWithOneLine()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database);

        var refused = await Assert.ThrowsAnyAsync<Exception>(() => StartServerAsync(
            database, "--Ascob:ServerName=two", "--Ascob:Locks:Provider=Consul", "--Ascob:Locks:Consul:Url=http://127.0.0.1:9"));

        Assert.Contains(
            "Ascob:Locks:Provider: locks are in Consul below 'ascob/locks/' here, and in Database at server 'one' on the same database", refused.Message, StringComparison.Ordinal);
    }

    private static Task<RunningServer> StartServerAsync(string database, params string[] more) => RunningServer.StartAsync(
        [
            "--Ascob:Database:Provider=PostgreSql", $"--Ascob:Database:ConnectionString={database}", "--Ascob:Hangfire:Storage=Database", "--Ascob:ServerName=one",
            "--Ascob:Backends:shell:Type=Shell", .. Impatient, .. more,
        ]);

    // Goes on until the test says so, and ends with the worker's directory in any case.
    private static string Until(RunningWorker worker, string then) =>
        $"while [ -d {worker.Directory} ] && [ ! -e {worker.Directory}/go ]; do sleep 0.05; done; {then}";

    private static JsonObject Spec(string command, params (string Key, string Value)[] labels) => Spec(command, labels, null);

    private static JsonObject Spec(string command, (string Key, string Value)[] labels, string? withLock)
    {
        var map = new JsonObject { ["shell_command"] = command };
        foreach (var (key, value) in labels)
        {
            map[key] = value;
        }

        var spec = new JsonObject { ["submitter"] = "ann", ["labels"] = map };
        if (withLock is not null)
        {
            spec["locks"] = new JsonArray(new JsonObject { ["key"] = withLock });
        }

        return new JsonObject { ["jobSpec"] = spec };
    }

    private static Task<long> SubmitAsync(HttpClient client, string command, params (string Key, string Value)[] labels) => SubmitAsync(client, command, labels, null);

    private static async Task<long> SubmitAsync(HttpClient client, string command, (string Key, string Value)[] labels, string? withLock) =>
        (long)(await PostAsync(client, "/api/runs", Spec(command, labels, withLock)))["runId"]!;

    private static async Task<JsonNode> PostAsync(HttpClient client, string path, JsonObject body)
    {
        using var answer = await client.PostAsJsonAsync(path, body, Token);
        var text = await answer.Content.ReadAsStringAsync(Token);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    private static async Task<JsonNode> EndAsync(HttpClient client, long run)
    {
        var node = JsonNode.Parse(await client.GetStringAsync($"/api/runs/{run}?waitSeconds=60", Token))!;
        Assert.True((string?)node["status"] is "SUCCEEDED" or "FAILED" or "ABORTED", node.ToJsonString());
        return node;
    }

    private static Task<JsonNode> UntilAsync(HttpClient client, long run, string status) => UntilAsync(client, run, r => (string?)r["status"] == status);

    private static async Task<JsonNode> UntilAsync(HttpClient client, long run, Func<JsonNode, bool> condition)
    {
        JsonNode? node = null;
        try
        {
            await TestWorld.UntilAsync(async () => condition(node = JsonNode.Parse(await client.GetStringAsync($"/api/runs/{run}", Token))!));
        }
        catch (OperationCanceledException) when (!Token.IsCancellationRequested)
        {
            Assert.Fail($"Run {run} did not get there: {node?.ToJsonString()}");
        }

        return node!;
    }

    private static async Task<JsonNode> WorkerAsync(HttpClient client, RunningWorker worker, string name, string state)
    {
        JsonNode? found = null;
        try
        {
            await TestWorld.UntilAsync(async () =>
            {
                var list = JsonNode.Parse(await client.GetStringAsync("/api/workers", Token))!["items"]!.AsArray();
                found = list.FirstOrDefault(w => (string?)w!["name"] == name && (string?)w["state"] == state);
                return found is not null;
            });
        }
        catch (OperationCanceledException) when (!Token.IsCancellationRequested)
        {
            Assert.Fail($"Worker {name} is not {state}:\n{worker.Log()}");
        }

        return found!;
    }
}
