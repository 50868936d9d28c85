using System.Net;
using System.Net.Http.Json;
using System.Text;

namespace Ascob.Tests.Server.Api;

/// <summary>What a definition may not say, and how it is told: a refusal that names the field, and nothing is stored.</summary>
public sealed class DefinitionFaultTests : DefinitionApi
{
    [Theory]
    [InlineData("""{"name":"x","jobSpec":{"labels":{"a":null}}}""", "jobSpec.labels.a")]
    [InlineData("""{"name":"x","jobSpec":{"labels":{"_execution_backend_id":null}},"parameters":{"properties":{"a":{"type":"string"}}}}""", "jobSpec.labels._execution_backend_id")]
    [InlineData("""{"name":"x","jobSpec":{"parameters":{"a":null}}}""", "jobSpec.parameters.a")]
    [InlineData("""{"name":"x","jobSpec":{"secretParameters":{"a":null}}}""", "jobSpec.secretParameters.a")]
    [InlineData("""{"name":"x","annotations":{"a":null},"jobSpec":{}}""", "annotations.a")]
    [InlineData("""{"name":"x","jobSpec":{},"parameters":{"properties":{"a":{"default":"\ud800"}}}}""", "parameters.properties.a.default")]
    [InlineData("""{"name":"x","jobSpec":{},"parameters":{"properties":{"a":{"enum":["fine \ud83d\ude00","\uDFFF"]}}}}""", "parameters.properties.a.enum[1]")]
    [InlineData("""{"name":"x","jobSpec":{"runtimeVariables":true,"description":"%%NOPE%%"}}""", "jobSpec.description")]
    [InlineData("""{"name":"x","jobSpec":{"runtimeVariables":true,"labels":{"shell_command":"echo %%SUBMITTER%%"}}}""", "jobSpec.labels.shell_command")]
    [InlineData("""{"name":"x","jobSpec":{},"annotations":{"kuroko2.script":"hotdogs"}}""", "annotations['kuroko2.script']")]
    [InlineData("""{"name":"x","jobSpec":{},"annotations":{"kuroko2.slack_channel":"nobody"}}""", "annotations['kuroko2.slack_channel']")]
    public async Task Create_AndSave_OfWhatCannotBe_NameTheField(string body, string field)
    {
        using var made = await Root.PostAsync("/api/definitions", Json(body), Cancel);
        Assert.Contains(field, await ErrorsAsync(made, HttpStatusCode.BadRequest));
        using var nothing = await Root.GetAsync("/api/definitions/x", Cancel);
        Assert.Equal(HttpStatusCode.NotFound, nothing.StatusCode);

        await DefineAsync("x");
        using var saved = await Root.PutAsync("/api/definitions/x", Json(body), Cancel);
        Assert.Contains(field, await ErrorsAsync(saved, HttpStatusCode.BadRequest));
        Assert.Equal(1, (await GetAsync("/api/definitions/x")).GetProperty("version").GetInt32());
    }

    [Theory]
    [InlineData("""{"parameters":{"a":"\ud800"}}""", "parameters.a")]
    [InlineData("""{"parameters":{"l":["x",{"y":"\udc00 "}]}}""", "parameters.l[1].y")]
    public async Task Launch_WithHalfASurrogatePair_NamesTheParameter_AlsoInALongBody(string body, string field)
    {
        await DefineAsync("x", new { properties = new { a = new { type = "string" }, l = new { type = "array" } } });
        foreach (var text in new[] { body, new string(' ', 40_000) + body })
        {
            using var launched = await Root.PostAsync("/api/definitions/x/runs", Json(text), Cancel);

            Assert.Contains(field, await ErrorsAsync(launched, HttpStatusCode.BadRequest));
        }
    }

    [Theory]
    [InlineData("/api/definitions/x/runs", """{"parametres":{"a":"1"}}""", "parametres")]
    [InlineData("/api/runs/1/resubmit", """{"secretParameters":{"a":"1"}}""", "secretParameters")]
    [InlineData("/api/repository/refresh", """{"comit":"07c"}""", "comit")]
    [InlineData("/api/notifications/subscriptions", """{"name":"w","kind":"webhook","url":"https://example.org/","filter":{"definition":[1]}}""", "filter.definition")]
    public async Task OrdersWithAMemberThatIsNone_AreRefused_AndDoNothingElseInstead(string path, string body, string field)
    {
        await DefineAsync("x", new { properties = new { a = new { type = "string" } } });

        using var refused = await Root.PostAsync(path, Json(body), Cancel);

        Assert.StartsWith("There is no member of this name.", (await ErrorsAsync(refused, HttpStatusCode.BadRequest))[field], StringComparison.Ordinal);
    }

    [Fact]
    public async Task AVersionThatIsTooLargeAsAWhole_IsRefused_AndItsLargestPartNamed()
    {
        var annotations = Enumerable.Range(0, 5).ToDictionary(i => $"k{i}", _ => new string('x', 60_000));
        foreach (var (content, field) in new (object, string)[]
        {
            (new { name = "x", jobSpec = new { labels = Dummy() }, annotations }, "annotations"),
            (new { name = "x", description = new string('ü', 60_000), jobSpec = new { labels = Dummy() }, annotations = annotations.Skip(2).ToDictionary() }, "annotations"),
            (new { name = "x", description = new string('\u20ac', 64_000), jobSpec = new { labels = Dummy(), parameters = annotations.Take(2).ToDictionary() } }, "description"),
        })
        {
            using var made = await Root.PostAsJsonAsync("/api/definitions", content, Cancel);
            var message = (await ErrorsAsync(made, HttpStatusCode.BadRequest))[field];
            Assert.Contains("262144", message, StringComparison.Ordinal);
        }

        using var fits = await Root.PostAsJsonAsync("/api/definitions", new { name = "x", jobSpec = new { labels = Dummy() }, annotations = annotations.Skip(1).ToDictionary() }, Cancel);
        Assert.Equal(HttpStatusCode.Created, fits.StatusCode);
    }

    [Fact]
    public async Task Save_ThatWouldSuspend_SaysHowThatIsDone_AndOneThatLeavesItSuspendedIsFine()
    {
        await DefineAsync("x");
        const string body = """{"description":"new","suspended":true,"jobSpec":{"labels":{"_execution_backend_id":"dummyBackend"}}}""";
        using var refused = await Root.PutAsync("/api/definitions/x", Json(body), Cancel);
        Assert.Contains("suspend", (await ErrorsAsync(refused, HttpStatusCode.BadRequest))["suspended"], StringComparison.Ordinal);

        using var suspend = await Root.PostAsync("/api/definitions/x/suspend", null, Cancel);
        using var saved = await Root.PutAsync("/api/definitions/x", Json(body), Cancel);

        Assert.Equal(HttpStatusCode.OK, saved.StatusCode);
        Assert.True((await GetAsync("/api/definitions/x")).GetProperty("suspended").GetBoolean());
    }

    [Fact]
    public async Task AScheduleOfAManualStart_IsRefused_SinceNobodyWouldStartItsRuns()
    {
        await DefineAsync("x", jobSpec: new { manualStart = true, labels = Dummy() });

        using var added = await Root.PostAsJsonAsync("/api/definitions/x/schedules", new { schedule = new { cron = "0 3 * * *" } }, Cancel);

        var body = await added.Content.ReadAsStringAsync(Cancel);
        Assert.True(added.StatusCode == HttpStatusCode.Conflict, $"{added.StatusCode}: {body}");
        Assert.Contains("schedule.manual_start", body, StringComparison.Ordinal);
        Assert.Empty((await GetAsync("/api/definitions/x/schedules")).GetProperty("items").EnumerateArray());
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}
