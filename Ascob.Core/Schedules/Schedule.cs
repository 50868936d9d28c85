namespace Ascob.Core.Schedules;

/// <summary>A schedule of a definition as it is stored.</summary>
public sealed record Schedule
{
    /// <summary>Gets the number.</summary>
    public long Id { get; init; }

    /// <summary>Gets the definition that is launched.</summary>
    public long DefinitionId { get; init; }

    /// <summary>Gets the version: 1, and one more with each change.</summary>
    public int Version { get; init; } = 1;

    /// <summary>Gets what was asked for.</summary>
    public required ScheduleSpec Spec { get; init; }

    /// <summary>Gets what makes two schedules of a definition the same: their rhythm and their parameters.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Gets when it was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Gets when it was changed last.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Gets who changed it last.</summary>
    public required string ChangedBy { get; init; }

    /// <summary>Gets the first firing that is not handled yet; null where none is to come or the schedule is off.</summary>
    public DateTimeOffset? NextTick { get; init; }

    /// <summary>Gets when to look at it next: <see cref="NextTick"/> and its delay.</summary>
    public DateTimeOffset? NextAt { get; init; }
}

/// <summary>A suspension of a definition as it is stored.</summary>
public sealed record Suspension
{
    /// <summary>Gets the number.</summary>
    public long Id { get; init; }

    /// <summary>Gets the definition whose schedules do not fire in it.</summary>
    public long DefinitionId { get; init; }

    /// <summary>Gets what was asked for.</summary>
    public required SuspensionSpec Spec { get; init; }

    /// <summary>Gets what makes two suspensions of a definition the same.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Gets when it was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Gets who made it.</summary>
    public required string CreatedBy { get; init; }
}

/// <summary>Up to where a schedule is handled.</summary>
/// <param name="NextTick">See <see cref="Schedule.NextTick"/>.</param>
/// <param name="NextAt">See <see cref="Schedule.NextAt"/>.</param>
public sealed record ScheduleCursor(DateTimeOffset? NextTick, DateTimeOffset? NextAt)
{
    /// <summary>Gets the cursor of a schedule that does not fire any more.</summary>
    public static ScheduleCursor End { get; } = new(null, null);
}
