using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Runs;

namespace Ascob.Core.Callbacks;

/// <summary>What of a report counts, and what is refused. Pure.</summary>
internal static class CallbackRules
{
    private const int MaxKeys = 32;

    // What was said before the end and comes after it is nothing new; a job may still send the rest of its output.
    public static Error? RefusalAfterEnd(Run run, CallbackReport report) =>
        report.Status is null || report.Status == run.Status || report.Id is not null || report.Seq is not null
            ? null
            : new Error(ErrorKind.Conflict, "run.final", $"The run is {run.Status.ToWire()} already.");

    // A job may tell keys that are missing. What the backend or an earlier report told stays: whoever holds the URL must not point the run at another job.
    public static Dictionary<string, string>? NewKeys(Run run, CallbackReport report)
    {
        var known = run.BackendKeys?.Count ?? 0;
        return report.IdentificationKeys?
            .Where(k => run.BackendKeys is null || !run.BackendKeys.ContainsKey(k.Key))
            .Take(Math.Max(0, MaxKeys - known))
            .ToDictionary(k => k.Key, k => k.Value, StringComparer.Ordinal);
    }

    public static Error? Refusal(Run run, BackendEntry? backend, RunStatus status, CallbackReport report)
    {
        if (Rank(status) is not { } rank)
        {
            return new Error(ErrorKind.Conflict, "callback.status_illegal", $"A job cannot report {status.ToWire()}.");
        }

        return IsPolled(run, backend) || rank > (Rank(run.Status) ?? -1) || status == run.Status || report.Id is not null || report.Seq is not null
            ? null
            : new Error(ErrorKind.Conflict, "callback.backwards", $"The run is {run.Status.ToWire()}; it cannot go back to {status.ToWire()}.");
    }

    public static bool IsPolled(Run run, BackendEntry? backend) =>
        backend is { Adapter: ISupportStatus, Options.TrustCallbacks: false } && run.BackendKeys is { Count: > 0 };

    public static BackendReport Ended(Run run, RunStatus status, CallbackReport report) => new()
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
    public static int? Rank(RunStatus status) => status switch
    {
        RunStatus.Submitted => 1,
        RunStatus.Running => 2,
        RunStatus.Succeeded or RunStatus.Failed or RunStatus.Aborted => 3,
        _ => null,
    };
}
