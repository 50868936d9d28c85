using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Ascob.Tests.Server.Schedules;

/// <summary>Schedules over HTTP: saving, previewing, suspending; the behaviours of kuroko2 and Overseer carry their numbers.</summary>
public sealed class ScheduleApiTests : ScheduleApi
{
    [Fact]
    public async Task Add_WhenRight_IsShownWithItsNextFiring()
    {
        var definition = await DefineAsync();

        using var response = await AddAsync(definition, new { cron = "0 3 * * *", timeZone = "Europe/Berlin", overlap = "skip", catchUp = new { policy = "all", limit = 5 }, jitterSeconds = 60, description = "nightly" });

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var added = await JsonAsync(response);
        Assert.Equal(added.GetRawText(), (await Root.GetFromJsonAsync<JsonElement>(response.Headers.Location!, Cancel)).GetRawText());
        Assert.Equal((definition, "active", "0 3 * * * (Europe/Berlin)", 1), (
            added.GetProperty("definition").GetString(), added.GetProperty("state").GetString(), added.GetProperty("rhythm").GetString(), added.GetProperty("version").GetInt32()));
        Assert.Equal(3, TimeZoneInfo.ConvertTime(Time(added, "nextFiring"), TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin")).Hour);
        var list = await Root.GetFromJsonAsync<JsonElement>("/api/schedules", Cancel);
        Assert.Contains(list.GetProperty("items").EnumerateArray(), s => s.GetProperty("definition").GetString() == definition);
        var next = await Root.GetFromJsonAsync<JsonElement>($"/api/definitions/{definition}/next?count=3", Cancel);
        Assert.Equal(3, next.GetProperty("items").GetArrayLength());
        Assert.Equal(Time(added, "nextFiring"), Time(next.GetProperty("items")[0], "at"));
        Assert.InRange(Time(next.GetProperty("items")[0], "dueAt") - Time(added, "nextFiring"), TimeSpan.Zero, TimeSpan.FromSeconds(60));
        var shown = await Root.GetFromJsonAsync<JsonElement>($"/api/definitions/{definition}", Cancel);
        Assert.Equal(Time(next.GetProperty("items")[0], "dueAt"), Time(shown, "nextRunTime"));
    }

    [Theory]
    [InlineData("""{"cron":"* * * *"}""", "schedule.cron")]
    [InlineData("""{"cron":"5-0 * * * *"}""", "schedule.cron")]
    [InlineData("""{"cron":"hotdogs"}""", "schedule.cron")]
    [InlineData("""{"cron":"0 0 31 2 *"}""", "schedule.cron")]
    [InlineData("""{"cron":"0 0 30 2 ?"}""", "schedule.cron")]
    [InlineData("""{}""", "schedule.cron")]
    [InlineData("""{"cron":null}""", "schedule.cron")]
    [InlineData("""{"cron":5}""", "schedule.cron")]
    [InlineData("""{"cron":"* * * * *","everySeconds":60}""", "schedule.everySeconds")]
    [InlineData("""{"everySeconds":0}""", "schedule.everySeconds")]
    [InlineData("""{"everySeconds":"soon"}""", "schedule.everySeconds")]
    [InlineData("""{"cron":"* * * * *","timeZone":"Mars/Olympus"}""", "schedule.timeZone")]
    [InlineData("""{"cron":"* * * * *","timeZone":"../../etc/passwd"}""", "schedule.timeZone")]
    [InlineData("""{"startAt":"2020-01-01T00:00:00Z"}""", "schedule.startAt")]
    [InlineData("""{"startAt":"tomorrow"}""", "schedule.startAt")]
    [InlineData("""{"cron":"* * * * *","endAt":"2020-01-01T00:00:00Z"}""", "schedule.endAt")]
    [InlineData("""{"cron":"* * * * *","startAt":"2090-01-01T00:00:00Z","endAt":"2089-01-01T00:00:00Z"}""", "schedule.endAt")]
    [InlineData("""{"cron":"* * * * *","jitterSeconds":60}""", "schedule.jitterSeconds")]
    [InlineData("""{"cron":"* * * * *","jitterSeconds":-1}""", "schedule.jitterSeconds")]
    [InlineData("""{"cron":"* * * * *","overlap":"maybe"}""", "schedule.overlap")]
    [InlineData("""{"cron":"* * * * *","catchUp":{"policy":"all","limit":100000}}""", "schedule.catchUp.limit")]
    [InlineData("""{"cron":"* * * * *","catchUp":{"policy":"some"}}""", "schedule.catchUp.policy")]
    [InlineData("""{"cron":"* * * * *","priority":99999999}""", "schedule.priority")]
    [InlineData("""{"cron":"* * * * *","enabled":null}""", "schedule.enabled")]
    [InlineData("""{"cron":"* * * * *","parameters":[1]}""", "schedule.parameters")]
    [InlineData("""{"cron":"hotdogs","timeZone":"x","jitterSeconds":-4}""", "schedule.cron schedule.jitterSeconds schedule.timeZone")]
    public async Task Kuroko2_38_WhatCannotBe_IsRefusedWithItsFieldAndLeavesNothing(string schedule, string fields)
    {
        var definition = await DefineAsync();

        Assert.Equal(fields, await FieldsAsync(await AddAsync(definition, JsonDocument.Parse(schedule).RootElement)));

        Assert.Equal(0, (await Root.GetFromJsonAsync<JsonElement>($"/api/definitions/{definition}/schedules", Cancel)).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task Kuroko2_38_ADuplicate_IsRefusedPerDefinition()
    {
        var (one, two) = (await DefineAsync(), await DefineAsync());
        await AddedAsync(one, new { cron = "0 3 * * *" });

        Assert.Equal("schedule.cron", await FieldsAsync(await AddAsync(one, new { cron = "0  3 * *  *", priority = 4 })));
        await AddedAsync(two, new { cron = "0 3 * * *" });
        await AddedAsync(one, new { cron = "0 3 * * *", timeZone = "Asia/Tokyo" });
    }

    [Fact]
    public async Task Kuroko2_36_WithASuspensionOfHalfAnHour_NextIsHalfPast() => Assert.Equal(
        ["2026-05-04T10:30:00+00:00", "2026-05-04T10:45:00+00:00", "2026-05-05T10:30:00+00:00"],
        await PreviewAsync(new { cron = "0,15,30,45 10 * * *" }, "2026-05-04T10:00:00Z", 3, new { cron = "0-29 10 * * *" }));

    [Fact]
    public async Task Kuroko2_39_ASuspension_IsRefusedWithoutSchedulesAndWhenItCoversAll()
    {
        var definition = await DefineAsync();
        Assert.Equal("suspension.cron", await FieldsAsync(await SuspendAsync(definition, new { cron = "0-29 10 * * *" })));

        await AddedAsync(definition, new { cron = "0,15 10 * * *" });
        Assert.Equal("suspension.cron", await FieldsAsync(await SuspendAsync(definition, new { cron = "* 10 * * *" })));
        Assert.Equal("suspension.cron", await FieldsAsync(await SuspendAsync(definition, new { cron = "* * * * *" })));

        // Both days are restricted in the schedule, so a suspension of one of them does not cover it.
        await AddedAsync(definition, new { cron = "0 12 1 * 1" });
        using var accepted = await SuspendAsync(definition, new { cron = "* * * * 1" });
        Assert.Equal(HttpStatusCode.Created, accepted.StatusCode);
        Assert.Equal("suspension.cron", await FieldsAsync(await SuspendAsync(definition, new { cron = "* * * * 1" })));
        Assert.Equal("suspension.from", await FieldsAsync(await SuspendAsync(definition, new { to = "2090-01-01T00:00:00Z" })));
        Assert.Equal("suspension.to", await FieldsAsync(await SuspendAsync(definition, new { from = "2020-01-01T00:00:00Z", to = "2021-01-01T00:00:00Z" })));

        var id = (await Root.GetFromJsonAsync<JsonElement>($"/api/definitions/{definition}/suspensions", Cancel)).GetProperty("items")[0].GetProperty("id").GetInt64();
        using var deleted = await Root.DeleteAsync($"/api/definitions/{definition}/suspensions/{id}", Cancel);
        using var again = await Root.DeleteAsync($"/api/definitions/{definition}/suspensions/{id}", Cancel);
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NotFound), (deleted.StatusCode, again.StatusCode));
    }

    [Fact]
    public async Task Overseer_38_QuotedAndUnquotedNumbers_AreEqual()
    {
        var definition = await DefineAsync();
        var added = await AddedAsync(definition, new { everySeconds = "3600", priority = "5", startAt = "2026-01-01T00:10:00Z" });

        Assert.Equal((3600, 5), (added.GetProperty("schedule").GetProperty("everySeconds").GetInt32(), added.GetProperty("schedule").GetProperty("priority").GetInt32()));
        Assert.Equal("schedule.everySeconds", await FieldsAsync(await AddAsync(definition, new { everySeconds = 3600, priority = 5, startAt = "2026-01-01T00:10:00Z" })));
        Assert.Equal(10, Time(added, "nextFiring").Minute);
    }

    [Fact]
    public async Task Preview_AroundTheChangeOfTheClock_ShowsTheOffsets() => Assert.Equal(
        ["2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"],
        await PreviewAsync(new { cron = "30 2 * * *", timeZone = "Europe/Berlin" }, "2026-03-28T00:00:00Z", 3));

    [Fact]
    public async Task Save_WhenTimesChange_BeginsAnewAndKeepsOthersOut()
    {
        var definition = await DefineAsync();
        var added = await AddedAsync(definition, new { cron = "0 3 * * *" });
        var path = $"/api/definitions/{definition}/schedules/{added.GetProperty("id").GetInt64()}";

        using var saved = await Root.PutAsJsonAsync(path, new { schedule = new { cron = "30 4 * * *" }, version = 1 }, Cancel);
        using var late = await Root.PutAsJsonAsync(path, new { schedule = new { cron = "30 5 * * *" }, version = 1 }, Cancel);
        using var off = await Root.PutAsJsonAsync(path, new { schedule = new { cron = "30 4 * * *", enabled = false } }, Cancel);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Conflict, HttpStatusCode.OK), (saved.StatusCode, late.StatusCode, off.StatusCode));
        Assert.Equal("04:30", Time(await JsonAsync(saved), "nextFiring").ToString("HH:mm", System.Globalization.CultureInfo.InvariantCulture));
        var disabled = await JsonAsync(off);
        Assert.Equal(("disabled", JsonValueKind.Null, 3), (disabled.GetProperty("state").GetString(), disabled.GetProperty("nextFiring").ValueKind, disabled.GetProperty("version").GetInt32()));
        using var foreign = await Root.GetAsync($"/api/definitions/{await DefineAsync()}/schedules/{added.GetProperty("id").GetInt64()}", Cancel);
        Assert.Equal(HttpStatusCode.NotFound, foreign.StatusCode);
    }

    [Fact]
    public async Task Add_WithParametersThatDoNotFit_IsRefused()
    {
        var definition = await DefineAsync(new
        {
            type = "object",
            properties = new { day = new { type = "string" }, key = new { type = "string", writeOnly = true } },
            required = new[] { "day" },
        });

        Assert.Equal("schedule.parameters.day", await FieldsAsync(await AddAsync(definition, new { cron = "0 3 * * *" })));
        Assert.Equal("schedule.parameters.day", await FieldsAsync(await AddAsync(definition, new { cron = "0 3 * * *", parameters = new { day = 4 } })));
        Assert.Equal("schedule.parameters.key", await FieldsAsync(await AddAsync(definition, new { cron = "0 3 * * *", parameters = new { day = "x", key = "s3cret" } })));
        await AddedAsync(definition, new { cron = "0 3 * * *", parameters = new { day = "monday" } });
    }

    [Fact]
    public async Task DeletingTheDefinition_TakesItsSchedulesAlong()
    {
        var definition = await DefineAsync();
        await AddedAsync(definition, new { cron = "0 3 * * *" });
        using var suspended = await SuspendAsync(definition, new { from = "2090-01-01T00:00:00Z", to = "2091-01-01T00:00:00Z" });
        Assert.Equal(HttpStatusCode.Created, suspended.StatusCode);

        using var deleted = await Root.DeleteAsync($"/api/definitions/{definition}", Cancel);

        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal(0, (await Root.GetFromJsonAsync<JsonElement>("/api/schedules", Cancel)).GetProperty("items").GetArrayLength());
    }
}
