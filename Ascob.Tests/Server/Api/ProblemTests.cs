using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Ascob.Tests.Server.Api;

public sealed class ProblemTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET", "/nothing/here", 404, "route.not_found")]
    [InlineData("GET", "/api/nothing", 404, "route.not_found")]
    [InlineData("PATCH", "/api/runs/1", 405, "route.method")]
    [InlineData("GET", "/api/runs/abc", 400, "request.invalid")]
    [InlineData("GET", "/api/runs/99999999999999999999999", 400, "request.invalid")]
    [InlineData("GET", "/api/runs/-1", 400, "request.invalid")]
    public async Task Refusal_IsAProblemDocument(string method, string path, int status, string code)
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var client = server.Client();

        using var response = await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), Cancel);

        await AssertProblemAsync(response, status, code);
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=501", "limit")]
    [InlineData("limit=-5", "limit")]
    [InlineData("limit=ten", "limit")]
    [InlineData("limit=1&limit=2", "limit")]
    [InlineData("status=FINISHED", "status")]
    [InlineData("status=running", "status")]
    [InlineData("cursor=abc", "cursor")]
    [InlineData("cursor=AAAAAAAAAAAAAAAA", "cursor")]
    [InlineData("definedAfter=yesterday", "definedAfter")]
    [InlineData("definedBefore=2026-13-01T00:00:00Z", "definedBefore")]
    [InlineData("label=nocolon", "label")]
    [InlineData("label=:v", "label")]
    [InlineData("parent=0", "parent")]
    [InlineData("submitter=", "submitter")]
    [InlineData("submitter=a%00b", "submitter")]
    [InlineData("text=%ff%fe", null)]
    public async Task List_WhenAFilterIsMalformed_Answers400NamingIt(string query, string? field)
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var client = server.Client();

        using var response = await client.GetAsync($"/api/runs?{query}", Cancel);

        if (field is null)
        {
            // Broken UTF-8 arrives as the replacement character, which is text like any other: the store is asked.
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            return;
        }

        var problem = await AssertProblemAsync(response, 400, "request.invalid");
        Assert.Equal(field, Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
    }

    [Fact]
    public async Task List_WhenSeveralFiltersAreMalformed_NamesAll()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var client = server.Client();

        using var response = await client.GetAsync("/api/runs?limit=0&status=X&cursor=y&definedAfter=z&unknown=1", Cancel);

        var problem = await AssertProblemAsync(response, 400, "request.invalid");
        Assert.Equal(["cursor", "definedAfter", "limit", "status"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order());
    }

    [Theory]
    [InlineData("{", "body")]
    [InlineData("", "body")]
    [InlineData("null", "body")]
    [InlineData("[]", "body")]
    [InlineData("{}", "jobSpec")]
    [InlineData("""{"jobSpec":null}""", "jobSpec")]
    [InlineData("""{"jobSpec":5}""", "jobSpec")]
    [InlineData("""{"jobSpec":{"labels":5}}""", "jobSpec.labels")]
    [InlineData("""{"jobSpec":{"labels":{"a":5}}}""", "jobSpec.labels.a")]
    [InlineData("""{"jobSpec":{"manualStart":"yes"}}""", "jobSpec.manualStart")]
    [InlineData("""{"jobSpec":{"timeoutSeconds":99999999999999}}""", "jobSpec.timeoutSeconds")]
    [InlineData("""{"jobSpec":{"locks":[{"key":"a","mode":"half"}]}}""", "jobSpec.locks[0].mode")]
    [InlineData("""{"jobSpec":{},"jobSpec":{}}""", "jobSpec")]
    public async Task Submit_WhenTheJsonIsWrong_Answers400NamingTheField(string body, string field)
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var client = server.Client();

        using var response = await client.PostAsync("/api/runs", new StringContent(body, Encoding.UTF8, "application/json"), Cancel);

        var problem = await AssertProblemAsync(response, 400, "request.invalid");
        Assert.Equal(field, Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
    }

    [Fact]
    public async Task Submit_WhenTheMediaTypeIsWrong_Answers415()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var client = server.Client();

        using var text = await client.PostAsync("/api/runs", new StringContent("{}", Encoding.UTF8, "text/plain"), Cancel);
        using var form = await client.PostAsync("/api/runs", new StringContent("a=b", Encoding.UTF8, "application/x-www-form-urlencoded"), Cancel);

        await AssertProblemAsync(text, 415, "request.media_type");
        await AssertProblemAsync(form, 415, "request.media_type");
    }

    [Fact]
    public async Task Submit_WhenTheBodyIsTooLarge_Answers413()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var client = server.Client();
        client.DefaultRequestHeaders.ExpectContinue = true;

        using var response = await client.PostAsync("/api/runs", new StringContent(new string('x', 2 << 20), Encoding.UTF8, "application/json"), Cancel);

        await AssertProblemAsync(response, 413, "request.too_large");
    }

    [Fact]
    public async Task Submit_WhenTheJsonIsDeep_Answers400()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var client = server.Client();
        var deep = $$"""{"jobSpec":{"x":{{new string('[', 1000)}}""";

        using var response = await client.PostAsync("/api/runs", new StringContent(deep, Encoding.UTF8, "application/json"), Cancel);

        await AssertProblemAsync(response, 400, "request.invalid");
    }

    [Theory]
    [InlineData("")]
    [InlineData("with blank")]
    [InlineData("umläut")]
    public async Task Submit_WhenTheIdempotencyKeyIsMalformed_Answers400(string key)
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var client = server.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/runs") { Content = JsonContent.Create(new { jobSpec = new { } }) };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        if (key.Contains('ä', StringComparison.Ordinal))
        {
            request.Headers.Remove("Idempotency-Key");
            request.Headers.TryAddWithoutValidation("Idempotency-Key", new string('k', 256));
        }

        using var response = await client.SendAsync(request, Cancel);

        var problem = await AssertProblemAsync(response, 400, "request.invalid");
        Assert.True(problem.GetProperty("errors").TryGetProperty("Idempotency-Key", out _));
    }

    [Fact]
    public async Task Surprise_Answers500WithoutTellingAnything()
    {
        await using var server = await ApiServer.StartAsync(b =>
        {
            AbsentStore.Use(b.Services);
            BrokenStore.Use(b.Services);
        });
        using var client = server.Client();

        using var response = await client.GetAsync("/api/runs/1", Cancel);

        var problem = await AssertProblemAsync(response, 500, "server.error");
        Assert.NotEmpty(problem.GetProperty("traceId").GetString()!);
    }

    [Fact]
    public async Task Health_TellsLifeAndReadiness()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var client = server.Client(token: null);

        using var live = await client.GetAsync("/healthz/live", Cancel);
        using var ready = await client.GetAsync("/healthz/ready", Cancel);

        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        await AssertProblemAsync(ready, 503, "server.not_ready");
    }

    private static async Task<JsonElement> AssertProblemAsync(HttpResponseMessage response, int status, string code)
    {
        var text = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        foreach (var leak in new[] { "Exception", " at ", ".cs", "SELECT", "System.", "Ascob.Core", "/tmp", "/home" })
        {
            Assert.DoesNotContain(leak, text, StringComparison.Ordinal);
        }

        var problem = JsonSerializer.Deserialize<JsonElement>(text);
        Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        foreach (var member in new[] { "type", "title", "detail", "traceId" })
        {
            Assert.Equal(JsonValueKind.String, problem.GetProperty(member).ValueKind);
        }

        return problem;
    }
}
