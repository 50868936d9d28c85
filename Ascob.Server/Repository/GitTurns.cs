namespace Ascob.Server.Repository;

/// <summary>Calls of a library that blocks its thread and knows no time limit: one after the other, each given up after a while.</summary>
/// <param name="mostGivenUp">How many that were given up may still hang in the library; as long as there are no more, they hold nobody up.</param>
internal sealed class GitTurns(int mostGivenUp) : IDisposable
{
    private readonly Lock _gate = new();
    private SemaphoreSlim _turn = new(1);
    private int _hanging;

    /// <summary>Does some work; it is told when to stop.</summary>
    /// <exception cref="GitException">It did not come to an end in time, or an earlier one has not.</exception>
    public async Task<T> RunAsync<T>(Func<Func<bool>, T> work, TimeSpan longest, CancellationToken cancellationToken)
    {
        SemaphoreSlim turn;
        lock (_gate)
        {
            turn = _turn;
        }

        if (!await turn.WaitAsync(longest, cancellationToken))
        {
            throw new GitException("An earlier call to the repository has not come back yet.");
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        over.CancelAfter(longest);
        var token = over.Token;
        var running = Task.Factory.StartNew(
            () =>
            {
                try
                {
                    return work(() => token.IsCancellationRequested);
                }
                finally
                {
                    turn.Release();
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        try
        {
            return await running.WaitAsync(token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            GiveUp(running, turn);
            throw new GitException($"The repository did not answer within {longest:c}.");
        }
    }

    public void Dispose() => _turn.Dispose();

    // Its turn goes to the next one, and whenever it comes back it gives back what nobody waits for.
    private void GiveUp(Task running, SemaphoreSlim turn)
    {
        lock (_gate)
        {
            if (!running.IsCompleted && _turn == turn && _hanging < mostGivenUp)
            {
                _turn = new SemaphoreSlim(1);
            }

            _hanging++;
        }

        _ = running.ContinueWith(
            t =>
            {
                _ = t.Exception;
                lock (_gate)
                {
                    _hanging--;
                }
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }
}
