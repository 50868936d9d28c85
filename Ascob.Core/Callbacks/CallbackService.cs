using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Ascob.Core.Access;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Files;
using Ascob.Core.Jobs;
using Ascob.Core.Monitoring;
using Ascob.Core.Output;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Callbacks;

/// <summary>
/// Takes what jobs report by their secret URL. A status decides only where the run cannot be polled or its backend is trusted; else it is a hint that causes a poll, and the poll's
/// word counts. Repeated and reordered reports do no harm: only forward moves exist, and a report with a known id changes nothing.
/// </summary>
public sealed class CallbackService(
    IRunStore store,
    RunUpdater updater,
    RunFinisher finisher,
    IRunFileStore files,
    IReportedOutput reported,
    BackendCatalog catalog,
    CallbackIds ids,
    ISecretProtector protector,
    MonotonicClock clock,
    IOptions<CallbackLimits> limits)
{
    private const string Actor = "callback";
    private const string IdKey = "callbackId";
    private const int RememberedReports = 500;

    // Two reports of one run at once would both find that they are new; between servers the version of the run tells.
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, 1024).Select(_ => new SemaphoreSlim(1))];

    // The job that reports its own end may still say things; after this time the URL is dead.
    private static readonly TimeSpan OpenAfterEnd = TimeSpan.FromHours(1);

    private static readonly Error Unsigned = new(
        ErrorKind.Forbidden, "callback.signature", $"This backend signs its callbacks: {CallbackSignature.Header} is missing, wrong or more than 5 minutes old.");

    private static readonly Error Unknown = new(ErrorKind.NotFound, "callback.unknown", "There is no such callback.");

    /// <summary>Takes a report; true where it changed something.</summary>
    public async Task<Result<CallbackTaken>> AcceptAsync(string webhookId, CallbackReport report, CallbackProof proof, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(proof);
        var found = await FindAsync(webhookId, proof, cancellationToken).ConfigureAwait(false);
        if (!found.IsSuccess)
        {
            return found.Error;
        }

        var gate = _gates[found.Value.Run.Id % _gates.Length];
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Read anew: who was before may have changed it.
            found = await FindAsync(webhookId, proof, cancellationToken).ConfigureAwait(false);
            if (!found.IsSuccess)
            {
                return found.Error;
            }

            // Of an attempt that is over, another is due or under way: nothing that it says is about that one.
            return found.Value.IsLate ? default(CallbackTaken) : await TakeAsync(found.Value.Run, report, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Answers the run whose job has a callback id, as long as it may report.</summary>
    public async Task<Result<Run>> FindRunAsync(string webhookId, CallbackProof proof, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(proof);
        var found = await FindAsync(webhookId, proof, cancellationToken).ConfigureAwait(false);
        return found.IsSuccess ? found.Value.Run : found.Error;
    }

    private async Task<Result<CallbackTaken>> TakeAsync(Run run, CallbackReport report, CancellationToken cancellationToken)
    {
        if (report.Message is { } message && message.Length > limits.Value.MaxMessage)
        {
            return new Error(ErrorKind.TooLarge, "callback.message_too_large", $"A message has at most {limits.Value.MaxMessage} characters; this one has {message.Length}.");
        }

        var backend = catalog.TryGet(run.BackendId, out var entry) ? entry : null;
        if (report.Output is not null && backend?.Adapter is ISupportOutput)
        {
            return new Error(ErrorKind.Conflict, "callback.output_unwanted", "The output of this job is read from its backend.");
        }

        // Refused as a whole or taken as a whole.
        var refusal = run.Status.IsFinal() ? CallbackRules.RefusalAfterEnd(run, report) : report.Status is { } told ? CallbackRules.Refusal(run, backend, told, report) : null;
        if (refusal is not null)
        {
            return refusal;
        }

        report = WithoutSecrets(report, run);
        if (report.Id is { } id && await SeenAsync(run, id, cancellationToken).ConfigureAwait(false))
        {
            return default(CallbackTaken);
        }

        var output = await TakeOutputAsync(run, report, cancellationToken).ConfigureAwait(false);
        if (!output.IsSuccess || run.Status.IsFinal())
        {
            return output;
        }

        var rest = await TakeRestAsync(run, backend, report, cancellationToken).ConfigureAwait(false);
        return rest.IsSuccess ? output.Value with { Changed = output.Value.Changed || rest.Value } : rest.Error;
    }

    private async Task<Result<bool>> TakeRestAsync(Run run, BackendEntry? backend, CallbackReport report, CancellationToken cancellationToken)
    {
        var facts = await TakeFactsAsync(run, report, cancellationToken).ConfigureAwait(false);
        if (facts is null)
        {
            if (report is { Status: null, Output: null })
            {
                return new Error(
                    ErrorKind.TooMany, "callback.too_many", $"Reports have made {limits.Value.MaxEvents} events of this run, which is their bound; only its status is taken from now on.");
            }

            facts = new UpdateResult(run, UpdateKind.Nothing);
        }

        return report.Status is { } status && facts.Run.Marker == run.Marker
            ? await TakeStatusAsync(facts.Run, backend, status, report, cancellationToken).ConfigureAwait(false) switch
            {
                { IsSuccess: true } taken => taken.Value || facts.Applied,
                { Error: { } error } => error,
                _ => facts.Applied,
            }
            : facts.Applied;
    }

    /// <summary>Opens an input file for the job.</summary>
    public async Task<Result<CallbackFile>> OpenFileAsync(string webhookId, string fileId, CallbackProof proof, CancellationToken cancellationToken)
    {
        var found = await FindAsync(webhookId, proof, cancellationToken).ConfigureAwait(false);
        if (!found.IsSuccess)
        {
            return found.Error;
        }

        var runId = found.Value.Run.Id;
        var listed = await files.ListAsync(runId, cancellationToken).ConfigureAwait(false);
        return listed.FirstOrDefault(f => string.Equals(f.Name, fileId, StringComparison.Ordinal)) is { } file
            && await files.OpenAsync(runId, fileId, cancellationToken).ConfigureAwait(false) is { } stream
            ? new CallbackFile(file, stream)
            : new Error(ErrorKind.NotFound, "file.not_found", "The run has no such file.");
    }

    /// <summary>
    /// Lets one execution have the present attempt of a run for itself: the first gets it, and gets it again when it asks again; any other is refused, and so is one of an earlier attempt.
    /// </summary>
    public async Task<Result<bool>> ClaimAsync(string webhookId, string executionId, CallbackProof proof, CancellationToken cancellationToken)
    {
        var found = await FindAsync(webhookId, proof, cancellationToken).ConfigureAwait(false);
        if (!found.IsSuccess)
        {
            return found.Error;
        }

        var (run, isLate) = found.Value;
        if (isLate)
        {
            return Claimed();
        }

        var result = await updater.ApplyAsync(
            run,
            r => r.Marker != run.Marker || r.ClaimedBy is not null ? null : Claim(r, executionId),
            cancellationToken).ConfigureAwait(false);
        return result.Run.Marker == run.Marker && string.Equals(result.Run.ClaimedBy, executionId, StringComparison.Ordinal) ? true : Claimed();
    }

    private static Error Claimed() => new(ErrorKind.Conflict, "run.claimed", "Another execution has claimed this run: end without doing anything.");

    // A claim belongs to the timeline; what people read as the reason of the status stays as it is.
    private RunChange? Claim(Run run, string executionId) =>
        RunLifecycle.Change(run, RunTrigger.Noted, clock.Now, Actor, $"claimed by execution {executionId}", x => x with { ClaimedBy = executionId }) is { } change
            ? change with { After = change.After with { StatusReason = run.StatusReason } }
            : null;

    private async Task<Result<Addressed>> FindAsync(string webhookId, CallbackProof proof, CancellationToken cancellationToken)
    {
        if (!CallbackIds.TryReadRunId(webhookId, out var runId)
            || await store.FindAsync(runId, cancellationToken).ConfigureAwait(false) is not { } run
            || ids.AttemptOf(webhookId, run) is not { } attempt
            || (run.EndedAt is { } ended && clock.Now - ended > OpenAfterEnd))
        {
            return Unknown;
        }

        var options = catalog.TryGet(run.BackendId, out var backend) ? backend.Options : null;
        if (options is { Callbacks: false })
        {
            return Unknown;
        }

        return options?.CallbackSecret is { } secret && !CallbackSignature.IsGood(proof.Signature, secret, clock.Now, proof.Body.Span)
            ? Unsigned
            : new Addressed(run, attempt < run.Attempt);
    }

    private async Task<Result<CallbackTaken>> TakeOutputAsync(Run run, CallbackReport report, CancellationToken cancellationToken)
    {
        if (report.Output is null)
        {
            return default(CallbackTaken);
        }

        var piece = await reported.AppendAsync(run.Id, run.Attempt, report.OutputOffset, Encoding.UTF8.GetBytes(report.Output), cancellationToken).ConfigureAwait(false);
        return piece.IsBeyondEnd
            ? new Error(ErrorKind.Conflict, "callback.output_gap", $"The output has {piece.Length} bytes so far; send on from there.")
            {
                Extensions = new Dictionary<string, object?>(StringComparer.Ordinal) { ["outputLength"] = piece.Length },
            }
            : new CallbackTaken(piece.Added > 0, piece.Length);
    }

    // What a job tells is kept and shown to whoever may read the run, so it must not carry the job's own secrets.
    private CallbackReport WithoutSecrets(CallbackReport report, Run run)
    {
        IReadOnlyDictionary<string, string>? secrets;
        try
        {
            secrets = SecretSplit.Reveal(run.ProtectedSecrets, protector);
        }
        catch (CryptographicException)
        {
            // Without its key this server never gave the secrets to the job, and cannot know them.
            return report;
        }

        return secrets is null ? report : report with
        {
            Message = SecretSplit.Hide(report.Message, secrets),
            Id = SecretSplit.Hide(report.Id, secrets),
            Output = SecretSplit.HideInPlace(report.Output, secrets),
            IdentificationKeys = report.IdentificationKeys?.ToDictionary(
                k => k.Key, k => SecretSplit.Hide(k.Value, secrets)!, StringComparer.Ordinal),
        };
    }

    private async Task<bool> SeenAsync(Run run, string id, CancellationToken cancellationToken) =>
        (await store.EventsAsync(run.Id, Math.Max(0, run.Version - RememberedReports), RememberedReports, cancellationToken).ConfigureAwait(false))
        .Any(e => e.Data is not null && e.Data.TryGetValue(IdKey, out var seen) && string.Equals(seen, id, StringComparison.Ordinal));

    // Null where the bound is reached. It is held by the compare-and-set, so many reports at once do not get past it.
    private async Task<UpdateResult?> TakeFactsAsync(Run run, CallbackReport report, CancellationToken cancellationToken)
    {
        var keys = CallbackRules.NewKeys(run, report);
        var newKeys = keys is { Count: > 0 };
        if (report is { Progress: null, Message: null } && !newKeys && report.Id is null)
        {
            return new UpdateResult(run, UpdateKind.Nothing);
        }

        var data = new Dictionary<string, string>(StringComparer.Ordinal);
        if (report.Id is not null)
        {
            data[IdKey] = report.Id;
        }

        if (report.Progress is { } progress)
        {
            data["progress"] = progress.ToString(CultureInfo.InvariantCulture);
        }

        RunChange? Change(Run r)
        {
            var adopts = newKeys && r.Status is RunStatus.PendingSubmit or RunStatus.InDoubt;
            return RunLifecycle.Change(
                r,
                adopts ? RunTrigger.BackendAccepted : RunTrigger.Noted,
                clock.Now,
                Actor,
                report.Message,
                x => RunFinisher.Facts(adopts ? Known(x) : x, new BackendReport
                {
                    Marker = x.Marker,
                    State = BackendState.Running,
                    Keys = keys,
                    Progress = report.Progress is { } p ? Math.Max(p, x.Progress ?? 0) : null,
                }) with
                {
                    CallbackEvents = x.CallbackEvents + 1,
                },
                data: data.Count > 0 ? data : null);
        }

        var marker = run.Marker;
        UpdateResult result;
        while (true)
        {
            var seen = run.Version;
            result = await updater.ApplyAsync(
                run,
                r => r.Marker != marker || r.CallbackEvents >= limits.Value.MaxEvents || (report.Id is not null && r.Version != seen) ? null : Change(r),
                cancellationToken).ConfigureAwait(false);
            if (result.Applied || report.Id is null || result.Run.Version == seen || result.Run.Marker != marker)
            {
                break;
            }

            // It changed since the report was looked for in its timeline: perhaps by the same report, at another server.
            run = result.Run;
            if (await SeenAsync(run, report.Id, cancellationToken).ConfigureAwait(false))
            {
                return new UpdateResult(run, UpdateKind.Nothing);
            }
        }

        return !result.Applied && !result.Run.Status.IsFinal() && result.Run.CallbackEvents >= limits.Value.MaxEvents ? null : result;
    }

    // The run is no longer waited for or in doubt. One in doubt is asked for at once; while a submission is on its way, its lease and the time of the next look stay those of the submission.
    private Run Known(Run run) => run with
    {
        SubmittedAt = run.SubmittedAt ?? run.IntentAt ?? clock.Now,
        WaitingSince = null,
        FailedChecks = 0,
        LeaseOwner = run.Status == RunStatus.InDoubt ? null : run.LeaseOwner,
        LeaseUntil = run.Status == RunStatus.InDoubt ? null : run.LeaseUntil,
        NextCheckAt = run.Status == RunStatus.InDoubt ? clock.Now : run.NextCheckAt,
    };

    private async Task<Result<bool>> TakeStatusAsync(Run run, BackendEntry? backend, RunStatus status, CallbackReport report, CancellationToken cancellationToken)
    {
        if (CallbackRules.Refusal(run, backend, status, report) is { } refusal)
        {
            return refusal;
        }

        if (CallbackRules.IsPolled(run, backend))
        {
            finisher.Look(run);
            return false;
        }

        var rank = CallbackRules.Rank(status) ?? -1;
        if (rank <= (CallbackRules.Rank(run.Status) ?? -1))
        {
            return false;
        }

        if (status.IsFinal() && backend is not null)
        {
            var ended = await finisher.EndAsync(run, backend, CallbackRules.Ended(run, status, report), cancellationToken).ConfigureAwait(false);
            return ended.Status.IsFinal();
        }

        var trigger = status == RunStatus.Submitted ? RunTrigger.BackendAccepted : RunTrigger.BackendStarted;
        var result = await updater.ApplyAsync(
            run,
            r => r.Marker != run.Marker || rank <= (CallbackRules.Rank(r.Status) ?? -1) ? null : RunLifecycle.Change(
                r,
                trigger,
                clock.Now,
                Actor,
                report.Message,
                x => x with
                {
                    SubmittedAt = x.SubmittedAt ?? clock.Now,
                    StartedAt = status == RunStatus.Running ? x.StartedAt ?? clock.Now : x.StartedAt,
                    WaitingSince = x.Status == RunStatus.Aborting ? x.WaitingSince : null,
                    FailedChecks = x.Status == RunStatus.Aborting ? x.FailedChecks : 0,
                }),
            cancellationToken).ConfigureAwait(false);
        return result.Applied;
    }

    /// <summary>The run behind a callback URL.</summary>
    /// <param name="Run">As it is now.</param>
    /// <param name="IsLate">Whether the URL was given to an attempt that is over.</param>
    private readonly record struct Addressed(Run Run, bool IsLate);
}
