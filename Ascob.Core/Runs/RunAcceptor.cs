using System.Globalization;
using System.Security.Cryptography;
using Ascob.Core.Access;
using Ascob.Core.Backends;
using Ascob.Core.Cluster;
using Ascob.Core.Dispatch;
using Ascob.Core.Errors;
using Ascob.Core.Files;
using Ascob.Core.Jobs;
using Ascob.Core.Locks;
using Ascob.Core.Routing;
using Ascob.Core.Telemetry;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Runs;

/// <summary>
/// Takes jobs in: validates, routes, stores in one transaction, and sets the run going after the commit. Where nothing stands in the way, that one transaction also claims the run for its
/// submission, so that the backend is called right after it.
/// </summary>
public sealed class RunAcceptor(
    IRunStore store,
    IRunFileStore files,
    Router router,
    BackendCatalog catalog,
    RunUpdater updater,
    Dispatcher dispatcher,
    LockService locks,
    JobMaker jobs,
    RunPlaces places,
    ISecretProtector protector,
    ServerIdentity server,
    MonotonicClock clock,
    AscobMetrics metrics,
    IOptions<EngineOptions> options,
    ILogger<RunAcceptor> logger)
{
    private const string MarkerAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
    private const int MarkerLength = 26;

    /// <summary>Takes a submission.</summary>
    public async Task<Result<Submission>> AcceptAsync(SubmitRequest request, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(caller);
        var begun = clock.Time.GetTimestamp();
        var checkedSpec = Check(request.Spec, caller);
        return checkedSpec.IsSuccess
            ? await StoreAsync(
                new Order(checkedSpec.Value, caller, begun)
                {
                    Key = KeyOf(request.IdempotencyKey, request.BodyHash, caller),
                    Files = request.Files ?? [],
                    Origin = request.Origin,
                    IsLaunch = request.Origin is not null,
                },
                cancellationToken).ConfigureAwait(false)
            : checkedSpec.Error;
    }

    /// <summary>Answers how a job would be routed.</summary>
    public Result<RoutingDecision> Explain(JobSpec spec, Caller caller)
    {
        var checkedSpec = Check(spec, caller);
        return checkedSpec.IsSuccess ? router.Decide(checkedSpec.Value, 0) : checkedSpec.Error;
    }

    /// <summary>Submits the job of a run again.</summary>
    public async Task<Result<Submission>> ResubmitAsync(Run source, ResubmitOverrides overrides, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(overrides);
        var spec = SecretSplit.Join(source.Spec, SecretSplit.Reveal(source.ProtectedSecrets, protector));
        var begun = clock.Time.GetTimestamp();
        spec = overrides.ApplyTo(spec) with { ManualStart = false };
        var checkedSpec = Check(spec, caller);
        if (!checkedSpec.IsSuccess)
        {
            return checkedSpec.Error;
        }

        var shared = await files.ListAsync(source.Id, cancellationToken).ConfigureAwait(false);
        var order = new Order(checkedSpec.Value, caller, begun)
        {
            ParentId = source.ParentId ?? source.Id,
            Origin = source is { DefinitionId: { } definition, DefinitionName: { } name, DefinitionVersion: { } version, Cause: { } cause }
                ? new RunOrigin(definition, name, version, cause)
                : null,
            SharesFilesOf = shared.Count > 0 ? source.Id : null,
            Key = overrides.IdempotencyKey is null ? null : KeyOf(overrides.IdempotencyKey, overrides.Hash(source.Id), caller),
        };
        return await StoreAsync(order, cancellationToken).ConfigureAwait(false);
    }

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

    /// <summary>Attaches a file to a run in <c>DEFINED</c>.</summary>
    public async Task<Result<RunFile>> SaveFileAsync(Run run, string name, Stream content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.Status != RunStatus.Defined)
        {
            // Said before the content is read; the store says it again when all of it is there.
            return new Error(ErrorKind.Conflict, "run.not_defined", $"Run {run.Id} is {run.Status.ToWire()}; files are attached in DEFINED only.");
        }

        if (RunFileNames.Problem(name) is { } problem)
        {
            return Error.Invalid("fileId", problem);
        }

        var staged = await files.StageAsync(name, content, cancellationToken).ConfigureAwait(false);
        return staged.IsSuccess ? await files.AttachAsync(run.Id, staged.Value, cancellationToken).ConfigureAwait(false) : staged.Error;
    }

    private static IdempotencyKey? KeyOf(string? text, string? bodyHash, Caller caller) =>
        text is null ? null : new IdempotencyKey(caller.Identifier, text, bodyHash ?? string.Empty);

    private static Result<JobSpec> Check(JobSpec? spec, Caller caller)
    {
        if (spec is null)
        {
            return Error.Invalid("jobSpec", "is required");
        }

        if (spec.Submitter is null && caller.Submitters is [var only])
        {
            spec = spec with { Submitter = only };
        }

        var errors = JobSpecValidator.Validate(spec);
        if (errors.Count == 0)
        {
            errors = RuntimeVariables.Check(spec);
        }

        if (errors.Count > 0)
        {
            return Error.Invalid(errors);
        }

        if (!caller.MaySee(spec.Submitter))
        {
            return new Error(ErrorKind.Forbidden, "submitter.forbidden", "This token may not act for that submitter.");
        }

        return spec.ManualStart && !caller.Can(Permissions.JobRunManualStart)
            ? new Error(ErrorKind.Forbidden, "permission.missing", $"A manual-start run needs the permission '{Permissions.JobRunManualStart}'.")
            : spec;
    }

    private async Task<Result<Submission>> StoreAsync(Order order, CancellationToken cancellationToken)
    {
        var id = await store.NextIdAsync(cancellationToken).ConfigureAwait(false);
        var route = router.Decide(order.Spec, id);
        if (!catalog.TryGet(route.BackendId, out var backend))
        {
            return NoBackend(order.Spec, route);
        }

        var run = Define(order, id, route, backend);
        var wanted = jobs.LocksOf(run);
        if (CheckResolved(order.Spec, wanted) is { } unfit)
        {
            return unfit;
        }

        if (!order.Spec.ManualStart)
        {
            run = Ready(run, wanted.Count > 0) with { Status = wanted.Count > 0 ? RunStatus.WaitingLocks : RunStatus.PendingSubmit };
        }

        var created = new RunEvent(id, 1, run.DefinedAt, RunEventTypes.Created, null, run.Status, order.Caller.Actor, run.StatusReason, CreatedData(backend.Id));
        var added = await AddAsync(
            new NewRun(run, created, order.Spec.ManualStart ? [] : wanted, order.Key)
            {
                Files = order.Files,
                SharesFilesOf = order.SharesFilesOf,
                Guard = order is { IsLaunch: true, Origin: { } origin } ? Guard(run, origin, order) : null,
            },
            cancellationToken).ConfigureAwait(false);
        switch (added.Outcome)
        {
            case AddOutcomeKind.Replayed:
                return new Submission(added.RunId, true);
            case AddOutcomeKind.KeyReused:
                return IdempotencyKey.Reused(added.RunId);
            case AddOutcomeKind.DefinitionGone:
                return new Error(ErrorKind.NotFound, "definition.not_found", $"The definition '{run.DefinitionName}' was deleted.");
            case AddOutcomeKind.DefinitionChanged:
                return new Error(ErrorKind.Conflict, RunOrigin.ChangedCode, $"The definition '{run.DefinitionName}' was saved while it was launched.");
            case AddOutcomeKind.Prevented:
                logger.LogInformation("Run {RunId} of definition {Definition} was prevented", id, run.DefinitionName);
                return new Submission(id, false, Prevented: true);
            case AddOutcomeKind.Added:
                break;
        }

        metrics.Submitted(backend.Id, clock.Time.GetElapsedTime(order.Begun));
        await SetGoingAsync(run, cancellationToken).ConfigureAwait(false);
        return new Submission(id, false);
    }

    private Run Define(Order order, long id, RoutingDecision route, BackendEntry backend)
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

    // A launch that is prevented is recorded as a run that ended when it was stored: it has no backend to ask, no locks and no output.
    private static LaunchGuard Guard(Run run, RunOrigin origin, Order order) => new(origin.DefinitionId, origin.NotWhileWorking, origin.NotWhileError, hindrance =>
    {
        var ended = run with
        {
            Status = RunStatus.Aborted,
            StatusReason = hindrance.Reason,
            EndedAt = run.DefinedAt,
            NextCheckAt = null,
            LeaseOwner = null,
            LeaseUntil = null,
            IntentAt = null,
            IntentPlace = null,
            WaitingSince = null,
            HasFiles = false,
            OutputArchived = true,
        };
        var data = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["prevented"] = hindrance.Status == RunStatus.Failed ? "error" : "working",
            ["run"] = hindrance.RunId.ToString(CultureInfo.InvariantCulture),
        };
        var created = new RunEvent(run.Id, 1, run.DefinedAt, RunEventTypes.Created, null, RunStatus.Aborted, order.Caller.Actor, hindrance.Reason, data);
        return new NewRun(ended, created, [], order.Key);
    })
    {
        DefinitionVersion = origin.MustBePresent ? origin.DefinitionVersion : null,
    };

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

    // The run as it leaves DEFINED: with the lease and the intent where this process can submit it right after the commit.
    private Run Ready(Run run, bool withLocks)
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

    private async Task SetGoingAsync(Run run, CancellationToken cancellationToken)
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

    // A named backend that cannot run the job says which fields are wrong; otherwise every backend says why it was refused.
    private Error NoBackend(JobSpec spec, RoutingDecision route)
    {
        IReadOnlyDictionary<string, string[]>? fields = null;
        if (catalog.TryGet(spec.Label(Router.BackendIdLabel), out var named))
        {
            fields = Error.Invalid(named.Adapter.Validate(spec)).Fields;
        }
        else if (spec.Label(Router.BackendIdLabel) is { } unknown)
        {
            fields = Error.Invalid($"jobSpec.labels.{Router.BackendIdLabel}", $"there is no backend '{unknown}'").Fields;
        }
        else
        {
            var spoken = catalog.All.Where(b => (spec.Labels ?? new Dictionary<string, string>()).Keys.Any(k => k.StartsWith(b.Type.LabelPrefix, StringComparison.Ordinal)))
                .SelectMany(b => b.Adapter.Validate(spec)).ToList();
            fields = spoken.Count > 0 ? Error.Invalid(spoken).Fields : null;
        }

        return new Error(ErrorKind.Impossible, "routing.no_backend", "No backend can run this job.", fields)
        {
            Extensions = new Dictionary<string, object?>(StringComparer.Ordinal) { ["refused"] = route.Refused },
        };
    }

    /// <summary>What is to be stored.</summary>
    private sealed record Order(JobSpec Spec, Caller Caller, long Begun)
    {
        public long? ParentId { get; init; }

        public IdempotencyKey? Key { get; init; }

        public IReadOnlyList<StagedFile> Files { get; init; } = [];

        public long? SharesFilesOf { get; init; }

        public RunOrigin? Origin { get; init; }

        public bool IsLaunch { get; init; }
    }
}
