namespace Ascob.Core.Schedules;

/// <summary>What is due of a schedule, and how far it is handled with that.</summary>
/// <param name="Ticks">The firings, oldest first.</param>
/// <param name="Next">Where it goes on.</param>
public sealed record SchedulePlan(IReadOnlyList<PlannedTick> Ticks, ScheduleCursor Next);

/// <summary>A firing that is due.</summary>
/// <param name="Tick">Its time.</param>
/// <param name="DueAt">Its time with the delay.</param>
/// <param name="Missed">For how many missed firings it stands; more than zero: none of them is launched.</param>
/// <param name="Reason">Why none is launched.</param>
public sealed record PlannedTick(DateTimeOffset Tick, DateTimeOffset DueAt, long Missed = 0, string? Reason = null);
