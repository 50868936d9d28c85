using System.Collections.Concurrent;
using System.Threading.Channels;
using Ascob.Core.Backends;
using Ascob.Core.Cluster;
using Ascob.Core.Definitions;
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
    SubmissionWaits waits,
    Sweeper sweeper,
    LockService locks,
    LockSignals lockSignals,
    JobMaker jobs,
    RunPlaces places,
    StrayJobs strays,
    ExpectedTimes expectedTimes,
    ServerIdentity server,
    MonotonicClock clock,
    IOptions<EngineOptions> options,
    ILogger<EngineLoops> logger)
{
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortestRest = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan CountInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LatePause = TimeSpan.FromSeconds(10);
    private const int MostLateTries = 360;

    private readonly ConcurrentDictionary<string, SemaphoreSlim> _turns = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _lastTurn = new(StringComparer.Ordinal);
    private long? _counted;

    // One for each backend, so that one that hangs holds up no hint of another.
    private readonly Dictionary<string, Channel<Run>> _lookNow = catalog.Served.ToDictionary(b => b.Id, _ => Channel.CreateUnbounded<Run>(), StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TimeSpan> _gathering = new(StringComparer.Ordinal);
    private readonly Channel<(Run Run, IReadOnlyDictionary<string, string> Keys)> _late = Channel.CreateUnbounded<(Run, IReadOnlyDictionary<string, string>)>();
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Channel<(Run Run, long At)> _finished = Channel.CreateUnbounded<(Run Run, long At)>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>The name of the sweeper's loop; the others are named by their backend.</summary>
    public const string SweeperLoop = "(sweeper)";

    /// <summary>Gets the names of all loops.</summary>
    public IReadOnlyList<string> Names => [SweeperLoop, .. catalog.Served.Select(b => b.Id)];

    /// <summary>Answers how long ago a loop did its last turn in this process; null for never.</summary>
    public TimeSpan? SinceLastTurn(string name) =>
        _lastTurn.TryGetValue(name, out var at) ? clock.Time.GetElapsedTime(at) : null;

    /// <summary>Drives a loop for some time, unless it is driven already: then it returns at once.</summary>
    public async Task DriveAsync(string name, TimeSpan window, CancellationToken cancellationToken)
    {
        if (name != SweeperLoop && !catalog.TryGet(name, out _))
        {
            // A job of another server, which has a backend that this one has not.
            return;
        }

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
        void OnLook(Run run) => Look(run);
        void OnFinished(Run run) => _finished.Writer.TryWrite((run, clock.Time.GetTimestamp()));
        void OnLine(string backendId) => _lines.Writer.TryWrite(backendId);
        void OnLate(Run run, IReadOnlyDictionary<string, string> keys) => _late.Writer.TryWrite((run, keys));
        finisher.LookNow += OnLook;
        finisher.CameTooLate += OnLate;
        updater.Finished += OnFinished;
        waits.LineMayMove += OnLine;
        try
        {
            var listeners = catalog.Served.Where(b => b.Adapter is ISupportChanges).Select(b => ListenAsync(b, cancellationToken));
            var lookers = catalog.Served.SelectMany(b => Enumerable.Range(0, 4).Select(_ => LookLoopAsync(b, cancellationToken)));
            await Task.WhenAll([.. listeners, .. lookers, FinishedLoopAsync(cancellationToken), LockLoopAsync(cancellationToken), LineLoopAsync(cancellationToken), LateLoopAsync(cancellationToken)]).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The server stops.
        }
        finally
        {
            finisher.LookNow -= OnLook;
            finisher.CameTooLate -= OnLate;
            updater.Finished -= OnFinished;
            waits.LineMayMove -= OnLine;
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
                foreach (var away in catalog.OfWorkers.Where(w => w.Condition.Away is not null))
                {
                    // Nobody else tells what became of its runs.
                    swept += await follower.FollowDueAsync(away, cancellationToken).ConfigureAwait(false);
                }

                if (options.Value.OnlyBackend is null)
                {
                    await expectedTimes.LookAsync(cancellationToken).ConfigureAwait(false);
                }

                return swept > 0 ? TimeSpan.FromMilliseconds(50) : options.Value.SweepInterval;
            }

            if (!catalog.TryGet(name, out var backend))
            {
                return LongestRest;
            }

            if (backend.Condition.Paused is var pause && pause > TimeSpan.Zero)
            {
                return pause < LongestRest ? pause : LongestRest;
            }

            var followed = await follower.FollowDueAsync(backend, cancellationToken).ConfigureAwait(false);
            if (followed >= backend.Options.Poll.BatchSize)
            {
                return TimeSpan.Zero;
            }

            var next = await store.NextDueAsync(name, follower.LeftToOthers(backend), cancellationToken).ConfigureAwait(false);
            var rest = next is { } due ? due - clock.Now : LongestRest;
            var least = Gather(backend, followed);
            return rest < least ? least : rest > LongestRest ? LongestRest : rest;
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

    // How long the loop rests at least. While many runs come due one after the other it rests longer, up to a second, so that one request asks for many of them; it forgets that only
    // step by step, because runs come in waves. The few are not kept waiting.
    private TimeSpan Gather(BackendEntry backend, int followed)
    {
        var last = _gathering.GetValueOrDefault(backend.Id, ShortestRest);
        var many = Math.Max(2, backend.Options.Poll.BatchSize / 2);
        var next = followed >= many ? last : followed >= many / 10 ? last * 2 : last / 2;
        return _gathering[backend.Id] = next > LongestRest ? LongestRest : next < ShortestRest ? ShortestRest : next;
    }

    private void Look(Run run)
    {
        if (!places.IsHere(run))
        {
            places.Attend(run);
        }
        else if (run.BackendId is not null && _lookNow.TryGetValue(run.BackendId, out var hints))
        {
            hints.Writer.TryWrite(run);
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
        await locks.CountAsync(cancellationToken).ConfigureAwait(false);
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
                        Look(run);
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

    private async Task LookLoopAsync(BackendEntry backend, CancellationToken cancellationToken)
    {
        var hints = _lookNow[backend.Id].Reader;
        var batch = new List<Run>();
        while (await hints.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            batch.Clear();
            while (batch.Count < 100 && hints.TryRead(out var run))
            {
                batch.Add(run);
            }

            await GuardAsync("look", () => LookAsync(backend, batch, cancellationToken)).ConfigureAwait(false);
        }
    }

    private async Task LookAsync(BackendEntry backend, List<Run> hinted, CancellationToken cancellationToken)
    {
        var owned = new List<Run>();
        foreach (var run in hinted.DistinctBy(r => r.Id))
        {
            // While the lease of the submission lasts, no other server polls the run, and no claim is needed.
            var mine = run.LeaseOwner == server.LeaseOwner && run.LeaseUntil > clock.Now;
            var claimed = mine ? run : await store.ClaimAsync(run.Id, server.LeaseOwner, clock.Now, clock.Now + options.Value.Lease, cancellationToken).ConfigureAwait(false);
            if (claimed is { Status: RunStatus.Submitted or RunStatus.Running or RunStatus.Aborting } or { Status: RunStatus.InDoubt, IntentPlace: not null, BackendKeys.Count: > 0 })
            {
                owned.Add(claimed);
            }
        }

        await follower.LookAsync(backend, owned, cancellationToken).ConfigureAwait(false);
    }

    private async Task FinishedLoopAsync(CancellationToken cancellationToken)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var slots = new Dictionary<string, int>(StringComparer.Ordinal);
        while (await _finished.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            keys.Clear();
            slots.Clear();
            long? releasedAt = null;
            while (_finished.Reader.TryRead(out var finished))
            {
                var run = finished.Run;
                releasedAt ??= finished.At;
                locks.Ended(run);
                keys.UnionWith(run.Spec.HasLocks ? jobs.LocksOf(run).Select(l => l.Key) : []);
                if (catalog.TryGet(run.BackendId, out var backend) && backend.Options.MaxConcurrentRuns is not null)
                {
                    slots[backend.Id] = slots.GetValueOrDefault(backend.Id) + 1;
                }
            }

            await GuardAsync("release", () => locks.ReleasedAsync(keys, cancellationToken, releasedAt)).ConfigureAwait(false);
            foreach (var (backendId, count) in slots)
            {
                await GuardAsync("capacity", () => sweeper.CapacityFreedAsync(backendId, count, cancellationToken)).ConfigureAwait(false);
            }
        }
    }

    private async Task LineLoopAsync(CancellationToken cancellationToken)
    {
        await foreach (var backendId in _lines.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            await GuardAsync("line", () => sweeper.CapacityFreedAsync(backendId, 1, cancellationToken)).ConfigureAwait(false);
        }
    }

    private async Task LockLoopAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var keys = await lockSignals.TakeAsync(cancellationToken).ConfigureAwait(false);
            await GuardAsync("locks freed elsewhere", () => locks.ReleasedAsync(keys, cancellationToken)).ConfigureAwait(false);
        }
    }

    // Until the backend takes the order, or for an hour: whoever it is that cannot stop its jobs is in the log.
    private async Task LateLoopAsync(CancellationToken cancellationToken)
    {
        var waiting = new List<(Run Run, IReadOnlyDictionary<string, string> Keys, int Tries)>();
        while (!cancellationToken.IsCancellationRequested)
        {
            if (waiting.Count == 0)
            {
                await _late.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await Task.Delay(LatePause, clock.Time, cancellationToken).ConfigureAwait(false);
            }

            while (_late.Reader.TryRead(out var late))
            {
                waiting.Add((late.Run, late.Keys, 0));
            }

            for (var i = waiting.Count - 1; i >= 0; i--)
            {
                var (run, keys, tries) = waiting[i];
                var stopped = false;
                await GuardAsync("late acceptance", async () => stopped = await strays.StopLateAsync(run, keys, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
                if (stopped || tries == MostLateTries)
                {
                    waiting.RemoveAt(i);
                }
                else
                {
                    waiting[i] = (run, keys, tries + 1);
                }
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
