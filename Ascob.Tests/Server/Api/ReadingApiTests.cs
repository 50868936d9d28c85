using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Ascob.Tests.Server.Api;

/// <summary>Lists, output and timelines over the wire.</summary>
public sealed class ReadingApiTests : RunApi
{
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

        var first = await Root.GetFromJsonAsync<JsonElement>("/api/runs?label=batch:17&limit=3", Cancel);
        var second = await Root.GetFromJsonAsync<JsonElement>($"/api/runs?label=batch:17&limit=3&cursor={first.GetProperty("nextCursor").GetString()}", Cancel);
        using var original = await Root.PostAsJsonAsync("/api/search/runs", new { submitterFilter = "ada", maxResults = 2 }, Cancel);

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
        var whole = await Root.GetStringAsync($"/api/runs/{id}/output.txt?follow=true", Cancel);
        Assert.StartsWith("0123456789", whole, StringComparison.Ordinal);

        using var all = await Root.GetAsync($"/api/runs/{id}/output.txt", Cancel);
        using var part = await RangeAsync(id, new RangeHeaderValue(2, 4));
        using var tail = await RangeAsync(id, new RangeHeaderValue(null, 3));
        using var beyond = await RangeAsync(id, new RangeHeaderValue(whole.Length, null));
        var rest = await Root.GetStringAsync($"/api/runs/{id}/output.txt?offset=7", Cancel);
        var nothing = await Root.GetStringAsync($"/api/runs/{id}/output.txt?offset=100000", Cancel);
        using var negative = await Root.GetAsync($"/api/runs/{id}/output.txt?offset=-1", Cancel);

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
        using var stream = await Root.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
        var streamed = await stream.Content.ReadAsStringAsync(Cancel);
        var listed = await Root.GetFromJsonAsync<JsonElement>($"/api/runs/{id}/events", Cancel);
        var seqs = listed.GetProperty("items").EnumerateArray().Select(e => e.GetProperty("seq").GetInt64()).ToList();

        Assert.Equal("text/event-stream", stream.Content.Headers.ContentType?.MediaType);
        Assert.Equal(seqs, Seqs(streamed));
        Assert.Equal("SUCCEEDED", listed.GetProperty("items")[seqs.Count - 1].GetProperty("to").GetString());

        var resumed = await ResumeAsync(id, seqs[0]);
        Assert.Equal(seqs.Skip(1), Seqs(await resumed.Content.ReadAsStringAsync(Cancel)));
        var done = await ResumeAsync(id, seqs[^1]);
        Assert.Equal(HttpStatusCode.NoContent, done.StatusCode);
    }

    private static IEnumerable<long> Seqs(string stream) => stream.Split('\n').Where(l => l.StartsWith("id: ", StringComparison.Ordinal))
        .Select(l => long.Parse(l[4..], System.Globalization.CultureInfo.InvariantCulture));

    private async Task<HttpResponseMessage> RangeAsync(long id, RangeHeaderValue range)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{id}/output.txt");
        request.Headers.Range = range;
        return await Root.SendAsync(request, Cancel);
    }

    private async Task<HttpResponseMessage> ResumeAsync(long id, long after)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{id}/events");
        request.Headers.Accept.ParseAdd("text/event-stream");
        request.Headers.Add("Last-Event-ID", after.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return await Root.SendAsync(request, Cancel);
    }
}
