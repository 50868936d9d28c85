using Ascob.Core.Backends;
using Ascob.Core.Cluster;
using Ascob.Core.Dispatch;
using Ascob.Core.Errors;
using Ascob.Core.Locks;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Runs;

/// <summary>Sets runs going: decides whether this process submits a run right after the commit that takes it out of <c>DEFINED</c>, and does what follows that commit.</summary>
public sealed class RunStarter(
    RunUpdater updater,
    BackendCatalog catalog,
    Dispatcher dispatcher,
    LockService locks,
    JobMaker jobs,
    RunPlaces places,
    ServerIdentity server,
    MonotonicClock clock,
    IOptions<EngineOptions> options,
    ILogger<RunStarter> logger)
{
    /// <summary>Releases a run that waits in <c>DEFINED</c>; a conflict for everybody but the first.</summary>
    public async Task<Result<Run>> StartAsync(Run run, string actor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        var wanted = jobs.LocksOf(run);
        var result = await updater.ApplyAsync(
            run,
            r => r.Status != RunStatus.Defined || r.Version != run.Version ? null : RunLifecycle.Change(
                r,
                wanted.Count > 0 ? RunTrigger.StartWithLocks : RunTrigger.Start,
                clock.Now,
                actor,
                "started",
                x => Ready(x, wanted.Count > 0),
                RunEventTypes.Operator),
            cancellationToken,
            wanted).ConfigureAwait(false);
        if (!result.Applied)
        {
            return new Error(ErrorKind.Conflict, "run.not_startable", $"Run {run.Id} is {result.Run.Status.ToWire()}; only a run in DEFINED can be started, once.");
        }

        await SetGoingAsync(result.Run, cancellationToken).ConfigureAwait(false);
        return result.Run;
    }

    /// <summary>Answers the run as it leaves <c>DEFINED</c>: with the lease and the intent where this process can submit it right after the commit.</summary>
    internal Run Ready(Run run, bool withLocks)
    {
        var now = clock.Now;
        var next = run with { NextCheckAt = now + options.Value.WaitRecheck, WaitingSince = withLocks ? now : null, StatusReason = null };
        if (withLocks || !catalog.TryGet(run.BackendId, out var backend))
        {
            return next;
        }

        if (!backend.ServedHere)
        {
            return next with { NextCheckAt = now, StatusReason = backend.Condition.Away };
        }

        var lease = now + backend.Options.Resilience.Timeout + options.Value.Lease;
        if (!dispatcher.HasRoom(backend.Id))
        {
            // The sweeper takes it from the database when there is room again.
            return next with { NextCheckAt = now, StatusReason = "waiting for its turn to be submitted" };
        }

        next = next with { LeaseOwner = server.LeaseOwner, LeaseUntil = lease, NextCheckAt = lease };
        return backend.Options.MaxConcurrentRuns is null && !backend.Condition.Drained && backend.Condition.Circuit == CircuitState.Closed
            ? next with { IntentAt = now, IntentPlace = backend.Adapter.Place }
            : next;
    }

    /// <summary>Does what follows the commit that took the run out of <c>DEFINED</c>.</summary>
    internal async Task SetGoingAsync(Run run, CancellationToken cancellationToken)
    {
        switch (run.Status)
        {
            case RunStatus.PendingSubmit when run.LeaseOwner is not null:
                dispatcher.Enqueue(run, justStored: true);
                break;
            case RunStatus.PendingSubmit when !places.IsServedHere(run.BackendId):
                places.Attend(run);
                break;
            case RunStatus.WaitingLocks:
                try
                {
                    await locks.TryGrantAsync(run.Id, cancellationToken).ConfigureAwait(false);
                }
#pragma warning disable CA1031 // The run is stored and so accepted, whatever happens now; the sweeper tries the locks again.
                catch (Exception e)
#pragma warning restore CA1031
                {
                    // A store that is away or a client that left is expected; anything else is a bug, and must be seen.
                    logger.Log(
                        e is StoreUnavailableException or OperationCanceledException ? LogLevel.Warning : LogLevel.Error,
                        e,
                        "Run {RunId} is stored; its locks are tried again later",
                        run.Id);
                }

                break;
            default:
                break;
        }
    }
}
