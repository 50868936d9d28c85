namespace Ascob.Core.Runs;

/// <summary>
/// A change to be made to a run if nobody changed it meanwhile: made by <see cref="RunLifecycle"/>, applied by <see cref="IRunStore.TryApplyAsync"/> in
/// one transaction with its event and its consequences.
/// </summary>
/// <param name="Before">The run as it was read; its version is compared.</param>
/// <param name="After">The run as it shall be; its version is one higher.</param>
/// <param name="Event">The event that tells of it; its <c>seq</c> is the new version.</param>
public sealed record RunChange(Run Before, Run After, RunEvent Event)
{
    /// <summary>Gets whether this change ends the run: then the store releases its locks and its slot in the same transaction.</summary>
    public bool Finishes => After.Status.IsFinal() && !Before.Status.IsFinal();

    /// <summary>
    /// Gets the capacity of the backend when the change takes a slot; null when it takes none. The store refuses the change
    /// (<see cref="ApplyOutcome.NoCapacity"/>) when all slots are taken.
    /// </summary>
    public int? TakesSlotOf { get; init; }
}

/// <summary>What became of a <see cref="RunChange"/>.</summary>
public enum ApplyOutcome
{
    /// <summary>Committed.</summary>
    Applied,

    /// <summary>Somebody changed the run first; read it again and decide anew.</summary>
    Conflict,

    /// <summary>The backend's slots are all taken; nothing changed.</summary>
    NoCapacity,
}
