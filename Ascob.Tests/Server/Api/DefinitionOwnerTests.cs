using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Core.Access;

namespace Ascob.Tests.Server.Api;

/// <summary>What a token that is limited to submitters may do with definitions that are nobody's: launch them for its own, and nothing else.</summary>
public sealed class DefinitionOwnerTests : DefinitionApi
{
    private readonly string _canary = $"canary-{Guid.NewGuid():N}";

    [Fact]
    public async Task LimitedToken_ChangesNothingOfADefinitionThatIsNobodys()
    {
        await DefineAsync("common", jobSpec: new { labels = Dummy(), secretParameters = new { password = _canary } });
        using var scheduled = await Root.PostAsJsonAsync("/api/definitions/common/schedules", new { schedule = new { cron = "0 0 1 1 *" } }, Cancel);
        var schedule = (await JsonAsync(scheduled)).GetProperty("id").GetInt64();
        using var bob = await BobAsync();
        var before = await ShownAsync();

        foreach (var change in new Func<Task<HttpResponseMessage>>[]
        {
            () => bob.PutAsJsonAsync("/api/definitions/common", new { description = "mine", jobSpec = new { labels = Dummy(), secretParameters = new { password = "***" } } }, Cancel),
            () => bob.PutAsJsonAsync("/api/definitions/common", new { jobSpec = new { submitter = "bob", labels = Dummy(), secretParameters = new { password = "***" } } }, Cancel),
            () => bob.PostAsJsonAsync("/api/definitions/common/rename", new { name = "mine" }, Cancel),
            () => bob.PostAsync("/api/definitions/common/suspend", null, Cancel),
            () => bob.PostAsync("/api/definitions/common/resume", null, Cancel),
            () => bob.DeleteAsync("/api/definitions/common", Cancel),
            () => bob.PostAsJsonAsync("/api/definitions/common/schedules", new { schedule = new { cron = "* * * * *" } }, Cancel),
            () => bob.PutAsJsonAsync($"/api/definitions/common/schedules/{schedule}", new { schedule = new { cron = "* * * * *" } }, Cancel),
            () => bob.DeleteAsync($"/api/definitions/common/schedules/{schedule}", Cancel),
            () => bob.PostAsJsonAsync("/api/definitions/common/suspensions", new { suspension = new { from = "2090-01-01T00:00:00Z", to = "2091-01-01T00:00:00Z" } }, Cancel),
            () => bob.DeleteAsync("/api/definitions/common/suspensions/1", Cancel),
            () => bob.PostAsJsonAsync("/api/definitions", new { name = "of-nobody", jobSpec = new { labels = Dummy() } }, Cancel),
            () => bob.PostAsJsonAsync("/api/definitions", new { name = "of-whoever", jobSpec = new { submitter = "{{ who }}", labels = Dummy() }, parameters = new { properties = new { who = new { type = "string" } } } }, Cancel),
        })
        {
            using var response = await change();
            Assert.True(response.StatusCode == HttpStatusCode.Forbidden, $"{response.RequestMessage?.Method} {response.RequestMessage?.RequestUri}: {await response.Content.ReadAsStringAsync(Cancel)}");
        }

        Assert.Equal(before, await ShownAsync());
    }

    [Fact]
    public async Task LimitedToken_GetsNoSecretOfADefinitionThatIsNobodys()
    {
        await DefineAsync("common", jobSpec: new { labels = Dummy(), secretParameters = new { password = _canary } });
        using var bob = await BobAsync();

        using var edited = await bob.PostAsJsonAsync(
            "/api/definitions/common/runs", new { jobSpec = new { labels = Dummy(), parameters = new { shown = "{{ password }}" }, secretParameters = new { password = "***" } } }, Cancel);
        var run = await EndOfAsync(await RunIdAsync(await LaunchAsync("common", client: bob)));

        Assert.Contains("jobSpec.secretParameters.password", await ErrorsAsync(edited, HttpStatusCode.BadRequest));
        Assert.Equal("bob", run.GetProperty("submitter").GetString());
        foreach (var path in new[] { "/api/definitions", "/api/definitions/common", "/api/definitions/common/versions", "/api/definitions/common/versions/1", $"/api/runs/{run.GetProperty("id").GetInt64()}", "/swagger/definitions/swagger.json" })
        {
            Assert.DoesNotContain(_canary, await bob.GetStringAsync(path, Cancel), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task LimitedToken_ChangesItsOwnDefinitions_ButGivesThemToNobodyElse()
    {
        using var bob = await BobAsync();
        using var made = await bob.PostAsJsonAsync("/api/definitions", new { name = "mine", jobSpec = new { submitter = "bob", labels = Dummy() } }, Cancel);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);

        using var saved = await bob.PutAsJsonAsync("/api/definitions/mine", new { description = "better", jobSpec = new { submitter = "bob", labels = Dummy() } }, Cancel);
        using var given = await bob.PutAsJsonAsync("/api/definitions/mine", new { jobSpec = new { labels = Dummy() } }, Cancel);
        using var suspended = await bob.PostAsync("/api/definitions/mine/suspend", null, Cancel);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Forbidden, HttpStatusCode.OK), (saved.StatusCode, given.StatusCode, suspended.StatusCode));
        Assert.Equal(2, (await GetAsync("/api/definitions/mine")).GetProperty("version").GetInt32());
    }

    private Task<HttpClient> BobAsync() => Server.ClientAsync([.. Permissions.All], ["bob"]);

    private async Task<string> ShownAsync() => JsonSerializer.Serialize(new[] { await GetAsync("/api/definitions"), await GetAsync("/api/schedules") });
}
