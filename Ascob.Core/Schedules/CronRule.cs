using System.Diagnostics.CodeAnalysis;
using Cronos;

namespace Ascob.Core.Schedules;

/// <summary>
/// A cron expression of five fields, or six with seconds in front. A day of the month and a day of the week that are both given match when either does, as cron always had it; the rules around a change
/// of the clock are in <c>docs/decisions/0035-when-a-schedule-fires.md</c>.
/// </summary>
public sealed class CronRule
{
    /// <summary>The longest text that is read.</summary>
    public const int LongestText = 180;

    private const string Signs = "*?,-/#";

    // By more than this no clock was ever set back in one step.
    private static readonly TimeSpan LongestDoubled = TimeSpan.FromHours(25);
    private static readonly TimeSpan OneDay = TimeSpan.FromDays(1);
    private static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1);

    private readonly CronExpression _first;
    private readonly CronExpression? _second;
    private readonly bool _everyHour;
    private readonly bool _isFixed;

    private CronRule(string text, string[] fields, CronExpression first, CronExpression? second)
    {
        Text = text;
        Fields = fields;
        _first = first;
        _second = second;
        _everyHour = IsOpen(fields[^4]);
        _isFixed = !fields[..^3].Any(f => f.AsSpan().ContainsAny("*?-/"));
    }

    /// <summary>Gets the expression with single blanks.</summary>
    public string Text { get; }

    /// <summary>Gets whether it says the second, too.</summary>
    public bool HasSeconds => Fields.Length == 6;

    /// <summary>Gets whether it matches every hour of a day that it matches at all.</summary>
    internal bool TakesEveryHour => _everyHour;

    private string[] Fields { get; }

    /// <summary>Reads an expression, or says what is wrong with it.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out CronRule? rule, [NotNullWhen(false)] out string? problem)
    {
        rule = null;
        if (text is null || text.Length > LongestText)
        {
            problem = $"must be a cron expression of at most {LongestText} characters.";
            return false;
        }

        var fields = text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length is not (5 or 6))
        {
            problem = "must have five fields (minute, hour, day of the month, month, day of the week), or six with the second in front.";
            return false;
        }

        // The parser takes a NUL for the end of the text.
        if (fields.Any(f => !f.All(c => char.IsAsciiLetterOrDigit(c) || Signs.Contains(c))))
        {
            problem = "holds a character that no cron expression has.";
            return false;
        }

        if (fields.FirstOrDefault(IsReversed) is { } reversed)
        {
            problem = $"has a range that runs backwards ('{reversed}'); write two ranges, such as 22-23,0-5.";
            return false;
        }

        try
        {
            rule = Parse(fields);
            problem = null;
            return true;
        }
        catch (Exception e) when (e is CronFormatException or MissingSeedException)
        {
            problem = $"is no cron expression: {Reason(e)}";
            return false;
        }
    }

    /// <summary>
    /// Answers the first firing at or after an instant; null where there is none for centuries. The expression itself is computed on the clock on the wall; what a change of the clock does to it is decided
    /// here, from nothing but the zone's offsets.
    /// </summary>
    public DateTimeOffset? Next(DateTimeOffset from, TimeZoneInfo zone)
    {
        ArgumentNullException.ThrowIfNull(zone);
        var at = WholeSecond(from);
        var offset = zone.GetUtcOffset(at);
        if (IsMadeUpAt(at, offset, zone))
        {
            return at;
        }

        var done = AlreadyDone(at, offset, zone);
        while (true)
        {
            var wall = Wall(at, offset);
            if (NextOnWall(done > wall ? done.Value : wall) is not { } match)
            {
                return null;
            }

            var candidate = match - offset;
            if (NextChange(at, candidate, offset, zone) is not { } change)
            {
                return candidate;
            }

            var (before, after) = (offset, zone.GetUtcOffset(change));
            if (after > before && IsMadeUp(change, before, after))
            {
                return change;
            }

            (at, offset, done) = (change, after, AlreadyDone(change, after, zone));
        }
    }

    /// <summary>Answers whether the minute of an instant is one of those the expression names, by the clock on the wall.</summary>
    internal bool NamesMinuteOf(DateTimeOffset instant, TimeZoneInfo zone)
    {
        var minute = MinuteOf(instant);
        var wall = Wall(minute, zone.GetUtcOffset(minute));
        return NextOnWall(wall) == wall;
    }

    /// <summary>Answers whether it fires in the minute of an instant, which after a gap in the clock is one that it does not name.</summary>
    internal bool FiresInMinuteOf(DateTimeOffset instant, TimeZoneInfo zone)
    {
        var minute = MinuteOf(instant);
        return Next(minute, zone) == minute;
    }

    /// <summary>Answers the minutes of an hour that it names, whatever the hour: a bit for each.</summary>
    internal ulong Minutes()
    {
        var hour = DateTime.UnixEpoch;
        return CronExpression.Parse($"{Fields[^5]} * * * *").GetOccurrences(hour, hour.AddHours(1)).Aggregate(0UL, (all, at) => all | (1UL << at.Minute));
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static CronRule Parse(string[] fields)
    {
        var format = fields.Length == 6 ? CronFormat.IncludeSeconds : CronFormat.Standard;
        var text = string.Join(' ', fields);

        // Taken as a whole, so that each field is checked and complaints name the right one.
        var whole = CronExpression.Parse(text, format);
        if (IsOpen(fields[^3]) || IsOpen(fields[^1]))
        {
            return new CronRule(text, fields, whole, null);
        }

        var byMonth = CronExpression.Parse(string.Join(' ', [.. fields[..^1], "*"]), format);
        var byWeek = CronExpression.Parse(string.Join(' ', [.. fields[..^3], "*", .. fields[^2..]]), format);
        return new CronRule(text, fields, byMonth, byWeek);
    }

    private static DateTimeOffset MinuteOf(DateTimeOffset instant) => instant.AddTicks(-(instant.Ticks % TimeSpan.TicksPerMinute));

    private static bool IsOpen(string field) => field is "*" or "?";

    // Only of numbers: FRI-MON goes over the end of the week and is meant so.
    private static bool IsReversed(string field) => field.Split(',').Select(part => part.Split('/')[0].Split('-')).Any(ends =>
        ends.Length == 2 && int.TryParse(ends[0], out var from) && int.TryParse(ends[1], out var to) && from > to);

    private static string Reason(Exception e)
    {
        const string Preface = "The given cron expression has an invalid format. ";
        return e.Message.StartsWith(Preface, StringComparison.Ordinal) ? e.Message[Preface.Length..] : e.Message;
    }

    // The clock on the wall, written as if it were UTC.
    private static DateTimeOffset Wall(DateTimeOffset at, TimeSpan offset) => new((at.UtcDateTime + offset).Ticks, TimeSpan.Zero);

    private DateTimeOffset? NextOnWall(DateTimeOffset wall)
    {
        var first = _first.GetNextOccurrence(wall.UtcDateTime, inclusive: true);
        var second = _second?.GetNextOccurrence(wall.UtcDateTime, inclusive: true);
        var next = first is null || second < first ? second : first;
        return next is { } found ? new DateTimeOffset(found, TimeSpan.Zero) : null;
    }

    // Up to which time on the wall fixed times were done before the clock was set back, while an instant lies in the second pass; null where it does not.
    private DateTimeOffset? AlreadyDone(DateTimeOffset at, TimeSpan offset, TimeZoneInfo zone)
    {
        if (!_isFixed || NextChange(at - LongestDoubled, at, zone.GetUtcOffset(at - LongestDoubled), zone) is not { } change)
        {
            return null;
        }

        var before = zone.GetUtcOffset(change.AddSeconds(-1));
        return before > offset ? Wall(change, before) : null;
    }

    // Asked from the very moment at which the clock went over something, which is where a schedule goes on that waits for it.
    private bool IsMadeUpAt(DateTimeOffset at, TimeSpan offset, TimeZoneInfo zone) =>
        zone.SupportsDaylightSavingTime && zone.GetUtcOffset(at.AddSeconds(-1)) is var before && offset > before && IsMadeUp(at, before, offset);

    // What the clock goes over is done right after it, except by an expression for every hour of which a whole hour was left out: the next hour is as good.
    private bool IsMadeUp(DateTimeOffset change, TimeSpan before, TimeSpan after) =>
        !(_everyHour && after - before >= TimeSpan.FromHours(1)) && NextOnWall(Wall(change, before)) < Wall(change, after);

    // The first instant after one, and not after another, from which on the zone has another offset; null for none. No zone changes twice within a day.
    private static DateTimeOffset? NextChange(DateTimeOffset from, DateTimeOffset to, TimeSpan offset, TimeZoneInfo zone)
    {
        if (!zone.SupportsDaylightSavingTime)
        {
            return null;
        }

        for (var low = from; low < to;)
        {
            var high = to - low > OneDay ? low + OneDay : to;
            if (zone.GetUtcOffset(high) == offset)
            {
                low = high;
                continue;
            }

            while (high - low > OneSecond)
            {
                var middle = low.AddSeconds((high - low).Ticks / TimeSpan.TicksPerSecond / 2);
                (low, high) = zone.GetUtcOffset(middle) == offset ? (middle, high) : (low, middle);
            }

            return high;
        }

        return null;
    }

    private static DateTimeOffset WholeSecond(DateTimeOffset time)
    {
        var over = time.Ticks % TimeSpan.TicksPerSecond;
        return over == 0 ? time : time.AddTicks(TimeSpan.TicksPerSecond - over);
    }
}
