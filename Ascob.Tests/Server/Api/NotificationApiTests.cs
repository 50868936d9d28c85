using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Tests.Fixtures;
using Microsoft.AspNetCore.Http;

namespace Ascob.Tests.Server.Api;

public sealed class NotificationApiTests : NotificationApi
{
    protected override IReadOnlyList<string> Settings => [.. base.Settings, "--Ascob:Backends:shell:Type", "Shell", "--Ascob:Backends:shell:HostIdleExit", "00:00:02"];

    [Fact]
    public async Task Webhook_IsToldOfARun_InOrderAndSignedByTheStandard()
    {
        var made = await SubscribeAsync(new { name = "all", kind = "webhook", url = $"{Receiver.Url}/hook?key=abc" });
        Assert.StartsWith("whsec_", made.Secret, StringComparison.Ordinal);
        Assert.Equal($"{Receiver.Url}/hook?***", made.Url);

        var id = await RunAsync();

        var got = await Receiver.UntilAsync(2);
        Assert.Equal([(id, "launched"), (id, "finished")], got.Select(r => r.Told));
        Assert.Equal(["run.launched", "run.finished"], got.Select(r => r.Json.GetProperty("type").GetString()));
        foreach (var message in got)
        {
            Assert.Equal("/hook?key=abc", message.Path);
            Assert.Equal($"evt_{id}_{message.Json.GetProperty("data").GetProperty("seq").GetInt64()}", message.Id);
            var timestamp = message.Headers["webhook-timestamp"];
            Assert.InRange(TimeProvider.System.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(long.Parse(timestamp, CultureInfo.InvariantCulture)), TimeSpan.FromMinutes(-1), TimeSpan.FromMinutes(1));
            byte[] signed = [.. Encoding.UTF8.GetBytes($"{message.Id}.{timestamp}."), .. message.Body];
            var expected = Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(made.Secret![6..]), signed));
            Assert.Equal($"v1,{expected}", message.Headers["webhook-signature"]);
            Assert.Equal("application/json", message.Headers["Content-Type"]);
        }

        var delivered = await UntilAsync($"?state=delivered&subscriptionId={made.Id}", d => d.Count == 2);
        Assert.All(delivered, d => Assert.Equal((1, id), (d.Attempts, d.RunId)));
    }

    [Fact]
    public async Task Webhook_WithAPreviousSecret_CarriesBothSignatures()
    {
        var old = "whsec_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(24));
        var fresh = "whsec_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));
        await SubscribeAsync(new { name = "turning", kind = "webhook", url = Receiver.Url, secret = fresh, previousSecret = old, events = new[] { "finished" } });

        await RunAsync();

        var signatures = (await Receiver.UntilAsync(1))[0].Headers["webhook-signature"].Split(' ');
        Assert.Equal(2, signatures.Distinct().Count());
        Assert.All(signatures, s => Assert.StartsWith("v1,", s, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Secrets_AreShownOnceAndNeverAgain_AndStayWhenTheSubscriptionChanges()
    {
        var made = await SubscribeAsync(new { name = "one", kind = "webhook", url = $"{Receiver.Url}/a?token=canary-in-the-query", events = new[] { "error" } });
        var listed = await Root.GetStringAsync("/api/notifications/subscriptions", Cancel);
        var shown = await Root.GetStringAsync($"/api/notifications/subscriptions/{made.Id}", Cancel);
        Assert.All([listed, shown], text =>
        {
            Assert.DoesNotContain("canary", text, StringComparison.Ordinal);
            Assert.DoesNotContain(made.Secret![6..], text, StringComparison.Ordinal);
        });

        using var changed = await Root.PutAsJsonAsync($"/api/notifications/subscriptions/{made.Id}", new { name = "two", kind = "webhook", events = new[] { "finished" } }, Cancel);
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        await RunAsync();
        var message = (await Receiver.UntilAsync(1))[0];
        Assert.Equal("/a?token=canary-in-the-query", message.Path);
        byte[] signed = [.. Encoding.UTF8.GetBytes($"{message.Id}.{message.Headers["webhook-timestamp"]}."), .. message.Body];
        Assert.Equal($"v1,{Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(made.Secret![6..]), signed))}", message.Headers["webhook-signature"]);
    }

    [Fact]
    public async Task DeadReceiver_IsTriedAgainWithTheSameId_AndHoldsUpNeitherRunsNorOthers()
    {
        await using var healthy = await TestReceiver.StartAsync();
        var failures = 0;
        Receiver.Answer = (context, _) =>
        {
            context.Response.StatusCode = Interlocked.Increment(ref failures) <= 3 ? 503 : 204;
            return Task.CompletedTask;
        };
        await SubscribeAsync(new { name = "sick", kind = "webhook", url = Receiver.Url });
        await SubscribeAsync(new { name = "well", kind = "webhook", url = healthy.Url });

        var id = await RunAsync();

        Assert.Equal(["launched", "finished"], (await healthy.UntilAsync(2)).Select(r => r.Told.Event));
        var got = await Receiver.UntilAsync(5);
        Assert.Equal(["launched", "launched", "launched", "launched", "finished"], got.Select(r => r.Told.Event));
        Assert.Equal([$"evt_{id}_1"], got.Take(4).Select(r => r.Id).Distinct());
    }

    [Fact]
    public async Task MessageThatTheReceiverCannotDigest_DoesNotHoldUpThoseOfOtherRuns()
    {
        long poison = 0;
        Receiver.Answer = (context, message) =>
        {
            context.Response.StatusCode = message.Told.RunId == Volatile.Read(ref poison) ? 400 : 204;
            return Task.CompletedTask;
        };
        var made = await SubscribeAsync(new { name = "picky", kind = "webhook", url = Receiver.Url, events = new[] { "finished" } });
        Volatile.Write(ref poison, 1);
        Assert.Equal(1, await RunAsync());
        await UntilAsync($"?subscriptionId={made.Id}&state=pending", d => d.Count == 1 && d[0].LastError == "HTTP 400");

        var begun = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < 10; i++)
        {
            await RunAsync();
        }

        await UntilAsync($"?subscriptionId={made.Id}&state=delivered", d => d.Count == 10);
        Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task RetryAfter_IsRespected()
    {
        var times = new List<long>();
        Receiver.Answer = (context, _) =>
        {
            lock (times)
            {
                times.Add(TimeProvider.System.GetTimestamp());
                if (times.Count == 1)
                {
                    context.Response.StatusCode = 429;
                    context.Response.Headers.RetryAfter = "2";
                }
            }

            return Task.CompletedTask;
        };
        await SubscribeAsync(new { name = "busy", kind = "webhook", url = Receiver.Url, events = new[] { "finished" } });

        await RunAsync();
        await Receiver.UntilAsync(2);

        Assert.True(TimeProvider.System.GetElapsedTime(times[0], times[1]) >= TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task Gone_SwitchesTheSubscriptionOff_AndWhatWaitedIsDeadUntilReplayed()
    {
        var gone = false;
        Receiver.Answer = (context, _) =>
        {
            context.Response.StatusCode = gone ? 410 : 500;
            return Task.CompletedTask;
        };
        var made = await SubscribeAsync(new { name = "leaver", kind = "webhook", url = Receiver.Url });
        var id = await RunAsync();
        await UntilAsync("?state=pending", d => d.Count == 2);
        gone = true;
        var dead = await UntilAsync("?state=dead", d => d.Count == 2);
        Assert.Contains("410", dead[^1].LastError!, StringComparison.Ordinal);
        var off = (await Root.GetFromJsonAsync<SubscriptionInfo>($"/api/notifications/subscriptions/{made.Id}", Ascob.Core.Jobs.AscobJson.Options, Cancel))!;
        Assert.False(off.Enabled);
        Assert.Contains("410", off.DisabledReason!, StringComparison.Ordinal);
        var before = Receiver.All.Count;
        await RunAsync();
        Assert.Equal(before, Receiver.All.Count);

        Receiver.Answer = null;
        using var on = await Root.PutAsJsonAsync($"/api/notifications/subscriptions/{made.Id}", new { name = "back", kind = "webhook", enabled = true }, Cancel);
        Assert.Equal(HttpStatusCode.OK, on.StatusCode);
        using var replay = await Root.PostAsJsonAsync("/api/notifications/deliveries/replay", new { subscriptionId = made.Id }, Cancel);
        Assert.Equal(2, (await ReadAsync<DeadDeliveriesResponse>(replay))!.Count);
        var again = await Receiver.UntilAsync(before + 2);
        Assert.Equal([(id, "launched"), (id, "finished")], again.Skip(before).Select(r => r.Told));
        await UntilAsync("?state=delivered", d => d.Count == 2);
    }

    [Fact]
    public async Task DeadOnes_CanBeReplayedOneByOneOrDropped_AndStrangeIdsAreRefused()
    {
        var gone = false;
        Receiver.Answer = (context, _) =>
        {
            context.Response.StatusCode = gone ? 410 : 500;
            return Task.CompletedTask;
        };
        await SubscribeAsync(new { name = "leaver", kind = "webhook", url = Receiver.Url });
        await RunAsync();
        await UntilAsync("?state=pending", d => d.Count == 2);
        gone = true;
        var dead = await UntilAsync("?state=dead", d => d.Count == 2);

        Assert.Equal(HttpStatusCode.NotFound, await PostAsync("replay", new { deliveryId = "999-1-1" }));
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync("replay", new { deliveryId = "drop table" }));
        Assert.Equal(HttpStatusCode.OK, await PostAsync("drop", new { deliveryId = dead[0].Id }));
        Assert.Equal(HttpStatusCode.NotFound, await PostAsync("drop", new { deliveryId = dead[0].Id }));
        Assert.Equal(HttpStatusCode.OK, await PostAsync("drop", new { }));
        Assert.Empty((await DeliveriesAsync()).Items);

        async Task<HttpStatusCode> PostAsync(string what, object body)
        {
            using var response = await Root.PostAsJsonAsync($"/api/notifications/deliveries/{what}", body, Cancel);
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task Events_AreToldByKind_AndFilterByBackendLabelAndSubmitter()
    {
        await SubscribeAsync(new { name = "errors of alice in prod", kind = "webhook", url = $"{Receiver.Url}/errors", events = new[] { "error", "retried" }, filter = new { submitters = new[] { "alice" }, labels = new { env = "prod" }, backends = new[] { "dummyBackend" } } });
        await SubscribeAsync(new { name = "of nobody", kind = "webhook", url = $"{Receiver.Url}/none", filter = new { labels = new { env = "test" } } });

        var failed = await RunAsync(fails: true, more: new { maxAttempts = 2, delaySeconds = 0 });
        await RunAsync(fails: true, submitter: "bob");
        await RunAsync();

        await SubscribeAsync(new { name = "last", kind = "webhook", url = $"{Receiver.Url}/last", events = new[] { "launched" } });
        var last = await RunAsync();
        await Receiver.UntilAsync(1, r => r.Path == "/last" && r.Told.RunId == last);
        Assert.Equal([(failed, "retried"), (failed, "error")], Receiver.All.Where(r => r.Path == "/errors").Select(r => r.Told));
        Assert.DoesNotContain(Receiver.All, r => r.Path == "/none");
    }

    [Fact]
    public async Task Recovered_IsToldWhenTheJobWorksAgain()
    {
        await SubscribeAsync(new { name = "recovery", kind = "webhook", url = Receiver.Url, events = new[] { "recovered", "error" } });
        var marker = Path.Combine(Server.DataDirectory, "worked-once");
        using var first = await Root.PostAsJsonAsync(
            "/api/runs",
            new { jobSpec = new { labels = new Dictionary<string, string> { ["_execution_backend_id"] = "shell", ["shell_command"] = $"test -e {marker} || {{ touch {marker}; exit 3; }}" } } },
            Cancel);
        var failed = (await first.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("runId").GetInt64();
        Assert.Equal("FAILED", await EndAsync(failed));
        using var again = await Root.PostAsJsonAsync($"/api/runs/{failed}/resubmit", new { }, Cancel);
        Assert.True(again.IsSuccessStatusCode, await again.Content.ReadAsStringAsync(Cancel));
        var id = (await again.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("runId").GetInt64();
        Assert.Equal("SUCCEEDED", await EndAsync(id));

        Assert.Equal([(failed, "error"), (id, "recovered")], (await Receiver.UntilAsync(2)).Select(r => r.Told));
    }

    [Fact]
    public async Task Stopped_IsToldAsCancelled()
    {
        await SubscribeAsync(new { name = "stops", kind = "webhook", url = Receiver.Url, events = new[] { "cancelled" } });
        using var response = await Root.PostAsJsonAsync(
            "/api/runs", new { jobSpec = new { labels = new Dictionary<string, string> { ["_execution_backend_id"] = "dummyBackend", ["dummy_run_ms"] = "60000" } } }, Cancel);
        var id = (await response.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("runId").GetInt64();
        using var stop = await Root.DeleteAsync($"/api/runs/{id}", Cancel);
        Assert.Equal("ABORTED", await EndAsync(id));

        Assert.Equal((id, "cancelled"), (await Receiver.UntilAsync(1))[0].Told);
    }

    [Fact]
    public async Task Test_SendsAtOnce_AndTellsWhatBecameOfIt()
    {
        var made = await SubscribeAsync(new { name = "probe", kind = "webhook", url = Receiver.Url, enabled = false });

        using var good = await Root.PostAsync($"/api/notifications/subscriptions/{made.Id}/test", null, Cancel);
        var told = (await ReadAsync<TestNotificationResponse>(good))!;
        Assert.True(told.Delivered, told.Reason);
        Assert.Equal(told.EventId, Assert.Single(Receiver.All).Id);

        Receiver.Answer = async (context, _) =>
        {
            context.Response.StatusCode = 500;
            await context.Response.WriteAsync("the innermost secret of the receiver", Cancel);
        };
        using var bad = await Root.PostAsync($"/api/notifications/subscriptions/{made.Id}/test", null, Cancel);
        Assert.Equal((false, "HTTP 500"), ((await ReadAsync<TestNotificationResponse>(bad)) is { } t ? (t.Delivered, t.Reason) : default));
        Assert.DoesNotContain("innermost", await bad.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redirect_IsNotFollowed()
    {
        Receiver.Answer = (context, _) =>
        {
            context.Response.Redirect($"{Receiver.Url}/elsewhere");
            return Task.CompletedTask;
        };
        var made = await SubscribeAsync(new { name = "mover", kind = "webhook", url = $"{Receiver.Url}/here" });

        using var test = await Root.PostAsync($"/api/notifications/subscriptions/{made.Id}/test", null, Cancel);

        Assert.Contains("redirects are not followed", (await ReadAsync<TestNotificationResponse>(test))!.Reason!, StringComparison.Ordinal);
        Assert.Equal("/here", Assert.Single(Receiver.All).Path);
    }

    [Fact]
    public async Task BadRequests_NameEveryFieldAtFault_AndLeaveNothingBehind()
    {
        var faults = await FaultsAsync(new
        {
            name = "two\nlines",
            kind = "webhook",
            url = "ftp://example.org",
            secret = "whsec_c2hvcnQ=",
            events = new[] { "finished", "fnished" },
            channel = "#general",
            to = new[] { "a@example.org" },
            filter = new { definitions = Array.Empty<long>(), backends = new[] { "" } },
        });
        Assert.Equal(["channel", "events[1]", "filter.backends", "filter.definitions", "name", "secret", "to", "url"], faults.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["kind"], (await FaultsAsync(new { name = "x", kind = "carrier pigeon" })).Keys);
        Assert.Equal(["url"], (await FaultsAsync(new { name = "x", kind = "webhook" })).Keys);
        Assert.Equal(["url"], (await FaultsAsync(new { name = "x", kind = "webhook", url = "https://user:word@example.org/" })).Keys);
        Assert.Equal(["to"], (await FaultsAsync(new { name = "x", kind = "mail" })).Keys);
        Assert.Equal(["to[0]"], (await FaultsAsync(new { name = "x", kind = "mail", to = new[] { "a@example.org, b@example.org" } })).Keys);
        Assert.Equal(["secret"], (await FaultsAsync(new { name = "x", kind = "pagerduty" })).Keys);
        Assert.Equal(["events[0]"], (await FaultsAsync(new { name = "x", kind = "pagerduty", secret = "0123456789abcdef0123456789abcdef", events = new[] { "launched" } })).Keys);
        Assert.Equal(["events"], (await FaultsAsync(new { name = "x", kind = "kuroko2", url = "https://example.org/", notifyAll = true, events = new[] { "error" } })).Keys);
        Assert.Empty((await Root.GetFromJsonAsync<SubscriptionList>("/api/notifications/subscriptions", Ascob.Core.Jobs.AscobJson.Options, Cancel))!.Items);
    }

    [Theory]
    [InlineData("http://[::1]/")]
    [InlineData("http://10.1.2.3/")]
    [InlineData("http://0x0a010203/")]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://[::ffff:10.1.2.3]/")]
    [InlineData("http://[64:ff9b::10.1.2.3]/")]
    public async Task InternalAddress_IsRefusedWhenItIsEntered(string url) =>
        Assert.Equal(["url"], (await FaultsAsync(new { name = "x", kind = "webhook", url })).Keys);

    [Fact]
    public async Task TokenBoundToSubmitters_HasItsOwnSubscriptionsOnly()
    {
        var all = await SubscribeAsync(new { name = "all", kind = "webhook", url = Receiver.Url });
        using var bound = await Server.ClientAsync([Permissions.NotificationRead, Permissions.NotificationWrite], ["alice"]);

        Assert.Equal(HttpStatusCode.Forbidden, await CreateAsync(null));
        Assert.Equal(HttpStatusCode.Forbidden, await CreateAsync(new { submitters = new[] { "alice", "bob" } }));
        Assert.Equal(HttpStatusCode.Created, await CreateAsync(new { submitters = new[] { "alice" } }));
        var list = await bound.GetFromJsonAsync<SubscriptionList>("/api/notifications/subscriptions", Ascob.Core.Jobs.AscobJson.Options, Cancel);
        Assert.Equal("mine", Assert.Single(list!.Items).Name);
        Assert.Equal(HttpStatusCode.NotFound, (await bound.GetAsync($"/api/notifications/subscriptions/{all.Id}", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await bound.DeleteAsync($"/api/notifications/subscriptions/{all.Id}", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await bound.PostAsync($"/api/notifications/subscriptions/{all.Id}/test", null, Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await bound.GetAsync("/api/notifications/deliveries", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await bound.PostAsJsonAsync("/api/notifications/deliveries/replay", new { }, Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await bound.GetAsync($"/api/notifications/deliveries?subscriptionId={list.Items[0].Id}", Cancel)).StatusCode);

        async Task<HttpStatusCode> CreateAsync(object? filter)
        {
            using var response = await bound.PostAsJsonAsync("/api/notifications/subscriptions", new { name = "mine", kind = "webhook", url = Receiver.Url, filter }, Cancel);
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task Deleted_NothingMoreIsSent()
    {
        Receiver.Answer = (context, _) =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        };
        var made = await SubscribeAsync(new { name = "short", kind = "webhook", url = Receiver.Url });
        await RunAsync();
        await Receiver.UntilAsync(1);

        using var gone = await Root.DeleteAsync($"/api/notifications/subscriptions/{made.Id}", Cancel);

        Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        Assert.Empty((await DeliveriesAsync()).Items);
        Assert.Equal(HttpStatusCode.NotFound, (await Root.GetAsync($"/api/notifications/subscriptions/{made.Id}", Cancel)).StatusCode);
    }
}
