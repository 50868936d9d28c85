namespace Ascob.Core.Schedules;

/// <summary>A firing that is to come.</summary>
/// <param name="ScheduleId">The schedule; zero where it is not saved.</param>
/// <param name="Tick">Its time by the rhythm.</param>
/// <param name="DueAt">Its time with the delay of the jitter.</param>
/// <param name="Local">Its time by the clock on the wall in the schedule's zone, with its offset from UTC.</param>
public sealed record Firing(long ScheduleId, DateTimeOffset Tick, DateTimeOffset DueAt, string Local);
