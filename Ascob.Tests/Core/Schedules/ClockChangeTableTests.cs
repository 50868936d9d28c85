using System.Globalization;
using System.Text;
using Ascob.Core.Schedules;

namespace Ascob.Tests.Core.Schedules;

/// <summary>
/// The table of <c>docs/schedules-clock-changes.md</c>: what fires around each change of the clock in 2026, and how often in the whole year. Compared with what was checked in; the numbers of the year
/// with the slow way, too. <c>ASCOB_UPDATE_DOCS=1</c> writes it anew, to be read before it is committed.
/// </summary>
public sealed class ClockChangeTableTests
{
    private static readonly string[] Zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"];
    private static readonly string[] Expressions = ["30 2 * * *", "0 2 * * *", "15,45 1-2 * * *", "*/20 2 * * *", "30 * * * *", "*/30 * * * *", "0 */6 * * *", "0 12 * * *"];
    private static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Table_IsWhatIsDocumented()
    {
        var path = Path.Combine(Docs.Repository.Root, "docs", "schedules-clock-changes.md");
        var table = Table();
        if (Environment.GetEnvironmentVariable("ASCOB_UPDATE_DOCS") is not null)
        {
            File.WriteAllText(path, table);
        }

        Assert.Equal(File.ReadAllText(path), table);
    }

    private static string Table()
    {
        var text = new StringBuilder();
        text.AppendLine("# Schedules and changes of the clock").AppendLine();
        text.AppendLine("What fires on the days of 2026 on which the clock is changed, by the clock on the wall with its offset from UTC, and how often in the whole year. A test compares this table with the scheduler");
        text.AppendLine("([the rules and their reasons](decisions/0035-when-a-schedule-fires.md)).").AppendLine();
        foreach (var zoneName in Zones)
        {
            var zone = TimeZones.Get(zoneName);
            text.AppendLine(CultureInfo.InvariantCulture, $"## {zoneName}").AppendLine();
            foreach (var change in Changes(zone))
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"{Local(change.AddSeconds(-1), zone)} is followed by {Local(change, zone)}.").AppendLine();
                text.AppendLine("| Expression | Fires from 01:00 to 04:00 |").AppendLine("|---|---|");
                var day = zone.GetUtcOffset(change.AddHours(-2));
                var midnight = new DateTimeOffset((change + day).Date, TimeSpan.Zero) - day;
                foreach (var cron in Expressions)
                {
                    var fires = Firings.Of(new ScheduleSpec { Cron = cron, TimeZone = zoneName }, []).Between(midnight.AddHours(1), change.AddHours(3))
                        .Where(t => TimeZoneInfo.ConvertTime(t, zone).Hour < 4).Select(t => TimeZoneInfo.ConvertTime(t, zone).ToString("HH:mmzzz", CultureInfo.InvariantCulture));
                    text.AppendLine(CultureInfo.InvariantCulture, $"| `{cron}` | {string.Join(", ", fires.DefaultIfEmpty("–"))} |");
                }

                text.AppendLine();
            }

            text.AppendLine("| Expression | Firings in 2026 |").AppendLine("|---|---|");
            foreach (var cron in Expressions)
            {
                var offset = zone.GetUtcOffset(Begin);
                var (from, to) = (Begin - offset, Begin.AddYears(1) - zone.GetUtcOffset(Begin.AddYears(1)));
                var fires = Firings.Of(new ScheduleSpec { Cron = cron, TimeZone = zoneName }, []).Between(from, to.AddTicks(-1)).ToList();
                Assert.Equal(new CronOracle(cron).Between(from, to, zone), fires);
                text.AppendLine(CultureInfo.InvariantCulture, $"| `{cron}` | {fires.Count} |");
            }

            text.AppendLine();
        }

        return text.ToString().TrimEnd() + "\n";
    }

    private static IEnumerable<DateTimeOffset> Changes(TimeZoneInfo zone)
    {
        for (var at = Begin; at < Begin.AddYears(1); at = at.AddMinutes(30))
        {
            if (zone.GetUtcOffset(at) != zone.GetUtcOffset(at.AddMinutes(-30)))
            {
                yield return at;
            }
        }
    }

    private static string Local(DateTimeOffset at, TimeZoneInfo zone) => TimeZoneInfo.ConvertTime(at, zone).ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);
}
