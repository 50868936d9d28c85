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
    private const int MaxKeys = 32;

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

        var run = found.Value;
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
        var refusal = run.Status.IsFinal() ? RefusalAfterEnd(run, report) : report.Status is { } told ? Refusal(run, backend, told, report) : null;
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

        return report.Status is { } status
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

        var listed = await files.ListAsync(found.Value.Id, cancellationToken).ConfigureAwait(false);
        return listed.FirstOrDefault(f => string.Equals(f.Name, fileId, StringComparison.Ordinal)) is { } file
            && await files.OpenAsync(found.Value.Id, fileId, cancellationToken).ConfigureAwait(false) is { } stream
            ? new CallbackFile(file, stream)
            : new Error(ErrorKind.NotFound, "file.not_found", "The run has no such file.");
    }

    /// <summary>Lets one execution have the run for itself: the first gets it, and gets it again when it asks again; any other is refused.</summary>
    public async Task<Result<bool>> ClaimAsync(string webhookId, string executionId, CallbackProof proof, CancellationToken cancellationToken)
    {
        var found = await FindAsync(webhookId, proof, cancellationToken).ConfigureAwait(false);
        if (!found.IsSuccess)
        {
            return found.Error;
        }

        var result = await updater.ApplyAsync(
            found.Value,
            r => r.ClaimedBy is not null ? null : Claimed(r, executionId),
            cancellationToken).ConfigureAwait(false);
        return string.Equals(result.Run.ClaimedBy, executionId, StringComparison.Ordinal)
            ? true
            : new Error(ErrorKind.Conflict, "run.claimed", "Another execution has claimed this run: end without doing anything.");
    }

    // A claim belongs to the timeline; what people read as the reason of the status stays as it is.
    private RunChange? Claimed(Run run, string executionId) =>
        RunLifecycle.Change(run, RunTrigger.Noted, clock.Now, Actor, $"claimed by execution {executionId}", x => x with { ClaimedBy = executionId }) is { } change
            ? change with { After = change.After with { StatusReason = run.StatusReason } }
            : null;

    private async Task<Result<Run>> FindAsync(string webhookId, CallbackProof proof, CancellationToken cancellationToken)
    {
        if (!CallbackIds.TryReadRunId(webhookId, out var runId)
            || await store.FindAsync(runId, cancellationToken).ConfigureAwait(false) is not { } run
            || !ids.Matches(webhookId, run)
            || (run.EndedAt is { } ended && clock.Now - ended > OpenAfterEnd))
        {
            return Unknown;
        }

        var options = catalog.TryGet(run.BackendId, out var backend) ? backend.Options : null;
        if (options is { Callbacks: false })
        {
            return Unknown;
        }

        return options?.CallbackSecret is { } secret && !CallbackSignature.IsGood(proof.Signature, secret, clock.Now, proof.Body.Span) ? Unsigned : run;
    }

    // What was said before the end and comes after it is nothing new; a job may still send the rest of its output.
    private static Error? RefusalAfterEnd(Run run, CallbackReport report) =>
        report.Status is null || report.Status == run.Status || report.Id is not null || report.Seq is not null
            ? null
            : new Error(ErrorKind.Conflict, "run.final", $"The run is {run.Status.ToWire()} already.");

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
        var keys = NewKeys(run, report);
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

        var result = await updater.ApplyAsync(
            run,
            r => r.CallbackEvents >= limits.Value.MaxEvents ? null : RunLifecycle.Change(
                r,
                newKeys && r.Status is RunStatus.PendingSubmit or RunStatus.InDoubt ? RunTrigger.BackendAccepted : RunTrigger.Noted,
                clock.Now,
                Actor,
                report.Message,
                x => RunFinisher.Facts(x, new BackendReport
                {
                    Marker = x.Marker,
                    State = BackendState.Running,
                    Keys = keys,
                    Progress = report.Progress is { } p ? Math.Max(p, x.Progress ?? 0) : null,
                }) with
                {
                    CallbackEvents = x.CallbackEvents + 1,
                },
                data: data.Count > 0 ? data : null),
            cancellationToken).ConfigureAwait(false);
        return !result.Applied && !result.Run.Status.IsFinal() && result.Run.CallbackEvents >= limits.Value.MaxEvents ? null : result;
    }

    // A job may tell keys that are missing. What the backend or an earlier report told stays: whoever holds the URL must not point the run at another job.
    private static Dictionary<string, string>? NewKeys(Run run, CallbackReport report)
    {
        var known = run.BackendKeys?.Count ?? 0;
        return report.IdentificationKeys?
            .Where(k => run.BackendKeys is null || !run.BackendKeys.ContainsKey(k.Key))
            .Take(Math.Max(0, MaxKeys - known))
            .ToDictionary(k => k.Key, k => k.Value, StringComparer.Ordinal);
    }

    private static Error? Refusal(Run run, BackendEntry? backend, RunStatus status, CallbackReport report)
    {
        if (Rank(status) is not { } rank)
        {
            return new Error(ErrorKind.Conflict, "callback.status_illegal", $"A job cannot report {status.ToWire()}.");
        }

        return IsPolled(run, backend) || rank > (Rank(run.Status) ?? -1) || status == run.Status || report.Id is not null || report.Seq is not null
            ? null
            : new Error(ErrorKind.Conflict, "callback.backwards", $"The run is {run.Status.ToWire()}; it cannot go back to {status.ToWire()}.");
    }

    private static bool IsPolled(Run run, BackendEntry? backend) =>
        backend is { Adapter: ISupportStatus, Options.TrustCallbacks: false } && run.BackendKeys is { Count: > 0 };

    private async Task<Result<bool>> TakeStatusAsync(Run run, BackendEntry? backend, RunStatus status, CallbackReport report, CancellationToken cancellationToken)
    {
        if (Refusal(run, backend, status, report) is { } refusal)
        {
            return refusal;
        }

        if (IsPolled(run, backend))
        {
            finisher.Look(run);
            return false;
        }

        var rank = Rank(status) ?? -1;
        if (rank <= (Rank(run.Status) ?? -1))
        {
            return false;
        }

        if (status.IsFinal() && backend is not null)
        {
            var ended = await finisher.EndAsync(run, backend, Ended(run, status, report), cancellationToken).ConfigureAwait(false);
            return ended.Status.IsFinal();
        }

        var trigger = status == RunStatus.Submitted ? RunTrigger.BackendAccepted : RunTrigger.BackendStarted;
        var result = await updater.ApplyAsync(
            run,
            r => rank <= (Rank(r.Status) ?? -1) ? null : RunLifecycle.Change(
                r,
                trigger,
                clock.Now,
                Actor,
                report.Message,
                x => x with
                {
                    SubmittedAt = x.SubmittedAt ?? clock.Now,
                    StartedAt = status == RunStatus.Running ? x.StartedAt ?? clock.Now : x.StartedAt,
                }),
            cancellationToken).ConfigureAwait(false);
        return result.Applied;
    }

    private static BackendReport Ended(Run run, RunStatus status, CallbackReport report) => new()
    {
        Marker = run.Marker,
        State = status switch
        {
            RunStatus.Succeeded => BackendState.Succeeded,
            RunStatus.Aborted => BackendState.Aborted,
            _ => BackendState.Failed,
        },
        Word = "callback",
        Reason = report.Message,
    };

    // How far along a status is; reports only move a run forward. Null for what a job cannot say of itself.
    private static int? Rank(RunStatus status) => status switch
    {
        RunStatus.Submitted => 1,
        RunStatus.Running => 2,
        RunStatus.Succeeded or RunStatus.Failed or RunStatus.Aborted => 3,
        _ => null,
    };
}
