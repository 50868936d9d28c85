using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ascob.Core.Notifications;
using Ascob.Server.Api.Kuroko2;
using Ascob.Server.Background;
using Ascob.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Ascob.Tests.Server.Api.Kuroko2;

public sealed class Kuroko2NoticeTests : Kuroko2Api
{
    private const string Secret = "the secret of all webhooks";

    protected override string[] Settings =>
    [
        "--Ascob:Notifications:AllowedInternal:0", "127.0.0.1", "--Ascob:Kuroko2:WebhookSecret", Secret, "--Ascob:Kuroko2:SlackWebhookUrl", "http://127.0.0.1:1/slack",
        "--Ascob:Notifications:Mail:Host", "127.0.0.1", "--Ascob:Notifications:Mail:Port", "1", "--Ascob:Notifications:Mail:From", "ascob@example.org", "--Ascob:Notifications:Mail:Security", "None",
    ];

    [Fact]
    public async Task Kuroko2_behaviour_48_the_webhook_of_a_definition_is_told_in_its_form_and_signed()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var definition = await DefineAsync("told", "execute: true", ("webhook_url", receiver.Url + "/hook?team=a"));

        var instance = await LaunchAsync(definition);

        var told = await receiver.UntilAsync(2);
        Assert.Equal(["notify_launch", "notify_finished"], told.Select(t => t.Json.GetProperty("action").GetString()));
        Assert.All(told, t =>
        {
            Assert.Equal("/hook?team=a", t.Path);
            Assert.Equal($"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), t.Body))}", t.Headers["X-Kuroko2-Signature"]);
            Assert.Equal((definition, instance), (t.Json.GetProperty("job_definition").GetProperty("id").GetInt64(), t.Json.GetProperty("job_instance").GetProperty("id").GetInt64()));
        });
    }

    [Fact]
    public async Task Kuroko2_behaviour_48_a_webhook_says_the_script_and_the_description_with_which_the_instance_was_launched()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var definition = await DefineAsync("reporting", "execute: exit 1", ("webhook_url", receiver.Url), ("hipchat_notify_finished", false));

        await EndOfAsync(await LaunchAsync(definition));
        var first = (await receiver.UntilAsync(1))[0].Json;
        Assert.Equal(HttpStatusCode.NoContent, await UpdateAsync(definition, new { script = "execute: exit 2", description = "Another text" }));
        await EndOfAsync(await LaunchAsync(definition));
        var second = (await receiver.UntilAsync(2))[1].Json;
        await EndOfAsync(await LaunchAsync(definition, new { script = "execute: exit 3" }));
        var third = (await receiver.UntilAsync(3))[2].Json;

        Assert.Equal(("reporting", "execute: exit 1", "What it does"), Said(first));
        Assert.Equal(("reporting", "execute: exit 2", "Another text"), Said(second));
        Assert.Equal(("reporting", null, "Another text"), Said(third));
        Assert.Equal(("notify_failure", "FAILURE", "Failed to execute 'reporting'"), (Text(first, "action"), Text(first, "level"), Text(first, "subject")));
        Assert.Contains("exit code 1", Text(first, "message"), StringComparison.Ordinal);
        var instance = first.GetProperty("job_instance");
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null), (instance.GetProperty("finished_at").ValueKind, instance.GetProperty("canceled_at").ValueKind));
        Assert.True(instance.GetProperty("error_at").GetDateTimeOffset() >= instance.GetProperty("created_at").GetDateTimeOffset());

        static string? Text(JsonElement of, string name) => of.GetProperty(name).GetString();
        static (string?, string?, string?) Said(JsonElement told) =>
            (Text(told.GetProperty("job_definition"), "name"), Text(told.GetProperty("job_instance"), "script"), Text(told.GetProperty("job_definition"), "description"));
    }

    [Fact]
    public async Task Kuroko2_behaviour_49_without_notify_all_only_trouble_is_told_and_other_definitions_are_not()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var quiet = await DefineAsync("quiet", "execute: test \"$GOOD\" = 1", ("webhook_url", receiver.Url), ("hipchat_notify_finished", false));
        var other = await DefineAsync("other", "execute: false");
        await EndOfAsync(await LaunchAsync(other));
        await EndOfAsync(await LaunchAsync(quiet, new { env = Env(("GOOD", "1")) }));

        await EndOfAsync(await LaunchAsync(quiet));

        Assert.Equal(["notify_failure"], (await receiver.UntilAsync(1)).Select(t => t.Json.GetProperty("action").GetString()));
    }

    [Fact]
    public async Task Kuroko2_behaviour_21_a_failure_that_auto_skip_error_skips_is_told_and_the_job_succeeds()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var definition = await DefineAsync("skipping", "auto_skip_error: true\nexecute: exit 7\nexecute: env | grep -c ASCOB_EVENT; echo it\\'s on", ("webhook_url", receiver.Url), ("hipchat_notify_finished", false));

        var instance = await LaunchAsync(definition);
        await EndOfAsync(instance);

        Assert.Equal("success", await StatusAsync(definition, instance));
        Assert.Contains("0\nit's on\n", await OutputAsync(instance), StringComparison.Ordinal);
        var told = Assert.Single(await receiver.UntilAsync(1)).Json;
        Assert.Equal(("notify_failure", "FAILURE", "line 2 (/1-execute) ended with exit code 7"), (told.GetProperty("action").GetString(), told.GetProperty("level").GetString(), told.GetProperty("message").GetString()));
        Assert.Equal(JsonValueKind.String, told.GetProperty("job_instance").GetProperty("error_at").ValueKind);
    }

    [Fact]
    public async Task The_additional_text_stands_above_what_slack_is_told_of_failures_and_of_nothing_else()
    {
        await using var slack = await TestReceiver.StartAsync();
        await using var server = await ApiServer.StartAsync(b => b.Services.AddSingleton(Ascob.Tests.Backends.Shell.ShellWorld.Launcher), [
            "--Ascob:Backends:shell:Type", "Shell", "--Ascob:Backends:shell:HostIdleExit", "00:00:00", "--Ascob:Kuroko2:Applications:portal", Key, "--Ascob:Notifications:AllowedInternal:0", "127.0.0.1",
            "--Ascob:Kuroko2:SlackWebhookUrl", slack.Url]);
        using var portal = server.Client(token: null);
        portal.DefaultRequestHeaders.Authorization = Portal.DefaultRequestHeaders.Authorization;
        using var made = await portal.PostAsJsonAsync("/v1/definitions", Definition("loud", "execute: false", ("slack_channel", "#ops"), ("hipchat_additional_text", "<!here> look")), Cancel);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync(Cancel));

        using var launched = await portal.PostAsync(Path((await JsonAsync(made)).GetProperty("id").GetInt64()), null, Cancel);

        var told = await slack.UntilAsync(2);
        Assert.False(told[0].Json.TryGetProperty("text", out _));
        Assert.Equal(("<!here> look", "#ops", "danger"), (told[1].Json.GetProperty("text").GetString(), told[1].Json.GetProperty("channel").GetString(), told[1].Json.GetProperty("attachments")[0].GetProperty("color").GetString()));
    }

    [Fact]
    public async Task What_a_definition_tells_follows_its_fields_and_goes_with_it()
    {
        var definition = await DefineAsync("changing", "execute: true", ("webhook_url", "http://127.0.0.1:1/a"));
        Assert.Equal(["http://127.0.0.1:1/a"], await UrlsAsync());

        Assert.Equal(HttpStatusCode.NoContent, await UpdateAsync(definition, new { webhook_url = "http://127.0.0.1:1/b" }));
        Assert.Equal(["http://127.0.0.1:1/b"], await UrlsAsync());
        Assert.Equal(HttpStatusCode.NoContent, await UpdateAsync(definition, new { description = "other" }));
        Assert.Equal(["http://127.0.0.1:1/b"], await UrlsAsync());
        Assert.Equal(HttpStatusCode.NoContent, await UpdateAsync(definition, new { webhook_url = (string?)null }));
        Assert.Empty(await UrlsAsync());
        Assert.Equal(HttpStatusCode.NoContent, await UpdateAsync(definition, new { webhook_url = "http://127.0.0.1:1/c" }));
        using var deleted = await Portal.DeleteAsync($"/v1/definitions/{definition}", Cancel);
        Assert.Empty(await UrlsAsync());
    }

    [Fact]
    public async Task Deleted_over_the_native_api_a_definition_takes_its_subscriptions_and_schedules_with_it()
    {
        var definition = await DefineAsync("gone", "noop:", ("webhook_url", "http://127.0.0.1:1/a"), ("cron", new[] { "0 3 * * *" }));
        var other = await DefineAsync("stays", "noop:", ("webhook_url", "http://127.0.0.1:1/b"), ("cron", new[] { "0 4 * * *" }));

        using var deleted = await Root.DeleteAsync($"/api/definitions/{definition}", Cancel);

        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal(["http://127.0.0.1:1/b"], await UrlsAsync());
        Assert.Equal([other], (await Root.GetFromJsonAsync<JsonElement>("/api/schedules", Cancel)).GetProperty("items").EnumerateArray().Select(s => s.GetProperty("definitionId").GetInt64()));
    }

    [Fact]
    public async Task Saved_over_the_native_api_a_definition_tells_others_what_it_says_now()
    {
        var definition = await DefineAsync("native", "noop:", ("webhook_url", "http://127.0.0.1:1/a?key=k"), ("hipchat_notify_finished", false), ("user_id", new[] { "a@example.org" }), ("slack_channel", "#one"));
        var before = await SubscriptionsAsync();
        Assert.Equal(["mail", "slack", "webhook"], before.Keys.Order());
        Assert.False(before["webhook"].GetProperty("notifyAll").GetBoolean());

        await SaveNativelyAsync(definition, saved =>
        {
            saved["owners"] = JsonSerializer.SerializeToNode(new[] { "b@example.org", "no address @", "7" });
        });

        var after = await SubscriptionsAsync();
        Assert.Equal(("#one", false, "http://127.0.0.1:1/a?***"), (after["slack"].GetProperty("channel").GetString(), after["webhook"].GetProperty("notifyAll").GetBoolean(), after["webhook"].GetProperty("url").GetString()));
        Assert.Equal(["b@example.org"], after["mail"].GetProperty("to").EnumerateArray().Select(t => t.GetString()));
        Assert.Equal(before["webhook"].GetProperty("id").GetInt64(), after["webhook"].GetProperty("id").GetInt64());

        await SaveNativelyAsync(definition, saved => saved["annotations"]!.AsObject().Remove("kuroko2.script"));
        Assert.Empty(await SubscriptionsAsync());
    }

    [Fact]
    public async Task After_a_start_with_another_configuration_webhooks_are_signed_anew_and_what_belongs_to_no_definition_goes()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var definition = await DefineAsync("signed", "noop:", ("webhook_url", receiver.Url + "/?key=k"));
        var store = Server.Get<INotificationStore>();
        var orphan = (await store.SubscriptionsAsync(Cancel)).All[0] with { Source = KeptSubscriptions.SourceOf(definition + 1_000) };
        await store.AddAsync(orphan, Cancel);
        Server.Get<IOptions<Kuroko2Options>>().Value.WebhookSecret = "another secret";

        using (var service = ActivatorUtilities.CreateInstance<Kuroko2NoticeService>(Server.App.Services))
        {
            await service.StartAsync(Cancel);
            await UntilOnlyOneAsync("webhook");
            await service.StopAsync(Cancel);
        }

        Assert.Equal("webhook", Assert.Single(await SubscriptionsAsync(), s => s.Value.GetProperty("kind").GetString() == "kuroko2").Key);
        await LaunchAsync(definition);
        var told = (await receiver.UntilAsync(1))[0];
        Assert.Equal(("/?key=k", $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes("another secret"), told.Body))}"), (told.Path, told.Headers["X-Kuroko2-Signature"]));
    }

    [Fact]
    public async Task The_address_of_a_webhook_is_shown_to_nobody_in_clear_and_survives_being_sent_back_as_it_is_shown()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var address = receiver.Url + "/hook?key=do-not-tell";
        var definition = await DefineAsync("secret", "noop:", ("webhook_url", address), ("hipchat_notify_finished", true));
        var shown = receiver.Url + "/hook?***";

        foreach (var path in (string[])[$"/api/definitions/{definition}", $"/api/definitions/{definition}/versions", "/api/definitions", "/api/notifications/subscriptions"])
        {
            Assert.DoesNotContain("do-not-tell", await Root.GetStringAsync(path, Cancel), StringComparison.Ordinal);
        }

        Assert.Equal(shown, (await Portal.GetFromJsonAsync<JsonElement>($"/v1/definitions/{definition}", Cancel)).GetProperty("webhook_url").GetString());
        Assert.DoesNotContain("do-not-tell", await Portal.GetStringAsync("/v1/definitions", Cancel), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, await UpdateAsync(definition, new { webhook_url = shown, description = "other" }));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await UpdateAsync(definition, new { webhook_url = receiver.Url + "/other?***" }));
        await LaunchAsync(definition);
        Assert.Equal("/hook?key=do-not-tell", (await receiver.UntilAsync(1))[0].Path);
    }

    [Fact]
    public async Task A_webhook_inside_the_house_is_refused_and_nothing_is_stored()
    {
        using var response = await Portal.PostAsJsonAsync("/v1/definitions", Definition("inside", "noop:", ("webhook_url", "http://169.254.169.254/latest")), Cancel);

        Assert.Contains("webhook_url", await RefusedAsync(response, HttpStatusCode.UnprocessableEntity, "unprocessable_entity"), StringComparison.Ordinal);
        Assert.Empty((await Portal.GetFromJsonAsync<JsonElement>("/v1/definitions", Cancel)).EnumerateArray());
    }

    private async Task<Dictionary<string, JsonElement>> SubscriptionsAsync() =>
        (await Root.GetFromJsonAsync<JsonElement>("/api/notifications/subscriptions", Cancel)).GetProperty("items").EnumerateArray().ToDictionary(s => s.GetProperty("name").GetString()!);

    // The orphan has the name of the other one, and goes after it was looked after.
    private async Task UntilOnlyOneAsync(string name)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while ((await Server.Get<INotificationStore>().SubscriptionsAsync(Cancel)).All.Count(s => s.Name == name) is var count && count != 1)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(30), $"there are {count} subscriptions named {name}");
            await Task.Delay(50, Cancel);
        }
    }

    private async Task SaveNativelyAsync(long definition, Action<JsonNode> change)
    {
        var saved = (await Root.GetFromJsonAsync<JsonNode>($"/api/definitions/{definition}", Cancel))!;
        var request = new JsonObject();
        foreach (var member in (string[])["description", "jobSpec", "tags", "owners", "nextExecution", "expectedSeconds", "apiAllowed", "annotations"])
        {
            request[member] = saved[member]?.DeepClone();
        }

        change(request);
        using var response = await Root.PutAsJsonAsync($"/api/definitions/{definition}", request, Cancel);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancel));
    }

    private async Task<List<string?>> UrlsAsync() =>
        [.. (await Root.GetFromJsonAsync<JsonElement>("/api/notifications/subscriptions", Cancel)).GetProperty("items").EnumerateArray().Select(s => s.GetProperty("url").GetString())];

    private async Task<HttpStatusCode> UpdateAsync(long id, object body)
    {
        using var response = await Portal.PutAsJsonAsync($"/v1/definitions/{id}", body, Cancel);
        return response.StatusCode;
    }
}
