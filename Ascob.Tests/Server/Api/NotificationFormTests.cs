using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Api;

/// <summary>The forms of messages that others have set: kuroko2's, Overseer's, Slack's and PagerDuty's.</summary>
public sealed class NotificationFormTests : NotificationApi
{
    protected override IReadOnlyList<string> Settings => [.. base.Settings, "--Ascob:PublicUrl", "https://ascob.example.org"];

    [Fact]
    public async Task Kuroko2_48_WebhookCarriesIdSignatureUserAgentAndTheDocumentedKeys()
    {
        await SubscribeAsync(new { name = "k", kind = "kuroko2", url = $"{Receiver.Url}/k?keep=me", secret = "config secret token", notifyAll = true });

        var id = await RunAsync();

        var got = await Receiver.UntilAsync(2);
        Assert.Equal(["notify_launch", "notify_finished"], got.Select(r => r.Json.GetProperty("action").GetString()));
        Assert.Equal(["INFO", "SUCCESS"], got.Select(r => r.Json.GetProperty("level").GetString()));
        Assert.Equal(2, got.Select(r => r.Headers["X-Kuroko2-Id"]).Distinct().Count());
        foreach (var message in got)
        {
            Assert.Equal("/k?keep=me", message.Path);
            Assert.True(Guid.TryParse(message.Headers["X-Kuroko2-Id"], out _));
            Assert.Equal("Kuroko2-Webhook", message.Headers["User-Agent"]);
            Assert.Equal("application/json", message.Headers["Content-Type"]);
            Assert.Equal(
                $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes("config secret token"), message.Body))}", message.Headers["X-Kuroko2-Signature"]);
            Assert.Equal(["action", "level", "subject", "message", "job_instance", "job_definition"], message.Json.EnumerateObject().Select(p => p.Name));
            Assert.Equal(
                ["url", "id", "script", "finished_at", "canceled_at", "error_at", "created_at"], message.Json.GetProperty("job_instance").EnumerateObject().Select(p => p.Name));
            Assert.Equal(["url", "id", "name", "description"], message.Json.GetProperty("job_definition").EnumerateObject().Select(p => p.Name));
            Assert.Equal(id, message.Json.GetProperty("job_instance").GetProperty("id").GetInt64());
            Assert.Contains("nightly <report>", message.Json.GetProperty("subject").GetString(), StringComparison.Ordinal);
        }

        var finished = got[1].Json;
        Assert.Equal(JsonValueKind.Null, finished.GetProperty("message").ValueKind);
        Assert.NotEqual(JsonValueKind.Null, finished.GetProperty("job_instance").GetProperty("finished_at").ValueKind);
        Assert.Equal(JsonValueKind.Null, finished.GetProperty("job_instance").GetProperty("error_at").ValueKind);
        Assert.Equal($"https://ascob.example.org/api/runs/{id}", finished.GetProperty("job_instance").GetProperty("url").GetString());
    }

    [Fact]
    public async Task Kuroko2_48_WithoutASecretThereIsNoSignature()
    {
        await SubscribeAsync(new { name = "k", kind = "kuroko2", url = Receiver.Url });

        await RunAsync(fails: true);

        var message = (await Receiver.UntilAsync(1))[0];
        Assert.False(message.Headers.ContainsKey("X-Kuroko2-Signature"));
        Assert.Equal(("notify_failure", "FAILURE"), (message.Json.GetProperty("action").GetString(), message.Json.GetProperty("level").GetString()));
        Assert.NotEqual(JsonValueKind.Null, message.Json.GetProperty("message").ValueKind);
    }

    [Fact]
    public async Task Kuroko2_49_WithNotifyAllOffOnlyTroublesReachWebhookAndSlack()
    {
        await SubscribeAsync(new { name = "k", kind = "kuroko2", url = $"{Receiver.Url}/k", notifyAll = false });
        await SubscribeAsync(new { name = "s", kind = "slack", url = $"{Receiver.Url}/s", notifyAll = false });

        await RunAsync();
        await CancelledAsync();
        await RunAsync(fails: true);

        await Receiver.UntilAsync(1, r => r.Path == "/k");
        await Receiver.UntilAsync(1, r => r.Path == "/s");
        Assert.Equal(["notify_failure"], Receiver.All.Where(r => r.Path == "/k").Select(r => r.Json.GetProperty("action").GetString()));
        Assert.Equal(["danger"], Receiver.All.Where(r => r.Path == "/s").Select(Color));
    }

    [Fact]
    public async Task Kuroko2_49_WithNotifyAllOnEverythingReachesWebhookAndSlack()
    {
        await SubscribeAsync(new { name = "k", kind = "kuroko2", url = $"{Receiver.Url}/k", notifyAll = true });
        await SubscribeAsync(new { name = "s", kind = "slack", url = $"{Receiver.Url}/s", notifyAll = true });

        await RunAsync();
        await Receiver.UntilAsync(2, r => r.Path == "/k");
        await CancelledAsync();
        await Receiver.UntilAsync(4, r => r.Path == "/k");
        await RunAsync(fails: true, more: new { maxAttempts = 2, delaySeconds = 0 });

        var told = await Receiver.UntilAsync(7, r => r.Path == "/k");
        Assert.Equal(
            ["notify_launch", "notify_finished", "notify_launch", "notify_cancellation", "notify_launch", "notify_retrying", "notify_failure"],
            told.Select(r => r.Json.GetProperty("action").GetString()));
        Assert.Equal(
            ["#439FE0", "good", "#439FE0", "warning", "#439FE0", "#439FE0", "danger"], (await Receiver.UntilAsync(7, r => r.Path == "/s")).Select(Color));
    }

    [Fact]
    public async Task Kuroko2_50_FailingEndpointNeverChangesJobState()
    {
        var hanging = new TaskCompletionSource();
        Receiver.Answer = async (context, message) =>
        {
            if (message.Path == "/hangs")
            {
                await hanging.Task.WaitAsync(context.RequestAborted);
            }

            context.Response.StatusCode = 500;
        };
        await SubscribeAsync(new { name = "fails", kind = "kuroko2", url = $"{Receiver.Url}/fails", notifyAll = true });
        await SubscribeAsync(new { name = "hangs", kind = "kuroko2", url = $"{Receiver.Url}/hangs", notifyAll = true });
        await SubscribeAsync(new { name = "is not there", kind = "kuroko2", url = "http://127.0.0.1:1/", notifyAll = true });

        var ids = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => RunAsync(fails: i % 2 == 0)));

        await Receiver.UntilAsync(1, r => r.Path == "/fails");
        await Receiver.UntilAsync(1, r => r.Path == "/hangs");
        foreach (var (i, id) in ids.Index())
        {
            Assert.Equal(i % 2 == 0 ? "FAILED" : "SUCCEEDED", await EndAsync(id));
        }

        hanging.SetResult();
    }

    [Fact]
    public async Task Overseer_33_34_StatusPostsToEveryEndpointOfItAndToNoOther()
    {
        await SubscribeAsync(new { name = "complete 1", kind = "overseer", url = $"{Receiver.Url}/complete1", statuses = new[] { "complete" } });
        await SubscribeAsync(new { name = "complete 2", kind = "overseer", url = $"{Receiver.Url}/complete2", statuses = new[] { "complete" } });
        await SubscribeAsync(new { name = "fail", kind = "overseer", url = $"{Receiver.Url}/fail", statuses = new[] { "fail", "time-out" } });
        await SubscribeAsync(new { name = "*", kind = "overseer", url = $"{Receiver.Url}/all" });

        var id = await RunAsync();

        var all = await Receiver.UntilAsync(2, r => r.Path == "/all");
        await Receiver.UntilAsync(1, r => r.Path == "/complete1");
        var complete = (await Receiver.UntilAsync(1, r => r.Path == "/complete2"))[0];
        Assert.Equal(["start", "complete"], all.Select(r => r.Json.GetProperty("status").GetString()));
        Assert.Equal(["job", "execution", "status", "metadata"], complete.Json.EnumerateObject().Select(p => p.Name));
        Assert.EndsWith($"{id}", complete.Json.GetProperty("execution").GetString(), StringComparison.Ordinal);
        Assert.Equal($"https://ascob.example.org/api/runs/{id}", complete.Json.GetProperty("metadata").GetString());
        Assert.DoesNotContain(Receiver.All, r => r.Path == "/fail");
        Assert.True(complete.Headers.ContainsKey("webhook-signature"));
    }

    [Fact]
    public async Task Overseer_33_TheStatusThatStandsForAll_IsToldOfAll()
    {
        await SubscribeAsync(new { name = "*", kind = "overseer", url = Receiver.Url, statuses = new[] { "*" } });

        await RunAsync();
        await Receiver.UntilAsync(2);
        await RunAsync(fails: true);

        Assert.Equal(["start", "complete", "start", "fail"], (await Receiver.UntilAsync(4)).Select(r => r.Json.GetProperty("status").GetString()));
    }

    [Fact]
    public async Task Slack_FailureText_IsCheckedAndShown()
    {
        var faults = await FaultsAsync(new { name = "w", kind = "webhook", url = Receiver.Url, failureText = "x" });
        Assert.Contains("failureText", faults.Keys);
        Assert.Contains("failureText", (await FaultsAsync(new { name = "s", kind = "slack", url = Receiver.Url, failureText = new string('x', 401) })).Keys);
        Assert.Contains("failureText", (await FaultsAsync(new { name = "s", kind = "slack", url = Receiver.Url, failureText = "" })).Keys);

        Assert.Equal("<!here>", (await SubscribeAsync(new { name = "s", kind = "slack", url = Receiver.Url, failureText = "<!here>" })).FailureText);
    }

    [Fact]
    public async Task Overseer_35_FailingOrSlowHookNeitherChangesNorDelaysTheRun_AndIsRetriedAndRecorded()
    {
        Receiver.Answer = async (context, message) =>
        {
            if (message.Path == "/slow")
            {
                await Task.Delay(TimeSpan.FromSeconds(3), context.RequestAborted);
            }
            else if (Receiver.All.Count(r => r.Path == "/fails") < 3)
            {
                context.Response.StatusCode = 500;
            }
        };
        var fails = await SubscribeAsync(new { name = "fails", kind = "overseer", url = $"{Receiver.Url}/fails", events = new[] { "finished" } });
        await SubscribeAsync(new { name = "slow", kind = "overseer", url = $"{Receiver.Url}/slow", events = new[] { "launched" } });

        var begun = TimeProvider.System.GetTimestamp();
        await RunAsync();
        Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(3));

        var recorded = await UntilAsync($"?subscriptionId={fails.Id}&state=delivered", d => d.Count == 1);
        Assert.Equal(3, recorded[0].Attempts);
    }

    [Fact]
    public async Task Slack_IsToldInAnAttachment_AndCallsNobodyByTheTextOfAJob()
    {
        await SubscribeAsync(new { name = "s", kind = "slack", url = $"{Receiver.Url}/services/T0/B0/canary", channel = "#ops", events = new[] { "error" } });
        var shown = await Root.GetStringAsync("/api/notifications/subscriptions", Cancel);
        Assert.DoesNotContain("canary", shown, StringComparison.Ordinal);

        var id = await RunAsync(fails: true);

        var message = (await Receiver.UntilAsync(1))[0].Json;
        Assert.Equal(("#ops", 1), (message.GetProperty("channel").GetString(), message.GetProperty("link_names").GetInt32()));
        var attachment = message.GetProperty("attachments")[0];
        Assert.Equal("[FAILURE] Failed to execute 'nightly &lt;report&gt;'", attachment.GetProperty("title").GetString());
        Assert.Equal(("danger", $"https://ascob.example.org/api/runs/{id}"), (attachment.GetProperty("color").GetString(), attachment.GetProperty("title_link").GetString()));
        Assert.NotEqual(string.Empty, attachment.GetProperty("text").GetString());
    }

    [Fact]
    public async Task Slack_WhoseWebhookIsGone_IsDeadAtOnce()
    {
        Receiver.Answer = (context, _) =>
        {
            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        };
        await SubscribeAsync(new { name = "s", kind = "slack", url = Receiver.Url, events = new[] { "error" } });

        await RunAsync(fails: true);

        var dead = await UntilAsync("?state=dead", d => d.Count == 1);
        Assert.Equal((1, "Slack knows no such webhook or channel (HTTP 404)"), (dead[0].Attempts, dead[0].LastError));
    }

    [Fact]
    public async Task PagerDuty_AlertIsTriggeredByTrouble_AndResolvedBySuccess()
    {
        Receiver.Answer = (context, _) =>
        {
            context.Response.StatusCode = 202;
            return Task.CompletedTask;
        };
        const string Key = "0123456789abcdef0123456789abcdef";
        await SubscribeAsync(new { name = "p", kind = "pagerduty", url = $"{Receiver.Url}/v2/enqueue", secret = Key, severity = "critical" });

        var failed = await RunAsync(fails: true);
        var trigger = (await Receiver.UntilAsync(1))[0].Json;
        var fine = await RunAsync();
        var resolve = (await Receiver.UntilAsync(2))[1].Json;

        Assert.Equal((Key, "trigger", $"ascob/run/{failed}"), (Text(trigger, "routing_key"), Text(trigger, "event_action"), Text(trigger, "dedup_key")));
        var payload = trigger.GetProperty("payload");
        Assert.Equal(("critical", "dummyBackend"), (Text(payload, "severity"), Text(payload, "source")));
        Assert.StartsWith("Failed to execute 'nightly <report>'", Text(payload, "summary"), StringComparison.Ordinal);
        Assert.Equal(failed, payload.GetProperty("custom_details").GetProperty("run_id").GetInt64());
        Assert.Equal(("resolve", $"ascob/run/{fine}"), (Text(resolve, "event_action"), Text(resolve, "dedup_key")));
        Assert.Equal(2, Receiver.All.Count);
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private static string? Color(Received message) => message.Json.GetProperty("attachments")[0].GetProperty("color").GetString();

    private async Task CancelledAsync()
    {
        using var response = await System.Net.Http.Json.HttpClientJsonExtensions.PostAsJsonAsync(
            Root, "/api/runs", new { jobSpec = new { labels = new Dictionary<string, string> { ["_execution_backend_id"] = "dummyBackend", ["dummy_run_ms"] = "60000" } } }, Cancel);
        var id = (await response.Content.ReadAsStringAsync(Cancel)) is var text ? JsonDocument.Parse(text).RootElement.GetProperty("runId").GetInt64() : 0;
        using var stop = await Root.DeleteAsync($"/api/runs/{id}", Cancel);
        Assert.Equal("ABORTED", await EndAsync(id));
    }
}
