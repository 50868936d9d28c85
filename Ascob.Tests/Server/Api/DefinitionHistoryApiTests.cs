using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Core.Access;

namespace Ascob.Tests.Server.Api;

/// <summary>Versions, favourites, the catalogue and edited templates, over HTTP.</summary>
public sealed class DefinitionHistoryApiTests : DefinitionApi
{
    [Fact]
    public async Task Kuroko2_51_SaveThatChangesSomething_AddsAVersionWithAuthorAndDiff_AndOneThatDoesNotAddsNone()
    {
        await DefineAsync("job", description: "one");
        using var writer = await Server.ClientAsync([Permissions.DefinitionRead, Permissions.DefinitionWrite]);
        using var saved = await writer.PutAsJsonAsync("/api/definitions/job", new { description = "two", jobSpec = new { labels = Dummy() }, tags = new[] { "blue" } }, Cancel);
        using var same = await writer.PutAsJsonAsync("/api/definitions/job", new { description = "two", jobSpec = new { labels = Dummy() }, tags = new[] { "blue" } }, Cancel);
        Assert.Equal(2, (await JsonAsync(same)).GetProperty("version").GetInt32());

        var versions = (await GetAsync("/api/definitions/job/versions")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal([2, 1], versions.Select(v => v.GetProperty("version").GetInt32()));
        Assert.Equal("token:root", versions[1].GetProperty("savedBy").GetString());
        Assert.StartsWith("token:t-", versions[0].GetProperty("savedBy").GetString(), StringComparison.Ordinal);
        Assert.Equal("one", (await GetAsync("/api/definitions/job/versions/1")).GetProperty("description").GetString());

        var changes = (await GetAsync("/api/definitions/job/diff?from=1&to=2")).GetProperty("changes").EnumerateArray()
            .Select(c => (c.GetProperty("path").GetString(), c.GetProperty("before").GetString(), c.GetProperty("after").GetString()));
        Assert.Equal([("description", "one", "two"), ("tags[0]", null, "blue")], changes);
        using var missing = await Root.GetAsync("/api/definitions/job/versions/7", Cancel);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        using var vague = await Root.GetAsync("/api/definitions/job/diff", Cancel);
        Assert.Contains("from", await ErrorsAsync(vague, HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task Diff_SaysThatASecretIsAnother_WithoutShowingIt()
    {
        await SaveAsync(HttpMethod.Post, new { name = "job", jobSpec = new { labels = Dummy(), secretParameters = new { kept = "canary-k", changed = "canary-1", gone = "canary-g" } } });
        await SaveAsync(HttpMethod.Put, new { jobSpec = new { labels = Dummy(), secretParameters = new { kept = "***", changed = "canary-2", @new = "canary-n" } } });

        Assert.Equal(
            [("jobSpec.secretParameters.changed", "***", "***"), ("jobSpec.secretParameters.gone", "***", null), ("jobSpec.secretParameters.new", null, "***")],
            await ChangesAsync(1, 2));
        Assert.Empty(await ChangesAsync(2, 2));
        Assert.DoesNotContain("canary", await Root.GetStringAsync("/api/definitions/job/diff?from=1&to=2", Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Diff_OfLists_ShowsWhatCameAndWent()
    {
        await SaveAsync(HttpMethod.Post, new { name = "job", tags = new[] { "a", "b", "c", "d" }, jobSpec = new { labels = Dummy(), locks = new[] { new { key = "one", mode = "shared" }, new { key = "two", mode = "shared" } } } });
        await SaveAsync(HttpMethod.Put, new { tags = new[] { "new", "a", "B", "c" }, jobSpec = new { labels = Dummy(), locks = new[] { new { key = "zero", mode = "shared" }, new { key = "one", mode = "shared" }, new { key = "two", mode = "exclusive" } } } });

        Assert.Equal(
            [
                ("jobSpec.locks[0].key", null, "zero"), ("jobSpec.locks[0].mode", null, "shared"), ("jobSpec.locks[0].policy", null, "wait"), ("jobSpec.locks[2].mode", "shared", "exclusive"),
                ("tags[0]", null, "new"), ("tags[2]", "b", "B"), ("tags[3]", "d", null),
            ],
            await ChangesAsync(1, 2));
    }

    [Fact]
    public async Task Kuroko2_53_OwnersAreKept_AndFindTheirDefinitions()
    {
        using var made = await Root.PostAsJsonAsync("/api/definitions", new { name = "job", jobSpec = new { labels = Dummy() }, owners = new[] { "ann@example.com", "team-blue" } }, Cancel);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        await DefineAsync("other");

        Assert.Equal(["job"], await NamesAsync("owner=team-blue"));
        using var blank = await Root.PostAsJsonAsync("/api/definitions", new { name = "x", jobSpec = new { labels = Dummy() }, owners = new[] { " " } }, Cancel);
        Assert.Contains("owners[0]", await ErrorsAsync(blank, HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task Kuroko2_55_AdHocLaunch_RunsTheEditedTemplateWithoutChangingTheDefinition()
    {
        await DefineAsync("job", new { type = "object", properties = new { host = new { type = "string" } } });

        using var launched = await Root.PostAsJsonAsync("/api/definitions/job/runs", new { parameters = new { host = "web" }, jobSpec = new { description = "on {{ host }}", labels = Dummy() } }, Cancel);

        var run = await EndOfAsync(await RunIdAsync(launched));
        Assert.Equal(("on web", 1), (run.GetProperty("description").GetString(), run.GetProperty("definitionVersion").GetInt32()));
        Assert.Equal("edited template", run.GetProperty("cause").GetProperty("text").GetString());
        Assert.Equal(1, (await GetAsync("/api/definitions/job")).GetProperty("version").GetInt32());

        using var launcher = await Server.ClientAsync([Permissions.DefinitionLaunch]);
        using var refused = await launcher.PostAsJsonAsync("/api/definitions/job/runs", new { jobSpec = new { labels = Dummy() } }, Cancel);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        using var broken = await Root.PostAsJsonAsync("/api/definitions/job/runs", new { jobSpec = new { description = "{{ stranger }}", labels = Dummy() } }, Cancel);
        Assert.Contains("jobSpec.description", await ErrorsAsync(broken, HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task Kuroko2_59_CreatorGetsAStar_AndListsShowLatestStatusAndFindByTextAndTags()
    {
        await DefineAsync("mine", description: "Nightly CLEANUP", tags: ["blue", "red"]);
        await DefineAsync("other", tags: ["blue"]);
        using var unstarred = await Root.DeleteAsync("/api/definitions/other/star", Cancel);
        Assert.Equal(HttpStatusCode.NoContent, unstarred.StatusCode);
        var run = await RunIdAsync(await LaunchAsync("mine"));
        await EndOfAsync(run);

        Assert.Equal(["mine"], await NamesAsync("starred=true"));
        Assert.Equal(["mine"], await NamesAsync("text=cleanup"));
        Assert.Equal(["mine", "other"], await NamesAsync("tag=blue"));
        Assert.Equal(["mine"], await NamesAsync("tag=blue&tag=red"));
        var mine = await GetAsync("/api/definitions/mine");
        Assert.True(mine.GetProperty("starred").GetBoolean());
        Assert.Equal((run, "SUCCEEDED"), (mine.GetProperty("lastRun").GetProperty("id").GetInt64(), mine.GetProperty("lastRun").GetProperty("status").GetString()));
        Assert.Equal(JsonValueKind.Null, mine.GetProperty("nextRunTime").ValueKind);

        using var stranger = await Server.ClientAsync([Permissions.DefinitionRead]);
        Assert.Empty((await stranger.GetFromJsonAsync<JsonElement>("/api/definitions?starred=true", Cancel)).GetProperty("items").EnumerateArray());
        using var star = await Root.PutAsync("/api/definitions/other/star", null, Cancel);
        Assert.Equal(["mine", "other"], await NamesAsync("starred=true"));
    }

    [Fact]
    public async Task Catalogue_WithMoreThanFit_NamesTheNextDocument_UntilAllWereShown()
    {
        await using var server = await ApiServer.StartWithDummyAsync("--Ascob:Limits:MaxCatalogue", "2");
        using var root = server.Client();
        var names = new[] { "a", "b b", "c", "d", "ü" };
        foreach (var name in names)
        {
            using var made = await root.PostAsJsonAsync("/api/definitions", new { name, jobSpec = new { labels = Dummy() } }, Cancel);
            Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        }

        var (shown, documents) = (new List<string?>(), 0);
        for (string? cursor = string.Empty; cursor is not null; documents++)
        {
            Assert.True(documents < 10, "the documents have no end");
            var document = await root.GetFromJsonAsync<JsonElement>($"/swagger/definitions/swagger.json{(cursor.Length == 0 ? string.Empty : $"?cursor={cursor}")}", Cancel);
            shown.AddRange(document.GetProperty("paths").EnumerateObject().Select(p => p.Value.GetProperty("post").GetProperty("summary").GetString()));
            cursor = document.TryGetProperty("x-next-cursor", out var next) ? next.GetString() : null;
        }

        Assert.Equal(names, shown);
        Assert.Equal(3, documents);
        using var wrong = await root.GetAsync("/swagger/definitions/swagger.json?cursor=%21", Cancel);
        Assert.Contains("cursor", await ErrorsAsync(wrong, HttpStatusCode.BadRequest));
        using var broken = await root.GetAsync("/api/definitions?cursor=AA", Cancel);
        Assert.Contains("cursor", await ErrorsAsync(broken, HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task Catalogue_ShowsParametersAsATypedSchema_OfWhatTheCallerMaySee()
    {
        await DefineAsync("a/deploy", new { type = "object", properties = new { host = new { type = "string" } }, required = new[] { "host" } }, tags: ["blue"]);
        await DefineAsync("of-alice", jobSpec: new { submitter = "alice", labels = Dummy() });

        var document = await GetAsync("/swagger/definitions/swagger.json");

        Assert.StartsWith("3.1", document.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        var body = document.GetProperty("paths").GetProperty("/api/definitions/a%2Fdeploy/runs").GetProperty("post").GetProperty("requestBody")
            .GetProperty("content").GetProperty("application/json").GetProperty("schema");
        Assert.Equal("parameters", body.GetProperty("required")[0].GetString());
        Assert.Equal("string", body.GetProperty("properties").GetProperty("parameters").GetProperty("properties").GetProperty("host").GetProperty("type").GetString());
        Assert.Single((await GetAsync("/swagger/definitions/swagger.json?tag=blue")).GetProperty("paths").EnumerateObject());
        using var bob = await Server.ClientAsync([Permissions.DefinitionRead], ["bob"]);
        Assert.Single((await bob.GetFromJsonAsync<JsonElement>("/swagger/definitions/swagger.json", Cancel)).GetProperty("paths").EnumerateObject());
    }

    private async Task SaveAsync(HttpMethod method, object content)
    {
        using var request = new HttpRequestMessage(method, method == HttpMethod.Post ? "/api/definitions" : "/api/definitions/job") { Content = JsonContent.Create(content) };
        using var response = await Root.SendAsync(request, Cancel);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancel));
    }

    private async Task<List<(string?, string?, string?)>> ChangesAsync(int from, int to) =>
        [.. (await GetAsync($"/api/definitions/job/diff?from={from}&to={to}")).GetProperty("changes").EnumerateArray()
            .Select(c => (c.GetProperty("path").GetString(), c.GetProperty("before").GetString(), c.GetProperty("after").GetString()))];

    private async Task<IEnumerable<string?>> NamesAsync(string query) =>
        (await GetAsync($"/api/definitions?{query}")).GetProperty("items").EnumerateArray().Select(d => d.GetProperty("name").GetString());
}
