using System.Runtime.CompilerServices;

namespace Ascob.Core.Client;

public sealed partial class AscobClient
{
    /// <summary>Lists who is notified of what.</summary>
    public async Task<IReadOnlyList<SubscriptionInfo>> SubscriptionsAsync(CancellationToken cancellationToken = default) =>
        (await _repetition.RunAsync(Api.ListSubscriptionsAsync, cancellationToken).ConfigureAwait(false)).Items;

    /// <summary>Has somebody notified. The answer shows a secret that was made for it this one time. Sent once.</summary>
    public Task<SubscriptionInfo> CreateSubscriptionAsync(SubscriptionRequest request, CancellationToken cancellationToken = default) =>
        _repetition.OnceAsync(ct => Api.CreateSubscriptionAsync(request, ct), cancellationToken);

    /// <summary>Changes a subscription; its secrets stay where the request has none. Sent once.</summary>
    public Task<SubscriptionInfo> ReplaceSubscriptionAsync(long id, SubscriptionRequest request, CancellationToken cancellationToken = default) =>
        _repetition.OnceAsync(ct => Api.ReplaceSubscriptionAsync(id, request, ct), cancellationToken);

    /// <summary>Deletes a subscription with all that waits for its receiver. Sent once.</summary>
    public Task DeleteSubscriptionAsync(long id, CancellationToken cancellationToken = default) =>
        OnceAsync(ct => Api.DeleteSubscriptionAsync(id, ct), cancellationToken);

    /// <summary>Sends a test message to the receiver of a subscription, and tells what became of it. Sent once.</summary>
    public Task<TestNotificationResponse> TestSubscriptionAsync(long id, CancellationToken cancellationToken = default) =>
        _repetition.OnceAsync(ct => Api.TestSubscriptionAsync(id, new EmptyRequest(), ct), cancellationToken);

    /// <summary>Goes through what is, was or could not be delivered, page by page, those of the latest runs first.</summary>
    public async IAsyncEnumerable<DeliveryInfo> DeliveriesAsync(DeliveryListQuery query, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        while (true)
        {
            var wanted = query;
            var page = await _repetition.RunAsync(ct => Api.ListDeliveriesAsync(wanted, ct), cancellationToken).ConfigureAwait(false);
            foreach (var delivery in page.Items)
            {
                yield return delivery;
            }

            if (page.Next is null)
            {
                yield break;
            }

            query = query with { Cursor = page.Next };
        }
    }

    /// <summary>Sends dead messages on their way again; answers how many. Sent once.</summary>
    public async Task<long> ReplayDeliveriesAsync(DeadDeliveriesRequest request, CancellationToken cancellationToken = default) =>
        (await _repetition.OnceAsync(ct => Api.ReplayDeliveriesAsync(request, ct), cancellationToken).ConfigureAwait(false)).Count;

    /// <summary>Drops dead messages; answers how many. Sent once.</summary>
    public async Task<long> DropDeliveriesAsync(DeadDeliveriesRequest request, CancellationToken cancellationToken = default) =>
        (await _repetition.OnceAsync(ct => Api.DropDeliveriesAsync(request, ct), cancellationToken).ConfigureAwait(false)).Count;
}
