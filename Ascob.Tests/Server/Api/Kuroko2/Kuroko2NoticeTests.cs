using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Api.Kuroko2;

public sealed class Kuroko2NoticeTests : Kuroko2Api
{
    private const string Secret = "the secret of all webhooks";

    protected override string[] Settings => ["--Ascob:Notifications:AllowedInternal:0", "127.0.0.1", "--Ascob:Kuroko2:WebhookSecret", Secret];

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
    public async Task A_webhook_inside_the_house_is_refused_and_nothing_is_stored()
    {
        using var response = await Portal.PostAsJsonAsync("/v1/definitions", Definition("inside", "noop:", ("webhook_url", "http://169.254.169.254/latest")), Cancel);

        Assert.Contains("webhook_url", await RefusedAsync(response, HttpStatusCode.UnprocessableEntity, "unprocessable_entity"), StringComparison.Ordinal);
        Assert.Empty((await Portal.GetFromJsonAsync<JsonElement>("/v1/definitions", Cancel)).EnumerateArray());
    }

    private async Task<List<string?>> UrlsAsync() =>
        [.. (await Root.GetFromJsonAsync<JsonElement>("/api/notifications/subscriptions", Cancel)).GetProperty("items").EnumerateArray().Select(s => s.GetProperty("url").GetString())];

    private async Task<HttpStatusCode> UpdateAsync(long id, object body)
    {
        using var response = await Portal.PutAsJsonAsync($"/v1/definitions/{id}", body, Cancel);
        return response.StatusCode;
    }
}
