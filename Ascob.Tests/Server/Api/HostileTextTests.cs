using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Core.Callbacks;
using Ascob.Core.Runs;
using Ascob.Tests.Robustness;

namespace Ascob.Tests.Server.Api;

/// <summary>Texts that a database, a shell or a log would take for something else: each is refused by the name of its field.</summary>
public sealed class HostileTextTests : IAsyncLifetime
{
    private ApiServer _server = null!;
    private HttpClient _root = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ApiServer.StartWithDummyAsync("--Ascob:Backends:shell:Type", "Shell");
        _root = _server.Client();
    }

    public async ValueTask DisposeAsync()
    {
        _root.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("message", """{"message":"a\u0000b"}""")]
    [InlineData("message", """{"message":"a\ud800b"}""")]
    [InlineData("id", """{"id":"a\nb","message":"x"}""")]
    [InlineData("identificationKeys", """{"identificationKeys":{"k":"a\u0000"}}""")]
    public async Task Report_WithCharactersThatNoStoreTakes_IsRefusedByField(string field, string body)
    {
        using var answer = await _root.PostAsync(await OpenCallbackAsync(), new StringContent(body, System.Text.Encoding.UTF8, "application/json"), Cancel);

        await RefusesAsync(answer, field);
    }

    [Theory]
    [InlineData(@"a\nb")]
    [InlineData(@"a\u2028b")]
    [InlineData(@"a\u0085b")]
    [InlineData("")]
    public async Task Claim_ByAnExecutionWhoseIdIsNoLineOfText_IsRefusedByField(string id)
    {
        using var body = new StringContent($$"""{"executionId":"{{id}}"}""", System.Text.Encoding.UTF8, "application/json");

        using var answer = await _root.PostAsync(await OpenCallbackAsync() + "/claim", body, Cancel);

        await RefusesAsync(answer, "executionId");
    }

    [Fact]
    public async Task Report_WithALongId_IsRefusedByField()
    {
        var url = await OpenCallbackAsync();
        using var longest = await _root.PostAsJsonAsync(url, new { id = new string('i', 200), message = "x" }, Cancel);
        using var tooLong = await _root.PostAsJsonAsync(url, new { id = new string('i', 201), message = "x" }, Cancel);

        Assert.Equal(HttpStatusCode.OK, longest.StatusCode);
        await RefusesAsync(tooLong, "id");
    }

    [Fact]
    public async Task Verdict_WithNulInItsReason_IsRefusedByField()
    {
        var id = await _root.AcceptedAsync(new { submitter = "a", labels = Http.Dummy(("dummy_run_ms", "60000")) });

        using var answer = await _root.PostAsJsonAsync($"/api/runs/{id}/resolve", new { verdict = "failed", reason = "a\0b" }, Cancel);

        await RefusesAsync(answer, "reason");
    }

    [Theory]
    [InlineData("bob ")]
    [InlineData(" bob")]
    public async Task Submitter_WithBlanksAtItsEnds_IsRefusedByField(string submitter)
    {
        using var answer = await _root.SubmitAsync(new { submitter, labels = Http.Dummy() });

        await RefusesAsync(answer, "jobSpec.submitter");
    }

    [Fact]
    public async Task Command_WithTheSubmitterInItsText_IsRefusedByField()
    {
        var labels = new Dictionary<string, string> { ["_execution_backend_id"] = "shell", ["shell_command"] = "echo %%SUBMITTER%%" };

        using var answer = await _root.SubmitAsync(new { submitter = "$(reboot)", labels, runtimeVariables = true });

        await RefusesAsync(answer, "jobSpec.labels.shell_command", HttpStatusCode.UnprocessableEntity);
    }

    [Fact]
    public async Task Files_BeyondAHundred_AreRefused()
    {
        var id = await _root.AcceptedAsync(new { submitter = "a", labels = Http.Dummy(), manualStart = true });
        for (var i = 0; i < 100; i++)
        {
            using var taken = await PutAsync(id, $"file-{i}");
            Assert.Equal(HttpStatusCode.OK, taken.StatusCode);
        }

        using var again = await PutAsync(id, "file-7");
        using var more = await PutAsync(id, "file-100");

        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        await RefusesAsync(more, "fileId");
    }

    private static async Task RefusesAsync(HttpResponseMessage answer, string field, HttpStatusCode status = HttpStatusCode.BadRequest)
    {
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(Cancel);
        Assert.True(answer.StatusCode == status, problem.ToString());
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    private async Task<HttpResponseMessage> PutAsync(long id, string name)
    {
        using var content = new StringContent("x");
        return await _root.PutAsync($"/api/runs/{id}/files/{name}", content, Cancel);
    }

    private async Task<string> OpenCallbackAsync()
    {
        var id = await _root.AcceptedAsync(new { submitter = "a", labels = Http.Dummy(("dummy_run_ms", "60000")) });
        var run = await _server.Get<IRunStore>().FindAsync(id, Cancel);
        return $"/api/webhooks/runs/{_server.Get<CallbackIds>().For(id, run!.MarkerId)}";
    }
}
