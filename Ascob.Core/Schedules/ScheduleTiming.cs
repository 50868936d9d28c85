namespace Ascob.Core.Schedules;

/// <summary>The firings of one schedule before anything is taken out of them: a pure function of what was saved.</summary>
internal sealed class ScheduleTiming
{
    private readonly CronRule? _cron;
    private readonly TimeZoneInfo _zone;
    private readonly long? _period;
    private readonly DateTimeOffset? _start;
    private readonly DateTimeOffset? _end;

    private ScheduleTiming(ScheduleSpec spec, CronRule? cron, TimeZoneInfo zone)
    {
        _cron = cron;
        _zone = zone;
        _period = spec.EverySeconds * TimeSpan.TicksPerSecond;
        _start = spec.StartAt;
        _end = spec.EndAt;
    }

    /// <summary>Reads a schedule that was checked before.</summary>
    /// <exception cref="TimeZoneNotFoundException">This machine does not know its zone.</exception>
    public static ScheduleTiming Of(ScheduleSpec spec)
    {
        CronRule? cron = null;
        if (spec.Cron is not null && !CronRule.TryParse(spec.Cron, out cron, out var problem))
        {
            throw new FormatException($"The schedule's expression {problem}");
        }

        return new ScheduleTiming(spec, cron, TimeZones.Get(spec.TimeZone));
    }

    /// <summary>Answers the first firing at or after an instant; null when there is none any more.</summary>
    public DateTimeOffset? Next(DateTimeOffset from)
    {
        var next = _cron is not null ? _cron.Next(_start > from ? _start.Value : from, _zone) : NextOfPeriod(from);
        return next > _end ? null : next;
    }

    private DateTimeOffset? NextOfPeriod(DateTimeOffset from)
    {
        if (_start is not { } start || start >= from)
        {
            return _start;
        }

        if (_period is not { } period)
        {
            return null;
        }

        var periods = ((from - start).Ticks + period - 1) / period;
        return periods > (DateTimeOffset.MaxValue - start).Ticks / period ? null : start.AddTicks(periods * period);
    }
}
