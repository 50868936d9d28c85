using static Ascob.Core.Runs.RunStatus;
using static Ascob.Core.Runs.RunTrigger;

namespace Ascob.Core.Runs;

/// <summary>The only place that knows how a run may move. Pure: no clock, no store, no log. Drawn in <c>docs/run-states.md</c>.</summary>
public static class RunTransitions
{
    /// <summary>Answers where the trigger takes a run in the given status, or null when it means nothing there.</summary>
    public static RunStatus? Next(RunStatus current, RunTrigger trigger) => (current, trigger) switch
    {
        (Defined, StartWithLocks) => WaitingLocks,
        (Defined, Start) => PendingSubmit,
        (WaitingLocks, LocksGranted) => PendingSubmit,
        (WaitingLocks, LocksRefused) => Failed,
        (WaitingLocks, LocksSkipped) => Aborted,

        // Only while the submission has not begun; whoever breaks the lock looks at that in the same transaction.
        (PendingSubmit, LocksLost) => WaitingLocks,

        (PendingSubmit, SubmitDelayed) => PendingSubmit,
        (PendingSubmit or InDoubt, BackendRejected) => Failed,
        (PendingSubmit, AnswerLost) => InDoubt,

        // Only the process that can reach the job knows how it stands, and nobody knows how that one stands.
        (Submitted or Running, ReachLost) => InDoubt,
        (InDoubt, FoundNotStarted) => PendingSubmit,

        (PendingSubmit or InDoubt, BackendAccepted) => Submitted,
        (PendingSubmit or Submitted or InDoubt, BackendStarted) => Running,

        // A stop can lose the race against the job's own end, so Aborting accepts any ending, and a submission whose answer
        // arrives after the stop leaves the run Aborting: the keys are kept and the job is stopped there.
        (PendingSubmit or Submitted or Running or InDoubt or Aborting, BackendSucceeded) => Succeeded,
        (PendingSubmit or Submitted or Running or InDoubt or Aborting, BackendFailed) => Failed,
        (PendingSubmit or Submitted or Running or InDoubt or Aborting, BackendAborted) => Aborted,
        (Aborting, BackendAccepted or BackendStarted or AnswerLost) => Aborting,
        (Aborting, BackendRejected or FoundNotStarted) => Aborted,

        (PendingSubmit or Submitted or Running or InDoubt or Aborting, RetryDue) => PendingSubmit,

        (Defined or WaitingLocks, AbortRequested) => Aborted,
        (PendingSubmit or Submitted or Running or InDoubt or Aborting, AbortRequested) => Aborting,
        (InDoubt or Aborting, WrittenOff) => Failed,

        (not (Succeeded or Failed or Aborted), Noted) => current,
        _ => null,
    };
}
