using Ascob.Core.Backends;
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
    RunStopper stopper,
    BackendCatalog catalog,
    ServerIdentity server,
    MonotonicClock clock,
    IOptions<EngineOptions> options)
{
    private const int PageSize = 200;

    private static readonly RunStatus[] LookedAfter = [RunStatus.Defined, RunStatus.WaitingLocks, RunStatus.PendingSubmit, RunStatus.InDoubt];

    /// <summary>Looks once at what is due; answers how many runs there were.</summary>
    public async Task<int> SweepAsync(CancellationToken cancellationToken)
    {
        var now = clock.Now;
        var due = await store.ClaimDueAsync(
            new DueFilter(server.LeaseOwner, now, now + options.Value.Lease, LookedAfter, null, PageSize),
            cancellationToken).ConfigureAwait(false);
        foreach (var run in due)
        {
            await StepAsync(run, cancellationToken).ConfigureAwait(false);
        }

        return due.Count;
    }

    /// <summary>Takes up runs of one backend that wait for a slot, after one became free: those that were to be looked at within the next moments.</summary>
    public async Task CapacityFreedAsync(string backendId, int slots, CancellationToken cancellationToken)
    {
        var now = clock.Now;
        var waiting = await store.ClaimDueAsync(
            new DueFilter(server.LeaseOwner, now, now + options.Value.Lease, [RunStatus.PendingSubmit], backendId, slots) { DueBefore = now + (options.Value.WaitRecheck * 2) },
            cancellationToken).ConfigureAwait(false);
        foreach (var run in waiting)
        {
            await StepAsync(run, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task StepAsync(Run run, CancellationToken cancellationToken)
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
                dispatcher.Enqueue(run);
                break;
            case RunStatus.InDoubt when catalog.TryGet(run.BackendId, out var backend):
                await stopper.LookForUnknownAsync(run, backend, cancellationToken).ConfigureAwait(false);
                break;
            case RunStatus.InDoubt:
                await store.RescheduleAsync([new Reschedule(run.Id, run.Version, clock.Now + TimeSpan.FromMinutes(1), run.FailedChecks)], cancellationToken)
                    .ConfigureAwait(false);
                break;
            default:
                break;
        }
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
