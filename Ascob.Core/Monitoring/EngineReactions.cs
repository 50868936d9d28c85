using System.Threading.Channels;
using Ascob.Core.Backends;
using Ascob.Core.Cluster;
using Ascob.Core.Dispatch;
using Ascob.Core.Locks;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Monitoring;

/// <summary>What the engine does at once when something happens, in between the turns of its loops: hints of changes, and the consequences of ended runs.</summary>
public sealed class EngineReactions(
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
    LateAcceptances late,
    ServerIdentity server,
    MonotonicClock clock,
    IOptions<EngineOptions> options,
    ILogger<EngineReactions> logger)
{
    private static readonly TimeSpan PauseOfHints = TimeSpan.FromSeconds(1);

    // One for each backend, so that one that hangs holds up no hint of another.
    private readonly Dictionary<string, Channel<Run>> _lookNow = catalog.Served.ToDictionary(b => b.Id, _ => Channel.CreateUnbounded<Run>(), StringComparer.Ordinal);
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Channel<(Run Run, long At)> _finished = Channel.CreateUnbounded<(Run Run, long At)>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Runs what must be quick and lives only in this process: hints of changes, and the consequences of ended runs. Ends with the server.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        void OnLook(Run run) => Look(run);
        void OnFinished(Run run) => _finished.Writer.TryWrite((run, clock.Time.GetTimestamp()));
        void OnLine(string backendId) => _lines.Writer.TryWrite(backendId);
        finisher.LookNow += OnLook;
        finisher.CameTooLate += late.Add;
        updater.Finished += OnFinished;
        waits.LineMayMove += OnLine;
        try
        {
            var listeners = catalog.Served.Where(b => b.Adapter is ISupportChanges).Select(b => ListenAsync(b, cancellationToken));
            var lookers = catalog.Served.SelectMany(b => Enumerable.Range(0, 4).Select(_ => LookLoopAsync(b, cancellationToken)));
            await Task.WhenAll([.. listeners, .. lookers, FinishedLoopAsync(cancellationToken), LockLoopAsync(cancellationToken), LineLoopAsync(cancellationToken), late.RunAsync(cancellationToken)]).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The server stops.
        }
        finally
        {
            finisher.LookNow -= OnLook;
            finisher.CameTooLate -= late.Add;
            updater.Finished -= OnFinished;
            waits.LineMayMove -= OnLine;
        }
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

            await Task.Delay(PauseOfHints, clock.Time, cancellationToken).ConfigureAwait(false);
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

            await LoopGuard.RunAsync(logger, "look", () => LookAsync(backend, batch, cancellationToken)).ConfigureAwait(false);
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

            await LoopGuard.RunAsync(logger, "release", () => locks.ReleasedAsync(keys, cancellationToken, releasedAt)).ConfigureAwait(false);
            foreach (var (backendId, count) in slots)
            {
                await LoopGuard.RunAsync(logger, "capacity", () => sweeper.CapacityFreedAsync(backendId, count, cancellationToken)).ConfigureAwait(false);
            }
        }
    }

    private async Task LineLoopAsync(CancellationToken cancellationToken)
    {
        await foreach (var backendId in _lines.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            await LoopGuard.RunAsync(logger, "line", () => sweeper.CapacityFreedAsync(backendId, 1, cancellationToken)).ConfigureAwait(false);
        }
    }

    private async Task LockLoopAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var keys = await lockSignals.TakeAsync(cancellationToken).ConfigureAwait(false);
            await LoopGuard.RunAsync(logger, "locks freed elsewhere", () => locks.ReleasedAsync(keys, cancellationToken)).ConfigureAwait(false);
        }
    }
}
