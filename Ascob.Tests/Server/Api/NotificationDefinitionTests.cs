using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Api;

/// <summary>Notifications of definitions.</summary>
public sealed class NotificationDefinitionTests : NotificationApi
{
    private readonly TestMailServer _mail = new();

    protected override IReadOnlyList<string> Settings =>
    [
        .. base.Settings,
        "--Ascob:Notifications:Mail:Host", "127.0.0.1",
        "--Ascob:Notifications:Mail:Port", _mail.Port.ToString(CultureInfo.InvariantCulture),
        "--Ascob:Notifications:Mail:Security", "None",
        "--Ascob:Notifications:Mail:From", "ascob@example.org",
    ];

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _mail.DisposeAsync();
    }

    [Fact]
    public async Task Subscription_OfADefinition_IsToldOfItsRunsOnly_AndOfItsRecovery()
    {
        var (first, second) = (await DefineAsync("report"), await DefineAsync("backup"));
        await SubscribeAsync(new { name = "by number", kind = "webhook", url = $"{Receiver.Url}/number", filter = new { definitions = new[] { first } }, events = new[] { "error", "recovered" } });
        await SubscribeAsync(new { name = "by name", kind = "webhook", url = $"{Receiver.Url}/name", filter = new { definitionNames = new[] { "backup" } }, events = new[] { "finished", "error" } });
        await SubscribeAsync(new { name = "alerts", kind = "pagerduty", url = $"{Receiver.Url}/alerts", secret = "0123456789abcdef0123456789abcdef", filter = new { definitions = new[] { first } } });

        var good = await LaunchAsync("report", "success");
        var bad = await LaunchAsync("report", "failure");
        var better = await LaunchAsync("report", "success");
        var other = await LaunchAsync("backup", "success");

        var told = await Receiver.UntilAsync(2, r => r.Path == "/number");
        Assert.Equal([(bad, "error"), (better, "recovered")], told.Select(r => r.Told));
        Assert.Equal((first, "report"), (told[0].Json.GetProperty("data").GetProperty("definitionId").GetInt64(), told[0].Json.GetProperty("data").GetProperty("definitionName").GetString()));
        Assert.Equal((other, "finished"), Assert.Single(await Receiver.UntilAsync(1, r => r.Path == "/name")).Told);
        Assert.NotEqual(first, second);
        Assert.True(good < bad);
        var alerts = await Receiver.UntilAsync(3, r => r.Path == "/alerts");
        Assert.Equal(["resolve", "trigger", "resolve"], alerts.Select(r => r.Json.GetProperty("event_action").GetString()));
        Assert.Equal([$"ascob/definition/{first}"], alerts.Select(r => r.Json.GetProperty("dedup_key").GetString()).Distinct());
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 1)]
    public async Task Kuroko2_34_PreventedLaunchOfADefinitionMailsAdminsOnlyWhenNotifyCancellationIsOn(bool notifyCancellation, int mails)
    {
        var definition = await DefineAsync("once", "not_while_working", milliseconds: 4000);
        await SubscribeAsync(new { name = "admins", kind = "mail", to = new[] { "admin@example.org" }, notifyCancellation, filter = new { definitions = new[] { definition } } });

        var first = await LaunchAsync("once", "failure", wait: false);
        var prevented = await LaunchAsync("once", "failure", wait: false);
        Assert.Equal("ABORTED", await EndAsync(prevented));
        Assert.Equal("FAILED", await EndAsync(first));

        var got = await _mail.UntilAsync(mails + 1);
        Assert.Equal(mails, got.Count(m => m.Subject == "[WARN] Skipped 'once'"));
        Assert.Equal(1, got.Count(m => m.Subject == "[CRITICAL] Failed to execute 'once'"));
    }

    [Fact]
    public async Task RunThatTakesLongerThanExpected_IsTold_AndItsTimelineHasIt()
    {
        await SubscribeAsync(new { name = "slow", kind = "webhook", url = Receiver.Url, events = new[] { "longer_than_expected" } });
        await DefineAsync("slow", milliseconds: 60_000, expectedSeconds: 1);

        var id = await LaunchAsync("slow", "success", wait: false);

        var told = (await Receiver.UntilAsync(1))[0];
        Assert.Equal((id, "longer_than_expected"), told.Told);
        Assert.Equal("1", told.Json.GetProperty("data").GetProperty("details").GetProperty("expectedSeconds").GetString());
        var events = await Root.GetFromJsonAsync<JsonElement>($"/api/runs/{id}/events", Cancel);
        Assert.Single(events.GetProperty("items").EnumerateArray(), e => e.GetProperty("type").GetString() == "longer");
        using var stop = await Root.DeleteAsync($"/api/runs/{id}?force=true", Cancel);
    }

    private async Task<long> DefineAsync(string name, string nextExecution = "always", int milliseconds = 10, int? expectedSeconds = null)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["_execution_backend_id"] = "dummyBackend",
            ["dummy_run_ms"] = milliseconds.ToString(CultureInfo.InvariantCulture),
            ["dummy_result"] = "{{ result }}",
        };
        using var response = await Root.PostAsJsonAsync(
            "/api/definitions",
            new { name, jobSpec = new { labels }, nextExecution, expectedSeconds, parameters = new { type = "object", properties = new { result = new { type = "string" } } } },
            Cancel);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Cancel));
        return (await response.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("id").GetInt64();
    }

    private async Task<long> LaunchAsync(string name, string result, bool wait = true)
    {
        using var response = await Root.PostAsJsonAsync($"/api/definitions/{name}/runs", new { parameters = new { result } }, Cancel);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancel));
        var id = (await response.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("runId").GetInt64();
        if (wait)
        {
            Assert.Equal(result == "success" ? "SUCCEEDED" : "FAILED", await EndAsync(id));
        }

        return id;
    }
}
