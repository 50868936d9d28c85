using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Core.Schedules;
using Ascob.Core.Timing;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Server.Schedules;

/// <summary>A server died between the launch of a firing and its note, and what it found has changed since: the firing still shows its run.</summary>
public sealed class InterruptedFiringTests : ScheduleApi
{
    private IScheduleStore Store => Server.App.Services.GetRequiredService<IScheduleStore>();

    private DateTimeOffset Now => Server.App.Services.GetRequiredService<MonotonicClock>().Now;

    [Fact]
    public async Task AFiringWhoseServerDied_WhenTheDefinitionWasSuspendedSince_ShowsItsRun()
    {
        var definition = await DefineAsync();
        var (schedule, run) = await LaunchAndDieAsync(definition, new { cron = "0 0 1 1 *" });
        using var suspended = await Root.PostAsJsonAsync($"/api/definitions/{definition}/suspend", new { }, Cancel);
        Assert.Equal(HttpStatusCode.OK, suspended.StatusCode);

        await EndTheLeaseAsync(schedule);

        Assert.Equal(run, (await TickAsync(definition, schedule, "launched")).GetProperty("runId").GetInt64());
        Assert.Single((await Root.GetFromJsonAsync<JsonElement>($"/api/runs?definition={definition}", Cancel)).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task AFiringWhoseServerDied_WhenTheDefinitionTakesItsParametersNoMore_ShowsItsRun()
    {
        var definition = await DefineAsync();
        var (schedule, run) = await LaunchAndDieAsync(definition, new { cron = "0 0 1 1 *" });
        var parameters = new { type = "object", properties = new { day = new { type = "string" } }, required = new[] { "day" } };
        using var saved = await Root.PutAsJsonAsync($"/api/definitions/{definition}", new { jobSpec = new { labels = Dummy() }, parameters }, Cancel);
        Assert.True(saved.IsSuccessStatusCode, await saved.Content.ReadAsStringAsync(Cancel));

        await EndTheLeaseAsync(schedule);

        Assert.Equal(run, (await TickAsync(definition, schedule, "launched")).GetProperty("runId").GetInt64());
    }

    [Fact]
    public async Task AFiringWhoseServerDied_WhenAnEarlierRunIsActive_ShowsItsRun()
    {
        var definition = await DefineAsync();
        var (schedule, run) = await LaunchAndDieAsync(definition, new { cron = "0 0 1 1 *", overlap = "skip" }, withAnEarlierOne: true);

        await EndTheLeaseAsync(schedule);

        Assert.Equal(run, (await TickAsync(definition, schedule, "launched")).GetProperty("runId").GetInt64());
    }

    [Fact]
    public async Task AFiringWhoseServerDied_WhenItsRunWasPrevented_SaysSo()
    {
        var name = $"job-{Guid.NewGuid():N}";
        var labels = Dummy();
        labels["dummy_run_ms"] = "60000";
        using var defined = await Root.PostAsJsonAsync("/api/definitions", new { name, jobSpec = new { labels }, nextExecution = "not_while_working" }, Cancel);
        Assert.True(defined.IsSuccessStatusCode, await defined.Content.ReadAsStringAsync(Cancel));
        using var working = await Root.PostAsJsonAsync($"/api/definitions/{name}/runs", new { }, Cancel);
        Assert.Equal(HttpStatusCode.Created, working.StatusCode);
        var (schedule, run) = await LaunchAndDieAsync(name, new { cron = "0 0 1 1 *" });
        using var suspended = await Root.PostAsJsonAsync($"/api/definitions/{name}/suspend", new { }, Cancel);

        await EndTheLeaseAsync(schedule);

        Assert.Equal(run, (await TickAsync(name, schedule, "prevented")).GetProperty("runId").GetInt64());
    }

    // What the dead server did: it took the firing in hand for so long that this one leaves it alone, and launched it.
    private async Task<(JsonElement Schedule, long RunId)> LaunchAndDieAsync(string definition, object spec, bool withAnEarlierOne = false)
    {
        var schedule = await AddedAsync(definition, spec);
        var stored = (await Store.FindAsync(schedule.GetProperty("id").GetInt64(), Cancel))!;
        var tick = new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
        List<PlannedTick> ticks = withAnEarlierOne ? [new(tick.AddYears(-1), tick.AddYears(-1)), new(tick, tick)] : [new(tick, tick)];
        await Store.ReplaceAsync(stored, (_, _) => new ScheduleCursor(tick, Now.AddHours(1)), Cancel);
        var claimed = await Store.ClaimDueAsync(
            new TickClaim("dead:1", Now.AddHours(2), Now.AddHours(2), 500),
            (s, _) => s.Id == stored.Id ? new SchedulePlan(ticks, new ScheduleCursor(stored.NextTick, stored.NextAt)) : new SchedulePlan([], new ScheduleCursor(s.NextTick, s.NextAt)),
            Cancel);
        Assert.Equal(ticks.Count, claimed.Count);
        var launched = await Server.App.Services.GetRequiredService<IScheduledLaunch>().LaunchAsync(claimed[^1], Cancel);
        Assert.True(launched.IsSuccess, launched.Error?.Message);
        return (schedule, launched.Value.RunId!.Value);
    }

    private Task EndTheLeaseAsync(JsonElement schedule) => Store.SettleAsync(
        "dead:1",
        [new TickOutcome(schedule.GetProperty("id").GetInt64(), new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), TickState.Claimed, null, null, Now, Now)],
        Cancel);
}
