using System.Numerics;

namespace Ascob.Core.Schedules;

/// <summary>One suspension, ready to be asked.</summary>
internal sealed class SuspensionWindow
{
    private const ulong WholeHour = (1UL << 60) - 1;

    private readonly CronRule? _cron;
    private readonly TimeZoneInfo _zone;
    private readonly DateTimeOffset _from;
    private readonly DateTimeOffset _to;
    private ulong? _minutes;

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

        var named = _cron.NamesMinuteOf(tick, _zone);
        if (!named && !_cron.FiresInMinuteOf(tick, _zone))
        {
            return false;
        }

        var end = named ? EndOfNamed(tick) : EndOfMinute(tick);
        until = end < _to ? end : _to;
        return true;
    }

    // The end of the minutes in a row that are named, up to the end of the hour, or of the day where all of it is named and the clock does not change within it: a long suspension is gone through in few steps.
    private DateTimeOffset EndOfNamed(DateTimeOffset tick)
    {
        _minutes ??= _cron!.Minutes();
        var wall = TimeZoneInfo.ConvertTime(tick, _zone);
        var inARow = BitOperations.TrailingZeroCount(~(_minutes.Value >> wall.Minute));
        var left = _minutes == WholeHour && _cron!.TakesEveryHour
            ? TimeSpan.FromDays(1) - wall.TimeOfDay
            : TimeSpan.FromMinutes(inARow) - TimeSpan.FromTicks(wall.Ticks % TimeSpan.TicksPerMinute);
        var end = tick + left;
        return _zone.GetUtcOffset(end) == wall.Offset ? end : EndOfMinute(tick);
    }

    private static DateTimeOffset EndOfMinute(DateTimeOffset tick) => tick.AddTicks(TimeSpan.TicksPerMinute - (tick.Ticks % TimeSpan.TicksPerMinute));
}
