namespace Ascob.Server.Repository;

/// <summary>Has the repository looked at before its time.</summary>
internal sealed class RepositoryWake : IDisposable
{
    private readonly SemaphoreSlim _asked = new(0, 1);

    /// <summary>Asks for a look; several askers cause one.</summary>
    public void Wake()
    {
        try
        {
            _asked.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody has asked already.
        }
    }

    /// <summary>Waits until somebody asks or the time is over.</summary>
    public async Task WaitAsync(TimeSpan longest, TimeProvider time, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var asked = _asked.WaitAsync(over.Token);
        await Task.WhenAny(asked, Task.Delay(longest, time, over.Token));
        await over.CancelAsync();
        await asked.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _asked.Dispose();
}
