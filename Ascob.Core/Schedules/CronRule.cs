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

    private readonly CronExpression _first;
    private readonly CronExpression? _second;
    private readonly bool _everyHour;

    private CronRule(string text, string[] fields, CronExpression first, CronExpression? second)
    {
        Text = text;
        Fields = fields;
        _first = first;
        _second = second;
        _everyHour = IsOpen(fields[^4]);
    }

    /// <summary>Gets the expression with single blanks.</summary>
    public string Text { get; }

    /// <summary>Gets whether it says the second, too.</summary>
    public bool HasSeconds => Fields.Length == 6;

    /// <summary>Gets whether it matches whole hours: whatever the minute.</summary>
    internal bool TakesWholeHours => IsOpen(Fields[^5]);

    /// <summary>Gets whether it matches whole days: whatever the time.</summary>
    internal bool TakesWholeDays => TakesWholeHours && _everyHour;

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
        catch (CronFormatException e)
        {
            problem = $"is no cron expression: {Reason(e)}";
            return false;
        }
    }

    /// <summary>Answers the first match at or after an instant; null where there is none for centuries.</summary>
    public DateTimeOffset? Next(DateTimeOffset from, TimeZoneInfo zone)
    {
        ArgumentNullException.ThrowIfNull(zone);
        while (Either(from, zone) is { } next)
        {
            if (!_everyHour || !IsMadeUp(next, zone))
            {
                return next;
            }

            // An expression for every hour misses an hour that does not exist; others do what they missed right after it.
            from = next.AddSeconds(1);
        }

        return null;
    }

    /// <summary>Answers whether the minute of an instant is one of those the expression names, by the clock on the wall or by what <see cref="Next"/> makes of it.</summary>
    public bool CoversMinuteOf(DateTimeOffset instant, TimeZoneInfo zone)
    {
        ArgumentNullException.ThrowIfNull(zone);
        var minute = instant.AddTicks(-(instant.Ticks % TimeSpan.TicksPerMinute));
        return Either(minute, zone) == minute || MatchesWall(minute, zone);
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

    private static bool IsOpen(string field) => field is "*" or "?" or "*/1";

    // Only of numbers: FRI-MON goes over the end of the week and is meant so.
    private static bool IsReversed(string field) => field.Split(',').Select(part => part.Split('/')[0].Split('-')).Any(ends =>
        ends.Length == 2 && int.TryParse(ends[0], out var from) && int.TryParse(ends[1], out var to) && from > to);

    private static string Reason(CronFormatException e)
    {
        const string Preface = "The given cron expression has an invalid format. ";
        return e.Message.StartsWith(Preface, StringComparison.Ordinal) ? e.Message[Preface.Length..] : e.Message;
    }

    private DateTimeOffset? Either(DateTimeOffset from, TimeZoneInfo zone)
    {
        var start = WholeSecond(from).UtcDateTime;
        var first = _first.GetNextOccurrence(start, zone, inclusive: true);
        var second = _second?.GetNextOccurrence(start, zone, inclusive: true);
        var next = first is null || second < first ? second : first;
        return next is { } found ? new DateTimeOffset(found, TimeSpan.Zero) : null;
    }

    // Whether it stands for a time that the clock went over, by an hour at least.
    private bool IsMadeUp(DateTimeOffset instant, TimeZoneInfo zone) =>
        zone.GetUtcOffset(instant) - zone.GetUtcOffset(instant.AddSeconds(-1)) >= TimeSpan.FromHours(1) && !MatchesWall(instant, zone);

    private bool MatchesWall(DateTimeOffset instant, TimeZoneInfo zone)
    {
        var wall = DateTime.SpecifyKind(TimeZoneInfo.ConvertTime(instant, zone).DateTime, DateTimeKind.Utc);
        return _first.GetNextOccurrence(wall, inclusive: true) == wall || _second?.GetNextOccurrence(wall, inclusive: true) == wall;
    }

    private static DateTimeOffset WholeSecond(DateTimeOffset time)
    {
        var over = time.Ticks % TimeSpan.TicksPerSecond;
        return over == 0 ? time : time.AddTicks(TimeSpan.TicksPerSecond - over);
    }
}
