namespace Ascob.Tests.Core.Schedules;

/// <summary>
/// What an expression of numbers means, worked out the slow way: minute by minute, with the clock on the wall read for each. Shares no code with the scheduler.
/// </summary>
internal sealed class CronOracle(string cron)
{
    private static readonly (int From, int To)[] Ranges = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];
    private readonly string[] _fields = cron.Split(' ');

    /// <summary>Answers all firings from one instant until before another, both at the start of a minute.</summary>
    public SortedSet<DateTimeOffset> Between(DateTimeOffset from, DateTimeOffset to, TimeZoneInfo zone)
    {
        var sets = _fields.Select((f, i) => Values(f, Ranges[i])).ToArray();
        var fixedTime = !_fields[0].AsSpan().ContainsAny('*', '-', '/') && !_fields[1].AsSpan().ContainsAny('*', '-', '/');
        var firings = new SortedSet<DateTimeOffset>();
        var begin = from.AddDays(-1);
        var offset = zone.GetUtcOffset(begin);
        var secondPassUntil = DateTime.MinValue;
        for (var at = begin; at < to; at = at.AddMinutes(1))
        {
            var before = offset;
            offset = zone.GetUtcOffset(at);
            var wall = (at + offset).DateTime;
            if (offset < before)
            {
                secondPassUntil = wall + (before - offset);
            }

            // The second time round an hour, fixed times were done already.
            if (at >= from && ((offset > before && IsMadeUp(sets, wall, offset - before)) || (Matches(sets, wall) && !(fixedTime && wall < secondPassUntil))))
            {
                firings.Add(at);
            }
        }

        return firings;
    }

    // What the clock went over is made up for right after it, except by an expression for every hour whose hour was left out as a whole.
    private bool IsMadeUp(HashSet<int>[] sets, DateTime wall, TimeSpan gap)
    {
        if (_fields[1] == "*" && gap >= TimeSpan.FromHours(1))
        {
            return false;
        }

        for (var missing = wall - gap; missing < wall; missing = missing.AddMinutes(1))
        {
            if (Matches(sets, missing))
            {
                return true;
            }
        }

        return false;
    }

    private bool Matches(HashSet<int>[] sets, DateTime wall)
    {
        var day = sets[2].Contains(wall.Day);
        var weekday = sets[4].Contains((int)wall.DayOfWeek);
        var days = _fields[2] != "*" && _fields[4] != "*" ? day || weekday : day && weekday;
        return sets[0].Contains(wall.Minute) && sets[1].Contains(wall.Hour) && sets[3].Contains(wall.Month) && days;
    }

    private static HashSet<int> Values(string field, (int From, int To) range)
    {
        var values = new HashSet<int>();
        foreach (var part in field.Split(','))
        {
            var step = part.Split('/') is [_, var s] ? int.Parse(s, System.Globalization.CultureInfo.InvariantCulture) : 1;
            var ends = part.Split('/')[0].Split('-');
            var from = ends[0] == "*" ? range.From : int.Parse(ends[0], System.Globalization.CultureInfo.InvariantCulture);
            var to = ends.Length == 2 ? int.Parse(ends[1], System.Globalization.CultureInfo.InvariantCulture) : ends[0] == "*" ? range.To : from;
            for (var value = from; value <= to; value += step)
            {
                values.Add(value);
            }
        }

        return values;
    }
}
