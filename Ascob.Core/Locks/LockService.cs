using System.Collections.Concurrent;
using Ascob.Core.Cluster;
using Ascob.Core.Dispatch;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Ascob.Core.Telemetry;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Locks;

/// <summary>Grants locks to waiting runs: when they arrive, when a lock is released, and by the sweeper.</summary>
public sealed class LockService(
    ILockStore locks,
    IRunStore store,
    RunUpdater updater,
    Dispatcher dispatcher,
    RunPlaces places,
    ServerIdentity server,
    MonotonicClock clock,
    AscobMetrics metrics,
    LockCondition condition,
    IOptions<EngineOptions> options,
    ILogger<LockService> logger)
{
    // When this server granted its locks to a run; what another server granted is measured by its submission.
    private readonly ConcurrentDictionary<long, DateTimeOffset> _grantedAt = new();

    /// <summary>Tries to grant a waiting run all its locks; granted, it goes on to its submission at once.</summary>
    public async Task<Run?> TryGrantAsync(long runId, CancellationToken cancellationToken)
    {
        var granted = default(RunChange);
        var grant = await locks.TryGrantAsync(
            runId,
            (run, fences) => granted = Granted(run, fences),
            cancellationToken).ConfigureAwait(false);
        switch (grant.Outcome)
        {
            case LockGrantOutcome.Granted:
                Measure(granted!);
                updater.Committed(granted!);
                if (places.IsServedHere(grant.Run!.BackendId))
                {
                    dispatcher.Enqueue(grant.Run);
                }
                else
                {
                    places.Attend(grant.Run);
                }

                return grant.Run;
            case LockGrantOutcome.Blocked:
                return await BlockedAsync(runId, grant.Blocking, cancellationToken).ConfigureAwait(false);
            case LockGrantOutcome.NotWaiting:
                break;
        }

        return null;
    }

    /// <summary>Tries those who are next in line for any of these locks, in order; what nobody takes is given back to the world.</summary>
    /// <param name="keys">The locks.</param>
    /// <param name="cancellationToken">Stops trying.</param>
    /// <param name="releasedAt">When the first of them was released, a timestamp of the clock; null where that is not known.</param>
    public async Task ReleasedAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken, long? releasedAt = null)
    {
        ArgumentNullException.ThrowIfNull(keys);
        if (keys.Count == 0)
        {
            return;
        }

        if (options.Value.OnlyBackend is not null)
        {
            // Locks are granted by servers, which alone have Consul to ask where that keeps them.
            foreach (var waiter in await locks.WaitersAsync(keys, cancellationToken).ConfigureAwait(false))
            {
                places.AskServer(waiter);
            }

            return;
        }

        var left = keys.ToHashSet(StringComparer.Ordinal);
        foreach (var waiter in await locks.WaitersAsync(keys, cancellationToken).ConfigureAwait(false))
        {
            Run? run;
            try
            {
                run = await TryGrantAsync(waiter, cancellationToken).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // One that cannot be tried now is tried again by the sweeper; those behind it must not wait for that.
            catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
            {
                logger.LogWarning(e, "Run {RunId} is next in line and could not be tried now", waiter);
                continue;
            }

            if (releasedAt is { } at && run is { Status: RunStatus.PendingSubmit })
            {
                metrics.LockHandedOver(clock.Time.GetElapsedTime(at));
            }

            left.ExceptWith(run is { Status: RunStatus.PendingSubmit, Fences: { } fences } ? fences.Keys : []);
        }

        if (left.Count > 0)
        {
            locks.LetGo(left);
        }
    }

    /// <summary>Counts what is held and wanted, for the figures.</summary>
    public async Task CountAsync(CancellationToken cancellationToken) => condition.Counts = await locks.CountAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>Notes how long a run that has ended held its locks.</summary>
    public void Ended(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.Spec.HasLocks && run.Fences is not null && run.EndedAt is { } end && (_grantedAt.TryRemove(run.Id, out var granted) ? granted : run.SubmittedAt) is { } since)
        {
            metrics.LockHeld(end - since);
        }
    }

    private void Measure(RunChange granted)
    {
        // Runs that end at another server stay here; nothing but a figure depends on them.
        if (_grantedAt.Count >= 10_000)
        {
            _grantedAt.Clear();
        }

        _grantedAt[granted.After.Id] = clock.Now;
        metrics.LockWaited(clock.Now - (granted.Before.WaitingSince ?? granted.Before.DefinedAt));
    }

    /// <summary>Releases what final or deleted runs still hold; that none does is a promise, this is the net below it.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        var freed = await locks.SweepAsync(cancellationToken).ConfigureAwait(false);
        if (freed.Count > 0)
        {
            logger.LogError("Locks {Locks} were still held by runs that are final or gone; released", string.Join(", ", freed));
            await ReleasedAsync(freed, cancellationToken).ConfigureAwait(false);
        }
    }

    private RunChange Granted(Run run, IReadOnlyDictionary<string, long> fences)
    {
        var now = clock.Now;
        var here = places.IsServedHere(run.BackendId);
        return RunLifecycle.Change(
            run,
            RunTrigger.LocksGranted,
            now,
            server.Actor,
            "all locks granted",
            r => r with
            {
                Fences = fences,
                WaitingSince = null,
                LeaseOwner = here ? server.LeaseOwner : null,
                LeaseUntil = here ? now + options.Value.Lease : null,
                NextCheckAt = here ? now + options.Value.Lease : now,
            },
            RunEventTypes.LocksGranted,
            fences.ToDictionary(f => f.Key, f => f.Value.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparer.Ordinal))
            ?? throw new InvalidOperationException($"Run {run.Id} was granted locks in {run.Status}.");
    }

    private async Task<Run?> BlockedAsync(long runId, IReadOnlyList<LockBlock> blocking, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(runId, cancellationToken).ConfigureAwait(false) is not { Status: RunStatus.WaitingLocks } run)
        {
            return null;
        }

        var reason = string.Join("; ", blocking.Take(3).Select(Describe)) + (blocking.Count > 3 ? $"; and {blocking.Count - 3} more" : string.Empty);
        var trigger = Refusal(run, blocking, ref reason);
        if (trigger == RunTrigger.Noted && run.StatusReason == reason)
        {
            await store.RescheduleAsync([new Reschedule(run.Id, run.Version, Recheck(run), 0)], cancellationToken).ConfigureAwait(false);
            return run;
        }

        var result = await updater.ApplyAsync(
            run,
            r => r.Status != RunStatus.WaitingLocks ? null : RunLifecycle.Change(
                r,
                trigger,
                clock.Now,
                server.Actor,
                reason,
                x => x with { NextCheckAt = Recheck(x), LeaseOwner = null, LeaseUntil = null }),
            cancellationToken).ConfigureAwait(false);
        return result.Run;
    }

    private RunTrigger Refusal(Run run, IReadOnlyList<LockBlock> blocking, ref string reason)
    {
        if (blocking.Any(b => b is { Policy: LockPolicy.Fail, IsTaken: true }))
        {
            reason = $"a lock is taken and its policy is 'fail': {reason}";
            return RunTrigger.LocksRefused;
        }

        if (blocking.Any(b => b is { Policy: LockPolicy.Skip, IsTaken: true }))
        {
            reason = $"a lock is taken and its policy is 'skip': {reason}";
            return RunTrigger.LocksSkipped;
        }

        if (WaitEnds(run) is { } end && end <= clock.Now)
        {
            reason = $"waited {run.Spec.LockWaitSeconds} s in vain: {reason}";
            return RunTrigger.LocksRefused;
        }

        return RunTrigger.Noted;
    }

    private DateTimeOffset Recheck(Run run)
    {
        var next = clock.Now + options.Value.WaitRecheck;
        return WaitEnds(run) is { } end && end < next ? end : next;
    }

    private static DateTimeOffset? WaitEnds(Run run) =>
        run.Spec.LockWaitSeconds is { } seconds ? (run.WaitingSince ?? run.DefinedAt) + TimeSpan.FromSeconds(seconds) : null;

    // The reason is read by whoever may see the waiting run, so it names no run of another submitter. Only the first in line is told the holder: else each release would write an
    // event to every run behind it. The places are shown by the list of locks.
    private static string Describe(LockBlock block)
    {
        if (block.Outside is { } outside)
        {
            return outside;
        }

        if (block.Position > 1 || !block.HolderHolds)
        {
            return $"lock '{block.Key}': earlier runs come first";
        }

        return $"lock '{block.Key}' is held by {(block.IsForeign ? "a run of another submitter" : $"run {block.HolderRunId}")}";
    }
}
