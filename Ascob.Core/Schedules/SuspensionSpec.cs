namespace Ascob.Core.Schedules;

/// <summary>A time in which no schedule of a definition fires: the minutes of a cron expression, or all between two times.</summary>
public sealed record SuspensionSpec
{
    /// <summary>Gets the cron expression of five fields; each minute it names is taken out.</summary>
    public string? Cron { get; init; }

    /// <summary>Gets the IANA name of the time zone that the expression is read in; null for UTC.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Gets the first moment that is taken out.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Gets the first moment after it.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Gets a remark for people.</summary>
    public string? Description { get; init; }
}
