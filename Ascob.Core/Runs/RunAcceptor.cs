using System.Security.Cryptography;
using Ascob.Core.Access;
using Ascob.Core.Backends;
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
    ISecretProtector protector,
    ServerIdentity server,
    MonotonicClock clock,
    AscobMetrics metrics,
    IOptions<EngineOptions> options,
    ILogger<RunAcceptor> logger)
{
    private const string MarkerAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
    private const int MarkerLength = 26;

    // A run whose files came with its submission is started by us; what a crash leaves behind is ended after this time.
    private static readonly TimeSpan UploadDeadline = TimeSpan.FromHours(1);

    /// <summary>Takes a submission.</summary>
    public async Task<Result<Submission>> AcceptAsync(SubmitRequest request, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(caller);
        var begun = clock.Time.GetTimestamp();
        var hasFiles = request.Files is { Count: > 0 };
        if (request.Files?.Select(f => RunFileNames.Problem(f.Name)).FirstOrDefault(p => p is not null) is { } unfit)
        {
            return Error.Invalid("files", unfit);
        }

        var checkedSpec = Check(request.Spec, caller);
        if (!checkedSpec.IsSuccess)
        {
            return checkedSpec.Error;
        }

        var held = hasFiles && !request.Spec.ManualStart;
        var spec = held ? checkedSpec.Value with { ManualStart = true } : checkedSpec.Value;
        var key = request.IdempotencyKey is { } text ? new IdempotencyKey(caller.Identifier, text, request.BodyHash ?? string.Empty) : null;
        var stored = await StoreAsync(begun, spec, null, caller, key, held, cancellationToken).ConfigureAwait(false);
        if (!stored.IsSuccess || stored.Value.Replayed || !hasFiles)
        {
            return stored;
        }

        return await AttachAsync(stored.Value, request.Files!, held, caller, cancellationToken).ConfigureAwait(false);
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
        var begun = clock.Time.GetTimestamp();
        var spec = SecretSplit.Join(source.Spec, SecretSplit.Reveal(source.ProtectedSecrets, protector));
        spec = overrides.ApplyTo(spec) with { ManualStart = false };
        var checkedSpec = Check(spec, caller);
        if (!checkedSpec.IsSuccess)
        {
            return checkedSpec.Error;
        }

        // The files must be there before the run starts, so a chain with files goes through DEFINED.
        var root = source.ParentId ?? source.Id;
        var shared = await files.ListAsync(source.Id, cancellationToken).ConfigureAwait(false);
        var held = shared.Count > 0;
        var ready = held ? checkedSpec.Value with { ManualStart = true } : checkedSpec.Value;
        var stored = await StoreAsync(begun, ready, root, caller, null, held, cancellationToken).ConfigureAwait(false);
        if (stored.IsSuccess && held)
        {
            await files.ShareAsync(source.Id, stored.Value.RunId, cancellationToken).ConfigureAwait(false);
            await ReleaseAsync(stored.Value.RunId, caller, cancellationToken).ConfigureAwait(false);
        }

        return stored;
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
        if (RunFileNames.Problem(name) is { } unfit)
        {
            return Error.Invalid("fileId", unfit);
        }

        return run.Status != RunStatus.Defined
            ? new Error(ErrorKind.Conflict, "run.not_defined", $"Run {run.Id} is {run.Status.ToWire()}; files are attached in DEFINED only.")
            : await files.SaveAsync(run.Id, name, content, cancellationToken).ConfigureAwait(false);
    }

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

    private async Task<Result<Submission>> StoreAsync(
        long begun,
        JobSpec spec,
        long? parentId,
        Caller caller,
        IdempotencyKey? key,
        bool held,
        CancellationToken cancellationToken)
    {
        var id = await store.NextIdAsync(cancellationToken).ConfigureAwait(false);
        var route = router.Decide(spec, id);
        if (!catalog.TryGet(route.BackendId, out var backend))
        {
            return NoBackend(spec, route);
        }

        var split = SecretSplit.From(spec);
        var now = clock.Now;
        var run = new Run
        {
            Id = id,
            ParentId = parentId,
            Status = RunStatus.Defined,
            Version = 1,
            Spec = split.Masked,
            ProtectedSecrets = split.Protect(protector),
            MarkerId = RandomNumberGenerator.GetString(MarkerAlphabet, MarkerLength),
            Token = caller.Identifier,
            BackendId = backend.Id,
            Route = route,
            DefinedAt = now,
            NextCheckAt = now + (held ? UploadDeadline : options.Value.ManualStartDeadline),
            StatusReason = spec.ManualStart ? (held ? "its files are being received" : "waiting for its start") : null,
        };
        var wanted = jobs.LocksOf(run);
        if (CheckResolved(spec, wanted) is { } unfit)
        {
            return unfit;
        }

        if (!spec.ManualStart)
        {
            run = Ready(run, wanted.Count > 0) with { Status = wanted.Count > 0 ? RunStatus.WaitingLocks : RunStatus.PendingSubmit };
        }

        var created = new RunEvent(id, 1, now, RunEventTypes.Created, null, run.Status, caller.Actor, run.StatusReason, CreatedData(backend.Id));
        var added = await store.AddAsync(new NewRun(run, created, spec.ManualStart ? [] : wanted, key), cancellationToken).ConfigureAwait(false);
        switch (added.Outcome)
        {
            case AddOutcomeKind.Replayed:
                return new Submission(added.RunId, true);
            case AddOutcomeKind.KeyReused:
                return new Error(ErrorKind.Impossible, "idempotency.key_reused", "This Idempotency-Key was used with another body.");
            case AddOutcomeKind.Added:
                break;
        }

        metrics.Submitted(backend.Id, clock.Time.GetElapsedTime(begun));
        await SetGoingAsync(run, cancellationToken).ConfigureAwait(false);
        return new Submission(id, false);
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

        var lease = now + backend.Options.Resilience.Timeout + options.Value.Lease;
        if (!dispatcher.HasRoom(backend.Id))
        {
            // The sweeper takes it from the database when there is room again.
            return next with { NextCheckAt = now, StatusReason = "waiting for its turn to be submitted" };
        }

        next = next with { LeaseOwner = server.LeaseOwner, LeaseUntil = lease, NextCheckAt = lease };
        return backend.Options.MaxConcurrentRuns is null && !backend.Condition.Drained && backend.Condition.Circuit == CircuitState.Closed
            ? next with { IntentAt = now }
            : next;
    }

    private async Task SetGoingAsync(Run run, CancellationToken cancellationToken)
    {
        switch (run.Status)
        {
            case RunStatus.PendingSubmit when run.LeaseOwner is not null:
                dispatcher.Enqueue(run);
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

    private async Task<Result<Submission>> AttachAsync(
        Submission stored,
        IReadOnlyList<SubmittedFile> attached,
        bool held,
        Caller caller,
        CancellationToken cancellationToken)
    {
        foreach (var file in attached)
        {
            Result<RunFile> saved;
            try
            {
                saved = await files.SaveAsync(stored.RunId, file.Name, file.Content, cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                // The client is told that it failed, or is gone: the run must not wait for files that will not come.
                await WithdrawAsync(stored.RunId, caller, "it could not be received", CancellationToken.None).ConfigureAwait(false);
                throw;
            }

            if (!saved.IsSuccess)
            {
                await WithdrawAsync(stored.RunId, caller, saved.Error.Message, cancellationToken).ConfigureAwait(false);
                return saved.Error;
            }
        }

        if (held)
        {
            await ReleaseAsync(stored.RunId, caller, cancellationToken).ConfigureAwait(false);
        }

        return stored;
    }

    private async Task ReleaseAsync(long runId, Caller caller, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(runId, cancellationToken).ConfigureAwait(false) is { } run)
        {
            await StartAsync(run, caller.Actor, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task WithdrawAsync(long runId, Caller caller, string reason, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(runId, cancellationToken).ConfigureAwait(false) is { } run)
        {
            await updater.ApplyAsync(
                run,
                r => r.Status != RunStatus.Defined ? null : RunLifecycle.Change(r, RunTrigger.AbortRequested, clock.Now, caller.Actor, $"a file was not taken: {reason}"),
                cancellationToken).ConfigureAwait(false);
            await files.DeleteAsync(runId, cancellationToken).ConfigureAwait(false);
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
}
