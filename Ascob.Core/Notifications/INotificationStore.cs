namespace Ascob.Core.Notifications;

/// <summary>
/// The memory of subscriptions, notices and deliveries. Notices themselves are written by the store of runs, in the transaction of their event. Methods that write answer after their commit and throw
/// <see cref="Errors.StoreUnavailableException"/> where the store cannot be reached.
/// </summary>
public interface INotificationStore
{
    /// <summary>Answers the version of the subscriptions: cheap enough for every second.</summary>
    Task<long> VersionAsync(CancellationToken cancellationToken);

    /// <summary>Reads all subscriptions with their version.</summary>
    Task<SubscriptionSet> SubscriptionsAsync(CancellationToken cancellationToken);

    /// <summary>Stores a new subscription and gives it its number.</summary>
    Task<Subscription> AddAsync(Subscription subscription, CancellationToken cancellationToken);

    /// <summary>Replaces a subscription if it was not changed since <paramref name="before"/>; answers whether it was replaced.</summary>
    Task<bool> ReplaceAsync(Subscription subscription, DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>Makes the subscriptions of a source what the plan says, in one transaction in which nobody else changes any. Answers what was done, with the numbers of those that are new.</summary>
    Task<SubscriptionChanges> KeepAsync(string source, PlanSubscriptions plan, CancellationToken cancellationToken);

    /// <summary>Deletes a subscription with its deliveries; answers whether it was there.</summary>
    Task<bool> DeleteAsync(long id, CancellationToken cancellationToken);

    /// <summary>Reads notices that nobody has planned yet, those of one run in order. Those of a kind that only a later version knows are left to it.</summary>
    Task<IReadOnlyList<Notice>> NoticesAsync(int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Takes notices away and stores the deliveries that they lead to, in one transaction and in the given order. Notices that somebody else has planned meanwhile are passed over with their deliveries.
    /// Of several processes that do this at once, none can store a delivery before an earlier one of the same run.
    /// </summary>
    Task PlanAsync(IReadOnlyList<Plan> plans, CancellationToken cancellationToken);

    /// <summary>
    /// Answers how the run before a success ended, <c>SUCCEEDED</c> or <c>FAILED</c>: of the same definition where there is one, else of the same chain of resubmissions; null where there is none.
    /// </summary>
    Task<Runs.RunStatus?> OutcomeBeforeAsync(Notice success, CancellationToken cancellationToken);

    /// <summary>Answers the subscriptions that are switched on and have a delivery which is due.</summary>
    Task<IReadOnlyList<long>> ReadyAsync(DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>
    /// Takes leases on due deliveries of one subscription, counts the attempt, and answers them. A delivery is passed over while an earlier one of the same run is pending, so that a run's events arrive in order. One of a kind
    /// that only a later version knows is left to it.
    /// </summary>
    Task<IReadOnlyList<Delivery>> ClaimAsync(long subscriptionId, string owner, DateTimeOffset now, DateTimeOffset until, int limit, CancellationToken cancellationToken);

    /// <summary>Ends an attempt: the delivery gets this state, time and reason, if the lease is still the owner's; answers whether it was.</summary>
    /// <param name="delivery">As it was claimed.</param>
    /// <param name="state">Where it stands now.</param>
    /// <param name="at">When it is due next, or when it ended.</param>
    /// <param name="reason">What went wrong; null for nothing.</param>
    /// <param name="cancellationToken">Stops it.</param>
    Task<bool> EndAttemptAsync(Delivery delivery, DeliveryState state, DateTimeOffset at, string? reason, CancellationToken cancellationToken);

    /// <summary>Makes all pending deliveries of a subscription due: its receiver is back.</summary>
    Task HurryAsync(long subscriptionId, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Gives up all pending deliveries of a subscription.</summary>
    Task GiveUpAsync(long subscriptionId, DateTimeOffset now, string reason, CancellationToken cancellationToken);

    /// <summary>Gives up what has been tried since before the given time and is in nobody's hands; answers how many.</summary>
    Task<int> GiveUpOldAsync(DateTimeOffset since, DateTimeOffset now, string reason, CancellationToken cancellationToken);

    /// <summary>Gives back the leases of an owner; at an orderly stop.</summary>
    Task ReleaseLeasesAsync(string owner, CancellationToken cancellationToken);

    /// <summary>Ends all leases of earlier lives where a server has the store for itself (SQLite); does nothing on a shared database.</summary>
    Task TakeOverAbandonedLeasesAsync(CancellationToken cancellationToken);

    /// <summary>Reads one delivery; null where there is none.</summary>
    Task<Delivery?> FindAsync(DeliveryKey key, CancellationToken cancellationToken);

    /// <summary>Reads a page of deliveries, those of the latest runs first.</summary>
    Task<IReadOnlyList<Delivery>> ListAsync(DeliveryQuery query, CancellationToken cancellationToken);

    /// <summary>Makes a dead delivery pending again, or all of a subscription, or all; answers how many.</summary>
    Task<long> ReplayAsync(DeliveryKey? key, long? subscriptionId, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Deletes a dead delivery, or all of a subscription, or all; answers how many.</summary>
    Task<long> DropAsync(DeliveryKey? key, long? subscriptionId, CancellationToken cancellationToken);

    /// <summary>Counts pending and dead deliveries.</summary>
    Task<IReadOnlyList<DeliveryCount>> CountAsync(CancellationToken cancellationToken);

    /// <summary>Deletes deliveries of subscriptions that are gone: one can go in the moment in which something is planned for it.</summary>
    Task<int> DropOrphansAsync(CancellationToken cancellationToken);

    /// <summary>Deletes notices of kinds that are not known here and that happened before the given time: whoever knew them is gone. Answers how many.</summary>
    Task<int> DropUnknownAsync(DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>Deletes deliveries that ended in this state before the given time, at most <paramref name="limit"/>; answers how many.</summary>
    Task<int> PurgeAsync(DeliveryState state, DateTimeOffset endedBefore, int limit, CancellationToken cancellationToken);
}

/// <summary>A notice and what it leads to.</summary>
/// <param name="Notice">The notice; its kind is final.</param>
/// <param name="Subscriptions">Who is told; empty for nobody.</param>
/// <param name="At">When that was decided.</param>
public sealed record Plan(Notice Notice, IReadOnlyList<long> Subscriptions, DateTimeOffset At);
