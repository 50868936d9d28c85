using Ascob.Core.Errors;

namespace Ascob.Core.Schedules;

/// <summary>What becomes of the schedules of a definition together.</summary>
/// <param name="Removed">The numbers of those that go, with their firings.</param>
/// <param name="Replaced">Those that stay, with what is new of them; their fingerprints are the same as before.</param>
/// <param name="Added">Those that come; none is equal to one that stays.</param>
public sealed record ScheduleChanges(IReadOnlyList<long> Removed, IReadOnlyList<Schedule> Replaced, IReadOnlyList<Schedule> Added);

/// <summary>How a definition comes to have other schedules, to be decided in the transaction that stores them.</summary>
/// <param name="Decide">Answers what becomes of its schedules, from those it has then; pure, and may be called again.</param>
/// <param name="Retime">Answers where those that are replaced and added begin.</param>
public sealed record ScheduleSetPlan(Func<IReadOnlyList<Schedule>, Result<ScheduleChanges>> Decide, Retime Retime);
