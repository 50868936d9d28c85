using System.Globalization;
using Ascob.Core.Backends;
using Ascob.Core.Cluster;
using Ascob.Core.Dispatch;
using Ascob.Core.Errors;
using Ascob.Core.Monitoring;
using Ascob.Core.Timing;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Runs;

/// <summary>What a person orders about a run that exists: stop it, look at it now, decide a doubt.</summary>
public sealed class RunOrders(
    IRunStore store,
    RunUpdater updater,
    RunFollower follower,
    RunFinisher finisher,
    RunStopper stopper,
    Dispatcher dispatcher,
    BackendCatalog catalog,
    RunPlaces places,
    ServerIdentity server,
    MonotonicClock clock,
    IOptions<EngineOptions> options)
{
    /// <summary>
    /// Stops a run: at once where nothing was sent, else <c>ABORTING</c> until the backend confirms. Asking again with force makes a soft stop hard. The order is stored before the backend is asked.
    /// </summary>
    public async Task<Result<Run>> StopAsync(Run run, bool force, string actor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.Status.IsFinal())
        {
            return Final(run);
        }

        var backend = catalog.TryGet(run.BackendId, out var entry) ? entry : null;
        var unstoppable = default(Error);
        var result = await updater.ApplyAsync(
            run,
            r =>
            {
                unstoppable = r.IntentAt is not null && backend is not null && backend.Adapter is not ISupportStop
                    ? new Error(ErrorKind.Conflict, "stop.unsupported", $"Backend '{backend.Id}' cannot stop jobs.")
                    : null;
                var again = r.Status == RunStatus.Aborting && (r.AbortForce || !force);
                return unstoppable is not null || again || r.Status.IsFinal() ? null : Stop(r, force, actor);
            },
            cancellationToken).ConfigureAwait(false);
        if (unstoppable is not null)
        {
            return unstoppable;
        }

        if (!result.Applied && result.Run.Status.IsFinal())
        {
            return Final(result.Run);
        }

        return result.Run.Status == RunStatus.Aborting ? await CarryOutAsync(result.Run, backend, cancellationToken).ConfigureAwait(false) : result.Run;
    }

    /// <summary>Looks at the run now, unless another server is just doing so.</summary>
    public async Task<Result<Run>> RefreshAsync(Run run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.Status is not (RunStatus.Submitted or RunStatus.Running or RunStatus.Aborting or RunStatus.InDoubt)
            || IsOnItsWay(run)
            || !catalog.TryGet(run.BackendId, out var backend))
        {
            return run;
        }

        if (!places.IsHere(run))
        {
            places.Attend(run);
            return run;
        }

        var claimed = await store.ClaimAsync(run.Id, server.LeaseOwner, clock.Now, clock.Now + options.Value.Lease, cancellationToken).ConfigureAwait(false);
        if (claimed is { Status: RunStatus.Submitted or RunStatus.Running or RunStatus.Aborting })
        {
            await follower.LookAsync(backend, [claimed], cancellationToken).ConfigureAwait(false);
        }
        else if (claimed is { Status: RunStatus.InDoubt })
        {
            await stopper.LookForUnknownAsync(claimed, backend, cancellationToken).ConfigureAwait(false);
        }

        return await store.FindAsync(run.Id, cancellationToken).ConfigureAwait(false) is { } now ? now : Error.NoSuchRun(run.Id);
    }

    /// <summary>Takes a verdict on a run of which nobody knows whether its backend has it.</summary>
    public async Task<Result<Run>> ResolveAsync(Run run, Resolution resolution, string actor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(resolution);
        if (resolution is { Verdict: ResolutionVerdict.Adopt, BackendKeys: not { Count: > 0 } })
        {
            return Error.Invalid("backendKeys", "are required to adopt a job");
        }

        var result = await updater.ApplyAsync(run, r => Verdict(r, resolution, actor), cancellationToken).ConfigureAwait(false);
        if (!result.Applied)
        {
            return IsOnItsWay(result.Run)
                ? new Error(ErrorKind.Conflict, "run.being_submitted", $"Run {run.Id} is being submitted or looked up just now; a verdict is taken when that has had its time.")
                : new Error(
                    ErrorKind.Conflict,
                    "run.not_in_doubt",
                    $"Run {run.Id} is {result.Run.Status.ToWire()}; a verdict is for runs in IN_DOUBT, and for those in ABORTING of which nobody knows whether their backend has them.");
        }

        switch (resolution.Verdict)
        {
            case ResolutionVerdict.Adopt:
                finisher.Look(result.Run);
                break;
            case ResolutionVerdict.NotStarted when result.Run.Status == RunStatus.PendingSubmit:
                dispatcher.Enqueue(result.Run);
                break;
            default:
                break;
        }

        return result.Run;
    }

    private RunChange? Verdict(Run run, Resolution resolution, string actor)
    {
        // Where nobody can carry a stop out, a person may give the run up.
        var givenUp = run.Status == RunStatus.Aborting && resolution.Verdict == ResolutionVerdict.Failed && places.IsOutOfReach(run);
        if (run.Status != RunStatus.InDoubt && !givenUp && !(IsUnknownWhileStopping(run) && !IsOnItsWay(run)))
        {
            return null;
        }

        var here = places.IsHere(run);
        var now = clock.Now;
        var trigger = resolution.Verdict switch
        {
            ResolutionVerdict.Adopt => RunTrigger.BackendAccepted,
            ResolutionVerdict.NotStarted => RunTrigger.FoundNotStarted,
            ResolutionVerdict.Failed => RunTrigger.WrittenOff,
        };
        return RunLifecycle.Change(
            run,
            trigger,
            now,
            actor,
            $"verdict '{(resolution.Verdict == ResolutionVerdict.NotStarted ? "not_started" : resolution.Verdict.ToString().ToLowerInvariant())}': {resolution.Reason}",
            r => r with
            {
                BackendKeys = resolution.Verdict switch
                {
                    ResolutionVerdict.Adopt => resolution.BackendKeys,
                    ResolutionVerdict.NotStarted => null,
                    _ => r.BackendKeys,
                },
                IntentAt = resolution.Verdict == ResolutionVerdict.NotStarted ? null : r.IntentAt,
                HoldsSlot = resolution.Verdict != ResolutionVerdict.NotStarted && r.HoldsSlot,
                WaitingSince = null,
                FailedChecks = 0,
                LeaseOwner = here ? server.LeaseOwner : null,
                LeaseUntil = here ? now + options.Value.Lease : null,
                NextCheckAt = here ? now + options.Value.Lease : now,
            },
            RunEventTypes.Operator,
            Evidence(run, resolution));
    }

    private static bool IsUnknownWhileStopping(Run run) => run is { Status: RunStatus.Aborting, BackendKeys: not { Count: > 0 } };

    // Stopped before the answer of its submission came: as long as that may still come, nobody says that it was not started.
    private bool IsOnItsWay(Run run) => IsUnknownWhileStopping(run) && run.LeaseUntil > clock.Now;

    // What was known when the person decided stands beside the verdict.
    private static Dictionary<string, string> Evidence(Run run, Resolution resolution)
    {
        var evidence = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["marker"] = run.Marker,
            ["lookUps"] = run.FailedChecks.ToString(CultureInfo.InvariantCulture),
        };
        if (run.StatusReason is { } seen)
        {
            evidence["seen"] = seen;
        }

        foreach (var (key, value) in resolution.BackendKeys ?? new Dictionary<string, string>())
        {
            evidence[$"backendKeys.{key}"] = value;
        }

        return evidence;
    }

    private RunChange? Stop(Run run, bool force, string actor)
    {
        var now = clock.Now;
        var takes = run.BackendKeys is not null && places.IsHere(run);
        return RunLifecycle.Change(
            run,
            RunTrigger.AbortRequested,
            now,
            actor,
            force ? "stop asked for, by force" : "stop asked for",
            r => r with
            {
                AbortAt = r.AbortAt ?? now,
                AbortForce = r.AbortForce || force,
                TimedOut = false,
                FailedChecks = 0,

                // The submission that is on its way keeps its lease; its answer finds the run aborting.
                LeaseOwner = r.BackendKeys is null ? r.LeaseOwner : takes ? server.LeaseOwner : null,
                LeaseUntil = r.BackendKeys is null ? r.LeaseUntil : takes ? now + options.Value.Lease : null,
                NextCheckAt = r.BackendKeys is null && r.LeaseUntil > now ? r.LeaseUntil : now,
            },
            RunEventTypes.Operator);
    }

    private async Task<Result<Run>> CarryOutAsync(Run run, BackendEntry? backend, CancellationToken cancellationToken)
    {
        if (backend is null)
        {
            return run;
        }

        if (run.IntentAt is not null && !places.IsHere(run))
        {
            places.Attend(run);
            return run;
        }

        if (run.IntentAt is null)
        {
            return await stopper.LookForUnknownAsync(run, backend, cancellationToken).ConfigureAwait(false);
        }

        if (run.BackendKeys is { Count: > 0 })
        {
            await stopper.RepeatStopAsync(run, backend, cancellationToken).ConfigureAwait(false);
        }

        return run;
    }

    /// <summary>The code of the refusal to stop a run that has ended.</summary>
    internal const string FinalCode = "run.final";

    private static Error Final(Run run) => new(ErrorKind.Conflict, FinalCode, $"Run {run.Id} is {run.Status.ToWire()} already.");
}
