namespace Ascob.Core.Notifications;

/// <summary>Wakes the delivery of this process when a notice was stored by it, so that nobody waits for the next look.</summary>
public sealed class NoticeSignal : IDisposable
{
    private readonly SemaphoreSlim _stored = new(0, 1);

    /// <summary>Tells that a notice was committed.</summary>
    public void Wake(bool stored = true)
    {
        if (!stored || _stored.CurrentCount > 0)
        {
            return;
        }

        try
        {
            _stored.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else has told it in the same moment.
        }
    }

    /// <summary>Waits until a notice was stored or the time is over.</summary>
    public async Task WaitAsync(TimeSpan longest, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(time);
        using var limit = new CancellationTokenSource(longest, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await _stored.WaitAsync(both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The time is over, or the process stops; who waits looks at that himself.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stored.Dispose();
}
