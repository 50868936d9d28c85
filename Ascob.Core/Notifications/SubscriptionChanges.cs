namespace Ascob.Core.Notifications;

/// <summary>Answers what becomes of the subscriptions of a source, from those that are there. Pure, and may be asked again: it is asked in the transaction that makes the changes.</summary>
/// <param name="there">The subscriptions of the source, by number.</param>
public delegate SubscriptionChanges PlanSubscriptions(IReadOnlyList<Subscription> there);

/// <summary>What becomes of the subscriptions of a source.</summary>
/// <param name="Added">New ones; their numbers are given when they are stored.</param>
/// <param name="Replaced">Those that are there, as they are to be.</param>
/// <param name="Deleted">The numbers of those that go, with all that waits for their receivers.</param>
public sealed record SubscriptionChanges(IReadOnlyList<Subscription> Added, IReadOnlyList<Subscription> Replaced, IReadOnlyList<long> Deleted)
{
    /// <summary>Gets no change.</summary>
    public static SubscriptionChanges None { get; } = new([], [], []);

    /// <summary>Gets whether nothing is to be done.</summary>
    public bool IsEmpty => Added.Count + Replaced.Count + Deleted.Count == 0;
}
