using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Ascob.Tests.Server.Api.Kuroko2;

public sealed class Kuroko2ScheduleTests : Kuroko2Api
{
    protected override string[] Settings => ["--Ascob:Kuroko2:TimeZone", "Asia/Tokyo"];

    [Fact]
    public async Task Kuroko2_behaviour_46_cron_is_created_read_replaced_emptied_and_kept_where_it_is_not_given()
    {
        var id = await DefineAsync("nightly", "noop:", ("cron", new[] { "0 3 * * *", "0,30 12 * * 1-5" }));
        Assert.Equal(["0 3 * * *", "0,30 12 * * 1-5"], await CronAsync(id));
        Assert.Equal("Asia/Tokyo", (await Root.GetFromJsonAsync<JsonElement>($"/api/definitions/{id}/schedules", Cancel)).GetProperty("items")[0].GetProperty("schedule").GetProperty("timeZone").GetString());

        Assert.Equal(HttpStatusCode.NoContent, await UpdateAsync(id, new { description = "other" }));
        Assert.Equal(2, (await CronAsync(id)).Count);
        Assert.Equal(HttpStatusCode.NoContent, await UpdateAsync(id, new { cron = new[] { "0 3 * * *", "5 4 * * *" } }));
        Assert.Equal(["0 3 * * *", "5 4 * * *"], await CronAsync(id));
        Assert.Equal(HttpStatusCode.NoContent, await UpdateAsync(id, new { cron = Array.Empty<string>() }));
        Assert.Empty(await CronAsync(id));
    }

    [Theory]
    [InlineData("hotdogs")]
    [InlineData("* * * *")]
    [InlineData("5-0 * * * *")]
    [InlineData("0 0 30 2 *")]
    [InlineData("0 0 0 * * *")]
    [InlineData("60 * * * *")]
    public async Task Kuroko2_behaviour_38_and_46_an_invalid_cron_is_named_with_422_and_nothing_of_the_change_is_stored(string cron)
    {
        using var create = await Portal.PostAsJsonAsync("/v1/definitions", Definition("new", "noop:", ("cron", new[] { "0 1 * * *", cron })), Cancel);
        Assert.Contains($"{cron}: ", await RefusedAsync(create, HttpStatusCode.UnprocessableEntity, "unprocessable_entity"), StringComparison.Ordinal);
        Assert.Empty((await Portal.GetFromJsonAsync<JsonElement>("/v1/definitions", Cancel)).EnumerateArray());

        var id = await DefineAsync("old", "noop:", ("cron", new[] { "0 3 * * *" }));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await UpdateAsync(id, new { name = "renamed", script = "execute: other", suspended = true, cron = new[] { cron } }));
        var kept = await Portal.GetFromJsonAsync<JsonElement>($"/v1/definitions/{id}", Cancel);
        Assert.Equal(("old", "noop:", false), (kept.GetProperty("name").GetString(), kept.GetProperty("script").GetString(), kept.GetProperty("suspended").GetBoolean()));
        Assert.Equal(["0 3 * * *"], await CronAsync(id));
    }

    [Fact]
    public async Task Kuroko2_behaviour_12_a_job_that_a_schedule_launches_sees_its_definition_its_instance_and_its_launch()
    {
        const string Say = "execute: echo \"$KUROKO2_JOB_DEFINITION_ID|$KUROKO2_JOB_DEFINITION_NAME|$KUROKO2_JOB_INSTANCE_ID|$KUROKO2_LAUNCHED_TIME|$A|${KUROKO2_SECRET_OF_THE_SERVER-}\"";
        var definition = await DefineAsync("it's \"Job 2\"", $"env: A=own\n{Say}\nretry: count=1\n  {Say}; test -e x || {{ : > x; exit 1; }}");
        using var added = await Root.PostAsJsonAsync($"/api/definitions/{definition}/schedules", new { schedule = new { cron = "* * * * * *", overlap = "skip" } }, Cancel);
        Assert.True(added.StatusCode == HttpStatusCode.Created, await added.Content.ReadAsStringAsync(Cancel));

        var tick = await LaunchedTickAsync(definition, (await JsonAsync(added)).GetProperty("id").GetInt64());
        var instance = tick.GetProperty("runId").GetInt64();
        await EndOfAsync(instance);

        var lines = (await OutputAsync(instance)).Split('\n').Where(l => l.Contains('|', StringComparison.Ordinal)).ToList();
        Assert.True(lines.Count == 3, await OutputAsync(instance));
        Assert.Single(lines.Distinct());
        var said = lines[0].Split('|');
        Assert.Equal([$"{definition}", "it's \"Job 2\"", $"{instance}"], said[..3]);
        Assert.Equal(["own", string.Empty], said[4..]);
        Assert.InRange(DateTimeOffset.Parse(said[3], CultureInfo.InvariantCulture), tick.GetProperty("at").GetDateTimeOffset(), tick.GetProperty("settledAt").GetDateTimeOffset());
        Assert.Equal("success", await StatusAsync(definition, instance));
    }

    private async Task<JsonElement> LaunchedTickAsync(long definition, long schedule)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var ticks = (await Root.GetFromJsonAsync<JsonElement>($"/api/definitions/{definition}/schedules/{schedule}/ticks", Cancel)).GetProperty("items").EnumerateArray().ToList();
            if (ticks.FirstOrDefault(t => t.GetProperty("state").GetString() == "launched") is { ValueKind: JsonValueKind.Object } launched)
            {
                return launched;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromMinutes(1), $"The schedule has launched nothing: {string.Join(' ', ticks)}");
            await Task.Delay(50, Cancel);
        }
    }

    private async Task<List<string?>> CronAsync(long id) =>
        [.. (await Portal.GetFromJsonAsync<JsonElement>($"/v1/definitions/{id}", Cancel)).GetProperty("cron").EnumerateArray().Select(c => c.GetString())];

    private async Task<HttpStatusCode> UpdateAsync(long id, object body)
    {
        using var response = await Portal.PutAsJsonAsync($"/v1/definitions/{id}", body, Cancel);
        return response.StatusCode;
    }
}
