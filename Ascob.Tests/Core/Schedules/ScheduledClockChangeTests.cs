using Ascob.Core.Schedules;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Schedules;

/// <summary>A scheduler that goes through the changes of the clock of a year: what it launches, and not only what it announces.</summary>
public sealed class ScheduledClockChangeTests : IDisposable
{
    private static readonly DateTimeOffset NewYear = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly SchedulerWorld _world = new(NewYear);

    public void Dispose() => _world.Dispose();

    [Theory]
    [InlineData("30 2 * * *", "Europe/Berlin")]
    [InlineData("0,30 2 * * *", "America/New_York")]
    [InlineData("15 2 * * *", "Australia/Lord_Howe")]
    [InlineData("*/20 * * * *", "Europe/Berlin")]
    [InlineData("45 1-3 * * *", "America/St_Johns")]
    [InlineData("0 0 * * *", "America/Santiago")]
    public async Task AYearOfAZone_FiresWhatIsAnnounced(string cron, string zone)
    {
        var store = new MemoryScheduleStore();
        var spec = new ScheduleSpec { Cron = cron, TimeZone = zone, CatchUp = new CatchUpSpec(CatchUpPolicy.All) };
        var schedule = await _world.SaveAsync(store, spec);

        await _world.PassAsync(TimeSpan.FromDays(365), TimeSpan.FromMinutes(30), _world.Server(store));

        Assert.Equal(Firings.Of(spec, []).Between(NewYear, _world.Clock.Now), _world.Ledger.Launched.Where(l => l.ScheduleId == schedule.Id).Select(l => l.Tick));
    }

    [Fact]
    public void Next_AskedFromItsOwnAnswer_AnswersTheSame()
    {
        var zone = TimeZones.Get("Europe/Berlin");
        Assert.True(CronRule.TryParse("30 2 * * *", out var rule, out _));

        // 30 minutes past 2 does not exist on that day.
        var afterTheGap = rule.Next(new DateTimeOffset(2026, 3, 29, 0, 0, 0, TimeSpan.Zero), zone)!.Value;

        Assert.Equal(new DateTimeOffset(2026, 3, 29, 1, 0, 0, TimeSpan.Zero), afterTheGap);
        Assert.Equal(afterTheGap, rule.Next(afterTheGap, zone));
        Assert.Equal(new DateTimeOffset(2026, 3, 30, 0, 30, 0, TimeSpan.Zero), rule.Next(afterTheGap.AddTicks(1), zone));
    }
}
