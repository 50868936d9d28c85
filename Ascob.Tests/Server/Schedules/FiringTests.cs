using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Ascob.Tests.Server.Schedules;

/// <summary>The whole server fires schedules by the true clock.</summary>
public sealed class FiringTests : ScheduleApi
{
    [Fact]
    public async Task EverySecond_FiresWithinASecondOfItsTimeAndSaysWhy()
    {
        var definition = await DefineAsync(new { type = "object", properties = new { dummy_exit = new { type = "string" } } });
        var schedule = await AddedAsync(definition, new { cron = "* * * * * *", parameters = new { dummy_exit = "0" } });

        await Task.Delay(TimeSpan.FromSeconds(4), Cancel);
        await TickAsync(definition, schedule, "launched");

        var ticks = (await TicksAsync(Root, definition, schedule.GetProperty("id").GetInt64())).Where(t => t.GetProperty("state").GetString() == "launched").ToList();
        Assert.InRange(ticks.Count, 3, 7);
        Assert.All(ticks, t => Assert.InRange(Time(t, "settledAt") - Time(t, "at"), TimeSpan.Zero, TimeSpan.FromSeconds(1.5)));
        var run = await EndOfAsync(ticks[0].GetProperty("runId").GetInt64());
        Assert.Equal(("SUCCEEDED", definition, "schedule"), (run.GetProperty("status").GetString(), run.GetProperty("definitionName").GetString(), run.GetProperty("cause").GetProperty("kind").GetString()));
        Assert.Contains("* * * * * *", run.GetProperty("cause").GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kuroko2_40_ASuspendedDefinition_IsNotLaunchedByScheduleButByHand()
    {
        var definition = await DefineAsync();
        using var suspended = await Root.PostAsJsonAsync($"/api/definitions/{definition}/suspend", new { }, Cancel);
        Assert.True(suspended.IsSuccessStatusCode);
        var schedule = await AddedAsync(definition, new { cron = "* * * * * *" });

        var tick = await TickAsync(definition, schedule, "skipped");

        Assert.Equal("the definition is suspended", tick.GetProperty("reason").GetString());
        Assert.Equal(0, (await Root.GetFromJsonAsync<JsonElement>($"/api/runs?definition={definition}", Cancel)).GetProperty("items").GetArrayLength());
        using var launched = await Root.PostAsJsonAsync($"/api/definitions/{definition}/runs", new { }, Cancel);
        Assert.Equal(HttpStatusCode.Created, launched.StatusCode);
    }

    [Fact]
    public async Task ALongRun_WithOverlapSkip_HoldsTheNextFiringsBack()
    {
        var name = $"job-{Guid.NewGuid():N}";
        var labels = Dummy();
        labels["dummy_run_ms"] = "60000";
        using var defined = await Root.PostAsJsonAsync("/api/definitions", new { name, jobSpec = new { labels } }, Cancel);
        Assert.Equal(HttpStatusCode.Created, defined.StatusCode);
        var schedule = await AddedAsync(name, new { cron = "* * * * * *", overlap = "skip" });

        var launched = await TickAsync(name, schedule, "launched");
        var skipped = await TickAsync(name, schedule, "skipped");

        Assert.Contains($"run {launched.GetProperty("runId").GetInt64()} ", skipped.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Single(await TicksAsync(Root, name, schedule.GetProperty("id").GetInt64()), t => t.GetProperty("state").GetString() == "launched");
    }
}
