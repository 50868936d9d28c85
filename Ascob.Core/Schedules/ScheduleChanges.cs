namespace Ascob.Core.Schedules;

/// <summary>Answers what becomes of the schedules of a definition, from those that are there. Pure, and may be asked again: it is asked in the transaction that makes the changes.</summary>
/// <param name="there">The schedules of the definition, by number.</param>
public delegate ScheduleChanges PlanSchedules(IReadOnlyList<Schedule> there);

/// <summary>What becomes of the schedules of a definition.</summary>
/// <param name="Added">New ones, each with where it begins; their numbers and their definition are set when they are stored.</param>
/// <param name="Replaced">Those that are there, as they are to be, each with where it goes on.</param>
/// <param name="Deleted">The numbers of those that go, with the record of their firings.</param>
public sealed record ScheduleChanges(IReadOnlyList<ScheduleChange> Added, IReadOnlyList<ScheduleChange> Replaced, IReadOnlyList<long> Deleted);

/// <summary>A schedule to be stored.</summary>
/// <param name="Schedule">What it says.</param>
/// <param name="Retime">Where its handling begins or goes on.</param>
public sealed record ScheduleChange(Schedule Schedule, Retime Retime);
