using Ascob.Core.Schedules;

namespace Ascob.Core.Client;

/// <summary>A schedule to be saved.</summary>
public sealed record SaveScheduleRequest
{
    /// <summary>Gets the schedule, all of it.</summary>
    public ScheduleSpec? Schedule { get; init; }

    /// <summary>Gets the version that a change was made from; null for whichever there is.</summary>
    public int? Version { get; init; }
}

/// <summary>A schedule as clients see it.</summary>
/// <param name="Id">The number.</param>
/// <param name="DefinitionId">The number of its definition.</param>
/// <param name="Definition">The name of its definition.</param>
/// <param name="Version">The version, one more with each change.</param>
/// <param name="State"><c>active</c>, <c>disabled</c>, <c>suspended</c> (with its definition) or <c>over</c>.</param>
/// <param name="Rhythm">When it fires, in one line.</param>
/// <param name="NextFiring">The next firing; null for none.</param>
/// <param name="Schedule">What was saved.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it was changed last.</param>
/// <param name="ChangedBy">Who changed it last.</param>
public sealed record ScheduleInfo(
    long Id,
    long DefinitionId,
    string Definition,
    int Version,
    string State,
    string Rhythm,
    DateTimeOffset? NextFiring,
    ScheduleSpec Schedule,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    string ChangedBy)
{
    /// <summary>Shows a schedule.</summary>
    public static ScheduleInfo From(Schedule schedule, Definitions.Definition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return From(schedule, new Definitions.DefinitionHead(definition.Id, definition.Name, definition.Suspended, definition.Content.FixedSubmitter));
    }

    /// <summary>Shows a schedule.</summary>
    public static ScheduleInfo From(Schedule schedule, Definitions.DefinitionHead definition)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(definition);
        var state = !schedule.Spec.Enabled ? "disabled" : schedule.NextTick is null ? "over" : definition.Suspended ? "suspended" : "active";
        return new ScheduleInfo(
            schedule.Id, schedule.DefinitionId, definition.Name, schedule.Version, state, schedule.Spec.Rhythm(), schedule.NextTick, schedule.Spec, schedule.CreatedAt, schedule.UpdatedAt, schedule.ChangedBy);
    }
}

/// <summary>Schedules, by number.</summary>
/// <param name="Items">The schedules.</param>
/// <param name="NextAfter">What to ask for the next page with; null on the last.</param>
public sealed record ScheduleList(IReadOnlyList<ScheduleInfo> Items, long? NextAfter);

/// <summary>A firing that is to come.</summary>
/// <param name="ScheduleId">The schedule; null where it is not saved.</param>
/// <param name="At">Its time by the rhythm.</param>
/// <param name="DueAt">Its time with the delay of the jitter.</param>
/// <param name="Local">Its time by the clock on the wall in the schedule's zone, with its offset from UTC.</param>
public sealed record FiringInfo(long? ScheduleId, DateTimeOffset At, DateTimeOffset DueAt, string Local)
{
    /// <summary>Shows a firing.</summary>
    public static FiringInfo From(Firing firing)
    {
        ArgumentNullException.ThrowIfNull(firing);
        return new FiringInfo(firing.ScheduleId == 0 ? null : firing.ScheduleId, firing.Tick, firing.DueAt, firing.Local);
    }
}

/// <summary>Firings that are to come, the earliest first.</summary>
/// <param name="Items">The firings.</param>
/// <param name="Suspended">Whether the definition is suspended, so that they would launch nothing.</param>
public sealed record FiringList(IReadOnlyList<FiringInfo> Items, bool Suspended);

/// <summary>A firing that was.</summary>
/// <param name="At">Its time by the rhythm.</param>
/// <param name="DueAt">Its time with the delay of the jitter.</param>
/// <param name="State"><c>claimed</c>, <c>queued</c>, <c>retrying</c>, <c>launched</c>, <c>prevented</c>, <c>skipped</c>, <c>missed</c> or <c>failed</c>.</param>
/// <param name="RunId">The run it launched; null for none.</param>
/// <param name="Missed">For how many missed firings it stands.</param>
/// <param name="Reason">Why it became what it is.</param>
/// <param name="Attempts">How often it was taken in hand.</param>
/// <param name="Server">The server that had it in hand last.</param>
/// <param name="ClaimedAt">When it was first taken in hand.</param>
/// <param name="SettledAt">When it was settled; null while it is open.</param>
public sealed record TickInfo(
    DateTimeOffset At,
    DateTimeOffset DueAt,
    string State,
    long? RunId,
    long Missed,
    string? Reason,
    int Attempts,
    string? Server,
    DateTimeOffset ClaimedAt,
    DateTimeOffset? SettledAt)
{
    /// <summary>Shows a firing.</summary>
    public static TickInfo From(ScheduleTick tick)
    {
        ArgumentNullException.ThrowIfNull(tick);
        return new TickInfo(
            tick.Tick, tick.DueAt, tick.State.ToString().ToLowerInvariant(), tick.RunId, tick.Missed, tick.Reason, tick.Attempts, tick.Owner?.Split(':')[0], tick.ClaimedAt, tick.SettledAt);
    }
}

/// <summary>Firings that were, newest first.</summary>
/// <param name="Items">The firings.</param>
/// <param name="NextBefore">What to ask for the next page with; null on the last.</param>
public sealed record TickList(IReadOnlyList<TickInfo> Items, DateTimeOffset? NextBefore);

/// <summary>A suspension to be added.</summary>
public sealed record SaveSuspensionRequest
{
    /// <summary>Gets the suspension.</summary>
    public SuspensionSpec? Suspension { get; init; }
}

/// <summary>A suspension as clients see it.</summary>
/// <param name="Id">The number.</param>
/// <param name="Suspension">What was saved.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="CreatedBy">Who made it.</param>
public sealed record SuspensionInfo(long Id, SuspensionSpec Suspension, DateTimeOffset CreatedAt, string CreatedBy)
{
    /// <summary>Shows a suspension.</summary>
    public static SuspensionInfo From(Suspension suspension)
    {
        ArgumentNullException.ThrowIfNull(suspension);
        return new SuspensionInfo(suspension.Id, suspension.Spec, suspension.CreatedAt, suspension.CreatedBy);
    }
}

/// <summary>Suspensions of a definition, by number.</summary>
/// <param name="Items">The suspensions.</param>
public sealed record SuspensionList(IReadOnlyList<SuspensionInfo> Items);

/// <summary>A schedule that is not saved, whose firings are asked for.</summary>
public sealed record PreviewScheduleRequest
{
    /// <summary>Gets the schedule.</summary>
    public ScheduleSpec? Schedule { get; init; }

    /// <summary>Gets suspensions to take into account; null for none.</summary>
    public IReadOnlyList<SuspensionSpec>? Suspensions { get; init; }

    /// <summary>Gets the time from which on firings are wanted; null for now.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Gets how many are wanted, 1 to 500; null for 10.</summary>
    public int? Count { get; init; }
}
