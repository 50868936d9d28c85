using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ascob.Core.Client;
using Ascob.Core.Jobs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Api.Kuroko2;

/// <summary>What the settings of a server make of the definitions that are there already, and who is mailed.</summary>
public sealed class Kuroko2SettingsTests : Kuroko2Api
{
    private const string OldSecret = "the secret that leaked";
    private const string NewSecret = "the secret after it";

    protected override string[] Settings => [.. Allowed, "--Ascob:Kuroko2:WebhookSecret", OldSecret];

    private static string[] Allowed => ["--Ascob:Notifications:AllowedInternal:0", "127.0.0.1", "--Ascob:Notifications:FirstRetry", "00:00:00.2"];

    [Fact]
    public async Task Settings_that_change_take_effect_for_definitions_that_are_there_already()
    {
        await using var receiver = await TestReceiver.StartAsync();
        await using var mail = new TestMailServer();
        var definition = await DefineAsync("kept", "execute: exit 1", ("webhook_url", receiver.Url + "/hook"), ("hipchat_notify_finished", false), ("slack_channel", "#ops"), ("user_id", new[] { "ann@example.org" }));
        await EndOfAsync(await LaunchAsync(definition));
        Assert.Equal(SignatureOf(OldSecret, (await receiver.UntilAsync(1))[0]), receiver.All[0].Headers["X-Kuroko2-Signature"]);

        var before = Assert.Single(await KeptAsync()).ChangedTime;

        await RestartAsync([.. Allowed, "--Ascob:Kuroko2:WebhookSecret", NewSecret, "--Ascob:Kuroko2:SlackWebhookUrl", receiver.Url + "/slack", .. MailSettings(mail)]);
        await UntilKeptAsync(kept => kept.Count == 3 && kept.All(s => s.ChangedTime > before));
        await EndOfAsync(await LaunchAsync(definition));

        var hook = (await receiver.UntilAsync(2, r => r.Path == "/hook"))[1];
        Assert.Equal(SignatureOf(NewSecret, hook), hook.Headers["X-Kuroko2-Signature"]);
        Assert.Equal("#ops", Assert.Single(await receiver.UntilAsync(1, r => r.Path == "/slack")).Json.GetProperty("channel").GetString());
        Assert.Equal("ann@example.org", Assert.Single(Assert.Single(await mail.UntilAsync(1)).To.Mailboxes).Address);

        await RestartAsync(Allowed);
        await UntilKeptAsync(kept => kept is [{ HasSecret: false }]);
        await EndOfAsync(await LaunchAsync(definition));
        Assert.False((await receiver.UntilAsync(3, r => r.Path == "/hook"))[2].Headers.ContainsKey("X-Kuroko2-Signature"));
    }

    [Fact]
    public async Task Owners_that_change_over_the_native_interface_are_mailed_and_what_a_deleted_definition_told_goes()
    {
        await using var mail = new TestMailServer();
        await RestartAsync([.. Allowed, .. MailSettings(mail)]);
        var definition = await DefineAsync("native", "execute: exit 1", ("user_id", new[] { "ann@example.org" }));
        var shown = await Root.GetFromJsonAsync<JsonElement>("/api/definitions/native", Cancel);
        var content = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(shown.GetRawText())!;
        var members = new[] { "description", "jobSpec", "tags", "nextExecution", "expectedSeconds", "apiAllowed", "annotations" };
        var saved = members.Where(content.ContainsKey).ToDictionary(m => m, m => (object)content[m], StringComparer.Ordinal);
        saved["owners"] = new[] { "bob@example.org" };
        saved["version"] = 1;
        using var put = await Root.PutAsJsonAsync("/api/definitions/native", saved, Cancel);
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync(Cancel));

        await RestartAsync([.. Allowed, .. MailSettings(mail)]);
        await UntilKeptAsync(kept => kept is [{ To: ["bob@example.org"] }]);
        await EndOfAsync(await LaunchAsync(definition));
        Assert.Equal("bob@example.org", Assert.Single(Assert.Single(await mail.UntilAsync(1)).To.Mailboxes).Address);

        using var deleted = await Root.DeleteAsync("/api/definitions/native", Cancel);
        Assert.True(deleted.IsSuccessStatusCode, await deleted.Content.ReadAsStringAsync(Cancel));
        await RestartAsync([.. Allowed, .. MailSettings(mail)]);
        await UntilKeptAsync(kept => kept.Count == 0);
    }

    [Fact]
    public async Task The_additional_text_comes_with_failures_alone_and_calls_whom_it_names()
    {
        await using var receiver = await TestReceiver.StartAsync();
        await RestartAsync([.. Allowed, "--Ascob:Kuroko2:SlackWebhookUrl", receiver.Url + "/slack"]);
        var definition = await DefineAsync("called", "execute: test \"$GOOD\" = 1", ("slack_channel", "#ops"), ("hipchat_additional_text", "<!here> please look"));

        await EndOfAsync(await LaunchAsync(definition, new { env = Env(("GOOD", "1")) }));
        await receiver.UntilAsync(2);
        await EndOfAsync(await LaunchAsync(definition));

        var told = await receiver.UntilAsync(4);
        Assert.Equal([null, null, null, "<!here> please look"], told.Select(t => t.Json.TryGetProperty("text", out var text) ? text.GetString() : null));
        Assert.Equal(("#ops", 1), (told[3].Json.GetProperty("channel").GetString(), told[3].Json.GetProperty("link_names").GetInt32()));
        Assert.Equal("danger", told[3].Json.GetProperty("attachments")[0].GetProperty("color").GetString());
    }

    [Fact]
    public async Task Mail_to_gets_a_copy_and_is_mailed_to_alone_where_no_owner_has_an_address()
    {
        await using var mail = new TestMailServer();
        await RestartAsync([.. Allowed, .. MailSettings(mail), "--Ascob:Kuroko2:MailTo", "all@example.org"]);
        var withAddress = await DefineAsync("with", "execute: exit 1", ("user_id", new object[] { 7, "ann@example.org" }));
        var without = await DefineAsync("without", "execute: exit 1");

        await EndOfAsync(await LaunchAsync(withAddress));
        var first = (await mail.UntilAsync(1))[0];
        await EndOfAsync(await LaunchAsync(without));
        var second = (await mail.UntilAsync(2))[1];

        Assert.Equal(("ann@example.org", "all@example.org"), (Assert.Single(first.To.Mailboxes).Address, Assert.Single(first.Cc.Mailboxes).Address));
        Assert.Equal("all@example.org", Assert.Single(second.To.Mailboxes).Address);
        Assert.Empty(second.Cc);
    }

    [Fact]
    public async Task Kuroko2_53_a_definition_is_not_saved_without_an_owner_and_a_group_can_be_one()
    {
        var body = Definition("owned", "noop:");
        body.Remove("user_id");
        using var bare = await Portal.PostAsJsonAsync("/v1/definitions", body, Cancel);
        Assert.Contains("user_id", await RefusedAsync(bare, HttpStatusCode.UnprocessableEntity, "unprocessable_entity"), StringComparison.Ordinal);
        using var blank = await Portal.PostAsJsonAsync("/v1/definitions", Definition("owned", "noop:", ("user_id", Array.Empty<string>())), Cancel);
        Assert.Contains("user_id", await RefusedAsync(blank, HttpStatusCode.UnprocessableEntity, "unprocessable_entity"), StringComparison.Ordinal);

        // A name stands for a group; it is written as it is called, and there is no account that could be deleted.
        var definition = await DefineAsync("owned", "noop:", ("user_id", new object[] { "team-blue", "ann@example.org" }));
        using var none = await Portal.PutAsJsonAsync($"/v1/definitions/{definition}", new { user_id = Array.Empty<string>() }, Cancel);
        Assert.Contains("user_id", await RefusedAsync(none, HttpStatusCode.UnprocessableEntity, "unprocessable_entity"), StringComparison.Ordinal);
        Assert.Equal(["team-blue", "ann@example.org"], await OwnersAsync());
        using var other = await Portal.PutAsJsonAsync($"/v1/definitions/{definition}", new { user_id = new[] { "team-green" } }, Cancel);
        Assert.Equal(HttpStatusCode.NoContent, other.StatusCode);
        Assert.Equal(["team-green"], await OwnersAsync());
        var found = await Root.GetFromJsonAsync<JsonElement>("/api/definitions?owner=team-green", Cancel);
        Assert.Equal("owned", Assert.Single(found.GetProperty("items").EnumerateArray()).GetProperty("name").GetString());

        async Task<IEnumerable<string?>> OwnersAsync() =>
            (await Portal.GetFromJsonAsync<JsonElement>($"/v1/definitions/{definition}", Cancel)).GetProperty("user_id").EnumerateArray().Select(o => o.GetString());
    }

    [Fact]
    public async Task What_was_not_made_of_a_script_is_not_deleted_here()
    {
        using var made = await Root.PostAsJsonAsync("/api/definitions", new { name = "foreign", jobSpec = new { labels = new { shell_command = "true" } } }, Cancel);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        var id = (await JsonAsync(made)).GetProperty("id").GetInt64();

        using var put = await Portal.PutAsJsonAsync($"/v1/definitions/{id}", new { description = "x" }, Cancel);
        using var deleted = await Portal.DeleteAsync($"/v1/definitions/{id}", Cancel);

        Assert.Equal(put.StatusCode, deleted.StatusCode);
        Assert.Contains("was not made of a script", await deleted.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        using var still = await Root.GetAsync("/api/definitions/foreign", Cancel);
        Assert.Equal(HttpStatusCode.OK, still.StatusCode);
    }

    private static string[] MailSettings(TestMailServer mail) =>
    [
        "--Ascob:Notifications:Mail:Host", "127.0.0.1",
        "--Ascob:Notifications:Mail:Port", mail.Port.ToString(CultureInfo.InvariantCulture),
        "--Ascob:Notifications:Mail:Security", "None",
        "--Ascob:Notifications:Mail:From", "ascob@example.org",
    ];

    private static string SignatureOf(string secret, Received message) => $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), message.Body))}";

    private async Task<IReadOnlyList<SubscriptionInfo>> KeptAsync() =>
        [.. (await Root.GetFromJsonAsync<SubscriptionList>("/api/notifications/subscriptions", AscobJson.Options, Cancel))!.Items.Where(s => s.Source is not null)];

    private async Task UntilKeptAsync(Func<IReadOnlyList<SubscriptionInfo>, bool> fits)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var kept = await KeptAsync();
            if (fits(kept))
            {
                return;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(60), string.Join('\n', kept));
            await Task.Delay(50, Cancel);
        }
    }
}
