namespace Ascob.Core.Schedules;

/// <summary>The firings of a schedule with the suspensions of its definition taken out. Pure; every question does a bounded amount of work.</summary>
internal sealed class Firings(ScheduleTiming timing, IReadOnlyList<SuspensionWindow> windows)
{
    // More than the minutes of a year, which a suspension of single minutes can take out one after the other.
    private const int MostSteps = 600_000;

    /// <summary>How far ahead firings are looked for: 29 February is eight years away around 2100.</summary>
    public static readonly TimeSpan Horizon = TimeSpan.FromDays(10 * 366);

    public static Firings Of(ScheduleSpec spec, IEnumerable<SuspensionSpec> suspensions) =>
        new(ScheduleTiming.Of(spec), [.. suspensions.Select(SuspensionWindow.Of)]);

    /// <summary>Answers the first firing at or after an instant, or else from when on the search has to go on (where that is within the limit, there were too many suspended ones); both null where there are no more.</summary>
    public (DateTimeOffset? Tick, DateTimeOffset? Resume) Next(DateTimeOffset from) => Next(from, from + Horizon);

    /// <summary>Answers the first firing at or after an instant and not after a limit.</summary>
    public (DateTimeOffset? Tick, DateTimeOffset? Resume) Next(DateTimeOffset from, DateTimeOffset limit)
    {
        var tick = timing.Next(from);
        for (var steps = 0; tick is { } found; steps++)
        {
            if (found > limit || steps == MostSteps)
            {
                return (null, found);
            }

            if (FreeFrom(found) is not { } free)
            {
                return (found, null);
            }

            if (free == DateTimeOffset.MaxValue)
            {
                break;
            }

            tick = timing.Next(free);
        }

        return (null, null);
    }

    /// <summary>Answers whether it is certain that nothing fires from an instant on, as far as is looked ahead.</summary>
    public bool NeverFires(DateTimeOffset from) => Next(from) is var (tick, resume) && tick is null && !(resume <= from + Horizon);

    /// <summary>Answers the firings from one instant to another, both included.</summary>
    public IEnumerable<DateTimeOffset> Between(DateTimeOffset from, DateTimeOffset to)
    {
        while (from <= to && Next(from, to).Tick is { } tick)
        {
            yield return tick;
            from = tick.AddTicks(TimeSpan.TicksPerMicrosecond);
        }
    }

    /// <summary>Answers the last firings from one instant to another, both included, oldest first, and how many there are in all, counted up to a bound.</summary>
    public (IReadOnlyList<DateTimeOffset> Latest, int Count, bool IsMore) Latest(DateTimeOffset from, DateTimeOffset to, int wanted, int countUpTo)
    {
        var all = Between(from, to).Take(countUpTo + 1).ToList();
        if (all.Count <= countUpTo)
        {
            return (all.TakeLast(wanted).ToList(), all.Count, false);
        }

        return (wanted == 0 ? [] : LookBack(from, to, wanted, all), countUpTo, true);
    }

    // There is no way to ask a cron expression for what was before, so windows that end at the given time are doubled until there are enough in them.
    private List<DateTimeOffset> LookBack(DateTimeOffset from, DateTimeOffset to, int wanted, List<DateTimeOffset> earliest)
    {
        var span = (earliest[^1] - earliest[0]) / earliest.Count * wanted;
        for (span = span < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : span; ; span *= 2)
        {
            var begin = to - span > from ? to - span : from;
            var latest = new Queue<DateTimeOffset>();
            foreach (var tick in Between(begin, to))
            {
                latest.Enqueue(tick);
                if (latest.Count > wanted)
                {
                    latest.Dequeue();
                }
            }

            if (latest.Count == wanted || begin == from)
            {
                return [.. latest];
            }
        }
    }

    private DateTimeOffset? FreeFrom(DateTimeOffset tick)
    {
        DateTimeOffset? free = null;
        foreach (var window in windows)
        {
            if (window.Covers(tick, out var until) && !(until < free))
            {
                free = until;
            }
        }

        return free;
    }
}
