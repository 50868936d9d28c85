using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Demo.Rundeck;
using Ascob.Tests.Server.Api;

namespace Ascob.Tests.Backends.Rundeck;

/// <summary>The whole server with a Rundeck behind it, as a portal sees them.</summary>
public sealed class RundeckServerTests : IAsyncLifetime
{
    private static readonly PretendRundeckJob Greeting = new("9999-greeting", "web", "greeting") { Takes = TimeSpan.FromMilliseconds(200), Output = ["Hello", "from Rundeck"] };
    private static readonly PretendRundeckJob Endless = new("8888-endless", "web", "endless") { Takes = null, Output = ["still here"] };
    private static readonly PretendRundeckJob Single = new("7777-single", "web", "single") { Takes = null, MultipleExecutions = false };

    private readonly PretendRundeck _rundeck = new(TimeProvider.System, Greeting, Endless, Single);
    private ApiServer _server = null!;
    private HttpClient _portal = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _rundeck.StartAsync(0, Token);
        const string Backend = "--Ascob:Backends:rundeck-main:";
        _server = await ApiServer.StartAsync(
            null,
            Backend + "Type", "Rundeck",
            Backend + "Url", _rundeck.Url.AbsoluteUri,
            Backend + "AuthToken", _rundeck.AuthToken,
            Backend + "Labels:site", "vienna",
            Backend + "Poll:Initial", "00:00:00.1",
            Backend + "Poll:Max", "00:00:00.5");
        _portal = _server.Client();
    }

    public async ValueTask DisposeAsync()
    {
        _portal.Dispose();
        await _server.DisposeAsync();
        await _rundeck.DisposeAsync();
    }

    [Fact]
    public async Task Portal_SubmitsByLabelAndReadsResultOutputAndAddress()
    {
        var id = await SubmitAsync(new { rundeck_project_name = "web", rundeck_job_name = "greeting", site = "vienna" });

        var run = await _portal.GetFromJsonAsync<JsonElement>($"/api/runs/{id}?waitSeconds=30", Token);

        var execution = Assert.Single(_rundeck.Executions.Values);
        Assert.Equal("SUCCEEDED", run.GetProperty("status").GetString());
        Assert.Equal("rundeck-main", run.GetProperty("backendId").GetString());
        Assert.Equal("succeeded", run.GetProperty("backendStatus").GetString());
        Assert.Equal($"{_rundeck.Url}project/web/execution/show/{execution.Id}", run.GetProperty("backendUrl").GetString());
        Assert.Equal("Hello\nfrom Rundeck\n", await _portal.GetStringAsync($"/api/runs/{id}/output.txt", Token));
        Assert.Equal("world", execution.Options["who"]);
        Assert.Single(_rundeck.Started);
    }

    [Fact]
    public async Task Portal_ReadsOutputWhileTheJobRunsAndStopsIt()
    {
        var id = await SubmitAsync(new { rundeck_job_id = Endless.Id });
        await UntilAsync(id, "RUNNING");

        var live = await _portal.GetStringAsync($"/api/runs/{id}/output.txt", Token);
        using var stop = await _portal.DeleteAsync($"/api/runs/{id}", Token);
        var run = await _portal.GetFromJsonAsync<JsonElement>($"/api/runs/{id}?waitSeconds=30", Token);

        Assert.Equal("still here\n", live);
        Assert.Equal(HttpStatusCode.Accepted, stop.StatusCode);
        Assert.Equal("ABORTED", run.GetProperty("status").GetString());
        Assert.Equal("aborted", _rundeck.Executions.Values.Single().Status(TimeProvider.System.GetUtcNow()));
    }

    [Fact]
    public async Task Portal_SeesAJobThatRunsAlreadyWaitWhileOthersGoOn()
    {
        var first = await SubmitAsync(new { rundeck_job_id = Single.Id });
        await UntilAsync(first, "RUNNING");
        var waiting = new List<long>();
        for (var count = 0; count < 6; count++)
        {
            waiting.Add(await SubmitAsync(new { rundeck_job_id = Single.Id }));
        }

        foreach (var id in waiting)
        {
            await UntilAsync(id, "PENDING_SUBMIT", "running already");
        }

        var other = await SubmitAsync(new { rundeck_job_id = Greeting.Id });
        var ended = await _portal.GetFromJsonAsync<JsonElement>($"/api/runs/{other}?waitSeconds=30", Token);
        var backends = await _portal.GetStringAsync("/api/backends", Token);

        Assert.Equal("SUCCEEDED", ended.GetProperty("status").GetString());
        Assert.DoesNotContain("\"open\"", backends, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Portal_SeesAnUnknownJobFailAtOnceWithRundecksReason()
    {
        var id = await SubmitAsync(new { rundeck_job_id = "nobody" });

        var run = await _portal.GetFromJsonAsync<JsonElement>($"/api/runs/{id}?waitSeconds=30", Token);

        Assert.Equal("FAILED", run.GetProperty("status").GetString());
        Assert.Contains("does not exist: nobody", run.GetProperty("statusReason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Portal_IsRefusedALabelThatChoosesTheUser()
    {
        using var answer = await PostAsync(new { rundeck_job_id = Greeting.Id, rundeck_as_user = "admin", _execution_backend_id = "rundeck-main" });

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Contains("rundeck_as_user", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    private Task<HttpResponseMessage> PostAsync(object labels) =>
        _portal.PostAsJsonAsync("/api/runs", new { jobSpec = new { submitter = "ann", labels, parameters = new { who = "world" } } }, Token);

    private async Task<long> SubmitAsync(object labels)
    {
        using var answer = await PostAsync(labels);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Token));
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("runId").GetInt64();
    }

    private async Task UntilAsync(long id, string status, string reason = "")
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        while (true)
        {
            var run = await _portal.GetFromJsonAsync<JsonElement>($"/api/runs/{id}", limit.Token);
            if (run.GetProperty("status").GetString() == status && (run.GetProperty("statusReason").GetString() ?? string.Empty).Contains(reason, StringComparison.Ordinal))
            {
                return;
            }

            await Task.Delay(20, limit.Token);
        }
    }
}
