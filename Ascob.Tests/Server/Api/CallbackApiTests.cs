using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ascob.Core.Backends;
using Ascob.Core.Callbacks;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;
using Ascob.Tests.Robustness;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Server.Api;

/// <summary>What jobs send to their secret URLs, over the wire, on a backend that has no output of its own.</summary>
public sealed class CallbackApiTests : IAsyncLifetime
{
    private const string Secret = "a-secret-shared-with-the-backend";

    private ApiServer _server = null!;
    private HttpClient _root = null!;
    private HttpClient _job = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ApiServer.StartAsync(
            b => b.Services.AddSingleton<IBackendType>(new ScriptedBackends()),
            "--Ascob:Backends:plain:Type", "Scripted",
            "--Ascob:Backends:signed:Type", "Scripted",
            "--Ascob:Backends:signed:CallbackSecret", Secret,
            "--Ascob:Backends:silent:Type", "Scripted",
            "--Ascob:Backends:silent:Callbacks", "false");
        _root = _server.Client();
        _job = _server.Client(token: null);
    }

    public async ValueTask DisposeAsync()
    {
        _root.Dispose();
        _job.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Output_SentInPieces_IsKeptInOrder_AndARepeatedPieceOnce()
    {
        var (id, url) = await RunAsync("plain");
        using var none = await _root.GetAsync($"/api/runs/{id}/output.txt", Cancel);

        Assert.Equal(HttpStatusCode.Conflict, none.StatusCode);
        Assert.Equal(6, (await SendAsync(url, "one\nä", 0)).GetProperty("outputLength").GetInt64());
        Assert.False((await SendAsync(url, "one\nä", 0)).GetProperty("changed").GetBoolean());
        Assert.Equal(11, (await SendAsync(url, "ä\ntwo\n", 4)).GetProperty("outputLength").GetInt64());
        Assert.True((await SendAsync(url, "three\n", null)).GetProperty("changed").GetBoolean());
        using var gap = await _job.PostAsJsonAsync(url, new { output = "late", outputOffset = 100 }, Cancel);

        Assert.Equal(HttpStatusCode.Conflict, gap.StatusCode);
        Assert.Equal(17, (await gap.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("outputLength").GetInt64());
        Assert.Equal("one\nä\ntwo\nthree\n", await _root.GetStringAsync($"/api/runs/{id}/output.txt", Cancel));
    }

    [Fact]
    public async Task Output_CanBeReadInParts_FollowedToTheEnd_AndSentOnAfterIt()
    {
        var (id, url) = await RunAsync("plain");
        await SendAsync(url, "0123456789", 0);
        var followed = _root.GetStringAsync($"/api/runs/{id}/output.txt?follow=true", Cancel);
        using var part = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{id}/output.txt") { Headers = { Range = new RangeHeaderValue(3, 5) } };
        using var answer = await _root.SendAsync(part, Cancel);

        Assert.Equal((HttpStatusCode.PartialContent, "345"), (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancel)));
        await SendAsync(url, "abc", 10);
        Scripted("plain").Set((await _server.Get<IRunStore>().FindAsync(id, Cancel))!.Marker, BackendState.Succeeded);
        Assert.Equal("0123456789abc", await followed);
        await SendAsync(url, "the last words", 13);
        Assert.Equal("0123456789abcthe last words", await _root.GetStringAsync($"/api/runs/{id}/output.txt", Cancel));
    }

    [Fact]
    public async Task Output_ThatHoldsASecretOfTheJob_IsMaskedAndKeepsItsPlaces()
    {
        var (id, url) = await RunAsync("plain", new { labels = Labels("plain"), secretParameters = new { PASSWORD = "hunter2-canary" } });

        await SendAsync(url, "password hunter2-canary\n", 0);
        await SendAsync(url, "done\n", 24);

        Assert.Equal($"password {new string('*', 14)}\ndone\n", await _root.GetStringAsync($"/api/runs/{id}/output.txt", Cancel));
    }

    [Fact]
    public async Task Body_OverItsLimit_IsRefusedAsAWhole()
    {
        var (id, url) = await RunAsync("plain");

        using var large = await _job.PostAsJsonAsync(url, new { output = new string('x', (1 << 20) + 1) }, Cancel);
        using var negative = await _job.PostAsJsonAsync(url, new { output = "x", outputOffset = -1 }, Cancel);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, negative.StatusCode);
        using var none = await _root.GetAsync($"/api/runs/{id}/output.txt", Cancel);
        Assert.Equal(HttpStatusCode.Conflict, none.StatusCode);
    }

    [Fact]
    public async Task Signature_WhereTheBackendSigns_IsAskedForOnEveryCall()
    {
        var (id, url) = await RunAsync("signed", new { labels = Labels("signed"), manualStart = true });
        using var put = await _root.PutAsync($"/api/runs/{id}/files/a", new StringContent("content"), Cancel);
        Assert.True(put.IsSuccessStatusCode);
        var body = """{"progress":12}""";

        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Post, url, body, null));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Post, url, body, Sign("another-secret-of-16", body)));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Post, url, """{"progress":99}""", Sign(Secret, body)));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Post, url, body, Sign(Secret, body, TimeSpan.FromMinutes(-6))));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Post, url + "/claim", """{"executionId":"1"}""", null));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Get, url + "/files/a", null, null));
        Assert.Equal(JsonValueKind.Null, (await InfoAsync(id)).GetProperty("progress").ValueKind);

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(HttpMethod.Post, url, body, Sign(Secret, body)));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(HttpMethod.Post, url + "/claim", """{"executionId":"1"}""", Sign(Secret, """{"executionId":"1"}""")));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(HttpMethod.Get, url + "/files/a", null, Sign(Secret, string.Empty)));
        Assert.Equal(12, (await InfoAsync(id)).GetProperty("progress").GetDouble());
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(HttpMethod.Post, url + "x", body, Sign(Secret, body)));
    }

    [Fact]
    public async Task Pitfall36_Signature_IsOfTheBytesAsTheyCame_AndNoneOfTheirMeaning()
    {
        var (id, url) = await RunAsync("signed");
        const string Sent = "{ \"message\" : \"\\u0061 b\",\n  \"nobodyKnows\": [ ],  \"progress\": 1.20e1 }";
        const string SameMeaning = """{"message":"a b","nobodyKnows":[],"progress":12}""";

        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Post, url, Sent, Sign(Secret, SameMeaning)));
        Assert.Equal(JsonValueKind.Null, (await InfoAsync(id)).GetProperty("progress").ValueKind);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(HttpMethod.Post, url, Sent, Sign(Secret, Sent)));
        Assert.Equal(12, (await InfoAsync(id)).GetProperty("progress").GetDouble());
    }

    [Fact]
    public async Task Callbacks_WhereTheyAreOff_AreNotFound()
    {
        var (_, url) = await RunAsync("silent");

        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(HttpMethod.Post, url, """{"progress":12}""", null));
        Assert.Null(Scripted("silent").Arrived.Single().CallbackUrl);
    }

    [Fact]
    public async Task File_IsFetchedInPartsAndByItsTag_AndAResubmissionHasTheSame()
    {
        var content = RandomNumberGenerator.GetBytes(300_000);
        using var form = new MultipartFormDataContent
        {
            { new StringContent(JsonSerializer.Serialize(new { jobSpec = new { submitter = "ann", labels = Labels("plain") } }), Encoding.UTF8, "application/json"), "request" },
            { new ByteArrayContent(content), "data", "data.bin" },
        };
        using var submitted = await _root.PostAsync("/api/runs", form, Cancel);
        var first = (await submitted.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("runId").GetInt64();
        using var again = await _root.PostAsJsonAsync($"/api/runs/{first}/resubmit", new { }, Cancel);
        var second = (await again.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("runId").GetInt64();
        var hash = SHA256.HashData(content);
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(hash)}\"");

        foreach (var id in new[] { first, second })
        {
            var url = await UrlAsync(id) + "/files/data";
            using var whole = await _job.GetAsync(url, Cancel);
            using var part = await GetAsync(url, r => r.Headers.Range = new RangeHeaderValue(100_000, 100_099));
            using var known = await GetAsync(url, r => r.Headers.IfNoneMatch.Add(tag));
            using var changed = await GetAsync(url, r => (r.Headers.Range, r.Headers.IfRange) = (new RangeHeaderValue(1, 2), new RangeConditionHeaderValue("\"other\"")));
            using var beyond = await GetAsync(url, r => r.Headers.Range = new RangeHeaderValue(300_000, null));

            Assert.Equal(content, await whole.Content.ReadAsByteArrayAsync(Cancel));
            Assert.Equal((tag, $"sha-256=:{Convert.ToBase64String(hash)}:"), (whole.Headers.ETag, whole.Headers.GetValues("Repr-Digest").Single()));
            Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
            Assert.Equal(content[100_000..100_100], await part.Content.ReadAsByteArrayAsync(Cancel));
            Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
            Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
            Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, beyond.StatusCode);
        }
    }

    private static Dictionary<string, string> Labels(string backend) => new(StringComparer.Ordinal) { ["_execution_backend_id"] = backend };

    private static string Sign(string secret, string body, TimeSpan? shift = null) =>
        CallbackSignature.Make(secret, TimeProvider.System.GetUtcNow() + (shift ?? TimeSpan.Zero), Encoding.UTF8.GetBytes(body));

    private ScriptedBackend Scripted(string id) => _server.Get<BackendCatalog>().TryGet(id, out var entry) ? (ScriptedBackend)entry.Adapter : throw new ArgumentException(id);

    private async Task<(long Id, string Url)> RunAsync(string backend, object? spec = null)
    {
        using var response = await _root.PostAsJsonAsync("/api/runs", new { jobSpec = spec ?? new { submitter = "ann", labels = Labels(backend) } }, Cancel);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Cancel));
        var id = (await response.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("runId").GetInt64();
        await Http.UntilAsync(async () => (await InfoAsync(id)).GetProperty("status").GetString() is not "PENDING_SUBMIT", TimeSpan.FromSeconds(30));
        return (id, await UrlAsync(id));
    }

    private async Task<string> UrlAsync(long id)
    {
        var run = await _server.Get<IRunStore>().FindAsync(id, Cancel);
        return $"/api/webhooks/runs/{_server.Get<CallbackIds>().For(id, run!.MarkerId)}";
    }

    private Task<JsonElement> InfoAsync(long id) => _root.GetFromJsonAsync<JsonElement>($"/api/runs/{id}", Cancel);

    private async Task<JsonElement> SendAsync(string url, string output, long? offset)
    {
        using var answer = await _job.PostAsJsonAsync(url, new { output, outputOffset = offset }, Cancel);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancel));
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Cancel);
    }

    private async Task<HttpResponseMessage> GetAsync(string url, Action<HttpRequestMessage> prepare)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        prepare(request);
        return await _job.SendAsync(request, Cancel);
    }

    private async Task<HttpStatusCode> StatusAsync(HttpMethod method, string url, string? body, string? signature)
    {
        using var request = new HttpRequestMessage(method, url) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        if (signature is not null)
        {
            request.Headers.Add(CallbackSignature.Header, signature);
        }

        using var answer = await _job.SendAsync(request, Cancel);
        return answer.StatusCode;
    }

    /// <summary>A type whose every backend has a script of its own.</summary>
    private sealed class ScriptedBackends : IBackendType
    {
        public string Name => "Scripted";

        public string? InstanceLabel => null;

        public IBackendAdapter Create(BackendContext context) => new ScriptedBackend(context.Id);
    }
}
