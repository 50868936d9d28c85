using Ascob.Core.Backends;
using Ascob.Core.Cluster;
using Ascob.Core.Dispatch;
using Ascob.Core.Locks;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Monitoring;

/// <summary>
/// Looks after every run that is not at its backend: those that wait for a start, for locks, for their submission or for certainty, and those whose server is gone. Idempotent: done twice,
/// late or by two servers at once it does no harm, because it claims what it touches.
/// </summary>
public sealed class Sweeper(
    IRunStore store,
    RunUpdater updater,
    LockService locks,
    Dispatcher dispatcher,
    RunSubmitter submitter,
    RunFinisher finisher,
    BackendCatalog catalog,
    ClusterView cluster,
    RunPlaces places,
    ServerIdentity server,
    MonotonicClock clock,
    IOptions<EngineOptions> options)
{
    private const int PageSize = 200;
    private static readonly TimeSpan UnknownBackendPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan OutOfReachPause = TimeSpan.FromSeconds(5);

    private static readonly RunStatus[] LookedAfter = [RunStatus.Defined, RunStatus.WaitingLocks, RunStatus.PendingSubmit, RunStatus.InDoubt];
    private static readonly RunStatus[] LookedAfterByWorkers = [RunStatus.PendingSubmit, RunStatus.InDoubt];

    /// <summary>Looks once at what is due; answers how many runs it set going, those aside that were in hand already.</summary>
    public async Task<int> SweepAsync(CancellationToken cancellationToken)
    {
        var now = clock.Now;
        var due = await ToLineAsync(await store.ClaimDueAsync(Mine(now), cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        await LookForAsync([.. due.Where(r => r.Status == RunStatus.InDoubt)], cancellationToken).ConfigureAwait(false);
        var moved = due.Count(r => r.Status == RunStatus.InDoubt);
        foreach (var run in due.Where(r => r.Status != RunStatus.InDoubt))
        {
            moved += await StepAsync(run, cancellationToken).ConfigureAwait(false) ? 1 : 0;
        }

        return moved;
    }

    /// <summary>Looks at one run now, because another process asks for it; does nothing where this one cannot reach it, or another has it in hand.</summary>
    public async Task AttendAsync(long runId, CancellationToken cancellationToken)
    {
        var now = clock.Now;
        var run = await store.FindAsync(runId, cancellationToken).ConfigureAwait(false);
        if (run is { Status: RunStatus.WaitingLocks })
        {
            await locks.TryGrantAsync(runId, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (run is null or { Status: RunStatus.Defined }
            || run.Status.IsFinal()
            || !places.IsHere(run)
            || (run.Status == RunStatus.PendingSubmit && run.NextCheckAt > now)

            // Stopped while its submission is on its way: as long as that may still arrive, nobody says that it was not started.
            || (run is { Status: RunStatus.Aborting, BackendKeys: not { Count: > 0 } } && run.LeaseUntil > now)
            || await store.ClaimAsync(runId, server.LeaseOwner, now, now + options.Value.Lease, cancellationToken).ConfigureAwait(false) is not { } claimed)
        {
            return;
        }

        switch (claimed.Status)
        {
            case RunStatus.PendingSubmit:
                await StepAsync(claimed, cancellationToken).ConfigureAwait(false);
                break;
            case RunStatus.InDoubt:
                await LookForAsync([claimed], cancellationToken).ConfigureAwait(false);
                break;
            default:
                finisher.Look(claimed);
                break;
        }
    }

    // A worker looks after the runs of its own backend. A server looks after all others, and after those of workers that are away. Those that wait in memory for their backend are still due: a
    // backend that hangs must not fill the page with them and hide the runs of all others.
    private DueFilter Mine(DateTimeOffset now)
    {
        var (owner, until, limit) = (server.LeaseOwner, now + options.Value.Lease, PageSize + dispatcher.InHand);
        return options.Value.OnlyBackend is { } only
            ? new DueFilter(owner, now, until, LookedAfterByWorkers, only, limit)
            : new DueFilter(owner, now, until, LookedAfter, null, limit)
            {
                ExceptPlaces = cluster.OthersPlaces,
                ExceptBackends = [.. catalog.OfWorkers.Where(w => w.Condition.Away is null).Select(w => w.Id)],
            };
    }

    // A look-up takes as long as its backend, so nobody waits for it here, and until it has had its time the run is not due: many that hang would fill every page and hide what comes
    // after them.
    private async Task LookForAsync(IReadOnlyList<Run> runs, CancellationToken cancellationToken)
    {
        if (runs.Count == 0)
        {
            return;
        }

        var now = clock.Now;
        await store.RescheduleAsync(
            [
                .. runs.Select(r => new Reschedule(
                    r.Id,
                    r.Version,
                    now + PauseFor(r),
                    r.FailedChecks)),
            ],
            cancellationToken).ConfigureAwait(false);
        foreach (var run in runs)
        {
            if (run.IntentPlace is not null && run.BackendKeys is { Count: > 0 })
            {
                // The job is known and was out of reach: its state is asked for, not its whereabouts.
                finisher.Look(run);
            }
            else
            {
                dispatcher.LookFor(run);
            }
        }
    }

    // Whoever alone can reach a job finds it due soon after it is back.
    private TimeSpan PauseFor(Run run) => places.IsOutOfReach(run)
        ? OutOfReachPause
        : catalog.TryGet(run.BackendId, out var backend) ? backend.Options.Resilience.Timeout + options.Value.Lease : UnknownBackendPause;

    /// <summary>Takes the first of those up that stand in line for a slot of a backend, after slots became free.</summary>
    public async Task CapacityFreedAsync(string backendId, int slots, CancellationToken cancellationToken)
    {
        if (!places.IsServedHere(backendId) || !catalog.TryGet(backendId, out var backend))
        {
            // A lease of this server would only keep its worker from taking the run.
            return;
        }

        var (now, version) = (clock.Now, backend.Condition.LineVersion);
        var first = await store.ClaimDueAsync(
            new DueFilter(server.LeaseOwner, now, now + options.Value.Lease, [RunStatus.PendingSubmit], backendId, slots) { InLine = true, ExceptPlaces = cluster.OthersPlaces },
            cancellationToken).ConfigureAwait(false);
        backend.Condition.NoteLine(first.Count == slots, version);
        foreach (var run in first)
        {
            await StepAsync(run, cancellationToken).ConfigureAwait(false);
        }
    }

    // Whoever is looked at in line has no better right to a free slot than the others: the first are taken up instead.
    private async Task<IReadOnlyList<Run>> ToLineAsync(IReadOnlyList<Run> due, CancellationToken cancellationToken)
    {
        var inLine = due.Where(r => r is { Status: RunStatus.PendingSubmit, QueueRank: not null, BackendId: not null } && places.IsServedHere(r.BackendId)).ToList();
        if (inLine.Count == 0)
        {
            return due;
        }

        var now = clock.Now;
        await store.RescheduleAsync(
            [.. inLine.Select(r => new Reschedule(r.Id, r.Version, SubmissionWaits.TurnOf(r, now, options.Value.WaitRecheck), r.FailedChecks))], cancellationToken).ConfigureAwait(false);
        foreach (var line in inLine.GroupBy(r => r.BackendId!, StringComparer.Ordinal))
        {
            var slots = catalog.TryGet(line.Key, out var backend) ? backend.Options.MaxConcurrentRuns ?? PageSize : 1;
            await CapacityFreedAsync(line.Key, slots, cancellationToken).ConfigureAwait(false);
        }

        return [.. due.Except(inLine)];
    }

    private async Task<bool> StepAsync(Run run, CancellationToken cancellationToken)
    {
        switch (run.Status)
        {
            case RunStatus.Defined:
                await EndUnstartedAsync(run, cancellationToken).ConfigureAwait(false);
                break;
            case RunStatus.WaitingLocks:
                await locks.TryGrantAsync(run.Id, cancellationToken).ConfigureAwait(false);
                break;
            case RunStatus.PendingSubmit when !catalog.TryGet(run.BackendId, out _):
                await submitter.RecoverAsync(run, cancellationToken).ConfigureAwait(false);
                break;
            case RunStatus.PendingSubmit:
                return dispatcher.Enqueue(run);
            default:
                break;
        }

        return true;
    }

    private Task<UpdateResult> EndUnstartedAsync(Run run, CancellationToken cancellationToken) => updater.ApplyAsync(
        run,
        r => r.Status != RunStatus.Defined ? null : RunLifecycle.Change(
            r,
            RunTrigger.AbortRequested,
            clock.Now,
            server.Actor,
            $"nobody started it within {options.Value.ManualStartDeadline}"),
        cancellationToken);
}
