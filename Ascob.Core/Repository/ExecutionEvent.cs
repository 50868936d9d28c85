namespace Ascob.Core.Repository;

/// <summary>Something that happened to an execution.</summary>
/// <param name="Name">What.</param>
/// <param name="Cause">Why; null where nobody said.</param>
/// <param name="Time">When.</param>
/// <param name="Source">Who told: <see cref="System"/>, <see cref="Job"/> or <see cref="Api"/>.</param>
/// <param name="Signalled">Whether a signal was sent; null for events that send none, and as long as it is not known.</param>
internal sealed record ExecutionEvent(string Name, string? Cause, DateTimeOffset Time, string Source, bool? Signalled = null)
{
    /// <summary>The run's own life.</summary>
    public const string System = "system";

    /// <summary>The job itself.</summary>
    public const string Job = "job";

    /// <summary>Somebody outside.</summary>
    public const string Api = "api";

    /// <summary>Gets the name of the message that told of it; null for none.</summary>
    public string? Id { get; init; }

    /// <summary>Gets its place in the run's timeline; 0 for those of the run's own life.</summary>
    public long Seq { get; init; }

    /// <summary>Gets whether it asks for a signal.</summary>
    public bool IsOrder { get; init; }

    /// <summary>Gets why the signal that it asks for was not sent to a job that runs; null where it was, or is not known yet.</summary>
    public string? Problem { get; init; }

    /// <summary>Gets whether it asks for a signal of which nobody has noted yet what became of it.</summary>
    public bool IsOpen => IsOrder && Signalled is null;
}

/// <summary>An event to be created.</summary>
/// <param name="Name">What.</param>
/// <param name="Cause">Why; null for nothing.</param>
/// <param name="Source">Who tells.</param>
internal sealed record NewExecutionEvent(string Name, string? Cause, string Source)
{
    /// <summary>Gets the name of the message that tells of it: repeated, it creates no second event; null for none.</summary>
    public string? Id { get; init; }

    /// <summary>Gets whether it asks for a signal.</summary>
    public bool IsOrder { get; init; }
}

/// <summary>What became of an order.</summary>
/// <param name="Signalled">Whether a signal was sent.</param>
/// <param name="Problem">Why none was sent to a job that runs; null where one was, or nothing runs.</param>
internal sealed record SignalOutcome(bool Signalled, string? Problem = null);
