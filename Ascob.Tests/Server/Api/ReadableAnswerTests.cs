using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Core.Callbacks;
using Ascob.Core.Runs;

namespace Ascob.Tests.Server.Api;

public sealed class ReadableAnswerTests : RunApi
{
    private const string Speech = "it's <b>né</b> & `日本` + 1";

    [Fact]
    public async Task Run_IsWrittenAsPeopleWriteIt_AndMustNotBeTakenForHtml()
    {
        var id = await RunIdAsync(await SubmitAsync(new { description = Speech, labels = Dummy() }));

        using var answer = await Root.GetAsync($"/api/runs/{id}", Cancel);

        var text = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.Contains($"\"{Speech}\"", text, StringComparison.Ordinal);
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Fact]
    public async Task Problem_IsWrittenAsPeopleWriteIt_AndMustNotBeTakenForHtml()
    {
        using var answer = await SubmitAsync(new { labels = new Dictionary<string, string> { ["_execution_backend_id"] = Speech } });

        var text = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.Contains($"there is no backend '{Speech}'", text, StringComparison.Ordinal);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Fact]
    public async Task EventStream_WhenAReasonHoldsLineBreaks_KeepsOneLineForEachEvent()
    {
        const string forged = "x\r\n\nid: 99\nevent: forged\ndata: {}\n\n\u2028\u2029\u0085'";
        var labels = Dummy();
        labels["dummy_run_ms"] = "600000";
        var id = await RunIdAsync(await SubmitAsync(new { labels }));
        await UntilAsync(id, r => r.GetProperty("status").GetString() == "RUNNING");
        var run = await Server.Get<IRunStore>().FindAsync(id, Cancel);
        var hook = $"/api/webhooks/runs/{Server.Get<CallbackIds>().For(id, run!.MarkerId)}";
        (await Root.PostAsJsonAsync(hook, new { message = forged }, Cancel)).EnsureSuccessStatusCode().Dispose();
        (await Root.DeleteAsync($"/api/runs/{id}?force=true", Cancel)).EnsureSuccessStatusCode().Dispose();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{id}/events");
        request.Headers.Accept.ParseAdd("text/event-stream");

        using var stream = await Root.SendAsync(request, Cancel);

        var lines = (await stream.Content.ReadAsStringAsync(Cancel)).Split('\n', '\r');
        var data = lines.Where(l => l.StartsWith("data: ", StringComparison.Ordinal)).Select(l => JsonSerializer.Deserialize<JsonElement>(l[6..])).ToList();
        Assert.Single(data, e => e.GetProperty("reason").GetString() == forged);
        Assert.All(lines, l => Assert.True(
            l.Length == 0 || l[0] == ':' || l.StartsWith("id: ", StringComparison.Ordinal) || l.StartsWith("event: ", StringComparison.Ordinal) || l.StartsWith("data: {\"seq\"", StringComparison.Ordinal), l));
        Assert.Equal(data.Select(e => $"id: {e.GetProperty("seq").GetInt64()}"), lines.Where(l => l.StartsWith("id: ", StringComparison.Ordinal)));
    }
}
