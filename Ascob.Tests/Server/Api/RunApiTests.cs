using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Ascob.Core.Access;

namespace Ascob.Tests.Server.Api;

/// <summary>The life of runs over real HTTP: the whole server with its own database and the dummy backend.</summary>
public sealed class RunApiTests : IAsyncLifetime
{
    private ApiServer _server = null!;
    private HttpClient _root = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ApiServer.StartWithDummyAsync("--Ascob:Limits:MaxFileBytes", "1000");
        _root = _server.Client();
    }

    public async ValueTask DisposeAsync()
    {
        _root.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Submit_StoresARunThatEnds()
    {
        using var response = await SubmitAsync(new { description = "dummy", labels = Dummy() });

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var id = (await JsonAsync(response)).GetProperty("runId").GetInt64();
        Assert.Equal($"/api/runs/{id}", response.Headers.Location?.ToString());
        var run = await EndOfAsync(id);
        Assert.Equal("SUCCEEDED", run.GetProperty("status").GetString());
        foreach (var member in "id parentId status description submitter definedTime submissionTime endTime statusReason backendId backendStatus backendUrl labels parameters locks attempt progress token version route".Split(' '))
        {
            Assert.True(run.TryGetProperty(member, out _), $"{member} is missing");
        }

        Assert.EndsWith("Z", run.GetProperty("definedTime").GetString(), StringComparison.Ordinal);
        Assert.Equal("root", run.GetProperty("token").GetString());
    }

    [Fact]
    public async Task Submit_WithAnIdempotencyKey_AnswersTheSameRunAgain_AndRefusesAnotherBody()
    {
        var key = Guid.NewGuid().ToString();
        var job = new { description = "once", labels = Dummy(), parameters = new { a = "1", b = "2" } };
        var same = new { parameters = new { b = "2", a = "1" }, labels = Dummy(), description = "once" };

        using var first = await SubmitAsync(job, key);
        using var again = await SubmitAsync(same, key);
        using var other = await SubmitAsync(new { description = "twice", labels = Dummy() }, key);

        Assert.Equal(HttpStatusCode.Created, first.StatusCode);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal("true", again.Headers.GetValues("Idempotent-Replayed").Single());
        Assert.Equal(await RunIdAsync(first), await RunIdAsync(again));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode);
    }

    [Fact]
    public async Task Submit_WhenNoBackendFits_Answers422AndLeavesNoRun()
    {
        var before = await CountAsync();

        using var response = await SubmitAsync(new { labels = new Dictionary<string, string> { ["_execution_backend_id"] = "nowhere" } });

        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        Assert.Equal(before, await CountAsync());
    }

    [Fact]
    public async Task ManualStart_TakesFiles_AndExactlyOneStart()
    {
        var id = await RunIdAsync(await SubmitAsync(new { labels = Dummy(), manualStart = true }));

        using var put = await _root.PutAsync($"/api/runs/{id}/files/input%2F1.txt", new StringContent("hello"), Cancel);
        using var post = await _root.PostAsync($"/api/runs/{id}/files/second", new ByteArrayContent(new byte[1000]), Cancel);
        using var large = await _root.PutAsync($"/api/runs/{id}/files/third", new ByteArrayContent(new byte[1001]), Cancel);
        using var chunked = await _root.PutAsync($"/api/runs/{id}/files/fourth", new EndlessContent(1001), Cancel);
        var files = await _root.GetFromJsonAsync<JsonElement>($"/api/runs/{id}/files", Cancel);
        var starts = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _root.PostAsync($"/api/runs/{id}/start", null, Cancel)));
        using var late = await _root.PutAsync($"/api/runs/{id}/files/late", new StringContent("x"), Cancel);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, chunked.StatusCode);
        Assert.True(put.IsSuccessStatusCode && post.IsSuccessStatusCode, $"{put.StatusCode} {post.StatusCode} {await put.Content.ReadAsStringAsync(Cancel)}");
        Assert.Equal(["input/1.txt", "second"], files.GetProperty("items").EnumerateArray().Select(f => f.GetProperty("name").GetString()));
        Assert.Equal(5, files.GetProperty("items")[0].GetProperty("size").GetInt64());
        Assert.Equal(1, starts.Count(s => s.IsSuccessStatusCode));
        Assert.Equal(7, starts.Count(s => s.StatusCode == HttpStatusCode.Conflict));
        Assert.Equal(HttpStatusCode.Conflict, late.StatusCode);
    }

    [Fact]
    public async Task Submit_AsAForm_BringsItsFiles()
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent(JsonSerializer.Serialize(new { jobSpec = new { labels = Dummy() } }), Encoding.UTF8, "application/json"), "request" },
            { new StringContent("one"), "first", "ignored.txt" },
            { new StringContent("two"), "files", "second.txt" },
        };

        using var response = await _root.PostAsync("/api/runs", form, Cancel);

        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Cancel));
        var files = await _root.GetFromJsonAsync<JsonElement>($"/api/runs/{await RunIdAsync(response)}/files", Cancel);
        Assert.Equal(["first", "second.txt"], files.GetProperty("items").EnumerateArray().Select(f => f.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task Search_PagesNewestFirst_AndFiltersByLabel()
    {
        var ids = new List<long>();
        for (var i = 0; i < 5; i++)
        {
            var labels = Dummy();
            labels["batch"] = "17";
            ids.Add(await RunIdAsync(await SubmitAsync(new { submitter = "ada", labels })));
        }

        var first = await _root.GetFromJsonAsync<JsonElement>("/api/runs?label=batch:17&limit=3", Cancel);
        var second = await _root.GetFromJsonAsync<JsonElement>($"/api/runs?label=batch:17&limit=3&cursor={first.GetProperty("nextCursor").GetString()}", Cancel);
        using var original = await _root.PostAsJsonAsync("/api/search/runs", new { submitterFilter = "ada", maxResults = 2 }, Cancel);

        Assert.Equal(ids.OrderDescending(), Ids(first).Concat(Ids(second)));
        Assert.Equal(JsonValueKind.Null, second.GetProperty("nextCursor").ValueKind);
        Assert.Equal(ids.OrderDescending().Take(2), Ids(await JsonAsync(original)));
    }

    [Fact]
    public async Task Output_IsReadWholeInPartsAndToTheEnd()
    {
        var labels = Dummy();
        labels["dummy_output"] = "0123456789";
        var id = await RunIdAsync(await SubmitAsync(new { labels }));
        await EndOfAsync(id);
        var whole = await _root.GetStringAsync($"/api/runs/{id}/output.txt?follow=true", Cancel);
        Assert.StartsWith("0123456789", whole, StringComparison.Ordinal);

        using var all = await _root.GetAsync($"/api/runs/{id}/output.txt", Cancel);
        using var part = await RangeAsync(id, new RangeHeaderValue(2, 4));
        using var tail = await RangeAsync(id, new RangeHeaderValue(null, 3));
        using var beyond = await RangeAsync(id, new RangeHeaderValue(whole.Length, null));
        var rest = await _root.GetStringAsync($"/api/runs/{id}/output.txt?offset=7", Cancel);
        var nothing = await _root.GetStringAsync($"/api/runs/{id}/output.txt?offset=100000", Cancel);
        using var negative = await _root.GetAsync($"/api/runs/{id}/output.txt?offset=-1", Cancel);

        Assert.Equal("text/plain; charset=utf-8", all.Content.Headers.ContentType?.ToString());
        Assert.Equal("nosniff", all.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal("234", await part.Content.ReadAsStringAsync(Cancel));
        Assert.Equal($"bytes 2-4/{whole.Length}", part.Content.Headers.ContentRange?.ToString());
        Assert.Equal(whole[^3..], await tail.Content.ReadAsStringAsync(Cancel));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, beyond.StatusCode);
        Assert.Equal(whole[7..], rest);
        Assert.Empty(nothing);
        Assert.Equal(HttpStatusCode.BadRequest, negative.StatusCode);
    }

    [Fact]
    public async Task Events_AreListed_Streamed_AndResumed()
    {
        var id = await RunIdAsync(await SubmitAsync(new { labels = Dummy() }));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{id}/events");
        request.Headers.Accept.ParseAdd("text/event-stream");
        using var stream = await _root.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
        var streamed = await stream.Content.ReadAsStringAsync(Cancel);
        var listed = await _root.GetFromJsonAsync<JsonElement>($"/api/runs/{id}/events", Cancel);
        var seqs = listed.GetProperty("items").EnumerateArray().Select(e => e.GetProperty("seq").GetInt64()).ToList();

        Assert.Equal("text/event-stream", stream.Content.Headers.ContentType?.MediaType);
        Assert.Equal(seqs, Seqs(streamed));
        Assert.Equal("SUCCEEDED", listed.GetProperty("items")[seqs.Count - 1].GetProperty("to").GetString());

        var resumed = await ResumeAsync(id, seqs[0]);
        Assert.Equal(seqs.Skip(1), Seqs(await resumed.Content.ReadAsStringAsync(Cancel)));
        var done = await ResumeAsync(id, seqs[^1]);
        Assert.Equal(HttpStatusCode.NoContent, done.StatusCode);
    }

    [Fact]
    public async Task Stop_EndsARun_AndRefusesAFinalOne()
    {
        var labels = Dummy();
        labels["dummy_run_ms"] = "600000";
        var id = await RunIdAsync(await SubmitAsync(new { labels }));

        using var stopped = await _root.DeleteAsync($"/api/runs/{id}?force=true", Cancel);
        var run = await EndOfAsync(id);
        using var again = await _root.DeleteAsync($"/api/runs/{id}", Cancel);
        using var wrong = await _root.DeleteAsync($"/api/runs/{id}?force=maybe", Cancel);

        Assert.Equal(HttpStatusCode.Accepted, stopped.StatusCode);
        Assert.Equal("ABORTED", run.GetProperty("status").GetString());
        Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
    }

    [Fact]
    public async Task Resubmit_MakesANewRunInTheChain()
    {
        var id = await RunIdAsync(await SubmitAsync(new { submitter = "ada", labels = Dummy(), parameters = new { a = "1" } }));
        await EndOfAsync(id);

        using var response = await _root.PostAsJsonAsync($"/api/runs/{id}/resubmit", new { submitter = "bob", parameters = new { a = "2" } }, Cancel);
        using var bare = await _root.PostAsync($"/api/runs/{id}/resubmit", null, Cancel);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal(HttpStatusCode.Created, bare.StatusCode);
        var next = await _root.GetFromJsonAsync<JsonElement>($"/api/runs/{await RunIdAsync(response)}", Cancel);
        Assert.Equal(id, next.GetProperty("parentId").GetInt64());
        Assert.Equal("bob", next.GetProperty("submitter").GetString());
        Assert.Equal("2", next.GetProperty("parameters").GetProperty("a").GetString());
    }

    [Fact]
    public async Task Resolve_WhenTheBodyIsIncomplete_NamesTheFields_AndRefusesARunThatIsNotInDoubt()
    {
        var id = await RunIdAsync(await SubmitAsync(new { labels = Dummy() }));

        using var empty = await _root.PostAsJsonAsync($"/api/runs/{id}/resolve", new { }, Cancel);
        using var word = await _root.PostAsJsonAsync($"/api/runs/{id}/resolve", new { verdict = "maybe", reason = "x" }, Cancel);
        await EndOfAsync(id);
        using var final = await _root.PostAsJsonAsync($"/api/runs/{id}/resolve", new { verdict = "failed", reason = "x" }, Cancel);

        Assert.Equal(["reason", "verdict"], (await JsonAsync(empty)).GetProperty("errors").EnumerateObject().Select(e => e.Name).Order());
        Assert.Equal(HttpStatusCode.BadRequest, word.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, final.StatusCode);
    }

    [Fact]
    public async Task SecretLeak_SecretParameters_AreNeverShown()
    {
        var canary = $"canary-{Guid.NewGuid():N}";
        var id = await RunIdAsync(await SubmitAsync(new { labels = Dummy(), secretParameters = new { password = canary } }));
        var run = await EndOfAsync(id);

        Assert.Equal("***", run.GetProperty("parameters").GetProperty("password").GetString());
        foreach (var path in new[] { $"/api/runs/{id}", $"/api/runs/{id}/events", "/api/runs", $"/api/runs/{id}/files", "/api/locks", "/api/backends" })
        {
            Assert.DoesNotContain(canary, await _root.GetStringAsync(path, Cancel), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Backends_AreListed_Drained_AndResumed()
    {
        using var drained = await _root.PostAsync("/api/backends/dummyBackend/drain", null, Cancel);
        var list = await _root.GetFromJsonAsync<JsonElement>("/api/backends", Cancel);
        var waiting = await RunIdAsync(await SubmitAsync(new { labels = Dummy() }));
        using var resumed = await _root.PostAsync("/api/backends/dummyBackend/resume", null, Cancel);
        using var unknown = await _root.PostAsync("/api/backends/nowhere/drain", null, Cancel);

        Assert.True((await JsonAsync(drained)).GetProperty("drained").GetBoolean());
        Assert.True(list.GetProperty("items").EnumerateArray().Single(b => b.GetProperty("id").GetString() == "dummyBackend").GetProperty("drained").GetBoolean());
        Assert.False((await JsonAsync(resumed)).GetProperty("drained").GetBoolean());
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        Assert.Equal("SUCCEEDED", (await EndOfAsync(waiting)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Locks_AreShown_Verified_AndBroken()
    {
        var labels = Dummy();
        labels["dummy_run_ms"] = "600000";
        var id = await RunIdAsync(await SubmitAsync(new { labels, locks = new[] { new { key = "db/main %2F" } } }));
        var run = await UntilAsync(id, r => r.GetProperty("status").GetString() is "SUBMITTED" or "RUNNING");
        var fence = run.GetProperty("locks")[0].GetProperty("fence").GetInt64();
        var path = "/api/locks/" + Uri.EscapeDataString("db/main %2F");

        var board = await _root.GetFromJsonAsync<JsonElement>("/api/locks", Cancel);
        var held = await _root.GetFromJsonAsync<JsonElement>($"{path}/verify?fence={fence}", Cancel);
        using var broken = await _root.DeleteAsync(path, Cancel);
        var gone = await _root.GetFromJsonAsync<JsonElement>($"{path}/verify?fence={fence}", Cancel);
        using var again = await _root.DeleteAsync(path, Cancel);
        var events = await _root.GetStringAsync($"/api/runs/{id}/events", Cancel);
        (await _root.DeleteAsync($"/api/runs/{id}?force=true", Cancel)).Dispose();

        Assert.Equal(id, board.GetProperty("items")[0].GetProperty("holders")[0].GetProperty("runId").GetInt64());
        Assert.True(held.GetProperty("held").GetBoolean());
        Assert.Equal(HttpStatusCode.NoContent, broken.StatusCode);
        Assert.False(gone.GetProperty("held").GetBoolean());
        Assert.Equal(HttpStatusCode.NotFound, again.StatusCode);
        Assert.Contains("broken by an operator", events, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_AnswersWithoutSideEffect()
    {
        var before = await CountAsync();

        using var response = await _root.PostAsJsonAsync("/api/routing/explain", new { jobSpec = new { labels = Dummy() } }, Cancel);

        Assert.Equal("dummyBackend", (await JsonAsync(response)).GetProperty("backendId").GetString());
        Assert.Equal(before, await CountAsync());
    }

    [Theory]
    [InlineData("1-wrong")]
    [InlineData("x")]
    [InlineData("999999-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public async Task ForgedCallback_IsUnknown(string webhookId)
    {
        await RunIdAsync(await SubmitAsync(new { labels = Dummy() }));
        using var anyone = _server.Client(token: null);

        using var report = await anyone.PostAsJsonAsync($"/api/webhooks/runs/{webhookId}", new { status = "SUCCEEDED" }, Cancel);
        using var claim = await anyone.PostAsJsonAsync($"/api/webhooks/runs/{webhookId}/claim", new { executionId = "1" }, Cancel);
        using var file = await anyone.GetAsync($"/api/webhooks/runs/{webhookId}/files/x", Cancel);

        Assert.All([report, claim, file], r => Assert.Equal(HttpStatusCode.NotFound, r.StatusCode));
    }

    [Fact]
    public async Task LowPrivilege_ForeignRuns_DoNotExistOnAnyRoute()
    {
        var id = await RunIdAsync(await SubmitAsync(new { submitter = "ada", labels = Dummy(), manualStart = true }));
        using var bob = await _server.ClientAsync([.. Permissions.All], ["bob"]);
        using var ada = await _server.ClientAsync([.. Permissions.All], ["ada"]);
        var routes = RouteWalk.All(_server).Where(r => r.Path.StartsWith("/api/runs/1", StringComparison.Ordinal)).ToList();
        Assert.True(routes.Count >= 12);

        foreach (var route in routes)
        {
            using var request = new HttpRequestMessage(new HttpMethod(route.Method), $"/api/runs/{id}{route.Path["/api/runs/1".Length..]}");
            if (route.Path.EndsWith("/resolve", StringComparison.Ordinal))
            {
                request.Content = JsonContent.Create(new { verdict = "failed", reason = "x" });
            }

            using var response = await bob.SendAsync(request, Cancel);
            Assert.True(response.StatusCode == HttpStatusCode.NotFound, $"{route} answered {response.StatusCode}");
        }

        Assert.Empty(Ids(await bob.GetFromJsonAsync<JsonElement>("/api/runs", Cancel)));
        Assert.Empty(Ids(await bob.GetFromJsonAsync<JsonElement>("/api/runs?submitter=ada", Cancel)));
        Assert.Equal([id], Ids(await ada.GetFromJsonAsync<JsonElement>("/api/runs", Cancel)));
        using var foreign = await bob.PostAsJsonAsync("/api/runs", new { jobSpec = new { submitter = "ada", labels = Dummy() } }, Cancel);
        Assert.False(foreign.IsSuccessStatusCode);
    }

    /// <summary>A body that does not tell its length.</summary>
    private sealed class EndlessContent(int length) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => stream.WriteAsync(new byte[length]).AsTask();

        protected override bool TryComputeLength(out long computed)
        {
            computed = 0;
            return false;
        }
    }

    private static Dictionary<string, string> Dummy() => new(StringComparer.Ordinal) { ["_execution_backend_id"] = "dummyBackend", ["dummy_run_ms"] = "20" };

    private static IEnumerable<long> Ids(JsonElement page) => page.GetProperty("items").EnumerateArray().Select(r => r.GetProperty("id").GetInt64());

    private static IEnumerable<long> Seqs(string stream) => stream.Split('\n').Where(l => l.StartsWith("id: ", StringComparison.Ordinal))
        .Select(l => long.Parse(l[4..], System.Globalization.CultureInfo.InvariantCulture));

    private static Task<JsonElement> JsonAsync(HttpResponseMessage response) => response.Content.ReadFromJsonAsync<JsonElement>(Cancel);

    private static async Task<long> RunIdAsync(HttpResponseMessage response)
    {
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancel));
        return (await JsonAsync(response)).GetProperty("runId").GetInt64();
    }

    private async Task<HttpResponseMessage> SubmitAsync(object jobSpec, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/runs") { Content = JsonContent.Create(new { jobSpec }) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return await _root.SendAsync(request, Cancel);
    }

    private Task<JsonElement> EndOfAsync(long id) => _root.GetFromJsonAsync<JsonElement>($"/api/runs/{id}?waitSeconds=30", Cancel);

    private async Task<JsonElement> UntilAsync(long id, Func<JsonElement, bool> condition)
    {
        while (true)
        {
            var run = await _root.GetFromJsonAsync<JsonElement>($"/api/runs/{id}", Cancel);
            if (condition(run))
            {
                return run;
            }

            await Task.Delay(20, Cancel);
        }
    }

    private async Task<int> CountAsync() =>
        (await _root.GetFromJsonAsync<JsonElement>("/api/runs?limit=500", Cancel)).GetProperty("items").GetArrayLength();

    private async Task<HttpResponseMessage> RangeAsync(long id, RangeHeaderValue range)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{id}/output.txt");
        request.Headers.Range = range;
        return await _root.SendAsync(request, Cancel);
    }

    private async Task<HttpResponseMessage> ResumeAsync(long id, long after)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{id}/events");
        request.Headers.Accept.ParseAdd("text/event-stream");
        request.Headers.Add("Last-Event-ID", after.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return await _root.SendAsync(request, Cancel);
    }
}
