using System.Security.Cryptography;
using Ascob.Core.Access;
using Ascob.Core.Backends;
using Ascob.Core.Dispatch;
using Ascob.Core.Errors;
using Ascob.Core.Files;
using Ascob.Core.Jobs;
using Ascob.Core.Routing;
using Ascob.Core.Telemetry;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Runs;

/// <summary>
/// Stores new runs: routes the job, stores the run in one transaction, and sets it going after the commit. Where nothing stands in the way, that one transaction also claims the run for its
/// submission, so that the backend is called right after it.
/// </summary>
public sealed class RunRecorder(
    IRunStore store,
    IRunFileStore files,
    Router router,
    BackendCatalog catalog,
    RunStarter starter,
    JobMaker jobs,
    ISecretProtector protector,
    MonotonicClock clock,
    AscobMetrics metrics,
    IOptions<EngineOptions> options,
    ILogger<RunRecorder> logger)
{
    private const string MarkerAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
    private const int MarkerLength = 26;

    /// <summary>Stores a run, and sets it going.</summary>
    internal async Task<Result<Submission>> StoreAsync(NewRunOrder order, CancellationToken cancellationToken)
    {
        var id = await store.NextIdAsync(cancellationToken).ConfigureAwait(false);
        var route = router.Decide(order.Spec, id);
        if (!catalog.TryGet(route.BackendId, out var backend))
        {
            return RoutingRefusal.Of(order.Spec, route, catalog);
        }

        var run = Define(order, id, route, backend);
        var wanted = jobs.LocksOf(run);
        if (CheckResolved(order.Spec, wanted) is { } unfit)
        {
            return unfit;
        }

        if (!order.Spec.ManualStart)
        {
            run = starter.Ready(run, wanted.Count > 0) with { Status = wanted.Count > 0 ? RunStatus.WaitingLocks : RunStatus.PendingSubmit };
        }

        var created = new RunEvent(id, 1, run.DefinedAt, RunEventTypes.Created, null, run.Status, order.Caller.Actor, run.StatusReason, CreatedData(backend.Id));
        var added = await AddAsync(
            new NewRun(run, created, order.Spec.ManualStart ? [] : wanted, order.Key)
            {
                Files = order.Files,
                SharesFilesOf = order.SharesFilesOf,
                Guard = order.Origin is { } origin ? PreventedRun.Guard(run, origin, order) : null,
            },
            cancellationToken).ConfigureAwait(false);
        switch (added.Outcome)
        {
            case AddOutcomeKind.Replayed:
                return new Submission(added.RunId, true, order.Origin is not null && PreventedRun.IsOne(await store.FindAsync(added.RunId, cancellationToken).ConfigureAwait(false)));
            case AddOutcomeKind.KeyReused:
                return IdempotencyKey.Reused(added.RunId);
            case AddOutcomeKind.DefinitionGone:
                return order.ParentId is null
                    ? new Error(ErrorKind.NotFound, "definition.not_found", $"The definition '{run.DefinitionName}' was deleted.")
                    : new Error(ErrorKind.Conflict, "definition.gone", $"The run is one of the definition '{run.DefinitionName}', which was deleted since; its job can be submitted as a job of its own.");
            case AddOutcomeKind.DefinitionChanged:
                return new Error(ErrorKind.Conflict, RunOrigin.ChangedCode, $"The definition '{run.DefinitionName}' was saved while it was launched.");
            case AddOutcomeKind.Prevented:
                logger.LogInformation("Run {RunId} of definition {Definition} was prevented", id, run.DefinitionName);
                return new Submission(id, false, Prevented: true);
            case AddOutcomeKind.Added:
                break;
        }

        metrics.Submitted(backend.Id, clock.Time.GetElapsedTime(order.Begun));
        await starter.SetGoingAsync(run, cancellationToken).ConfigureAwait(false);
        return new Submission(id, false);
    }

    private Run Define(NewRunOrder order, long id, RoutingDecision route, BackendEntry backend)
    {
        var split = SecretSplit.From(order.Spec);
        var now = clock.Now;
        return new Run
        {
            Id = id,
            ParentId = order.ParentId,
            Status = RunStatus.Defined,
            Version = 1,
            Spec = split.Masked,
            ProtectedSecrets = split.Protect(protector),
            MarkerId = RandomNumberGenerator.GetString(MarkerAlphabet, MarkerLength),
            Token = order.Caller.Identifier,
            BackendId = backend.Id,
            Route = route,
            DefinedAt = now,
            NextCheckAt = now + options.Value.ManualStartDeadline,
            StatusReason = order.Spec.ManualStart ? "waiting for its start" : null,
            DefinitionId = order.Origin?.DefinitionId,
            DefinitionName = order.Origin?.DefinitionName,
            DefinitionVersion = order.Origin?.DefinitionVersion,
            Cause = order.Origin?.Cause,
            HasFiles = order.Files.Count > 0 || order.SharesFilesOf is not null,
        };
    }

    private async Task<AddOutcome> AddAsync(NewRun added, CancellationToken cancellationToken)
    {
        try
        {
            var outcome = await store.AddAsync(added, cancellationToken).ConfigureAwait(false);
            if (outcome.Outcome == AddOutcomeKind.Added)
            {
                await files.SettleAsync(added.Files).ConfigureAwait(false);
            }

            return outcome;
        }
        catch (Exception e) when (e is not OperationCanceledException and not StoreUnavailableException { OutcomeUnknown: false })
        {
            // The run may be there, and then its files must be.
            await files.SettleAsync(added.Files, isCertain: false).ConfigureAwait(false);
            throw;
        }
    }

    // A lock name can become too long or equal to another when its variables are resolved.
    private static Error? CheckResolved(JobSpec spec, IReadOnlyList<LockSpec> wanted)
    {
        if (!spec.RuntimeVariables || wanted.Count == 0)
        {
            return null;
        }

        var errors = JobSpecValidator.Validate(spec with { Locks = wanted });
        return errors.Count > 0 ? Error.Invalid(errors) : null;
    }

    private static Dictionary<string, string> CreatedData(string backendId) => new(StringComparer.Ordinal) { ["backend"] = backendId };
}
