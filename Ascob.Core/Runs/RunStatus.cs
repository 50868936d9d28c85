namespace Ascob.Core.Runs;

/// <summary>
/// Where a run stands. On the wire in upper snake case (<see cref="RunStatusNames"/>). Every status that is not final has a deadline and somebody who
/// looks after it, named here, so that no run can stay anywhere unseen.
/// </summary>
public enum RunStatus
{
    /// <summary>Stored. Manual-start runs wait here for <c>/start</c>; the sweeper ends those that nobody starts within <c>Limits:ManualStartDeadline</c>.</summary>
    Defined,

    /// <summary>In line for locks. The grant step moves it on; the sweeper repeats that step and enforces <c>lockWaitSeconds</c>.</summary>
    WaitingLocks,

    /// <summary>
    /// Claimed for submission by the holder of a lease, or waiting for capacity, a backend or the next attempt. After a crash the lease runs out and the
    /// sweeper hands the run to the dispatcher, which looks for the marker before it sends again.
    /// </summary>
    PendingSubmit,

    /// <summary>The backend accepted it and has not started it yet. Polled.</summary>
    Submitted,

    /// <summary>The backend works on it. Polled; <c>timeoutSeconds</c> is enforced.</summary>
    Running,

    /// <summary>Nobody knows whether the backend has it. Looked up with growing pauses; locks stay held; a person may give the verdict.</summary>
    InDoubt,

    /// <summary>A stop was asked for; stays until the backend confirms an end. The stop is repeated and made harder.</summary>
    Aborting,

    /// <summary>Ended well. Final.</summary>
    Succeeded,

    /// <summary>Ended badly, was refused, or was lost. Final.</summary>
    Failed,

    /// <summary>Was stopped, or never started by wish. Final.</summary>
    Aborted,
}
