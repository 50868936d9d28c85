using Ascob.Core.Errors;

namespace Ascob.Core.Schedules;

/// <summary>
/// The memory of schedules. Every method that writes answers after its commit, and is atomic. Methods throw <see cref="StoreUnavailableException"/> when the store is away. Who inserts the row of a
/// firing, which is unique by schedule and time, is the one who launches it.
/// </summary>
public interface IScheduleStore
{
    /// <summary>Stores a schedule under a new number; a duplicate (by <see cref="Schedule.Fingerprint"/>) is refused with the number of the other one.</summary>
    /// <param name="schedule">The schedule; its number and cursor are set here.</param>
    /// <param name="retime">Answers where it begins, from the schedule with its number and the suspensions of its definition.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<SavedSchedule> AddAsync(Schedule schedule, Retime retime, CancellationToken cancellationToken);

    /// <summary>Replaces a schedule whose version is the one before; null where it is gone or changed meanwhile.</summary>
    Task<SavedSchedule?> ReplaceAsync(Schedule schedule, Retime retime, CancellationToken cancellationToken);

    /// <summary>Deletes a schedule with its firings; false where there is none.</summary>
    Task<bool> DeleteAsync(long scheduleId, CancellationToken cancellationToken);

    /// <summary>Deletes all schedules and suspensions of a definition.</summary>
    Task DeleteOfDefinitionAsync(long definitionId, CancellationToken cancellationToken);

    /// <summary>Reads one schedule.</summary>
    Task<Schedule?> FindAsync(long scheduleId, CancellationToken cancellationToken);

    /// <summary>Reads the schedules of a definition, or of all, by number.</summary>
    Task<IReadOnlyList<Schedule>> ListAsync(long? definitionId, long afterId, int limit, CancellationToken cancellationToken);

    /// <summary>Reads all schedules of several definitions, by number.</summary>
    Task<IReadOnlyList<Schedule>> ListAsync(IReadOnlyCollection<long> definitionIds, CancellationToken cancellationToken);

    /// <summary>Stores a suspension and sets the cursors of the definition's schedules anew; null where it is a duplicate.</summary>
    Task<Suspension?> AddSuspensionAsync(Suspension suspension, Retime retime, CancellationToken cancellationToken);

    /// <summary>Deletes a suspension and sets the cursors of the definition's schedules anew; false where there is none.</summary>
    Task<bool> DeleteSuspensionAsync(long definitionId, long suspensionId, Retime retime, CancellationToken cancellationToken);

    /// <summary>Reads the suspensions of definitions, by number.</summary>
    Task<IReadOnlyList<Suspension>> SuspensionsAsync(IReadOnlyCollection<long> definitionIds, CancellationToken cancellationToken);

    /// <summary>
    /// Takes schedules that are due, the earliest and then those of the lowest priority first, and in the same transaction stores their firings and how far they are handled.
    /// Two servers never get the same firing. Answers what was stored, those that stand for missed ones included.
    /// </summary>
    /// <param name="claim">Who takes how many.</param>
    /// <param name="plan">Answers what is due of a schedule; pure, and may be called again. A schedule it throws for is left alone for a while.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<IReadOnlyList<ClaimedTick>> ClaimDueAsync(TickClaim claim, Func<Schedule, IReadOnlyList<Suspension>, SchedulePlan> plan, CancellationToken cancellationToken);

    /// <summary>Takes firings in hand that are open and whose next look is due: those of servers that died, and those that wait.</summary>
    Task<IReadOnlyList<ClaimedTick>> ClaimOpenAsync(TickClaim claim, CancellationToken cancellationToken);

    /// <summary>Notes what became of firings that this owner has in hand; those that it no longer has are left alone.</summary>
    Task SettleAsync(string owner, IReadOnlyList<TickOutcome> outcomes, CancellationToken cancellationToken);

    /// <summary>Answers the latest firing before this one that is open or whose run is not final; null for none.</summary>
    Task<ScheduleTick?> FindActiveBeforeAsync(long scheduleId, DateTimeOffset tick, CancellationToken cancellationToken);

    /// <summary>Answers when the next schedule or open firing is due; null for never.</summary>
    Task<DateTimeOffset?> NextLookAsync(CancellationToken cancellationToken);

    /// <summary>Reads firings of a schedule, newest first.</summary>
    Task<IReadOnlyList<ScheduleTick>> TicksAsync(long scheduleId, DateTimeOffset? before, int limit, CancellationToken cancellationToken);

    /// <summary>Deletes settled firings of before a time whose run is final or gone; answers how many. Those it leaves are looked at again the next time.</summary>
    Task<int> DeleteTicksAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken);
}

/// <summary>Answers where the handling of a schedule goes on after it, or a suspension of its definition, has changed.</summary>
public delegate ScheduleCursor Retime(Schedule schedule, IReadOnlyList<Suspension> suspensions);

/// <summary>See <see cref="IScheduleStore.AddAsync"/>.</summary>
/// <param name="Schedule">What is stored; null where there is an equal one.</param>
/// <param name="DuplicateOf">The equal one; null where it is stored.</param>
public sealed record SavedSchedule(Schedule? Schedule, long? DuplicateOf);

/// <summary>Who takes firings in hand.</summary>
/// <param name="Owner">This life of this server.</param>
/// <param name="Now">The present.</param>
/// <param name="LeaseUntil">When others may take over.</param>
/// <param name="Limit">At most so many.</param>
public sealed record TickClaim(string Owner, DateTimeOffset Now, DateTimeOffset LeaseUntil, int Limit);
