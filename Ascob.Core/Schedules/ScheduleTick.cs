namespace Ascob.Core.Schedules;

/// <summary>One firing of a schedule: its row is there once, and decides who launches it.</summary>
public sealed record ScheduleTick
{
    /// <summary>Gets the schedule.</summary>
    public long ScheduleId { get; init; }

    /// <summary>Gets the time of the firing by the rhythm.</summary>
    public DateTimeOffset Tick { get; init; }

    /// <summary>Gets the time with the delay of the jitter.</summary>
    public DateTimeOffset DueAt { get; init; }

    /// <summary>Gets what became of it.</summary>
    public TickState State { get; init; }

    /// <summary>Gets the server that has it in hand, or had it last.</summary>
    public string? Owner { get; init; }

    /// <summary>Gets when it is to be looked at again: when the lease ends, or when it is tried again; null once it is settled.</summary>
    public DateTimeOffset? LookAt { get; init; }

    /// <summary>Gets how often it was taken in hand.</summary>
    public int Attempts { get; init; }

    /// <summary>Gets the run it launched.</summary>
    public long? RunId { get; init; }

    /// <summary>Gets for how many missed firings it stands.</summary>
    public long Missed { get; init; }

    /// <summary>Gets why it became what it is, for people.</summary>
    public string? Reason { get; init; }

    /// <summary>Gets when it was first taken in hand.</summary>
    public DateTimeOffset ClaimedAt { get; init; }

    /// <summary>Gets when it was settled.</summary>
    public DateTimeOffset? SettledAt { get; init; }

    /// <summary>Gets the key under which its launch is known: the same for every server that tries it.</summary>
    public string Key => KeyOf(ScheduleId, Tick);

    /// <summary>Answers the key of a firing.</summary>
    public static string KeyOf(long scheduleId, DateTimeOffset tick) =>
        FormattableString.Invariant($"schedule-{scheduleId}-{tick.UtcDateTime:yyyyMMdd'T'HHmmss.FFFFFF'Z'}");
}

/// <summary>What became of a firing. On the wire in lower case.</summary>
public enum TickState
{
    /// <summary>A server has it in hand.</summary>
    Claimed,

    /// <summary>It waits for the end of an earlier run of its schedule.</summary>
    Queued,

    /// <summary>The launch did not work for a passing reason and is tried again.</summary>
    Retrying,

    /// <summary>It launched a run.</summary>
    Launched,

    /// <summary>The definition's policy prevented the run; the run that says so is stored.</summary>
    Prevented,

    /// <summary>It launched nothing, because a run was active or the definition is suspended.</summary>
    Skipped,

    /// <summary>It was missed and not made up for; one row stands for several.</summary>
    Missed,

    /// <summary>The launch was refused.</summary>
    Failed,
}

/// <summary>A firing that this server has in hand.</summary>
/// <param name="Schedule">Its schedule.</param>
/// <param name="Tick">The firing; its state is that of before it was taken in hand.</param>
public sealed record ClaimedTick(Schedule Schedule, ScheduleTick Tick)
{
    /// <summary>Gets the name of the definition, by which firings of the same moment and priority are put in order; empty where it is gone.</summary>
    public string DefinitionName { get; init; } = string.Empty;
}

/// <summary>What a server found out about a firing that it has in hand.</summary>
/// <param name="ScheduleId">The schedule.</param>
/// <param name="Tick">The firing.</param>
/// <param name="State">What became of it.</param>
/// <param name="RunId">The run.</param>
/// <param name="Reason">Why, for people.</param>
/// <param name="LookAt">When to look again; null where it is settled.</param>
/// <param name="At">The present.</param>
public sealed record TickOutcome(long ScheduleId, DateTimeOffset Tick, TickState State, long? RunId, string? Reason, DateTimeOffset? LookAt, DateTimeOffset At);
