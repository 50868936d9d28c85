using System.Globalization;
using Ascob.Core.Telemetry;
using Ascob.Core.Timing;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Notifications;

/// <summary>Keeps the memory of deliveries small, ends what nobody will ever deliver, and counts.</summary>
public sealed class NotificationUpkeep(INotificationStore store, IOptions<NotificationOptions> options, NotificationMetrics metrics, MonotonicClock clock)
{
    private const int PageSize = 500;

    /// <summary>Counts for the figures.</summary>
    public async Task CountAsync(CancellationToken cancellationToken)
    {
        var counts = await store.CountAsync(cancellationToken).ConfigureAwait(false);
        metrics.Counted(
            counts.Where(c => c.State == DeliveryState.Pending).Sum(c => c.Count),
            counts.Where(c => c.State == DeliveryState.Dead).Sum(c => c.Count));
    }

    /// <summary>Gives up what is too old, and forgets what ended long ago.</summary>
    public async Task CleanAsync(CancellationToken cancellationToken)
    {
        var now = clock.Now;
        await store.GiveUpOldAsync(
            now - options.Value.GiveUpAfter,
            now,
            string.Create(CultureInfo.InvariantCulture, $"not delivered within {options.Value.GiveUpAfter.TotalHours:0.#} hours"),
            cancellationToken).ConfigureAwait(false);
        await store.DropOrphansAsync(cancellationToken).ConfigureAwait(false);
        await store.DropUnknownAsync(now - options.Value.GiveUpAfter, cancellationToken).ConfigureAwait(false);
        await PurgeAsync(DeliveryState.Delivered, now - options.Value.KeepDelivered, cancellationToken).ConfigureAwait(false);
        await PurgeAsync(DeliveryState.Dead, now - options.Value.KeepDead, cancellationToken).ConfigureAwait(false);
    }

    private async Task PurgeAsync(DeliveryState state, DateTimeOffset before, CancellationToken cancellationToken)
    {
        // In pages, so that a long history does not hold the database up.
        while (await store.PurgeAsync(state, before, PageSize, cancellationToken).ConfigureAwait(false) == PageSize)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
