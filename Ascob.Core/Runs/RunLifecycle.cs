namespace Ascob.Core.Runs;

/// <summary>Makes changes of runs: asks <see cref="RunTransitions"/>, sets what follows from the new status, and writes the event.</summary>
public static class RunLifecycle
{
    /// <summary>
    /// Makes the change that a trigger causes, or null where the trigger means nothing in the run's status. Sets status, reason, version, end time and event; the rest
    /// by <paramref name="with"/>.
    /// </summary>
    public static RunChange? Change(
        Run run,
        RunTrigger trigger,
        DateTimeOffset at,
        string actor,
        string? reason,
        Func<Run, Run>? with = null,
        string? eventType = null,
        IReadOnlyDictionary<string, string>? data = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (RunTransitions.Next(run.Status, trigger) is not { } next)
        {
            return null;
        }

        // The clocks of two servers agree to a millisecond or so, and a timeline is in order.
        at = NotBefore(at, run);
        var after = with is null ? run : with(run);
        after = after with
        {
            Status = next,
            StatusReason = reason ?? (next == run.Status ? run.StatusReason : null),
            Version = run.Version + 1,
            QueueRank = next == RunStatus.PendingSubmit ? after.QueueRank : null,
        };
        if (next.IsFinal())
        {
            after = after with
            {
                EndedAt = at,
                NextCheckAt = null,
                LeaseOwner = null,
                LeaseUntil = null,
                HoldsSlot = false,
                WaitingSince = null,
            };
        }

        var type = eventType ?? (next == run.Status ? RunEventTypes.Note : RunEventTypes.StatusChanged);
        return new RunChange(run, after, new RunEvent(run.Id, after.Version, at, type, run.Status, next, actor, reason, data));
    }

    /// <summary>Makes the change that only adds an event to the timeline of a run, of a final one too: nobody's view of how it stands or ended changes.</summary>
    public static RunChange Annotate(
        Run run, DateTimeOffset at, string actor, string eventType, Func<Run, Run> with, IReadOnlyDictionary<string, string>? data)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(with);
        at = Later(NotBefore(at, run), run.EndedAt);
        var after = with(run) with { Version = run.Version + 1 };
        return new RunChange(run, after, new RunEvent(run.Id, after.Version, at, eventType, run.Status, run.Status, actor, null, data));
    }

    private static DateTimeOffset NotBefore(DateTimeOffset at, Run run)
    {
        at = Later(at, run.DefinedAt);
        at = Later(at, run.IntentAt);
        at = Later(at, run.SubmittedAt);
        at = Later(at, run.WaitingSince);
        return Later(at, run.AbortAt);
    }

    private static DateTimeOffset Later(DateTimeOffset at, DateTimeOffset? other) => other > at ? other.Value : at;
}
