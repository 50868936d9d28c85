namespace Ascob.Core.Schedules;

/// <summary>One suspension, ready to be asked.</summary>
internal sealed class SuspensionWindow
{
    private readonly CronRule? _cron;
    private readonly TimeZoneInfo _zone;
    private readonly DateTimeOffset _from;
    private readonly DateTimeOffset _to;

    private SuspensionWindow(SuspensionSpec spec, CronRule? cron, TimeZoneInfo zone)
    {
        _cron = cron;
        _zone = zone;
        _from = spec.From ?? DateTimeOffset.MinValue;
        _to = spec.To ?? DateTimeOffset.MaxValue;
    }

    /// <summary>Reads a suspension that was checked before.</summary>
    /// <exception cref="TimeZoneNotFoundException">This machine does not know its zone.</exception>
    public static SuspensionWindow Of(SuspensionSpec spec)
    {
        CronRule? cron = null;
        if (spec.Cron is not null && !CronRule.TryParse(spec.Cron, out cron, out var problem))
        {
            throw new FormatException($"The suspension's expression {problem}");
        }

        return new SuspensionWindow(spec, cron, TimeZones.Get(spec.TimeZone));
    }

    /// <summary>Answers whether a firing is taken out; then also until when at least nothing else fires.</summary>
    public bool Covers(DateTimeOffset tick, out DateTimeOffset until)
    {
        until = tick;
        if (tick < _from || tick >= _to)
        {
            return false;
        }

        if (_cron is null)
        {
            until = _to;
            return true;
        }

        if (!_cron.CoversMinuteOf(tick, _zone))
        {
            return false;
        }

        var end = EndOfCoveredUnit(tick);
        until = end < _to ? end : _to;
        return true;
    }

    // The next minute, or the next hour or day where all of that is covered and the clock does not change within it: a long suspension is then gone through in few steps.
    private DateTimeOffset EndOfCoveredUnit(DateTimeOffset tick)
    {
        var wall = TimeZoneInfo.ConvertTime(tick, _zone);
        var left = _cron!.TakesWholeDays ? TimeSpan.FromDays(1) - wall.TimeOfDay
            : _cron.TakesWholeHours ? TimeSpan.FromTicks(TimeSpan.TicksPerHour - (wall.Ticks % TimeSpan.TicksPerHour))
            : TimeSpan.Zero;
        var end = tick + left;
        return left > TimeSpan.Zero && _zone.GetUtcOffset(end) == wall.Offset
            ? end
            : tick.AddTicks(TimeSpan.TicksPerMinute - (tick.Ticks % TimeSpan.TicksPerMinute));
    }
}
