using System.Net;
using System.Text;

namespace Ascob.Tests.Server.Api;

/// <summary>Names of definitions, tags and owners that people, addresses or logs would take for something else.</summary>
public sealed class DefinitionNameTests : DefinitionApi
{
    // As they stand between the quotes of a JSON text.
    public static TheoryData<string> Unseen => new(
        @"a\u202eb", @"a\u200bb", @"a\u200fb", @"\ufeffa", @"a\u2060", @"a\u00adb", @"a\u061cb", @"a\u3164b", @"\u115f", @"a\udb40\udc41b",
        @"a\ud800", @"\udc00a", @"a\u0000b", @"a\nb", @"a\u0085b", @"a\u001b[2Jb", @"a\u2028b", @"a\ufffdb",
        @" a", @"a ", @"a\u00a0", @"\u3000a", @"a\t");

    [Theory]
    [MemberData(nameof(Unseen))]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("%2e")]
    [InlineData("%2E%2e")]
    [InlineData(".%2E")]
    [InlineData("%252e%252E")]
    [InlineData("%25252e")]
    [InlineData(@"\uff0e")]
    [InlineData(@"\u2025")]
    [InlineData("12")]
    public async Task Name_ThatIsTakenForSomethingElse_IsRefusedByFieldWhenMadeAndWhenRenamed(string name)
    {
        await DefineAsync("here");

        using var made = await PostAsync("/api/definitions", $$$$"""{"name":"{{{{name}}}}","jobSpec":{"labels":{"_execution_backend_id":"dummyBackend"}}}""");
        using var renamed = await PostAsync("/api/definitions/here/rename", $$$$"""{"name":"{{{{name}}}}"}""");

        Assert.Contains("name", await ErrorsAsync(made, HttpStatusCode.BadRequest));
        Assert.Contains("name", await ErrorsAsync(renamed, HttpStatusCode.BadRequest));
        Assert.Equal("here", Assert.Single((await GetAsync("/api/definitions")).GetProperty("items").EnumerateArray()).GetProperty("name").GetString());
    }

    [Theory]
    [MemberData(nameof(Unseen))]
    public async Task TagAndOwner_ThatAreTakenForSomethingElse_AreRefusedByField(string text)
    {
        using var tagged = await PostAsync("/api/definitions", $$$$"""{"name":"x","tags":["fine","{{{{text}}}}"],"jobSpec":{}}""");
        using var owned = await PostAsync("/api/definitions", $$$$"""{"name":"x","owners":["{{{{text}}}}"],"jobSpec":{}}""");

        Assert.Contains("tags[1]", await ErrorsAsync(tagged, HttpStatusCode.BadRequest));
        Assert.Contains("owners[0]", await ErrorsAsync(owned, HttpStatusCode.BadRequest));
    }

    [Theory]
    [InlineData("a job/with a slash")]
    [InlineData("%2e/x")]
    [InlineData("100%")]
    [InlineData("...")]
    [InlineData(".hidden")]
    [InlineData("%2f")]
    [InlineData("naïve – 漢字 🎉")]
    [InlineData("Éé e\u0301")]
    [InlineData("夜間 バッチ")]
    [InlineData("1a")]
    public async Task Name_OfPlainText_IsMadeReadLaunchedAndDeleted(string name)
    {
        await DefineAsync(name, tags: [name]);
        var path = $"/api/definitions/{Uri.EscapeDataString(name)}";

        Assert.Equal(name, (await GetAsync(path)).GetProperty("name").GetString());
        var run = await EndOfAsync(await RunIdAsync(await LaunchAsync(name)));
        Assert.Equal(name, run.GetProperty("definitionName").GetString());
        Assert.Single((await GetAsync($"/api/definitions?tag={Uri.EscapeDataString(name)}")).GetProperty("items").EnumerateArray());
        using var deleted = await Root.DeleteAsync(path, Cancel);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
    }

    private async Task<HttpResponseMessage> PostAsync(string path, string json)
    {
        using var body = new StringContent(json, Encoding.UTF8, "application/json");
        return await Root.PostAsync(path, body, Cancel);
    }
}
