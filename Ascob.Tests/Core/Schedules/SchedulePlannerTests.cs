using System.Globalization;
using Ascob.Core.Schedules;
using Microsoft.Extensions.Options;

namespace Ascob.Tests.Core.Schedules;

/// <summary>What is due, and what becomes of missed firings.</summary>
public sealed class SchedulePlannerTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);
    private readonly SchedulePlanner _planner = new(Options.Create(new ScheduleOptions()));

    [Fact]
    public void Plan_WhenOneIsDue_FiresItAndGoesOnWithTheNext()
    {
        var plan = Plan(new ScheduleSpec { Cron = "*/5 * * * *" }, Noon, Noon.AddSeconds(1));

        Assert.Equal(["12:00"], Fires(plan));
        Assert.Equal(Noon.AddMinutes(5), plan.Next.NextTick);
        Assert.Equal(Noon.AddMinutes(5), plan.Next.NextAt);
    }

    [Fact]
    public void Plan_WhenNothingIsDue_MovesNothing() => Assert.Equal(new ScheduleCursor(Noon, Noon), Plan(new ScheduleSpec { Cron = "*/5 * * * *" }, Noon, Noon.AddSeconds(-1)).Next);

    [Theory]
    [InlineData(CatchUpPolicy.None, null, null, "13:00", 60)]
    [InlineData(CatchUpPolicy.One, null, null, "13:00", 60)]
    [InlineData(CatchUpPolicy.All, 3, null, "12:57 12:58 12:59 13:00", 57)]
    [InlineData(CatchUpPolicy.All, null, 600L, "12:51 12:52 12:53 12:54 12:55 12:56 12:57 12:58 12:59 13:00", 51)]
    public void Plan_AfterAnHourAway_MakesUpByThePolicy(CatchUpPolicy policy, int? limit, long? notOlder, string expected, int missed)
    {
        var plan = Plan(new ScheduleSpec { Cron = "* * * * *", CatchUp = new CatchUpSpec(policy, limit, notOlder) }, Noon, Noon.AddHours(1).AddSeconds(30));

        Assert.Equal(expected, string.Join(' ', Fires(plan)));
        var row = Assert.Single(plan.Ticks, t => t.Missed > 0);
        Assert.Equal(missed, row.Missed);
        Assert.Contains("missed between 2026-03-02T12:00", row.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Kuroko2_41_AfterDowntime_EveryMissedMinuteFires()
    {
        var plan = Plan(new ScheduleSpec { Cron = "* * * * *", CatchUp = new CatchUpSpec(CatchUpPolicy.All) }, Noon, Noon.AddMinutes(30));

        Assert.Equal(Enumerable.Range(0, 31).Select(m => Noon.AddMinutes(m)), plan.Ticks.Select(t => t.Tick));
        Assert.All(plan.Ticks, t => Assert.Equal(0, t.Missed));
    }

    [Fact]
    public void Plan_AfterAYearWithAll_IsBoundedAndSaysWhatItLeftOut()
    {
        var spec = new ScheduleSpec { Cron = "* * * * *", CatchUp = new CatchUpSpec(CatchUpPolicy.All) };
        var (fired, turns, now) = (new List<DateTimeOffset>(), 0, Noon.AddYears(1));
        var cursor = new ScheduleCursor(Noon, Noon);
        var missed = new List<PlannedTick>();
        for (; cursor.NextAt <= now; turns++)
        {
            var plan = _planner.Plan(Stored(spec) with { NextTick = cursor.NextTick, NextAt = cursor.NextAt }, [], now);
            Assert.InRange(plan.Ticks.Count, 0, 101);
            fired.AddRange(plan.Ticks.Where(t => t.Missed == 0).Select(t => t.Tick));
            missed.AddRange(plan.Ticks.Where(t => t.Missed > 0));
            cursor = plan.Next;
        }

        Assert.Equal(11, turns);
        Assert.Equal(Enumerable.Range(0, CatchUpSpec.LargestLimit + 2).Select(m => now.AddMinutes(m - CatchUpSpec.LargestLimit - 1)), fired);
        Assert.StartsWith("more than ", Assert.Single(missed).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_WhenADayIsMissedOfADailySchedule_FiresItOnceByDefault()
    {
        var plan = Plan(new ScheduleSpec { Cron = "0 3 * * *" }, Noon.Date.AddHours(3), new DateTimeOffset(2026, 3, 5, 12, 0, 0, TimeSpan.Zero));

        Assert.Equal("2026-03-05 03:00", Assert.Single(plan.Ticks, t => t.Missed == 0).Tick.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture));
        Assert.Equal(3, Assert.Single(plan.Ticks, t => t.Missed > 0).Missed);
    }

    [Fact]
    public void Plan_WithJitter_FiresEachAfterItsOwnDelayAndNeverEarlier()
    {
        var spec = new ScheduleSpec { Cron = "* * * * *", JitterSeconds = 50 };
        var schedule = Stored(spec);
        var delays = new HashSet<TimeSpan>();
        foreach (var tick in Enumerable.Range(0, 200).Select(m => Noon.AddMinutes(m)))
        {
            var delay = Jitter.Of(schedule, tick);
            Assert.InRange(delay, TimeSpan.Zero, TimeSpan.FromSeconds(50) - TimeSpan.FromMilliseconds(1));
            Assert.Empty(_planner.Plan(schedule with { NextTick = tick }, [], tick + delay - TimeSpan.FromMicroseconds(1)).Ticks);
            Assert.Equal(tick, Assert.Single(_planner.Plan(schedule with { NextTick = tick }, [], tick + delay).Ticks).Tick);
            delays.Add(delay);
        }

        Assert.InRange(delays.Count, 150, 200);
        Assert.NotEqual(Jitter.Of(schedule, Noon), Jitter.Of(schedule with { Id = 2 }, Noon));
    }

    [Fact]
    public void Overseer_36_Frequency3600_FiresEveryHourFromItsTime()
    {
        var spec = new ScheduleSpec { EverySeconds = 3600, StartAt = Noon.AddMinutes(17) };
        var firings = Firings.Of(spec, []).Between(Noon, Noon.AddHours(4)).Select(t => t.ToString("HH:mm", CultureInfo.InvariantCulture));
        Assert.Equal(["12:17", "13:17", "14:17", "15:17"], firings);
    }

    [Fact]
    public void Overseer_37_FrequencyOfACrontab_FiresEveryFiveMinutes() => Assert.Equal(
        ["12:00", "12:05", "12:10"],
        Firings.Of(new ScheduleSpec { Cron = "*/5 * * * *" }, []).Between(Noon, Noon.AddMinutes(10)).Select(t => t.ToString("HH:mm", CultureInfo.InvariantCulture)));

    [Theory]
    [InlineData("*/5 * * * *", null)]
    [InlineData(null, 600L)]
    public void Overseer_40_TimeInTheFuture_DelaysTheFirstRun(string? cron, long? seconds)
    {
        var first = Firings.Of(new ScheduleSpec { Cron = cron, EverySeconds = seconds, StartAt = Noon.AddDays(1) }, []).Next(Noon).Tick;
        Assert.Equal(Noon.AddDays(1), first);
    }

    [Fact]
    public void Next_WhenSuspensionsTakeOutMostOfAYear_IsFoundInFewSteps()
    {
        var firings = Firings.Of(new ScheduleSpec { Cron = "* * * * * *" }, [new SuspensionSpec { Cron = "* * * 1-11 *", TimeZone = "Europe/Berlin" }, new SuspensionSpec { Cron = "* 0-22 * * *" }]);
        var begun = System.Diagnostics.Stopwatch.GetTimestamp();

        Assert.Equal(new DateTimeOffset(2026, 11, 30, 23, 0, 0, TimeSpan.Zero), firings.Next(Noon).Tick);
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(2));
        Assert.True(Firings.Of(new ScheduleSpec { Cron = "* * * * * *" }, [new SuspensionSpec { Cron = "* * * * *" }]).NeverFires(Noon));
    }

    [Theory]
    [InlineData(CatchUpPolicy.All, 1000)]
    [InlineData(CatchUpPolicy.One, 1)]
    [InlineData(CatchUpPolicy.None, 0)]
    public void Plan_AfterAYearOfSecondsWithALongSuspension_IsExactAndQuick(CatchUpPolicy policy, int late)
    {
        var (now, suspended, resumed) = (Noon.AddDays(365), Noon.AddDays(200), Noon.AddDays(365).AddMinutes(-10));
        var schedule = Stored(new ScheduleSpec { Cron = "* * * * * *", CatchUp = new CatchUpSpec(policy) }) with { NextTick = Noon, NextAt = Noon };
        var suspension = new Suspension { Spec = new SuspensionSpec { From = suspended, To = resumed }, Fingerprint = "s", CreatedBy = "t" };
        var begun = System.Diagnostics.Stopwatch.GetTimestamp();

        var plan = _planner.Plan(schedule, [suspension], now);

        var took = System.Diagnostics.Stopwatch.GetElapsedTime(begun);
        List<DateTimeOffset> onTime = [.. Enumerable.Range(-60, 61).Select(s => now.AddSeconds(s))];
        List<DateTimeOffset> missed = [.. Enumerable.Range(1, 460).Select(s => suspended.AddSeconds(s - 461)), .. Enumerable.Range(0, 540).Select(s => resumed.AddSeconds(s))];
        List<DateTimeOffset> expected = policy switch
        {
            CatchUpPolicy.All => [.. missed, .. onTime],
            CatchUpPolicy.One => [now],
            _ => onTime,
        };
        Assert.Equal(late, missed.TakeLast(late).Count());
        Assert.Equal(expected.Take(100), plan.Ticks.Where(t => t.Missed == 0).Select(t => t.Tick));
        Assert.True(took < TimeSpan.FromSeconds(1), $"It took {took}.");
    }

    private SchedulePlan Plan(ScheduleSpec spec, DateTimeOffset next, DateTimeOffset now) => _planner.Plan(Stored(spec) with { NextTick = next, NextAt = next }, [], now);

    private static Schedule Stored(ScheduleSpec spec) => new() { Id = 1, DefinitionId = 1, Spec = spec, Fingerprint = "f", ChangedBy = "t" };

    private static IEnumerable<string> Fires(SchedulePlan plan) => plan.Ticks.Where(t => t.Missed == 0).Select(t => t.Tick.ToString("HH:mm", CultureInfo.InvariantCulture));
}
