namespace Ascob.Core.Runs;

/// <summary>The types of <see cref="RunEvent"/>.</summary>
public static class RunEventTypes
{
    /// <summary>The run was stored.</summary>
    public const string Created = "created";

    /// <summary>The status changed.</summary>
    public const string StatusChanged = "status";

    /// <summary>Locks were granted; <c>data</c> holds the fencing numbers.</summary>
    public const string LocksGranted = "locks";

    /// <summary>Another attempt begins.</summary>
    public const string Retry = "retry";

    /// <summary>A look-up, a callback, progress or another fact that left the status as it was.</summary>
    public const string Note = "note";

    /// <summary>The job or somebody outside created an event of their own: <c>data</c> holds its name, cause and source. The status stays, also where it is final.</summary>
    public const string Custom = "event";

    /// <summary>A person decided: stop, verdict, start, lock break.</summary>
    public const string Operator = "operator";

    /// <summary>The run takes longer than expected; it goes on.</summary>
    public const string Longer = "longer";

    /// <summary>The entry of <c>data</c> with the name of a <see cref="Custom"/> event.</summary>
    public const string CustomName = "event";

    /// <summary>The member of the data of such an event that says why; missing where nothing was said.</summary>
    public const string CustomCause = "cause";
}
