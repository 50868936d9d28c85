using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Core.Client;

namespace Ascob.Tests.Server.Api;

/// <summary>Pages of large definitions and versions end by size, and leave nothing out.</summary>
public sealed class DefinitionPageTests : DefinitionApi
{
    private const int Large = 200_000;
    private const int MostOfAPage = 5 * 1024 * 1024;

    [Fact]
    public async Task Versions_AreReadInPagesThatFit()
    {
        const int Count = 30;
        await DefineAsync("job");
        for (var i = 2; i <= Count; i++)
        {
            using var saved = await Root.PutAsJsonAsync("/api/definitions/job", Content($"v{i}"), Cancel);
            Assert.True(saved.IsSuccessStatusCode, await saved.Content.ReadAsStringAsync(Cancel));
        }

        var seen = new List<int>();
        int? below = null;
        do
        {
            var text = await Root.GetStringAsync($"/api/definitions/job/versions?limit=500{(below is { } b ? $"&below={b}" : string.Empty)}", Cancel);
            Assert.InRange(text.Length, 1, MostOfAPage);
            var page = JsonDocument.Parse(text).RootElement;
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(v => v.GetProperty("version").GetInt32()));
            below = page.GetProperty("nextBelow") is { ValueKind: JsonValueKind.Number } next ? next.GetInt32() : null;
            Assert.True(seen.Count <= Count, $"More than all were read: {string.Join(' ', seen)}");
        }
        while (below is not null);

        Assert.Equal(Enumerable.Range(1, Count).Reverse(), seen);
        Assert.Equal(JsonValueKind.Null, (await GetAsync("/api/definitions/job/versions?below=3&limit=2")).GetProperty("nextBelow").ValueKind);
        Assert.Equal(9, (await GetAsync("/api/definitions/job/versions?below=11&limit=2")).GetProperty("nextBelow").GetInt32());
    }

    [Fact]
    public async Task Definitions_AreReadInPagesThatFit()
    {
        const int Count = 30;
        for (var i = 0; i < Count; i++)
        {
            using var made = await Root.PostAsJsonAsync("/api/definitions", Content($"job-{i:00}"), Cancel);
            Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        }

        Assert.InRange((await Root.GetStringAsync("/api/definitions?limit=500", Cancel)).Length, 1, MostOfAPage);
        using var client = new AscobClient(Root.BaseAddress!, ApiServer.RootToken);
        var names = await client.DefinitionsAsync(new DefinitionQuery { Limit = 500 }, Cancel).Select(d => d.Name).ToListAsync(Cancel);
        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"job-{i:00}"), names);
    }

    private static object Content(string name) => new
    {
        name = name.StartsWith('v') ? null : name,
        description = name,
        jobSpec = new { labels = Dummy() },
        annotations = Enumerable.Range(0, 4).ToDictionary(i => $"k{i}", _ => new string('x', Large / 4)),
    };
}
