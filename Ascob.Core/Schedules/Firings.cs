namespace Ascob.Core.Schedules;

/// <summary>The firings of a schedule with the suspensions of its definition taken out. Pure; all questions together look at no more than the budget allows.</summary>
internal sealed class Firings(ScheduleTiming timing, IReadOnlyList<SuspensionWindow> windows, WorkBudget budget)
{
    /// <summary>How far ahead firings are looked for: 29 February is eight years away around 2100.</summary>
    public static readonly TimeSpan Horizon = TimeSpan.FromDays(10 * 366);

    public static Firings Of(ScheduleSpec spec, IEnumerable<SuspensionSpec> suspensions, WorkBudget? budget = null) =>
        new(ScheduleTiming.Of(spec), [.. suspensions.Select(SuspensionWindow.Of)], budget ?? new WorkBudget(WorkBudget.OfAQuestion));

    /// <summary>Answers the same firings with another budget.</summary>
    public Firings Within(WorkBudget other) => new(timing, windows, other);

    /// <summary>Answers the first firing at or after an instant, or else from when on the search has to go on (where that is within the limit, there were too many suspended ones); both null where there are no more.</summary>
    public (DateTimeOffset? Tick, DateTimeOffset? Resume) Next(DateTimeOffset from) => Next(from, from + Horizon);

    /// <summary>Answers the first firing at or after an instant and not after a limit.</summary>
    public (DateTimeOffset? Tick, DateTimeOffset? Resume) Next(DateTimeOffset from, DateTimeOffset limit)
    {
        var tick = timing.Next(from);
        while (tick is { } found)
        {
            if (found > limit || !budget.Spend(1 + windows.Count))
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

    /// <summary>Answers the firings from one instant to another, both included, as far as the budget goes.</summary>
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

        return (wanted == 0 ? [] : LookBack(from, to, wanted, (all[^1] - all[0]) / all.Count * wanted), countUpTo, true);
    }

    // There is no way to ask a cron expression for what was before, so spans that double are looked at one before the other until there were enough firings in them.
    private List<DateTimeOffset> LookBack(DateTimeOffset from, DateTimeOffset to, int wanted, TimeSpan span)
    {
        List<DateTimeOffset> latest = [];
        span = span < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : span;
        for (var end = to; latest.Count < wanted && end >= from && !budget.IsSpent; span *= 2)
        {
            var begin = end - from > span ? end - span : from;
            latest = [.. Last(begin, end, wanted - latest.Count), .. latest];
            end = begin.AddTicks(-TimeSpan.TicksPerMicrosecond);
        }

        return latest;
    }

    // A long suspension makes the last span end in a time of many firings; where it holds far more than are wanted, its later half is looked at first, so that none of them is gone through one by one.
    private List<DateTimeOffset> Last(DateTimeOffset from, DateTimeOffset to, int wanted)
    {
        var first = Between(from, to).Take((2 * wanted) + 1).ToList();
        if (first.Count <= 2 * wanted)
        {
            return [.. first.TakeLast(wanted)];
        }

        var half = from + ((to - from) / 2);
        var middle = half > first[^1] ? half : first[^1];
        var later = Last(middle, to, wanted);
        return later.Count == wanted || budget.IsSpent ? later : [.. Last(from, middle.AddTicks(-TimeSpan.TicksPerMicrosecond), wanted - later.Count), .. later];
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
