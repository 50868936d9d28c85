using Ascob.Core.Runs;

namespace Ascob.Core.Notifications;

/// <summary>Which events of a run are told, and as what.</summary>
public static class NoticeRules
{
    /// <summary>How the reason of a run begins that its definition did not allow to start.</summary>
    public const string PreventedPrefix = "prevented:";

    /// <summary>Answers what kind of notice an event is; none for most. A success is <see cref="NoticeKinds.Finished"/> here: that it is a recovery is found out later.</summary>
    public static NoticeKinds KindOf(RunEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        return happened switch
        {
            { Type: RunEventTypes.Retry } => NoticeKinds.Retried,
            { Type: RunEventTypes.Longer } => NoticeKinds.LongerThanExpected,
            { Type: RunEventTypes.Custom } => NoticeKinds.Custom,
            { From: null, To: not (RunStatus.Aborted or RunStatus.Failed) } => NoticeKinds.Launched,
            { From: var from, To: var to } when from == to => NoticeKinds.None,
            { To: RunStatus.Aborted } => WasSkipped(happened) ? NoticeKinds.Skipped : NoticeKinds.Cancelled,
            { To: RunStatus.Failed } => NoticeKinds.Error,
            { To: RunStatus.Succeeded } => NoticeKinds.Finished,
            { To: RunStatus.InDoubt } => NoticeKinds.InDoubt,
            _ => NoticeKinds.None,
        };
    }

    /// <summary>Makes the notice of an event.</summary>
    /// <param name="kind">What it is.</param>
    /// <param name="run">The run after it.</param>
    /// <param name="happened">The event.</param>
    public static Notice Make(NoticeKinds kind, Run run, RunEvent happened)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(happened);
        return new Notice
        {
            RunId = run.Id,
            Seq = happened.Seq,
            Kind = kind,
            At = happened.At,
            Facts = new NoticeFacts
            {
                From = happened.From,
                Status = happened.To,
                Reason = happened.Reason ?? run.StatusReason,
                Actor = happened.Actor,
                Description = run.Spec.Description,
                Submitter = run.Spec.Submitter,
                Labels = run.Spec.Labels,
                BackendId = run.BackendId,
                BackendUrl = run.BackendUrl,
                ExitCode = run.ExitCode,
                Attempt = run.Attempt,
                TimedOut = run.TimedOut,
                ParentId = run.ParentId,
                DefinitionId = run.DefinitionId,
                DefinitionName = run.DefinitionName,
                DefinitionVersion = run.DefinitionVersion,
                OwnJob = run.Cause is { IsEdited: true },
                DefinedAt = run.DefinedAt,
                StartedAt = run.StartedAt,
                EndedAt = run.EndedAt,
                Data = happened.Data,
            },
        };
    }

    // A lock that is taken ends a run with the policy "skip" by a plain change of status; a person's stop is an event of its own type.
    private static bool WasSkipped(RunEvent happened) =>
        happened.Reason?.StartsWith(PreventedPrefix, StringComparison.Ordinal) == true
        || happened is { From: RunStatus.WaitingLocks, Type: RunEventTypes.StatusChanged };
}
