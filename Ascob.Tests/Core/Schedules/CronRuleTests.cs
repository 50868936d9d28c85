using System.Globalization;
using Ascob.Core.Schedules;

namespace Ascob.Tests.Core.Schedules;

/// <summary>Cron expressions; the behaviours of kuroko2 carry its numbers.</summary>
public sealed class CronRuleTests
{
    [Fact]
    public void Kuroko2_35_QuartersOfTen_ComputedAtTen_GiveTenFifteen() =>
        Assert.Equal("10:15", Next("0,15,30,45 10 * * *", "2026-03-02T10:00:01Z"));

    [Theory]
    [InlineData("0 0 13 * 5", "2026-03-02T00:00:00Z", "03-06 03-13 03-20")]
    [InlineData("0 0 1,15 * MON", "2026-06-01T00:00:00Z", "06-01 06-08 06-15")]
    [InlineData("0 0 */10 * 0", "2026-03-02T00:00:00Z", "03-08 03-11 03-15")]
    [InlineData("0 0 13 * ?", "2026-03-02T00:00:00Z", "03-13 04-13 05-13")]
    [InlineData("0 0 * * 5", "2026-03-02T00:00:00Z", "03-06 03-13 03-20")]
    [InlineData("0 0 30 2 MON", "2026-03-02T00:00:00Z", "02-01 02-08 02-15")]
    [InlineData("0 0 0 13 * 5", "2026-03-02T00:00:00Z", "03-06 03-13 03-20")]
    public void Kuroko2_37_DayAndWeekdayBothSet_FireWhenEitherMatches(string cron, string from, string expected)
    {
        var rule = Parse(cron);
        var days = new List<string>();
        var at = Time(from);
        while (days.Count < 3)
        {
            at = rule.Next(at, TimeZoneInfo.Utc)!.Value;
            days.Add(at.ToString("MM-dd", CultureInfo.InvariantCulture));
            at = at.AddSeconds(1);
        }

        Assert.Equal(expected, string.Join(' ', days));
    }

    [Theory]
    [InlineData("* * * *")]
    [InlineData("5-0 * * * *")]
    [InlineData("hotdogs")]
    [InlineData("")]
    [InlineData("60 * * * *")]
    [InlineData("* 24 * * *")]
    [InlineData("* * 0 * *")]
    [InlineData("* * 32 * *")]
    [InlineData("* * * 13 *")]
    [InlineData("* * * * 8")]
    [InlineData("*/0 * * * *")]
    [InlineData("* * * * * * *")]
    [InlineData("@daily")]
    [InlineData("H * * * *")]
    [InlineData("0 H(1-3) * * *")]
    [InlineData("1,,2 * * * *")]
    [InlineData("-1 * * * *")]
    [InlineData("1.5 * * * *")]
    [InlineData("99999999999999999999 * * * *")]
    [InlineData("\0 * * * *")]
    public void Kuroko2_38_WhatIsNoExpression_IsRejected(string cron)
    {
        Assert.False(CronRule.TryParse(cron, out _, out var problem));
        Assert.NotEmpty(problem);
    }

    [Fact]
    public void TryParse_WhenTextIsLong_IsRejected() => Assert.False(CronRule.TryParse(string.Join(',', Enumerable.Repeat("1", 100)) + " * * * *", out _, out _));

    [Theory]
    [InlineData("*/5  *\t* * *", "*/5 * * * *")]
    [InlineData("0 9-17/2 * JAN-MAR MON-FRI", "0 9-17/2 * JAN-MAR MON-FRI")]
    [InlineData("0 0 * * FRI-MON", "0 0 * * FRI-MON")]
    [InlineData("*/10 * * * * *", "*/10 * * * * *")]
    [InlineData("0 0 L * *", "0 0 L * *")]
    public void TryParse_WhenItIsOne_KeepsItWithSingleBlanks(string cron, string text) => Assert.Equal(text, Parse(cron).Text);

    [Fact]
    public void Next_WhenItNeverMatches_AnswersSoAtOnce() => Assert.Null(Parse("0 0 31 2 *").Next(Time("2026-01-01T00:00:00Z"), TimeZoneInfo.Utc));

    private static CronRule Parse(string cron) => CronRule.TryParse(cron, out var rule, out var problem) ? rule : throw new ArgumentException(problem);

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    private static string Next(string cron, string from) => Parse(cron).Next(Time(from), TimeZoneInfo.Utc)!.Value.ToString("HH:mm", CultureInfo.InvariantCulture);
}
