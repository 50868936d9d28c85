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

    [Theory]
    [InlineData("a/../b")]
    [InlineData("..hidden/.")]
    [InlineData("...")]
    [InlineData("straße/мир/🔒")]
    [InlineData("%2e%2e?fence=1#x")]
    public async Task Verify_WhenANameHoldsAnything_FindsTheLock(string name)
    {
        var labels = Dummy();
        labels["dummy_run_ms"] = "600000";
        var id = await RunIdAsync(await SubmitAsync(new { labels, locks = new[] { new { key = name } } }));
        var run = await UntilAsync(id, r => r.GetProperty("status").GetString() is "SUBMITTED" or "RUNNING");
        var fence = run.GetProperty("locks")[0].GetProperty("fence").GetInt64();

        var held = await Root.GetFromJsonAsync<JsonElement>($"/api/locks/{Uri.EscapeDataString(name)}/verify?fence={fence}", Cancel);
        var later = await Root.GetFromJsonAsync<JsonElement>($"/api/locks/{Uri.EscapeDataString(name)}/verify?fence={fence + 1}", Cancel);
        (await Root.DeleteAsync($"/api/runs/{id}?force=true", Cancel)).Dispose();

        Assert.Equal((true, id), (held.GetProperty("held").GetBoolean(), held.GetProperty("runId").GetInt64()));
        Assert.False(later.GetProperty("held").GetBoolean());
    }

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    public async Task Submit_WhenALockIsNamedByDotsAlone_IsRefused(string name)
    {
        using var refused = await SubmitAsync(new { labels = Dummy(), locks = new[] { new { key = name } } });

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("jobSpec.locks[0].key", await refused.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Confirm_WhenLocksAreInTheDatabase_HasNothingToConfirm()
    {
        using var nothing = await Root.PostAsJsonAsync("/api/locks/consul/confirm", new { reason = "why not" }, Cancel);
        using var silent = await Root.PostAsJsonAsync("/api/locks/consul/confirm", new { reason = " " }, Cancel);
        using var scoped = await Server.ClientAsync(["lock_break"], ["ann"]);
        using var foreign = await scoped.PostAsJsonAsync("/api/locks/consul/confirm", new { reason = "mine are at rest" }, Cancel);
        var keeper = (await Root.GetFromJsonAsync<JsonElement>("/api/locks", Cancel)).GetProperty("keeper");

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.BadRequest, HttpStatusCode.Forbidden), (nothing.StatusCode, silent.StatusCode, foreign.StatusCode));
        Assert.Equal(("database", "ok"), (keeper.GetProperty("provider").GetString(), keeper.GetProperty("state").GetString()));
    }
}
