using Ascob.Core.Schedules;
using CsCheck;

namespace Ascob.Tests.Core.Schedules;

/// <summary>Random expressions, zones and suspensions against the slow way.</summary>
public sealed class FiringsOracleTests
{
    private static readonly string[] Zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Chatham", "America/St_Johns", "Africa/Casablanca"];

    private static readonly Gen<string> Minutes = Field(0, 59);
    private static readonly Gen<string> Hours = Field(0, 23);
    private static readonly Gen<string> Crons = Gen.Select(
        Minutes, Hours, Gen.Frequency((3, Gen.Const("*")), (1, Field(1, 31))), Gen.Frequency((4, Gen.Const("*")), (1, Field(1, 12))), Gen.Frequency((3, Gen.Const("*")), (1, Field(0, 6))),
        (minute, hour, day, month, weekday) => $"{minute} {hour} {day} {month} {weekday}");

    // Ten days around every change of the clock in 2026, and some quiet ones.
    private static readonly DateTimeOffset[] Days = [Day(3, 4), Day(3, 25), Day(3, 31), Day(9, 22), Day(10, 1), Day(10, 21), Day(10, 28), Day(2, 10), Day(2, 25), Day(12, 28)];
    private static readonly Gen<DateTimeOffset> Begins = Gen.Int[0, Days.Length - 1].Select(i => Days[i]);
    private static readonly Gen<string> AnyZone = Gen.Int[0, Zones.Length - 1].Select(i => Zones[i]);

    [Fact]
    public void Next_WalkedThroughTenDays_GivesWhatTheSlowWayGives() => Gen.Select(Crons, AnyZone, Begins).Sample(
        (cron, zoneName, begin) =>
        {
            var zone = TimeZones.Get(zoneName);
            Assert.Equal(
                new CronOracle(cron).Between(begin, begin.AddDays(10), zone),
                Firings.Of(new ScheduleSpec { Cron = cron, TimeZone = zoneName }, []).Between(begin, begin.AddDays(10).AddTicks(-1)));
        },
        iter: 1500);

    [Fact]
    public void Next_WithSuspensions_LeavesOutWhatTheyCover() => Gen.Select(Crons, Crons.Array[0, 3], AnyZone, AnyZone, Begins).Sample(
        (cron, suspended, zoneName, otherZone, begin) =>
        {
            var zone = TimeZones.Get(zoneName);
            var end = begin.AddDays(4);
            var expected = new CronOracle(cron).Between(begin, end, zone);
            foreach (var suspension in suspended)
            {
                expected.ExceptWith(new CronOracle(suspension).Between(begin, end, TimeZones.Get(otherZone)));
            }

            var firings = Firings.Of(new ScheduleSpec { Cron = cron, TimeZone = zoneName }, suspended.Select(s => new SuspensionSpec { Cron = s, TimeZone = otherZone }));
            var actual = firings.Between(begin, end.AddTicks(-1)).ToList();

            // A suspension takes out, beyond what a schedule of the same text would do, both passes of a doubled hour and what its text says of the clock on the wall.
            Assert.All(actual, tick => Assert.Contains(tick, expected));
            Assert.All(expected.Except(actual), tick => Assert.Contains(suspended, s => IsNear(s, tick, TimeZones.Get(otherZone))));
        },
        iter: 600);

    [Fact]
    public void Latest_WhateverTheBound_GivesTheLastOnesAndCounts() => Gen.Select(Crons, Gen.Int[0, 40], Gen.Int[0, 400], Begins).Sample(
        (cron, wanted, countUpTo, begin) =>
        {
            var firings = Firings.Of(new ScheduleSpec { Cron = cron }, []);
            var all = firings.Between(begin, begin.AddDays(3)).ToList();
            var (latest, count, isMore) = firings.Latest(begin, begin.AddDays(3), wanted, countUpTo);
            Assert.Equal(all.TakeLast(wanted), latest);
            Assert.Equal((Math.Min(all.Count, countUpTo), all.Count > countUpTo), (count, isMore));
        },
        iter: 600);

    [Fact]
    public void Next_OfAPeriod_IsStartPlusWholePeriods() => Gen.Select(Gen.Long[1, 100_000], Gen.Long[-1_000_000, 1_000_000]).Sample(
        (seconds, after) =>
        {
            var start = Day(3, 4);
            var from = start.AddSeconds(after);
            var next = ScheduleTiming.Of(new ScheduleSpec { EverySeconds = seconds, StartAt = start }).Next(from);
            var k = 0L;
            while (start.AddSeconds(k * seconds) < from && k < after)
            {
                k += Math.Max(1, (after / seconds) - k);
                if (start.AddSeconds(k * seconds) < from)
                {
                    k++;
                }
            }

            Assert.Equal(start.AddSeconds(k * seconds), next);
        });

    private static bool IsNear(string suspension, DateTimeOffset tick, TimeZoneInfo zone)
    {
        var wall = TimeZoneInfo.ConvertTime(tick, zone).DateTime;
        var utc = new DateTimeOffset(wall, TimeSpan.Zero);
        return new CronOracle(suspension).Between(utc, utc.AddMinutes(1), TimeZoneInfo.Utc).Count > 0;
    }

    private static DateTimeOffset Day(int month, int day) => new(2026, month, day, 0, 0, 0, TimeSpan.Zero);

    private static Gen<string> Field(int from, int to)
    {
        var one = Gen.Int[from, to].Select(n => FormattableString.Invariant($"{n}"));
        var range = Gen.Select(Gen.Int[from, to], Gen.Int[from, to], (a, b) => FormattableString.Invariant($"{Math.Min(a, b)}-{Math.Max(a, b)}"));
        var step = Gen.Select(Gen.OneOf(Gen.Const("*"), range), Gen.Int[1, Math.Max(1, (to - from) / 2)], (r, n) => FormattableString.Invariant($"{r}/{n}"));
        return Gen.Frequency((4, Gen.Const("*")), (4, one), (2, range), (2, step), (2, Gen.Select(one, one, (a, b) => $"{a},{b}")), (1, Gen.Select(range, one, (a, b) => $"{a},{b}")));
    }
}
