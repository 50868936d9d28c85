namespace Ascob.Core.Runs;

/// <summary>Something that may move a run. What it means where is decided by <see cref="RunTransitions"/> alone.</summary>
public enum RunTrigger
{
    /// <summary>A manual-start run is released and wants locks.</summary>
    StartWithLocks,

    /// <summary>A manual-start run is released and wants none.</summary>
    Start,

    /// <summary>All locks were granted.</summary>
    LocksGranted,

    /// <summary>A lock was taken and its policy is <c>fail</c>, or the longest wait is over.</summary>
    LocksRefused,

    /// <summary>A lock was taken and its policy is <c>skip</c>.</summary>
    LocksSkipped,

    /// <summary>A lock was broken before the job was sent: the run waits for its locks anew.</summary>
    LocksLost,

    /// <summary>Still to be submitted: waiting for capacity, a backend, or claimed anew. Changes the reason only.</summary>
    SubmitDelayed,

    /// <summary>The backend has it, not started yet.</summary>
    BackendAccepted,

    /// <summary>The backend works on it.</summary>
    BackendStarted,

    /// <summary>Certainly not started, and trying again cannot help.</summary>
    BackendRejected,

    /// <summary>The answer was lost: it may have started.</summary>
    AnswerLost,

    /// <summary>The only process that can reach the job has been away for too long.</summary>
    ReachLost,

    /// <summary>It is certain now that the backend never had it; it may be sent again.</summary>
    FoundNotStarted,

    /// <summary>The job ended well.</summary>
    BackendSucceeded,

    /// <summary>The job ended badly, or is no longer known to the backend.</summary>
    BackendFailed,

    /// <summary>The job was stopped.</summary>
    BackendAborted,

    /// <summary>This attempt failed and another is due.</summary>
    RetryDue,

    /// <summary>A stop was asked for.</summary>
    AbortRequested,

    /// <summary>A person ends what cannot be looked up.</summary>
    WrittenOff,

    /// <summary>Progress, keys or a reason changed; the status stays.</summary>
    Noted,
}
