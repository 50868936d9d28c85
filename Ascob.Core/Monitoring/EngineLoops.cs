using System.Collections.Concurrent;
using System.Threading.Channels;
using Ascob.Core.Backends;
using Ascob.Core.Dispatch;
using Ascob.Core.Errors;
using Ascob.Core.Locks;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Monitoring;

/// <summary>
/// The loops of the engine in this process: one follower for each backend, one sweeper, and the hints that come in between. Each loop runs at most once here; whoever drives them
/// (a Hangfire job, a watchdog) may call as often as it likes.
/// </summary>
public sealed class EngineLoops(
    BackendCatalog catalog,
    IRunStore store,
    RunFollower follower,
    RunFinisher finisher,
    RunUpdater updater,
    RunTracker tracker,
    Sweeper sweeper,
    LockService locks,
    JobMaker jobs,
    ServerIdentity server,
    MonotonicClock clock,
    IOptions<EngineOptions> options,
    ILogger<EngineLoops> logger)
{
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CountInterval = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, SemaphoreSlim> _turns = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _lastTurn = new(StringComparer.Ordinal);
    private long? _counted;
    private readonly Channel<Run> _lookNow = Channel.CreateUnbounded<Run>();
    private readonly Channel<Run> _finished = Channel.CreateUnbounded<Run>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>The name of the sweeper's loop; the others are named by their backend.</summary>
    public const string SweeperLoop = "(sweeper)";

    /// <summary>Gets the names of all loops.</summary>
    public IReadOnlyList<string> Names => [SweeperLoop, .. catalog.All.Select(b => b.Id)];

    /// <summary>Answers how long ago a loop did its last turn in this process; null for never.</summary>
    public TimeSpan? SinceLastTurn(string name) =>
        _lastTurn.TryGetValue(name, out var at) ? clock.Time.GetElapsedTime(at) : null;

    /// <summary>Drives a loop for some time, unless it is driven already: then it returns at once.</summary>
    public async Task DriveAsync(string name, TimeSpan window, CancellationToken cancellationToken)
    {
        var turn = _turns.GetOrAdd(name, static _ => new SemaphoreSlim(1, 1));
        if (!await turn.WaitAsync(0, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        try
        {
            var begun = clock.Time.GetTimestamp();
            do
            {
                _lastTurn[name] = clock.Time.GetTimestamp();
                var rest = await TurnAsync(name, cancellationToken).ConfigureAwait(false);
                if (rest > TimeSpan.Zero)
                {
                    await Task.Delay(rest, clock.Time, cancellationToken).ConfigureAwait(false);
                }
            }
            while (clock.Time.GetElapsedTime(begun) < window);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The server stops.
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Runs what must be quick and lives only in this process: hints of changes, and the consequences of ended runs. Ends with the server.</summary>
    public async Task RunReactionsAsync(CancellationToken cancellationToken)
    {
        void OnLook(Run run) => _lookNow.Writer.TryWrite(run);
        void OnFinished(Run run) => _finished.Writer.TryWrite(run);
        finisher.LookNow += OnLook;
        updater.Finished += OnFinished;
        try
        {
            var listeners = catalog.All.Where(b => b.Adapter is ISupportChanges).Select(b => ListenAsync(b, cancellationToken));
            var lookers = Enumerable.Range(0, 4).Select(_ => LookLoopAsync(cancellationToken));
            await Task.WhenAll([.. listeners, .. lookers, FinishedLoopAsync(cancellationToken)]).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The server stops.
        }
        finally
        {
            finisher.LookNow -= OnLook;
            updater.Finished -= OnFinished;
        }
    }

    private async Task<TimeSpan> TurnAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            if (name == SweeperLoop)
            {
                await CountAsync(cancellationToken).ConfigureAwait(false);
                var swept = await sweeper.SweepAsync(cancellationToken).ConfigureAwait(false);
                return swept > 0 ? TimeSpan.FromMilliseconds(50) : options.Value.SweepInterval;
            }

            if (!catalog.TryGet(name, out var backend))
            {
                return LongestRest;
            }

            var followed = await follower.FollowDueAsync(backend, cancellationToken).ConfigureAwait(false);
            if (followed >= backend.Options.Poll.BatchSize)
            {
                return TimeSpan.Zero;
            }

            var next = await store.NextDueAsync(name, cancellationToken).ConfigureAwait(false);
            var rest = next is { } due ? due - clock.Now : LongestRest;
            return rest < TimeSpan.FromMilliseconds(50) ? TimeSpan.FromMilliseconds(50) : rest > LongestRest ? LongestRest : rest;
        }
        catch (StoreUnavailableException e)
        {
            logger.LogWarning("Loop {Loop}: the store is not available: {Reason}", name, e.Message);
            return LongestRest;
        }
#pragma warning disable CA1031 // A loop never ends by a surprise; the next turn looks again.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            logger.LogError(e, "Loop {Loop} failed", name);
            return LongestRest;
        }
    }

    // The load that routing ranks by and the backend list shows; capacity itself is enforced by the store.
    private async Task CountAsync(CancellationToken cancellationToken)
    {
        if (_counted is { } last && clock.Time.GetElapsedTime(last) < CountInterval)
        {
            return;
        }

        _counted = clock.Time.GetTimestamp();
        var counts = await store.CountActiveAsync(cancellationToken).ConfigureAwait(false);
        foreach (var backend in catalog.All)
        {
            backend.Condition.Active = counts
                .Where(c => c.BackendId == backend.Id && c.Status is (RunStatus.Submitted or RunStatus.Running or RunStatus.Aborting or RunStatus.InDoubt))
                .Sum(c => c.Count);
        }
    }

    private async Task ListenAsync(BackendEntry backend, CancellationToken cancellationToken)
    {
        var source = (ISupportChanges)backend.Adapter;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await foreach (var marker in source.ChangesAsync(cancellationToken).ConfigureAwait(false))
                {
                    if (tracker.Hinted(marker) is { } run)
                    {
                        _lookNow.Writer.TryWrite(run);
                    }
                }
            }
#pragma warning disable CA1031 // Hints only save time; polling goes on without them.
            catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
            {
                logger.LogWarning(e, "Hints of {BackendId} stopped; polling goes on", backend.Id);
            }

            await Task.Delay(LongestRest, clock.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task LookLoopAsync(CancellationToken cancellationToken)
    {
        var batch = new List<Run>();
        while (await _lookNow.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            batch.Clear();
            while (batch.Count < 100 && _lookNow.Reader.TryRead(out var run))
            {
                batch.Add(run);
            }

            await GuardAsync("look", () => LookAsync(batch, cancellationToken)).ConfigureAwait(false);
        }
    }

    private async Task LookAsync(List<Run> hinted, CancellationToken cancellationToken)
    {
        foreach (var group in hinted.DistinctBy(r => r.Id).GroupBy(r => r.BackendId, StringComparer.Ordinal))
        {
            if (!catalog.TryGet(group.Key, out var backend))
            {
                continue;
            }

            var owned = new List<Run>();
            foreach (var run in group)
            {
                // While the lease of the submission lasts, no other server polls the run, and no claim is needed.
                var mine = run.LeaseOwner == server.LeaseOwner && run.LeaseUntil > clock.Now;
                var claimed = mine ? run : await store.ClaimAsync(run.Id, server.LeaseOwner, clock.Now, clock.Now + options.Value.Lease, cancellationToken).ConfigureAwait(false);
                if (claimed is { Status: RunStatus.Submitted or RunStatus.Running or RunStatus.Aborting })
                {
                    owned.Add(claimed);
                }
            }

            await follower.LookAsync(backend, owned, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task FinishedLoopAsync(CancellationToken cancellationToken)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var slots = new Dictionary<string, int>(StringComparer.Ordinal);
        while (await _finished.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            keys.Clear();
            slots.Clear();
            while (_finished.Reader.TryRead(out var run))
            {
                keys.UnionWith(run.Spec.HasLocks ? jobs.LocksOf(run).Select(l => l.Key) : []);
                if (catalog.TryGet(run.BackendId, out var backend) && backend.Options.MaxConcurrentRuns is not null)
                {
                    slots[backend.Id] = slots.GetValueOrDefault(backend.Id) + 1;
                }
            }

            await GuardAsync("release", () => locks.ReleasedAsync(keys, cancellationToken)).ConfigureAwait(false);
            foreach (var (backendId, count) in slots)
            {
                await GuardAsync("capacity", () => sweeper.CapacityFreedAsync(backendId, count, cancellationToken)).ConfigureAwait(false);
            }
        }
    }

    private async Task GuardAsync(string what, Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (StoreUnavailableException e)
        {
            logger.LogWarning("{Work}: the store is not available: {Reason}", what, e.Message);
        }
#pragma warning disable CA1031 // What failed here is found again by the loops.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            logger.LogError(e, "{Work} failed", what);
        }
    }
}
