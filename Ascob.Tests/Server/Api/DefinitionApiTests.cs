using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Core.Access;

namespace Ascob.Tests.Server.Api;

/// <summary>What the routes of definitions answer, and what they leave behind.</summary>
public sealed class DefinitionApiTests : DefinitionApi
{
    private static readonly object Schema = new
    {
        type = "object",
        properties = new
        {
            host = new { type = "string", minLength = 1, pattern = "^[a-z]+$" },
            mode = new { type = "string", @enum = new[] { "fast", "slow" }, @default = "slow" },
            count = new { type = "integer", minimum = 1, maximum = 5 },
            password = new { type = "string", writeOnly = true },
        },
        required = new[] { "host" },
    };

    [Fact]
    public async Task Definition_IsMadeReadSavedRenamedFoundAndDeleted()
    {
        var made = await DefineAsync("a job/with a slash", Schema, description: "# What\nit does", tags: ["blue"]);
        Assert.Equal(1, made.GetProperty("version").GetInt32());
        Assert.Equal("token:root", made.GetProperty("savedBy").GetString());

        var read = await GetAsync("/api/definitions/a%20job%2Fwith%20a%20slash");
        Assert.Equal(JsonSerializer.Serialize(made.GetProperty("parameters")), JsonSerializer.Serialize(read.GetProperty("parameters")));
        Assert.Equal(("# What\nit does", made.GetProperty("id").GetInt64()), (read.GetProperty("description").GetString(), read.GetProperty("id").GetInt64()));

        using var saved = await Root.PutAsJsonAsync("/api/definitions/a%20job%2Fwith%20a%20slash", new { description = "other", jobSpec = new { labels = Dummy() }, version = 1 }, Cancel);
        Assert.Equal(2, (await JsonAsync(saved)).GetProperty("version").GetInt32());
        using var stale = await Root.PutAsJsonAsync("/api/definitions/a%20job%2Fwith%20a%20slash", new { description = "late", jobSpec = new { labels = Dummy() }, version = 1 }, Cancel);
        Assert.Equal(HttpStatusCode.Conflict, stale.StatusCode);
        using var same = await Root.PutAsJsonAsync("/api/definitions/a%20job%2Fwith%20a%20slash", new { description = "other", jobSpec = new { labels = Dummy() } }, Cancel);
        Assert.Equal(2, (await JsonAsync(same)).GetProperty("version").GetInt32());

        using var renamed = await Root.PostAsJsonAsync("/api/definitions/a%20job%2Fwith%20a%20slash/rename", new { name = "plain" }, Cancel);
        Assert.Equal("plain", (await JsonAsync(renamed)).GetProperty("name").GetString());
        Assert.Equal("plain", (await GetAsync($"/api/definitions/{made.GetProperty("id").GetInt64()}")).GetProperty("name").GetString());
        Assert.Equal(1, (await GetAsync("/api/definitions?text=PLA")).GetProperty("items").GetArrayLength());

        using var deleted = await Root.DeleteAsync("/api/definitions/plain", Cancel);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        using var gone = await Root.GetAsync("/api/definitions/plain", Cancel);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Fact]
    public async Task Create_NamesEverythingThatIsWrongAtOnce_AndLeavesNothing()
    {
        using var response = await Root.PostAsJsonAsync(
            "/api/definitions",
            new
            {
                name = " 1",
                jobSpec = new { priority = 1000, labels = new Dictionary<string, string> { ["_x"] = "" } },
                parameters = new { type = "object", properties = new { a = new { type = "strin" }, b = new { @default = 7, type = "string" } } },
                tags = new[] { "" },
                expectedSeconds = 0,
            },
            Cancel);

        var errors = await ErrorsAsync(response, HttpStatusCode.BadRequest);

        Assert.Equivalent(
            new[] { "name", "jobSpec.priority", "jobSpec.labels._x", "parameters.properties.a.type", "parameters.properties.b.default", "tags[0]", "expectedSeconds" },
            errors.Keys);
        Assert.Equal(0, (await GetAsync("/api/definitions")).GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"http://127.0.0.1:1/x.json"}}}""", "parameters.properties.a['$ref']")]
    [InlineData("""{"properties":{"a":{"pattern":"(a+)+\\1$"}}}""", "parameters.properties.a.pattern")]
    [InlineData("""{"properties":{"a":{"patern":"x"}}}""", "parameters.properties.a.patern")]
    [InlineData("""{"properties":{"a":{"pattern":"("}}}""", "parameters.properties.a.pattern")]
    [InlineData("""{"type":"array"}""", "parameters.type")]
    [InlineData("""{"properties":{"a b":{}}}""", "parameters.properties['a b']")]
    [InlineData("""{"properties":{"a":{"writeOnly":true,"default":"x"}}}""", "parameters.properties.a.default")]
    [InlineData("""{"properties":{"a":{"writeOnly":true,"enum":["x"]},"b":{"writeOnly":true,"const":"y"}}}""", "parameters.properties.a.enum")]
    [InlineData("""[]""", "parameters")]
    [InlineData("""{"$schema":"http://json-schema.org/draft-04/schema#"}""", "parameters['$schema']")]
    public async Task Create_WithAHostileOrBrokenSchema_NamesThePlace(string schema, string field)
    {
        using var response = await Root.PostAsJsonAsync(
            "/api/definitions", new { name = "x", jobSpec = new { labels = Dummy() }, parameters = JsonDocument.Parse(schema).RootElement }, Cancel);

        Assert.Contains(field, await ErrorsAsync(response, HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task Create_WithADeepOrHugeSchema_IsRefused()
    {
        var deep = string.Concat(Enumerable.Repeat("{\"items\":", 20)) + "{}" + new string('}', 20);
        var wide = "{\"properties\":{" + string.Join(',', Enumerable.Range(0, 600).Select(i => $"\"p{i}\":{{\"type\":\"string\"}}")) + "}}";
        var long_ = "{\"description\":\"" + new string('x', 70_000) + "\"}";
        foreach (var schema in new[] { deep, wide, long_ })
        {
            using var response = await Root.PostAsJsonAsync("/api/definitions", new { name = "x", jobSpec = new { labels = Dummy() }, parameters = JsonDocument.Parse(schema).RootElement }, Cancel);
            Assert.NotEmpty(await ErrorsAsync(response, HttpStatusCode.BadRequest));
        }
    }

    [Fact]
    public async Task Launch_FillsInDefaults_KeepsSecrets_AndTheRunKeepsItsVersion()
    {
        await DefineAsync("deploy", Schema);
        var canary = $"canary-{Guid.NewGuid():N}";

        using var response = await LaunchAsync("deploy", new { host = "web", count = 3, password = canary });

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var id = await RunIdAsync(response);
        Assert.Equal($"/api/runs/{id}", response.Headers.Location?.ToString());
        using var saved = await Root.PutAsJsonAsync("/api/definitions/deploy", new { description = "changed", jobSpec = new { labels = Dummy() } }, Cancel);
        Assert.Equal(HttpStatusCode.OK, saved.StatusCode);
        var run = await EndOfAsync(id);
        Assert.Equal("SUCCEEDED", run.GetProperty("status").GetString());
        Assert.Equal(("deploy", 1, "api"), (run.GetProperty("definitionName").GetString(), run.GetProperty("definitionVersion").GetInt32(), run.GetProperty("cause").GetProperty("kind").GetString()));
        var parameters = run.GetProperty("parameters");
        Assert.Equal(("web", "slow", "3", "***"), (Text("host"), Text("mode"), Text("count"), Text("password")));
        foreach (var path in new[] { $"/api/runs/{id}", $"/api/runs/{id}/events", "/api/runs?definition=deploy", "/api/definitions/deploy" })
        {
            Assert.DoesNotContain(canary, await Root.GetStringAsync(path, Cancel), StringComparison.Ordinal);
        }

        Assert.Equal([id], Ids(await GetAsync("/api/runs?definition=deploy")));
        Assert.Empty(Ids(await GetAsync("/api/runs?definition=other")));

        string? Text(string name) => parameters.GetProperty(name).GetString();
    }

    [Fact]
    public async Task Launch_WithWrongParameters_NamesAllOfThemAtOnce_AndLeavesNoRun()
    {
        await DefineAsync("deploy", Schema);
        var before = await CountAsync();

        using var response = await LaunchAsync("deploy", new { mode = "warp", count = 7.5, password = 5, stranger = true });

        var errors = await ErrorsAsync(response, HttpStatusCode.UnprocessableEntity);
        Assert.Equivalent(new[] { "parameters.host", "parameters.mode", "parameters.count", "parameters.password", "parameters.stranger" }, errors.Keys);
        Assert.Equal("is required.", errors["parameters.host"]);
        Assert.Equal("must be one of \"fast\", \"slow\".", errors["parameters.mode"]);
        Assert.Equal(before, await CountAsync());
        using var list = await LaunchAsync("deploy", new[] { 1 });
        Assert.Contains("parameters", await ErrorsAsync(list, HttpStatusCode.UnprocessableEntity));
    }

    [Fact]
    public async Task Launch_WithAnIdempotencyKey_AnswersTheSameRun_AndRefusesOtherParameters()
    {
        await DefineAsync("deploy", Schema);
        var key = Guid.NewGuid().ToString();

        using var first = await LaunchAsync("deploy", new { host = "web", count = 1 }, key);
        using var again = await LaunchAsync("deploy", new { count = 1, host = "web" }, key);
        using var other = await LaunchAsync("deploy", new { host = "db" }, key);

        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal("true", again.Headers.GetValues("Idempotent-Replayed").Single());
        Assert.Equal(await RunIdAsync(first), await RunIdAsync(again));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode);
    }

    [Fact]
    public async Task Kuroko2_40_SuspendedDefinition_CanBeLaunchedOverTheApi()
    {
        await DefineAsync("sleepy");
        using var suspended = await Root.PostAsync("/api/definitions/sleepy/suspend", null, Cancel);
        Assert.True((await JsonAsync(suspended)).GetProperty("suspended").GetBoolean());

        using var launched = await LaunchAsync("sleepy");

        Assert.Equal(HttpStatusCode.Created, launched.StatusCode);
        using var resumed = await Root.PostAsync("/api/definitions/sleepy/resume", null, Cancel);
        Assert.False((await JsonAsync(resumed)).GetProperty("suspended").GetBoolean());
    }

    [Fact]
    public async Task Kuroko2_43_DefinitionThatClientsMayNotLaunch_Answers403AndLeavesNoRun()
    {
        using var made = await Root.PostAsJsonAsync("/api/definitions", new { name = "internal", jobSpec = new { labels = Dummy() }, apiAllowed = false }, Cancel);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);

        using var launched = await LaunchAsync("internal");

        Assert.Equal(HttpStatusCode.Forbidden, launched.StatusCode);
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task Kuroko2_52_DefinitionWithARunUnderWay_CannotBeDeleted()
    {
        await DefineAsync("slow", jobSpec: new { labels = new Dictionary<string, string> { ["_execution_backend_id"] = "dummyBackend", ["dummy_run_ms"] = "60000" } });
        var id = await RunIdAsync(await LaunchAsync("slow"));

        using var refused = await Root.DeleteAsync("/api/definitions/slow", Cancel);

        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Contains($"{id}", (await JsonAsync(refused)).GetProperty("detail").GetString()!, StringComparison.Ordinal);
        using var stop = await Root.DeleteAsync($"/api/runs/{id}?force=true", Cancel);
        await EndOfAsync(id);
        using var deleted = await Root.DeleteAsync("/api/definitions/slow", Cancel);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal("slow", (await GetAsync($"/api/runs/{id}")).GetProperty("definitionName").GetString());
    }

    [Fact]
    public async Task TokenOfOtherSubmitters_DoesNotSeeTheDefinition()
    {
        await DefineAsync("of-alice", jobSpec: new { submitter = "alice", labels = Dummy() });
        await DefineAsync("of-nobody");
        using var bob = await Server.ClientAsync([Permissions.DefinitionRead, Permissions.DefinitionLaunch, Permissions.DefinitionWrite], ["bob"]);

        var names = (await bob.GetFromJsonAsync<JsonElement>("/api/definitions", Cancel)).GetProperty("items").EnumerateArray().Select(d => d.GetProperty("name").GetString());
        using var launched = await LaunchAsync("of-alice", client: bob);
        using var made = await bob.PostAsJsonAsync("/api/definitions", new { name = "x", jobSpec = new { submitter = "alice", labels = Dummy() } }, Cancel);

        Assert.Equal(["of-nobody"], names);
        Assert.Equal(HttpStatusCode.NotFound, launched.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, made.StatusCode);
        var run = await EndOfAsync(await RunIdAsync(await LaunchAsync("of-nobody", client: bob)));
        Assert.Equal("bob", run.GetProperty("submitter").GetString());
    }

    [Fact]
    public async Task SecretsOfTheTemplate_AreMasked_AndKeptWhenTheMaskIsSavedAgain()
    {
        var canary = $"canary-{Guid.NewGuid():N}";
        var made = await DefineAsync("with-secret", jobSpec: new { labels = Dummy(), secretParameters = new { token = canary } });
        Assert.Equal("***", made.GetProperty("jobSpec").GetProperty("secretParameters").GetProperty("token").GetString());

        using var same = await Root.PutAsJsonAsync("/api/definitions/with-secret", new { jobSpec = new { labels = Dummy(), secretParameters = new { token = "***" } } }, Cancel);
        Assert.Equal(1, (await JsonAsync(same)).GetProperty("version").GetInt32());
        using var other = await Root.PutAsJsonAsync("/api/definitions/with-secret", new { jobSpec = new { labels = Dummy(), secretParameters = new { stranger = "***" } } }, Cancel);
        Assert.Contains("jobSpec.secretParameters.stranger", await ErrorsAsync(other, HttpStatusCode.BadRequest));
        using var changed = await Root.PutAsJsonAsync("/api/definitions/with-secret", new { jobSpec = new { labels = Dummy(), secretParameters = new { token = "another" } } }, Cancel);
        Assert.Equal(2, (await JsonAsync(changed)).GetProperty("version").GetInt32());
    }
}
