using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Core.Access;

namespace Ascob.Tests.Server.Api;

/// <summary>What people and jobs ask of a run that exists.</summary>
public sealed class OrderApiTests : RunApi
{
    [Fact]
    public async Task Stop_EndsARun_AndRefusesAFinalOne()
    {
        var labels = Dummy();
        labels["dummy_run_ms"] = "600000";
        var id = await RunIdAsync(await SubmitAsync(new { labels }));

        using var stopped = await Root.DeleteAsync($"/api/runs/{id}?force=true", Cancel);
        var run = await EndOfAsync(id);
        using var again = await Root.DeleteAsync($"/api/runs/{id}", Cancel);
        using var wrong = await Root.DeleteAsync($"/api/runs/{id}?force=maybe", Cancel);

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

        using var response = await Root.PostAsJsonAsync($"/api/runs/{id}/resubmit", new { submitter = "bob", parameters = new { a = "2" } }, Cancel);
        using var bare = await Root.PostAsync($"/api/runs/{id}/resubmit", null, Cancel);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal(HttpStatusCode.Created, bare.StatusCode);
        var next = await Root.GetFromJsonAsync<JsonElement>($"/api/runs/{await RunIdAsync(response)}", Cancel);
        Assert.Equal(id, next.GetProperty("parentId").GetInt64());
        Assert.Equal("bob", next.GetProperty("submitter").GetString());
        Assert.Equal("2", next.GetProperty("parameters").GetProperty("a").GetString());
    }

    [Fact]
    public async Task Resolve_WhenTheBodyIsIncomplete_NamesTheFields_AndRefusesARunThatIsNotInDoubt()
    {
        var id = await RunIdAsync(await SubmitAsync(new { labels = Dummy() }));

        using var empty = await Root.PostAsJsonAsync($"/api/runs/{id}/resolve", new { }, Cancel);
        using var word = await Root.PostAsJsonAsync($"/api/runs/{id}/resolve", new { verdict = "maybe", reason = "x" }, Cancel);
        await EndOfAsync(id);
        using var final = await Root.PostAsJsonAsync($"/api/runs/{id}/resolve", new { verdict = "failed", reason = "x" }, Cancel);

        Assert.Equal(["reason", "verdict"], (await JsonAsync(empty)).GetProperty("errors").EnumerateObject().Select(e => e.Name).Order());
        Assert.Equal(HttpStatusCode.BadRequest, word.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, final.StatusCode);
    }

    [Theory]
    [InlineData("1-wrong")]
    [InlineData("x")]
    [InlineData("999999-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public async Task ForgedCallback_IsUnknown(string webhookId)
    {
        await RunIdAsync(await SubmitAsync(new { labels = Dummy() }));
        using var anyone = Server.Client(token: null);

        using var report = await anyone.PostAsJsonAsync($"/api/webhooks/runs/{webhookId}", new { status = "SUCCEEDED" }, Cancel);
        using var claim = await anyone.PostAsJsonAsync($"/api/webhooks/runs/{webhookId}/claim", new { executionId = "1" }, Cancel);
        using var file = await anyone.GetAsync($"/api/webhooks/runs/{webhookId}/files/x", Cancel);

        Assert.All([report, claim, file], r => Assert.Equal(HttpStatusCode.NotFound, r.StatusCode));
    }

    [Fact]
    public async Task LowPrivilege_ForeignRuns_DoNotExistOnAnyRoute()
    {
        var id = await RunIdAsync(await SubmitAsync(new { submitter = "ada", labels = Dummy(), manualStart = true }));
        using var bob = await Server.ClientAsync([.. Permissions.All], ["bob"]);
        using var ada = await Server.ClientAsync([.. Permissions.All], ["ada"]);
        var routes = RouteWalk.All(Server).Where(r => r.Path.StartsWith("/api/runs/1", StringComparison.Ordinal)).ToList();
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
}
