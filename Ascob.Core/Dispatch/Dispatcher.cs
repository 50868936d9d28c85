using System.Collections.Concurrent;
using Ascob.Core.Backends;
using Ascob.Core.Cluster;
using Ascob.Core.Errors;
using Ascob.Core.Monitoring;
using Ascob.Core.Runs;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Dispatch;

/// <summary>
/// Takes runs that are to be submitted from the moment of their commit to the backend, a bounded number at once for each backend. What it does not hold in memory waits in the
/// database, where the sweeper finds it; so nothing depends on this queue surviving.
/// </summary>
public sealed class Dispatcher(
    BackendCatalog catalog,
    RunSubmitter submitter,
    RunStopper stopper,
    RunPlaces places,
    IOptions<EngineOptions> options,
    ILogger<Dispatcher> logger) : IAsyncDisposable
{
    // Calls to a backend are bounded at its turnstile; beside them so many runs may wait for the commit of what the backend answered.
    private const int WaitingForCommit = 56;

    // Look-ups are questions to a backend that has just failed to answer.
    private const int LookUpsAtOnce = 4;

    private readonly ConcurrentDictionary<string, BackendQueue> _queues = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, BackendQueue> _lookUps = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private Task _hold = Task.CompletedTask;
    private int _disposed;

    /// <summary>Gets how many runs are queued or under way in this process.</summary>
    public int InHand => _queues.Values.Sum(q => q.InHand) + _lookUps.Values.Sum(q => q.InHand);

    /// <summary>Answers whether this process has room to submit another run to the backend soon: then it may be stored with its lease and intent at once.</summary>
    public bool HasRoom(string backendId) =>
        !_stopping.IsCancellationRequested && QueueOf(backendId).InHand < options.Value.MaxQueuedSubmissions;

    /// <summary>Sends nothing until the task has ended: what the server takes in before waits in the queue.</summary>
    public void HoldUntil(Task ready) => Volatile.Write(ref _hold, ready);

    /// <summary>
    /// Hands over a run in <c>PENDING_SUBMIT</c> on which this server holds the lease. A run that is in hand already is not taken twice; answers whether it was taken.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="justStored">Whether this process stored it so a moment ago; an intent of any other run is one of an earlier submission.</param>
    public bool Enqueue(Run run, bool justStored = false)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.BackendId is null || !catalog.TryGet(run.BackendId, out var backend) || _stopping.IsCancellationRequested)
        {
            return false;
        }

        if (!backend.ServedHere && backend.Condition.Away is null)
        {
            places.Attend(run);
            return false;
        }

        return QueueOf(run.BackendId).Enqueue(new QueuedRun(run, justStored, QueueRanks.Of(run, options.Value.PriorityStep)));
    }

    /// <summary>
    /// Hands over a run in <c>IN_DOUBT</c> to be looked for at its backend. Look-ups wait for their own backend only, however long that takes to answer; whoever looks after all runs is not held up.
    /// </summary>
    public void LookFor(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.BackendId is not null && catalog.TryGet(run.BackendId, out var backend) && !_stopping.IsCancellationRequested)
        {
            _lookUps.GetOrAdd(run.BackendId, _ => new BackendQueue(LookUpsAtOnce, q => LookAsync(q.Run, backend))).Enqueue(new QueuedRun(run, false));
        }
    }

    /// <summary>
    /// Takes no more runs, gives those that were not sent yet back to the database without a doubt left, and waits until those under way have been answered or the time is over.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_queues.Values.Concat(_lookUps.Values).Select(q => q.StopAsync())).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private BackendQueue QueueOf(string backendId) => _queues.GetOrAdd(
        backendId,
        static (id, self) => new BackendQueue(
            self.catalog.TryGet(id, out var entry) ? entry.Options.Resilience.MaxConcurrentCalls + WaitingForCommit : 1,
            self.SubmitAsync),
        (catalog, SubmitAsync: (Func<QueuedRun, Task>)SubmitAsync));

    private Task SubmitAsync(QueuedRun queued) => GuardAsync(queued.Run, async () =>
    {
        await Volatile.Read(ref _hold).WaitAsync(_stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await MoveOnAsync(queued.Run, queued.JustStored).ConfigureAwait(false);
    });

    // The lease may have run out while it waited for its turn; done twice, a look-up does no harm.
    private Task LookAsync(Run run, BackendEntry backend) => GuardAsync(
        run, () => _stopping.IsCancellationRequested ? Task.CompletedTask : stopper.LookForUnknownAsync(run, backend, _stopping.Token));

    private async Task GuardAsync(Run run, Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The server stops; the next look is due when the lease is over.
        }
        catch (StoreUnavailableException e)
        {
            // The lease runs out and the sweeper comes back to the run; the intent tells it whether to look first.
            logger.LogWarning(e, "Run {RunId} could not be moved on; the store is not available", run.Id);
        }
#pragma warning disable CA1031 // One run's surprise must not end the queue; its lease runs out and it is looked at again.
        catch (Exception e)
#pragma warning restore CA1031
        {
            logger.LogError(e, "Run {RunId} could not be moved on", run.Id);
        }
    }

    private Task MoveOnAsync(Run run, bool justStored)
    {
        if (!justStored && run.IntentAt is not null)
        {
            // Left alone at a stop: whether it was sent is not known here.
            return _stopping.IsCancellationRequested ? Task.CompletedTask : submitter.RecoverAsync(run, CancellationToken.None, _stopping.Token);
        }

        return _stopping.IsCancellationRequested
            ? submitter.GiveBackAsync(run, CancellationToken.None)
            : submitter.SubmitAsync(run, justStored, CancellationToken.None, _stopping.Token);
    }
}
