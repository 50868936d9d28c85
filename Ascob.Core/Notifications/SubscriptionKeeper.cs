using Ascob.Core.Client;
using Ascob.Core.Errors;
using Ascob.Core.Timing;

namespace Ascob.Core.Notifications;

/// <summary>Stores subscriptions that another part keeps. People see them and test them, and change them there. May be asked at any time and as often as one likes.</summary>
public sealed class SubscriptionKeeper(INotificationStore store, KeptSubscriptions kept, SubscriptionWatch watch, ReceiverAddresses addresses, MonotonicClock clock)
{
    /// <summary>
    /// Makes the subscriptions of a source those that are wanted, in one transaction; see <see cref="KeptSubscriptions.Plan"/>. Like every change, it is answered when every server of the database knows of it: an event
    /// after the answer is not missed. Answers what is wrong with those that cannot be kept, by name.
    /// </summary>
    /// <param name="source">Who keeps them, such as <c>repository</c>; shown to people.</param>
    /// <param name="wanted">What they should be; names differ.</param>
    /// <param name="actor">Who caused it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<IReadOnlyDictionary<string, IReadOnlyList<FieldError>>> KeepAsync(
        string source, IReadOnlyList<SubscriptionRequest> wanted, string actor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(wanted);
        IReadOnlyDictionary<string, IReadOnlyList<FieldError>> wrong = new Dictionary<string, IReadOnlyList<FieldError>>();
        var changes = await store.KeepAsync(
            source,
            there =>
            {
                (var plan, wrong) = kept.Plan(source, wanted, there, actor);
                return plan;
            },
            cancellationToken).ConfigureAwait(false);
        await SettleAsync(changes, cancellationToken).ConfigureAwait(false);
        return wrong;
    }

    /// <summary>Waits after changes that were stored until every server of the database knows of them, and has sent at once what waits for receivers that are others now.</summary>
    public async Task SettleAsync(SubscriptionChanges changes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(changes);
        if (!changes.IsEmpty)
        {
            await watch.LookAsync(cancellationToken).ConfigureAwait(false);
        }

        if (changes.Added.Count + changes.Replaced.Count > 0 && addresses.IsShared)
        {
            await Task.Delay(NoticeInterest.Trust, clock.Time, cancellationToken).ConfigureAwait(false);
        }

        // What waits does so because of the receiver that it was.
        foreach (var replaced in changes.Replaced)
        {
            await store.HurryAsync(replaced.Id, clock.Now, cancellationToken).ConfigureAwait(false);
        }
    }
}
