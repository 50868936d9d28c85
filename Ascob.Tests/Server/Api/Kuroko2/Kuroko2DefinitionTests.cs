using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Ascob.Tests.Server.Api.Kuroko2;

public sealed class Kuroko2DefinitionTests : Kuroko2Api
{
    private static readonly string[] Members =
    [
        "id", "name", "description", "script", "tags", "cron", "user_id", "notify_cancellation", "hipchat_notify_finished", "hipchat_additional_text", "suspended", "prevent_multi", "api_allowed",
        "slack_channel", "webhook_url",
    ];

    [Fact]
    public async Task Kuroko2_behaviour_46_a_definition_is_created_and_read_with_all_its_fields()
    {
        var body = Definition(
            "Nightly",
            "# a comment\nexecute: ./run.sh",
            ("tags", new[] { "a", "b" }),
            ("user_id", new object[] { 7, "ops@example.org" }),
            ("notify_cancellation", false),
            ("hipchat_notify_finished", "0"),
            ("hipchat_additional_text", "@here"),
            ("suspended", true),
            ("prevent_multi", 3),
            ("slack_channel", "#ops"),
            ("webhook_url", "https://hooks.example.org/x?y=z"));
        using var created = await Portal.PostAsJsonAsync("/v1/definitions", body, Cancel);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var resource = await JsonAsync(created);
        var id = resource.GetProperty("id").GetInt64();

        var read = await Portal.GetFromJsonAsync<JsonElement>($"/v1/definitions/{id}", Cancel);

        Assert.Equal(resource.GetRawText(), read.GetRawText());
        Assert.Equal(Members, read.EnumerateObject().Select(m => m.Name));
        Assert.Equal(
            $$"""{"id":{{id}},"name":"Nightly","description":"What it does","script":"# a comment\nexecute: ./run.sh","tags":["a","b"],"cron":[],"user_id":[7,"ops@example.org"],"notify_cancellation":false,"hipchat_notify_finished":false,"hipchat_additional_text":"@here","suspended":true,"prevent_multi":3,"api_allowed":true,"slack_channel":"#ops","webhook_url":"https://hooks.example.org/x?***"}""",
            read.GetRawText());

        var native = await Root.GetFromJsonAsync<JsonElement>($"/api/definitions/{id}", Cancel);
        Assert.Equal(("Nightly", true, 86_400), (native.GetProperty("name").GetString(), native.GetProperty("suspended").GetBoolean(), native.GetProperty("expectedSeconds").GetInt32()));
    }

    [Fact]
    public async Task Kuroko2_behaviour_46_the_defaults_are_those_of_kuroko2()
    {
        using var created = await Portal.PostAsJsonAsync("/v1/definitions", new { name = "bare", description = "d", script = "noop:", user_id = new[] { 1 } }, Cancel);

        var read = await JsonAsync(created);

        Assert.Equal(
            (true, true, false, 1, false),
            (read.GetProperty("notify_cancellation").GetBoolean(), read.GetProperty("hipchat_notify_finished").GetBoolean(), read.GetProperty("suspended").GetBoolean(), read.GetProperty("prevent_multi").GetInt32(), read.GetProperty("api_allowed").GetBoolean()));
    }

    [Fact]
    public async Task Kuroko2_behaviour_46_the_list_is_ordered_by_id_and_filtered_by_all_tags()
    {
        var second = await DefineAsync("z", "noop:", ("tags", new[] { "a", "b" }));
        var third = await DefineAsync("a", "noop:", ("tags", new[] { "a" }));

        Assert.Equal([second, third], await IdsAsync(""));
        Assert.Equal([second, third], await IdsAsync("?tags[]=a"));
        Assert.Equal([second], await IdsAsync("?tags[]=a&tags[]=b"));
        Assert.Empty(await IdsAsync("?tags%5B%5D=b&tags[]=c"));

        async Task<IEnumerable<long>> IdsAsync(string query) =>
            (await Portal.GetFromJsonAsync<JsonElement>("/v1/definitions" + query, Cancel)).EnumerateArray().Select(d => d.GetProperty("id").GetInt64());
    }

    [Theory]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    public async Task Kuroko2_behaviour_46_an_update_changes_what_is_given_and_keeps_the_rest(string method)
    {
        var id = await DefineAsync("before", "execute: a", ("tags", new[] { "a", "b" }), ("slack_channel", "#ops"));

        using var response = await SendAsync(method, id, new { name = "after", script = "execute: b", tags = new[] { "c" }, suspended = true, slack_channel = (string?)null, id = 999, unknown = 1 });

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        var read = await Portal.GetFromJsonAsync<JsonElement>($"/v1/definitions/{id}", Cancel);
        Assert.Equal(("after", "execute: b", "What it does", true), (read.GetProperty("name").GetString(), read.GetProperty("script").GetString(), read.GetProperty("description").GetString(), read.GetProperty("suspended").GetBoolean()));
        Assert.Equal(["c"], read.GetProperty("tags").EnumerateArray().Select(t => t.GetString()));
        Assert.Equal(JsonValueKind.Null, read.GetProperty("slack_channel").ValueKind);

        // Without tags they stay; kuroko2 would empty them.
        using var again = await SendAsync(method, id, new { description = "other" });
        Assert.Equal(["c"], (await Portal.GetFromJsonAsync<JsonElement>($"/v1/definitions/{id}", Cancel)).GetProperty("tags").EnumerateArray().Select(t => t.GetString()));
        using var emptied = await SendAsync(method, id, new { tags = Array.Empty<string>() });
        Assert.Empty((await Portal.GetFromJsonAsync<JsonElement>($"/v1/definitions/{id}", Cancel)).GetProperty("tags").EnumerateArray());
    }

    [Fact]
    public async Task Kuroko2_behaviour_51_saving_a_script_makes_a_version_with_its_author_and_saving_the_same_makes_none()
    {
        var id = await DefineAsync("versions", "execute: a");
        using var changed = await SendAsync("PUT", id, new { script = "execute: b" });
        using var same = await SendAsync("PUT", id, new { script = "execute: b" });

        var native = await Root.GetFromJsonAsync<JsonElement>($"/api/definitions/{id}", Cancel);

        Assert.Equal((2, "token:kuroko2:portal"), (native.GetProperty("version").GetInt32(), native.GetProperty("savedBy").GetString()));
    }

    [Fact]
    public async Task Kuroko2_behaviour_46_and_52_a_definition_is_deleted_when_nothing_of_it_is_under_way()
    {
        var id = await DefineAsync("busy", "sleep: 120");
        var instance = await LaunchAsync(id);

        using var refused = await Portal.DeleteAsync($"/v1/definitions/{id}", Cancel);
        Assert.Contains($"{instance}", await RefusedAsync(refused, HttpStatusCode.UnprocessableEntity, "unprocessable_entity"), StringComparison.Ordinal);
        using var stop = await Root.DeleteAsync($"/api/runs/{instance}", Cancel);
        await EndOfAsync(instance);
        using var deleted = await Portal.DeleteAsync($"/v1/definitions/{id}", Cancel);

        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        await RefusedAsync(await Portal.DeleteAsync($"/v1/definitions/{id}", Cancel), HttpStatusCode.NotFound, "record_not_found");
        await RefusedAsync(await Portal.GetAsync($"/v1/definitions/{id}", Cancel), HttpStatusCode.NotFound, "record_not_found");
        Assert.Equal("canceled", await StatusAsync(id, instance));
    }

    [Theory]
    [InlineData("name", null, "name")]
    [InlineData("name", "", "name")]
    [InlineData("name", "taken", "taken")]
    [InlineData("name", "123", "number")]
    [InlineData("description", null, "description")]
    [InlineData("script", null, "script")]
    [InlineData("script", "execute ./run", "line 1")]
    [InlineData("script", "noop:\nfork:\n  noop:", "line 2")]
    [InlineData("script", "queue: nowhere", "No backend serves nowhere")]
    [InlineData("user_id", null, "user_id")]
    [InlineData("prevent_multi", 4, "prevent_multi")]
    [InlineData("slack_channel", "ops", "slack_channel")]
    [InlineData("slack_channel", "#a.b", "slack_channel")]
    [InlineData("webhook_url", "file:///etc/passwd", "webhook_url")]
    [InlineData("webhook_url", "nonsense", "webhook_url")]
    [InlineData("description", "a\u0007b", "description")]
    public async Task Kuroko2_behaviour_46_what_is_wrong_is_named_with_422_and_nothing_is_stored(string member, object? value, string message)
    {
        var other = await DefineAsync("taken", "noop:", ("tags", new[] { "kept" }));

        using var create = await Portal.PostAsJsonAsync("/v1/definitions", Definition("new", "noop:", (member, value)), Cancel);
        Assert.Contains(message, await RefusedAsync(create, HttpStatusCode.UnprocessableEntity, "unprocessable_entity"), StringComparison.Ordinal);
        Assert.Single((await Portal.GetFromJsonAsync<JsonElement>("/v1/definitions", Cancel)).EnumerateArray());
        if (value is null or "taken")
        {
            return;
        }

        using var update = await SendAsync("PUT", other, new Dictionary<string, object?> { [member] = value, ["tags"] = Array.Empty<string>(), ["suspended"] = true });
        Assert.Contains(message, await RefusedAsync(update, HttpStatusCode.UnprocessableEntity, "unprocessable_entity"), StringComparison.Ordinal);
        var kept = await Portal.GetFromJsonAsync<JsonElement>($"/v1/definitions/{other}", Cancel);
        Assert.Equal((1, false), (kept.GetProperty("tags").GetArrayLength(), kept.GetProperty("suspended").GetBoolean()));
    }

    [Fact]
    public async Task Bodies_of_the_wrong_kind_are_refused_with_400()
    {
        foreach (var (member, value) in (List<(string, object)>)[("name", new[] { 1 }), ("api_allowed", "perhaps"), ("prevent_multi", "x"), ("tags", new { a = 1 }), ("user_id", new object[] { new { } })])
        {
            using var response = await Portal.PostAsJsonAsync("/v1/definitions", Definition("new", "noop:", (member, value)), Cancel);
            Assert.Contains(member, await RefusedAsync(response, HttpStatusCode.BadRequest, "bad_request"), StringComparison.Ordinal);
        }

        Assert.Empty((await Portal.GetFromJsonAsync<JsonElement>("/v1/definitions", Cancel)).EnumerateArray());
    }

    [Fact]
    public async Task A_form_as_rails_reads_it_makes_a_definition()
    {
        using var form = new FormUrlEncodedContent(
        [
            new("name", "form"), new("description", "d"), new("script", "echo: ä\r\nnoop:"), new("user_id[]", "1"), new("user_id[]", "2"), new("text_tags", "a, b、c , a"), new("api_allowed", "1"), new("prevent_multi", "0"),
        ]);

        using var response = await Portal.PostAsync("/v1/definitions", form, Cancel);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var made = await JsonAsync(response);
        Assert.Equal(["a", "b", "c"], made.GetProperty("tags").EnumerateArray().Select(t => t.GetString()));
        Assert.Equal([1, 2], made.GetProperty("user_id").EnumerateArray().Select(t => t.GetInt32()));
        Assert.True(made.GetProperty("api_allowed").GetBoolean());
    }

    [Fact]
    public async Task A_definition_that_is_none_of_kuroko2s_is_shown_and_launched_but_changed_elsewhere()
    {
        using var made = await Root.PostAsJsonAsync("/api/definitions", new { name = "native", jobSpec = new { labels = new { shell_command = "echo native" } } }, Cancel);
        var id = (await JsonAsync(made)).GetProperty("id").GetInt64();

        Assert.Equal(JsonValueKind.Null, (await Portal.GetFromJsonAsync<JsonElement>($"/v1/definitions/{id}", Cancel)).GetProperty("script").ValueKind);
        using var refused = await SendAsync("PUT", id, new { script = "noop:" });
        await RefusedAsync(refused, HttpStatusCode.UnprocessableEntity, "unprocessable_entity");
        var instance = await LaunchAsync(id);
        await EndOfAsync(instance);
        Assert.Equal("success", await StatusAsync(id, instance));
    }

    private Task<HttpResponseMessage> SendAsync(string method, long id, object body) =>
        Portal.SendAsync(new HttpRequestMessage(new HttpMethod(method), $"/v1/definitions/{id}") { Content = JsonContent.Create(body) }, Cancel);
}
