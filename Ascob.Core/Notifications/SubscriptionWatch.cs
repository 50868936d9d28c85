namespace Ascob.Core.Notifications;

/// <summary>Keeps <see cref="NoticeInterest"/> fresh: looks at the version of the subscriptions, and reads them where it has changed.</summary>
public sealed class SubscriptionWatch(INotificationStore store, NoticeInterest interest, Timing.MonotonicClock clock) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1);

    /// <summary>Looks once; answers the subscriptions as they stood when the look began, or later.</summary>
    public async Task<SubscriptionSet> LookAsync(CancellationToken cancellationToken)
    {
        // One after the other, so that an older look never overwrites a newer one.
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var asked = clock.Time.GetTimestamp();
            var known = interest.Set;
            var version = await store.VersionAsync(cancellationToken).ConfigureAwait(false);
            var set = version == known.Version && (known.Version > 0 || interest.HasLearnt) ? known : await store.SubscriptionsAsync(cancellationToken).ConfigureAwait(false);
            interest.Learn(set, asked);
            return set;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();
}
