using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Demo.PagerDuty;
using Ascob.Tests.Server.Api;

namespace Ascob.Tests.Backends.PagerDuty;

/// <summary>What a portal sees of PagerDuty through the whole server.</summary>
public sealed class PagerDutyServerTests : IAsyncLifetime
{
    private PagerDutyWorld _world = null!;
    private ApiServer _server = null!;
    private HttpClient _client = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _world = await PagerDutyWorld.StartAsync();
        _world.Server.AddAction("FOREVER", "stays", TimeSpan.Zero, null);
        _server = await ApiServer.StartAsync(null, Backend("pd", _world.Server.Url, ["--Ascob:Backends:pd:ServiceId", "PSERVICE", "--Ascob:Backends:pd:From", "ascob@example.test"]));
        _client = _server.Client();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        await _world.DisposeAsync();
    }

    internal static string[] Backend(string id, Uri url, string[] more) =>
    [
        $"--Ascob:Backends:{id}:Type", "PagerDuty",
        $"--Ascob:Backends:{id}:Url", url.AbsoluteUri,
        $"--Ascob:Backends:{id}:ApiToken", PretendPagerDuty.DefaultToken,
        $"--Ascob:Backends:{id}:Poll:Initial", "00:00:00.1",
        $"--Ascob:Backends:{id}:Poll:Max", "00:00:00.5",
        .. more,
    ];

    [Fact]
    public async Task Submit_ByLabel_IsFollowedToItsEndWithALinkForPeople()
    {
        var id = await SubmitAsync(("pagerduty_action_id", PagerDutyWorld.Action));

        var run = await _client.GetFromJsonAsync<JsonElement>($"/api/runs/{id}?waitSeconds=30", Token);

        var incident = _world.Server.Incidents.Single(i => i.Key is not null);
        Assert.Equal("SUCCEEDED", run.GetProperty("status").GetString());
        Assert.Equal("pd", run.GetProperty("backendId").GetString());
        Assert.Equal("completed", run.GetProperty("backendStatus").GetString());
        Assert.Equal(incident.Url.AbsoluteUri, run.GetProperty("backendUrl").GetString());
        await Fixtures.TestWorld.UntilAsync(() => incident.Status == "resolved");
    }

    [Fact]
    public async Task Pitfall30_StopAndOutput_AreConflictsWithTheReason()
    {
        var id = await SubmitAsync(("pagerduty_action_id", "FOREVER"));
        await UntilAsync(id, "RUNNING");

        using var stop = await _client.DeleteAsync($"/api/runs/{id}", Token);
        using var output = await _client.GetAsync($"/api/runs/{id}/output.txt", Token);
        var backends = await _client.GetFromJsonAsync<JsonElement>("/api/backends", Token);

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.Conflict), (stop.StatusCode, output.StatusCode));
        Assert.Contains("'pd' cannot stop jobs", await stop.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Contains("'pd' has no output to read", await output.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Equal(["find", "status"], backends.GetProperty("items")[0].GetProperty("capabilities").EnumerateArray().Select(c => c.GetString()!.ToLowerInvariant()).Order());
    }

    [Fact]
    public async Task Submit_WithParameters_IsRefusedWithTheField()
    {
        using var refused = await _client.PostAsJsonAsync(
            "/api/runs",
            new { jobSpec = new { labels = new { pagerduty_action_id = "A1" }, parameters = new { a = "b" } } },
            Token);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        Assert.Contains("jobSpec.parameters", await refused.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_OfAnUnknownAction_FailsAtOnceWithOneReadableLine()
    {
        var id = await SubmitAsync(("pagerduty_action_id", "NOSUCH"));

        var run = await _client.GetFromJsonAsync<JsonElement>($"/api/runs/{id}?waitSeconds=30", Token);

        Assert.Equal("FAILED", run.GetProperty("status").GetString());
        Assert.Contains("action NOSUCH", run.GetProperty("statusReason").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PretendFault.DropAfter)]
    [InlineData(PretendFault.DropBefore)]
    public async Task ALostAnswer_OnASharedIncident_WaitsForAPersonAndIsNeverSentAgainByItself(PretendFault fault)
    {
        _world.Next("POST /automation_actions/actions/", fault);
        var id = await SubmitAsync(("pagerduty_action_id", PagerDutyWorld.Action), ("pagerduty_incident_id", PagerDutyWorld.Shared));

        var doubted = await UntilAsync(id, "IN_DOUBT", "an operator must give the verdict");
        var started = _world.Server.Invocations.SingleOrDefault();
        object verdict = started is null
            ? new { verdict = "not_started", reason = "none there" }
            : new { verdict = "adopt", backendKeys = new { invocationId = started.Id }, reason = "seen there" };
        using var resolved = await _client.PostAsJsonAsync($"/api/runs/{id}/resolve", verdict, Token);
        var run = await _client.GetFromJsonAsync<JsonElement>($"/api/runs/{id}?waitSeconds=30", Token);

        Assert.Contains(started is null ? "none was found" : started.Id, doubted.GetProperty("statusReason").GetString(), StringComparison.Ordinal);
        Assert.True(resolved.IsSuccessStatusCode, await resolved.Content.ReadAsStringAsync(Token));
        Assert.Equal("SUCCEEDED", run.GetProperty("status").GetString());
        Assert.Single(_world.Server.Invocations);
    }

    private async Task<long> SubmitAsync(params (string Label, string Value)[] labels)
    {
        using var answer = await _client.PostAsJsonAsync("/api/runs", new { jobSpec = new { labels = labels.ToDictionary(l => l.Label, l => l.Value) } }, Token);
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>(Token);
        Assert.True(answer.IsSuccessStatusCode, body.ToString());
        return body.GetProperty("runId").GetInt64();
    }

    private async Task<JsonElement> UntilAsync(long id, string status, string reason = "")
    {
        JsonElement run = default;
        await Fixtures.TestWorld.UntilAsync(async () =>
        {
            run = await _client.GetFromJsonAsync<JsonElement>($"/api/runs/{id}", Token);
            return run.GetProperty("status").GetString() == status && (run.GetProperty("statusReason").GetString() ?? string.Empty).Contains(reason, StringComparison.Ordinal);
        });
        return run;
    }
}
