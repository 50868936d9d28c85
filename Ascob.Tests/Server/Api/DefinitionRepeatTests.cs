using System.Net;
using System.Net.Http.Json;
using Ascob.Core.Schedules;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Server.Api;

/// <summary>Launches that are repeated after the definition was changed.</summary>
public sealed class DefinitionRepeatTests : DefinitionApi
{
    [Fact]
    public async Task ALaunchThatIsRepeated_AnswersItsRun_WhateverTheDefinitionBecame()
    {
        await DefineAsync("job", new { properties = new { a = new { type = "string" } } });
        using var first = await LaunchAsync("job", new { a = "x" }, "k1");
        var run = await RunIdAsync(first);

        await SaveAsync(new { jobSpec = new { labels = Dummy() }, parameters = new { properties = new { b = new { type = "string" } }, required = new[] { "b" } } });
        using var changed = await LaunchAsync("job", new { a = "x" }, "k1");
        await SaveAsync(new { jobSpec = new { labels = Dummy() }, apiAllowed = false });
        using var closed = await LaunchAsync("job", new { a = "x" }, "k1");
        using var other = await LaunchAsync("job", new { a = "y" }, "k1");
        using var fresh = await LaunchAsync("job", new { a = "x" }, "k2");

        Assert.Equal((HttpStatusCode.OK, run), (changed.StatusCode, await RunIdAsync(changed)));
        Assert.Equal((HttpStatusCode.OK, run), (closed.StatusCode, await RunIdAsync(closed)));
        Assert.Contains("idempotency.key_reused", await other.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, fresh.StatusCode);
        Assert.Equal([run], Ids(await GetAsync("/api/runs?definition=job")));
    }

    [Fact]
    public async Task AFiringThatIsTakenOver_HasTheRunThatItsDeadServerStored_WhateverTheDefinitionBecame()
    {
        var id = (await DefineAsync("job")).GetProperty("id").GetInt64();
        var tick = SampleTick(id);
        var launch = Server.App.Services.GetRequiredService<IScheduledLaunch>();
        var first = await launch.LaunchAsync(tick, Cancel);
        await SaveAsync(new { jobSpec = new { labels = Dummy() }, parameters = new { properties = new { b = new { type = "string" } }, required = new[] { "b" } } });

        var again = await launch.LaunchAsync(tick, Cancel);

        Assert.True(again.IsSuccess, again.Error?.Message);
        Assert.Equal(first.Value!.RunId, again.Value.RunId);
        Assert.False((await launch.LaunchAsync(SampleTick(id, 1), Cancel)).IsSuccess);
    }

    private static ClaimedTick SampleTick(long definitionId, int minute = 0)
    {
        var at = new DateTimeOffset(2026, 1, 1, 0, minute, 0, TimeSpan.Zero);
        var schedule = new Schedule { Id = 7, DefinitionId = definitionId, Spec = new ScheduleSpec { Cron = "* * * * *" }, Fingerprint = "f", ChangedBy = "test" };
        return new ClaimedTick(schedule, new ScheduleTick { ScheduleId = 7, Tick = at, DueAt = at, ClaimedAt = at });
    }

    private async Task SaveAsync(object content)
    {
        using var saved = await Root.PutAsJsonAsync("/api/definitions/job", content, Cancel);
        Assert.True(saved.IsSuccessStatusCode, await saved.Content.ReadAsStringAsync(Cancel));
    }
}
