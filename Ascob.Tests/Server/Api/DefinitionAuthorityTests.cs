using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Core.Access;

namespace Ascob.Tests.Server.Api;

/// <summary>What a token that is limited to submitters may change of a definition that is not theirs alone.</summary>
public sealed class DefinitionAuthorityTests : DefinitionApi
{
    private static readonly string[] Writer = [Permissions.DefinitionRead, Permissions.DefinitionWrite, Permissions.DefinitionLaunch];

    public static TheoryData<string, string, string?> Orders => new()
    {
        { "POST", "suspend", null },
        { "POST", "resume", null },
        { "POST", "schedules", """{"schedule":{"everySeconds":3600,"parameters":{"who":"root-owner"}}}""" },
        { "POST", "schedules", """{"schedule":{"everySeconds":3600,"parameters":{"who":"ann"}}}""" },
        { "PUT", "schedules/{schedule}", """{"schedule":{"everySeconds":7200}}""" },
        { "DELETE", "schedules/{schedule}", null },
        { "POST", "suspensions", """{"suspension":{"cron":"30-40 * * * *"}}""" },
        { "DELETE", "suspensions/{suspension}", null },
    };

    [Theory]
    [MemberData(nameof(Orders))]
    public async Task ALimitedToken_MayNotOrderAnything_OfADefinitionThatIsEverybodys(string method, string order, string? body)
    {
        await DefineAsync("templ", new { properties = new { who = new { type = "string" } } }, jobSpec: new { submitter = "{{ who }}", labels = Dummy() });
        var schedule = await AddedAsync("schedules", new { schedule = new { cron = "0 3 * * *", parameters = new { who = "root-owner" } } });
        var suspension = await AddedAsync("suspensions", new { suspension = new { cron = "0-10 3 * * 1" } });
        using var suspend = await Root.PostAsync($"/api/definitions/templ/{(order == "resume" ? "suspend" : "resume")}", null, Cancel);
        var before = await StateAsync();
        using var ann = await Server.ClientAsync(Writer, ["ann"]);
        var path = $"/api/definitions/templ/{order}".Replace("{schedule}", $"{schedule}", StringComparison.Ordinal).Replace("{suspension}", $"{suspension}", StringComparison.Ordinal);

        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : new StringContent(body, null, "application/json") };
        using var response = await ann.SendAsync(request, Cancel);

        var answer = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(response.StatusCode == HttpStatusCode.Forbidden, $"{response.StatusCode}: {answer}");
        Assert.Equal("submitter.forbidden", JsonDocument.Parse(answer).RootElement.GetProperty("code").GetString());
        Assert.Equal(before, await StateAsync());
    }

    [Fact]
    public async Task ALimitedToken_OrdersWhatIsItsOwn()
    {
        await DefineAsync("templ", jobSpec: new { submitter = "ann", labels = Dummy() });
        using var ann = await Server.ClientAsync(Writer, ["ann"]);
        using var bob = await Server.ClientAsync(Writer, ["bob"]);

        foreach (var (client, status) in new[] { (bob, HttpStatusCode.NotFound), (ann, HttpStatusCode.OK) })
        {
            using var suspended = await client.PostAsync("/api/definitions/templ/suspend", null, Cancel);
            using var added = await client.PostAsJsonAsync("/api/definitions/templ/schedules", new { schedule = new { cron = "0 3 * * *" } }, Cancel);
            Assert.Equal((status, status == HttpStatusCode.OK ? HttpStatusCode.Created : status), (suspended.StatusCode, added.StatusCode));
        }
    }

    [Fact]
    public async Task ALimitedToken_AcknowledgesNoFailureOfAnothersRun()
    {
        var labels = Dummy();
        labels["dummy_run_ms"] = "10";
        labels["dummy_result"] = "failure";
        await DefineAsync("common", nextExecution: "not_while_error", jobSpec: new { labels });
        using var launched = await Root.PostAsJsonAsync("/api/definitions/common/runs", new { submitter = "bob" }, Cancel);
        var failed = await RunIdAsync(launched);
        await EndOfAsync(failed);
        using var ann = await Server.ClientAsync(Writer, ["ann"]);
        using var bob = await Server.ClientAsync(Writer, ["bob"]);

        using var refused = await ann.PostAsync("/api/definitions/common/acknowledge", null, Cancel);

        var body = await refused.Content.ReadAsStringAsync(Cancel);
        Assert.True(refused.StatusCode == HttpStatusCode.Conflict, $"{refused.StatusCode}: {body}");
        Assert.Contains("definition.no_failure", body, StringComparison.Ordinal);
        Assert.Equal(failed, (await GetAsync("/api/definitions/common")).GetProperty("failedRun").GetInt64());
        using var taken = await bob.PostAsync("/api/definitions/common/acknowledge", null, Cancel);
        Assert.Equal(HttpStatusCode.OK, taken.StatusCode);
    }

    private async Task<long> AddedAsync(string what, object body)
    {
        using var response = await Root.PostAsJsonAsync($"/api/definitions/templ/{what}", body, Cancel);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Cancel));
        return (await JsonAsync(response)).GetProperty("id").GetInt64();
    }

    private async Task<string> StateAsync() => string.Join(
        '\n',
        (await GetAsync("/api/definitions/templ")).GetProperty("suspended").GetRawText(),
        (await GetAsync("/api/definitions/templ/schedules")).GetRawText(),
        (await GetAsync("/api/definitions/templ/suspensions")).GetRawText());
}
