using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Ascob.Tests.Server.Api;

/// <summary>What operators see and do.</summary>
public sealed class BackendAndLockApiTests : RunApi
{
    [Fact]
    public async Task Backends_AreListed_Drained_AndResumed()
    {
        using var drained = await Root.PostAsync("/api/backends/dummyBackend/drain", null, Cancel);
        var list = await Root.GetFromJsonAsync<JsonElement>("/api/backends", Cancel);
        var waiting = await RunIdAsync(await SubmitAsync(new { labels = Dummy() }));
        using var resumed = await Root.PostAsync("/api/backends/dummyBackend/resume", null, Cancel);
        using var unknown = await Root.PostAsync("/api/backends/nowhere/drain", null, Cancel);

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

        var board = await Root.GetFromJsonAsync<JsonElement>("/api/locks", Cancel);
        var held = await Root.GetFromJsonAsync<JsonElement>($"{path}/verify?fence={fence}", Cancel);
        using var broken = await Root.DeleteAsync(path, Cancel);
        var gone = await Root.GetFromJsonAsync<JsonElement>($"{path}/verify?fence={fence}", Cancel);
        using var again = await Root.DeleteAsync(path, Cancel);
        var events = await Root.GetStringAsync($"/api/runs/{id}/events", Cancel);
        (await Root.DeleteAsync($"/api/runs/{id}?force=true", Cancel)).Dispose();

        Assert.Equal(id, board.GetProperty("items")[0].GetProperty("holders")[0].GetProperty("runId").GetInt64());
        Assert.True(held.GetProperty("held").GetBoolean());
        Assert.Equal(HttpStatusCode.NoContent, broken.StatusCode);
        Assert.False(gone.GetProperty("held").GetBoolean());
        Assert.Equal(HttpStatusCode.NotFound, again.StatusCode);
        Assert.Contains("broken by an operator", events, StringComparison.Ordinal);
    }
}
