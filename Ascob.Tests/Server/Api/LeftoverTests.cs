using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Ascob.Core.Access;
using Ascob.Core.Callbacks;
using Ascob.Core.Runs;

namespace Ascob.Tests.Server.Api;

/// <summary>What is refused leaves nothing behind, and nobody learns of what is not theirs: the whole server over real HTTP.</summary>
public sealed class LeftoverTests : IAsyncLifetime
{
    private ApiServer _server = null!;
    private HttpClient _root = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string FilesDirectory => Path.Combine(_server.DataDirectory, "files");

    public async ValueTask InitializeAsync()
    {
        _server = await ApiServer.StartWithDummyAsync(
            "--Ascob:Limits:MaxFileBytes", "1000", "--Ascob:Limits:MaxCallbackEvents", "5", "--Ascob:Limits:MaxCallbackMessage", "100");
        _root = _server.Client();
    }

    public async ValueTask DisposeAsync()
    {
        _root.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Form_WhenItsFilesCannotBeKept_LeavesNoRunAndNoKey()
    {
        // Where the directory of the files should be lies something else: what a full or broken disk looks like from here.
        await File.WriteAllTextAsync(FilesDirectory, "in the way", Cancel);
        using var refused = await SubmitFormAsync("key-1", ("in.txt", "hello"));
        var runs = await RunsAsync();
        File.Delete(FilesDirectory);
        using var again = await SubmitFormAsync("key-1", ("in.txt", "hello"));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Empty(runs);
        Assert.Equal(HttpStatusCode.Created, again.StatusCode);
        Assert.Equal("SUCCEEDED", (await EndOfAsync(await RunIdAsync(again))).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Form_WhenItIsRefused_LeavesNoContent()
    {
        using var large = await SubmitFormAsync("key-1", ("small", "x"), ("large", new string('x', 1001)));
        using var nowhere = await SubmitFormAsync("key-1", ("small", "x"), backend: "nowhere");
        using var unnamed = await SubmitFormAsync("key-1", ("small", "x"), (new string('n', 401), "y"));
        using var blank = await SubmitFormAsync("key-1", ("small", "x"), (" small", "y"));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, nowhere.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, unnamed.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, blank.StatusCode);
        Assert.Empty(await RunsAsync());
        Assert.Empty(Leftovers());
    }

    [Fact]
    public async Task Form_IsOneStep_AndItsRepetitionAddsNothing()
    {
        using var first = await SubmitFormAsync("key-1", ("in.txt", "hello"));
        var id = await RunIdAsync(first);
        using var again = await SubmitFormAsync("key-1", ("in.txt", "hello"));
        using var other = await SubmitFormAsync("key-1", ("in.txt", "hello!"));
        var created = (await _root.GetFromJsonAsync<JsonElement>($"/api/runs/{id}/events", Cancel)).GetProperty("items")[0];

        Assert.Equal("PENDING_SUBMIT", created.GetProperty("to").GetString());
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal(id, await RunIdAsync(again));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode);
        Assert.Equal(["in.txt"], await FileNamesAsync(id));
        Assert.Single(Leftovers());
    }

    [Fact]
    public async Task Upload_WhenTheRunIsStartedMeanwhile_IsAConflictAndLeavesNothing()
    {
        var id = await RunIdAsync(await SubmitAsync(new { labels = Dummy(600_000), manualStart = true }));
        using var kept = await _root.PutAsync($"/api/runs/{id}/files/config", new StringContent("old"), Cancel);
        using var slow = new SlowContent("new");
        var replacing = _root.PutAsync($"/api/runs/{id}/files/config", slow, Cancel);
        await slow.Begun;
        using var started = await _root.PostAsync($"/api/runs/{id}/start", null, Cancel);
        slow.Finish();
        using var late = await replacing;
        var files = await _root.GetFromJsonAsync<JsonElement>($"/api/runs/{id}/files", Cancel);
        (await _root.DeleteAsync($"/api/runs/{id}?force=true", Cancel)).Dispose();

        Assert.True(kept.IsSuccessStatusCode && started.IsSuccessStatusCode);
        Assert.Equal(HttpStatusCode.Conflict, late.StatusCode);
        Assert.Equal("old", await File.ReadAllTextAsync(Assert.Single(Leftovers()), Cancel));
        Assert.Equal(3, Assert.Single(files.GetProperty("items").EnumerateArray()).GetProperty("size").GetInt64());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Resubmit_WithAnIdempotencyKey_AnswersTheSameRunAgain_AndRefusesAnotherBody(bool withFiles)
    {
        using var first = withFiles ? await SubmitFormAsync(null, ("in.txt", "hello")) : await SubmitAsync(new { labels = Dummy() });
        var source = await RunIdAsync(first);
        await EndOfAsync(source);

        using var next = await ResubmitAsync(source, "again-1", new { parameters = new { a = "1", b = "2" } });
        using var same = await ResubmitAsync(source, "again-1", new { parameters = new { b = "2", a = "1" } });
        using var otherBody = await ResubmitAsync(source, "again-1", new { parameters = new { a = "2" } });
        var nextId = await RunIdAsync(next);
        using var otherRun = await ResubmitAsync(nextId, "again-1", new { parameters = new { a = "1", b = "2" } });

        Assert.Equal(HttpStatusCode.Created, next.StatusCode);
        Assert.Equal(HttpStatusCode.OK, same.StatusCode);
        Assert.Equal("true", same.Headers.GetValues("Idempotent-Replayed").Single());
        Assert.Equal(nextId, await RunIdAsync(same));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, otherBody.StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, otherRun.StatusCode);
        Assert.Equal(2, (await RunsAsync()).Count);
        Assert.Equal(withFiles ? ["in.txt"] : [], await FileNamesAsync(nextId));
        var events = await _root.GetFromJsonAsync<JsonElement>($"/api/runs/{nextId}/events", Cancel);
        Assert.Equal("PENDING_SUBMIT", events.GetProperty("items")[0].GetProperty("to").GetString());
    }

    [Fact]
    public async Task Locks_ShowATokenWithSubmittersNoForeignRun()
    {
        var locks = new[] { new { key = "db" } };
        var foreign = await RunIdAsync(await SubmitAsync(new { submitter = "ada", labels = Dummy(600_000), locks }));
        var own = await RunIdAsync(await SubmitAsync(new { submitter = "bob", labels = Dummy(), locks }));
        var third = await RunIdAsync(await SubmitAsync(new { submitter = "bob", labels = Dummy(), locks }));
        using var bob = await _server.ClientAsync([.. Permissions.All], ["bob"]);
        var fence = (await UntilAsync(foreign, r => r.GetProperty("status").GetString() == "RUNNING")).GetProperty("locks")[0].GetProperty("fence").GetInt64();

        var board = (await bob.GetFromJsonAsync<JsonElement>("/api/locks", Cancel)).GetProperty("items")[0];
        var whole = (await _root.GetFromJsonAsync<JsonElement>("/api/locks", Cancel)).GetProperty("items")[0];
        var verified = await bob.GetFromJsonAsync<JsonElement>($"/api/locks/db/verify?fence={fence}", Cancel);
        var verifiedByRoot = await _root.GetFromJsonAsync<JsonElement>($"/api/locks/db/verify?fence={fence}", Cancel);
        var waiting = await UntilAsync(own, r => r.GetProperty("statusReason").ValueKind == JsonValueKind.String, bob);
        var behind = await UntilAsync(third, r => r.GetProperty("statusReason").ValueKind == JsonValueKind.String, bob);
        var events = await bob.GetStringAsync($"/api/runs/{own}/events", Cancel);
        (await _root.DeleteAsync($"/api/runs/{foreign}?force=true", Cancel)).Dispose();

        Assert.Equal(JsonValueKind.Null, board.GetProperty("holders")[0].GetProperty("runId").ValueKind);
        Assert.Equal([own, third], board.GetProperty("waiters").EnumerateArray().Select(w => w.GetProperty("runId").GetInt64()));
        Assert.Equal(foreign, whole.GetProperty("holders")[0].GetProperty("runId").GetInt64());
        Assert.True(verified.GetProperty("held").GetBoolean());
        Assert.Equal(JsonValueKind.Null, verified.GetProperty("runId").ValueKind);
        Assert.Equal(foreign, verifiedByRoot.GetProperty("runId").GetInt64());
        Assert.Equal("lock 'db' is held by a run of another submitter", waiting.GetProperty("statusReason").GetString());
        Assert.Equal("lock 'db': earlier runs come first", behind.GetProperty("statusReason").GetString());
        Assert.DoesNotContain($"run {foreign}", events, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Callbacks_BeyondTheirBound_AreRefused_AndTheRunGoesOn()
    {
        var id = await RunIdAsync(await SubmitAsync(new { labels = Dummy(600_000) }));
        await UntilAsync(id, r => r.GetProperty("status").GetString() == "RUNNING");
        var run = await _server.Get<IRunStore>().FindAsync(id, Cancel);
        var url = $"/api/webhooks/runs/{_server.Get<CallbackIds>().For(id, run!.MarkerId)}";
        using var job = _server.Client(token: null);

        using var wordy = await job.PostAsJsonAsync(url, new { message = new string('m', 101) }, Cancel);
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 8; i++)
        {
            using var answer = await job.PostAsJsonAsync(url, new { message = $"line {i}" }, Cancel);
            answers.Add(answer.StatusCode);
        }

        var crowd = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => job.PostAsJsonAsync(url, new { progress = 50 }, Cancel)));
        var events = (await _root.GetFromJsonAsync<JsonElement>($"/api/runs/{id}/events?limit=500", Cancel)).GetProperty("items");
        using var stopped = await _root.DeleteAsync($"/api/runs/{id}?force=true", Cancel);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, wordy.StatusCode);
        Assert.Equal([.. Enumerable.Repeat(HttpStatusCode.OK, 5), .. Enumerable.Repeat(HttpStatusCode.TooManyRequests, 3)], answers);
        Assert.All(crowd, a => Assert.Equal(HttpStatusCode.TooManyRequests, a.StatusCode));
        Assert.Equal(5, events.EnumerateArray().Count(e => e.GetProperty("actor").GetString() == "callback"));
        Assert.Equal("ABORTED", (await EndOfAsync(id)).GetProperty("status").GetString());
    }

    /// <summary>A body whose second half comes when the test says so.</summary>
    private sealed class SlowContent(string text) : HttpContent
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _finish = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Begun => _begun.Task;

        public void Finish() => _finish.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(text));
            await stream.FlushAsync();
            _begun.SetResult();
            await _finish.Task;
            await stream.WriteAsync(Encoding.UTF8.GetBytes(text));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    private static Dictionary<string, string> Dummy(int runMilliseconds = 20, string backend = "dummyBackend") => new(StringComparer.Ordinal)
    {
        ["_execution_backend_id"] = backend,
        ["dummy_run_ms"] = runMilliseconds.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    private static async Task<long> RunIdAsync(HttpResponseMessage response)
    {
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancel));
        return (await response.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("runId").GetInt64();
    }

    private Task<HttpResponseMessage> SubmitAsync(object jobSpec) => _root.PostAsJsonAsync("/api/runs", new { jobSpec }, Cancel);

    private Task<HttpResponseMessage> SubmitFormAsync(string? key, params (string Name, string Content)[] files) => SubmitFormAsync(key, files, "dummyBackend");

    private Task<HttpResponseMessage> SubmitFormAsync(string? key, (string Name, string Content) file, string backend) => SubmitFormAsync(key, [file], backend);

    private async Task<HttpResponseMessage> SubmitFormAsync(string? key, (string Name, string Content)[] files, string backend)
    {
        using var form = new MultipartFormDataContent();
        foreach (var (name, content) in files)
        {
            var part = new StringContent(content);
            part.Headers.TryAddWithoutValidation("Content-Disposition", $"form-data; name=\"{name}\"");
            form.Add(part);
        }

        // The job comes last: what came before it must be cleared away all the same.
        var job = JsonContent.Create(new { jobSpec = new { labels = Dummy(backend: backend) } });
        job.Headers.TryAddWithoutValidation("Content-Disposition", "form-data; name=\"request\"");
        form.Add(job);
        return await SendAsync("/api/runs", form, key);
    }

    private Task<HttpResponseMessage> ResubmitAsync(long id, string key, object changes) => SendAsync($"/api/runs/{id}/resubmit", JsonContent.Create(changes), key);

    private async Task<HttpResponseMessage> SendAsync(string path, HttpContent content, string? key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return await _root.SendAsync(request, Cancel);
    }

    private Task<JsonElement> EndOfAsync(long id) => _root.GetFromJsonAsync<JsonElement>($"/api/runs/{id}?waitSeconds=30", Cancel);

    private async Task<JsonElement> UntilAsync(long id, Func<JsonElement, bool> condition, HttpClient? client = null)
    {
        while (true)
        {
            var run = await (client ?? _root).GetFromJsonAsync<JsonElement>($"/api/runs/{id}", Cancel);
            if (condition(run))
            {
                return run;
            }

            await Task.Delay(20, Cancel);
        }
    }

    private async Task<List<JsonElement>> RunsAsync() => [.. (await _root.GetFromJsonAsync<JsonElement>("/api/runs?limit=500", Cancel)).GetProperty("items").EnumerateArray()];

    private async Task<List<string?>> FileNamesAsync(long id) =>
        [.. (await _root.GetFromJsonAsync<JsonElement>($"/api/runs/{id}/files", Cancel)).GetProperty("items").EnumerateArray().Select(f => f.GetProperty("name").GetString())];

    private string[] Leftovers() =>
    [
        .. ((string[])[FilesDirectory, Path.Combine(_server.DataDirectory, "incoming")])
            .Where(Directory.Exists)
            .SelectMany(d => Directory.GetFiles(d, "*", SearchOption.AllDirectories)),
    ];
}
