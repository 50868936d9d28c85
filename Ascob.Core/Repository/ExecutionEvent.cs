namespace Ascob.Core.Repository;

/// <summary>Something that happened to an execution.</summary>
/// <param name="Name">What.</param>
/// <param name="Cause">Why; null where nobody said.</param>
/// <param name="Time">When.</param>
/// <param name="Source">Who told: <see cref="System"/>, <see cref="Job"/> or <see cref="Api"/>.</param>
/// <param name="Signalled">Whether a signal was sent; null for events that send none.</param>
internal sealed record ExecutionEvent(string Name, string? Cause, DateTimeOffset Time, string Source, bool? Signalled = null)
{
    /// <summary>Gets the name of the message that told of it; null for none.</summary>
    public string? Id { get; init; }

    /// <summary>The run's own life.</summary>
    public const string System = "system";

    /// <summary>The job itself.</summary>
    public const string Job = "job";

    /// <summary>Somebody outside.</summary>
    public const string Api = "api";
}

/// <summary>An event to be created.</summary>
/// <param name="Name">What.</param>
/// <param name="Cause">Why; null for nothing.</param>
/// <param name="Source">Who tells.</param>
/// <param name="Signalled">Whether a signal was sent; null for events that send none.</param>
internal sealed record NewExecutionEvent(string Name, string? Cause, string Source, bool? Signalled = null)
{
    /// <summary>Gets the name of the message that tells of it: repeated, it creates no second event; null for none.</summary>
    public string? Id { get; init; }

    /// <summary>Gets when it was asked for, where what it causes may be over before it is stored; null for now.</summary>
    public DateTimeOffset? AskedAt { get; init; }
}
