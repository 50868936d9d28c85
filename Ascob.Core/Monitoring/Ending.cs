using Ascob.Core.Backends;
using Ascob.Core.Runs;

namespace Ascob.Core.Monitoring;

/// <summary>How a run ends.</summary>
/// <param name="Trigger">What it means for the status.</param>
/// <param name="Cause">The word that <c>retry.on</c> is compared with.</param>
/// <param name="Reason">One readable sentence; null where the status says all.</param>
internal sealed record Ending(RunTrigger Trigger, string Cause, string? Reason)
{
    /// <summary>Reads the end out of a report. It depends on the run as it is now: a job that was stopped because its time was over has failed.</summary>
    /// <exception cref="ArgumentException">The report tells of no end.</exception>
    public static Ending Of(Run run, BackendReport report) => report.State switch
    {
        BackendState.Succeeded => new Ending(RunTrigger.BackendSucceeded, "succeeded", report.Reason),
        BackendState.Aborted or BackendState.Failed when run.TimedOut || report.TimedOut =>
            new Ending(RunTrigger.BackendFailed, "timeout", $"stopped after its time of {run.Spec.TimeoutSeconds} s was over"),
        BackendState.Aborted => new Ending(RunTrigger.BackendAborted, "aborted", report.Reason),
        BackendState.NotFound => new Ending(RunTrigger.BackendFailed, "lost", $"lost: {report.Reason ?? "the backend no longer knows the job"}"),
        BackendState.Failed => new Ending(RunTrigger.BackendFailed, "failed", report.Reason ?? "the job failed"),
        BackendState.Queued or BackendState.Running or BackendState.Unreachable => throw new ArgumentException($"{report.State} is no end.", nameof(report)),
    };
}
