using Microsoft.Extensions.Options;

namespace Ascob.Core.Schedules;

/// <summary>
/// Decides which firings are due: those of now, and of those that were missed as many as the schedule's policy makes up for. Pure; whatever was missed, the work is bounded.
/// </summary>
public sealed class SchedulePlanner(IOptions<ScheduleOptions> options)
{
    // What is more goes on with the next turn, so that one schedule does not hold up all others.
    private const int MostAtOnce = 100;
    private const int MostCounted = 10_000;
    private const long AtLength = 20_000_000;
    private const long ForTheNext = 20_000;
    private static readonly TimeSpan Step = TimeSpan.FromMicroseconds(1);

    /// <summary>Answers the cursor of a schedule whose firings before an instant are nobody's business.</summary>
    public static ScheduleCursor From(Schedule schedule, IReadOnlyList<Suspension> suspensions, DateTimeOffset from)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        return schedule.Spec.Enabled ? CursorAt(schedule, Firings.Of(schedule.Spec, suspensions.Select(s => s.Spec), new WorkBudget(ForTheNext)), from) : ScheduleCursor.End;
    }

    /// <summary>Answers the cursor after a suspension was added or taken away: what is due already stays due, and what was taken out until now stays so.</summary>
    public static ScheduleCursor Resumed(Schedule schedule, IReadOnlyList<Suspension> suspensions, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        return schedule.NextTick <= now ? new ScheduleCursor(schedule.NextTick, schedule.NextAt) : From(schedule, suspensions, now);
    }

    /// <summary>Answers what is due, whatever it takes; not to be asked while anybody waits.</summary>
    /// <remarks>Where even that is too much to look through (ten years of a schedule of which a hundred suspensions take out single minutes), what was missed is told as one of which no more is known.</remarks>
    public SchedulePlan Plan(Schedule schedule, IReadOnlyList<Suspension> suspensions, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        return Plan(schedule, suspensions, now, new WorkBudget(AtLength), new WorkBudget(AtLength))!;
    }

    /// <summary>Answers what is due; null where the budget does not suffice.</summary>
    internal SchedulePlan? TryPlan(Schedule schedule, IReadOnlyList<Suspension> suspensions, DateTimeOffset now, WorkBudget budget) => Plan(schedule, suspensions, now, budget, null);

    private SchedulePlan? Plan(Schedule schedule, IReadOnlyList<Suspension> suspensions, DateTimeOffset now, WorkBudget budget, WorkBudget? forLittle)
    {
        if (!schedule.Spec.Enabled || schedule.NextTick is not { } from)
        {
            return new SchedulePlan([], ScheduleCursor.End);
        }

        var firings = Firings.Of(schedule.Spec, suspensions.Select(s => s.Spec), budget);
        var (late, lateCount, isMore, onTime, pending) = Due(schedule, firings, from, now);
        if (budget.IsSpent)
        {
            if (forLittle is null)
            {
                return null;
            }

            var border = Border(schedule, now);
            late = from < border ? [from] : [];
            (onTime, pending) = OnTime(schedule, firings.Within(forLittle), from < border ? border : from, now, late);
            (lateCount, isMore) = (late.Count, true);
        }

        var (kept, dropped) = MakeUp(schedule.Spec.CatchUp ?? new CatchUpSpec(), late, ref onTime, now);
        var ticks = new List<PlannedTick>();
        var droppedCount = lateCount - late.Count + dropped.Count;
        if (droppedCount > 0 && dropped.Count > 0)
        {
            ticks.Add(new PlannedTick(dropped[^1], dropped[^1] + Jitter.Of(schedule, dropped[^1]), droppedCount, MissedText(schedule, from, dropped[^1], droppedCount, isMore)));
        }

        List<DateTimeOffset> fires = [.. kept, .. onTime];
        ticks.AddRange(fires.Take(MostAtOnce).Select(t => new PlannedTick(t, t + Jitter.Of(schedule, t))));
        return fires.Count > MostAtOnce
            ? new SchedulePlan(ticks, new ScheduleCursor(fires[MostAtOnce], now))
            : new SchedulePlan(ticks, CursorAt(schedule, firings.Within(new WorkBudget(ForTheNext, budget)), pending ?? (from > now ? from : now + Step)));
    }

    // Where there is too much that is suspended, the search goes on when the time has come.
    private static ScheduleCursor CursorAt(Schedule schedule, Firings firings, DateTimeOffset from) => firings.Next(from) switch
    {
        ({ } tick, _) => new ScheduleCursor(tick, tick + Jitter.Of(schedule, tick)),
        (_, { } resume) => new ScheduleCursor(resume, resume),
        _ => ScheduleCursor.End,
    };

    private DateTimeOffset MissedBefore(DateTimeOffset now) => now - options.Value.MissedAfter;

    private DateTimeOffset Border(Schedule schedule, DateTimeOffset now) => MissedBefore(now) - TimeSpan.FromSeconds(schedule.Spec.JitterSeconds);

    // What is certainly late is only counted, and its latest are kept; around the border each is looked at.
    private (List<DateTimeOffset> Late, int LateCount, bool IsMore, List<DateTimeOffset> OnTime, DateTimeOffset? Pending) Due(
        Schedule schedule, Firings firings, DateTimeOffset from, DateTimeOffset now)
    {
        var border = Border(schedule, now);
        List<DateTimeOffset> late = [];
        var (count, isMore) = (0, false);
        if (from < border)
        {
            (var latest, count, isMore) = firings.Latest(from, border - Step, Wanted(schedule.Spec.CatchUp), MostCounted);
            late.AddRange(latest);
            from = border;
        }

        var certain = late.Count;
        var (onTime, pending) = OnTime(schedule, firings, from, now, late);
        return (late, count + late.Count - certain, isMore, onTime, pending);
    }

    private (List<DateTimeOffset> OnTime, DateTimeOffset? Pending) OnTime(Schedule schedule, Firings firings, DateTimeOffset from, DateTimeOffset now, List<DateTimeOffset> late)
    {
        var missedBefore = MissedBefore(now);
        List<DateTimeOffset> onTime = [];
        foreach (var tick in firings.Between(from, now))
        {
            var due = tick + Jitter.Of(schedule, tick);
            if (due > now)
            {
                return (onTime, tick);
            }

            (due < missedBefore ? late : onTime).Add(tick);
        }

        return (onTime, null);
    }

    // As many as may be made up for, and one more that stands for the others.
    private static int Wanted(CatchUpSpec? catchUp) => catchUp?.Policy == CatchUpPolicy.All ? Math.Min(catchUp.Limit ?? CatchUpSpec.LargestLimit, CatchUpSpec.LargestLimit) + 1 : 2;

    private static (List<DateTimeOffset> Kept, List<DateTimeOffset> Dropped) MakeUp(CatchUpSpec catchUp, List<DateTimeOffset> late, ref List<DateTimeOffset> onTime, DateTimeOffset now)
    {
        if (late.Count == 0)
        {
            return ([], []);
        }

        if (catchUp.Policy == CatchUpPolicy.One)
        {
            // One for everything that has come together, what is due just now included.
            List<DateTimeOffset> all = [.. late, .. onTime];
            var fires = all[^1] >= Oldest(catchUp, now) || onTime.Count > 0;
            onTime = [];
            return fires ? ([all[^1]], all[..^1]) : ([], all);
        }

        var wanted = catchUp.Policy == CatchUpPolicy.None ? 0 : Math.Min(catchUp.Limit ?? CatchUpSpec.LargestLimit, CatchUpSpec.LargestLimit);
        var kept = late.TakeLast(wanted).Where(t => t >= Oldest(catchUp, now)).ToList();
        return (kept, late[..^kept.Count]);
    }

    private static DateTimeOffset Oldest(CatchUpSpec catchUp, DateTimeOffset now) =>
        catchUp.NotOlderThanSeconds is { } seconds ? now - TimeSpan.FromSeconds(seconds) : DateTimeOffset.MinValue;

    private static string MissedText(Schedule schedule, DateTimeOffset from, DateTimeOffset to, long count, bool isMore)
    {
        var policy = (schedule.Spec.CatchUp?.Policy ?? CatchUpPolicy.One).ToString().ToLowerInvariant();
        var span = from < to ? $" between {Jobs.AscobJson.FormatTime(from)} and {Jobs.AscobJson.FormatTime(to)}" : string.Empty;
        return FormattableString.Invariant($"{(isMore ? "more than " : string.Empty)}{count} {(count == 1 ? "firing was" : "firings were")} missed{span} (catch-up policy '{policy}')");
    }
}
