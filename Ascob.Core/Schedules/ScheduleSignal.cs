namespace Ascob.Core.Schedules;

/// <summary>Wakes the scheduler of this process when a schedule was saved here.</summary>
public sealed class ScheduleSignal : IDisposable
{
    private readonly SemaphoreSlim _changed = new(0, 1);

    /// <summary>Says that something changed.</summary>
    public void Changed()
    {
        try
        {
            _changed.Release();
        }
        catch (SemaphoreFullException)
        {
            // Said already.
        }
    }

    /// <summary>Rests until something changes or the time is over.</summary>
    public async Task RestAsync(TimeSpan longest, TimeProvider time, CancellationToken cancellationToken)
    {
        using var over = new CancellationTokenSource(longest, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
        try
        {
            await _changed.WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Rested.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _changed.Dispose();
}
