using System.Globalization;

namespace Ascob.Core.Runs;

/// <summary>What is stored in place of a run that its definition's policy keeps from starting.</summary>
internal static class PreventedRun
{
    /// <summary>Answers whether a stored run is a launch that its definition's policy prevented.</summary>
    public static bool IsOne(Run? run) => run is { Status: RunStatus.Aborted, StatusReason: { } reason } && reason.StartsWith(LaunchHindrance.Prefix, StringComparison.Ordinal);

    /// <summary>Answers what must hold when the run is stored.</summary>
    public static LaunchGuard Guard(Run run, RunOrigin origin, NewRunOrder order) => new(origin.DefinitionId, origin.Policy, hindrance =>
    {
        // It ended when it was stored: it has no backend to ask, no locks and no output.
        var ended = run with
        {
            Status = RunStatus.Aborted,
            StatusReason = hindrance.Reason,
            EndedAt = run.DefinedAt,
            NextCheckAt = null,
            LeaseOwner = null,
            LeaseUntil = null,
            IntentAt = null,
            IntentPlace = null,
            WaitingSince = null,
            HasFiles = false,
            OutputArchived = true,
        };
        var data = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["prevented"] = hindrance.Status == RunStatus.Failed ? "error" : "working",
            ["run"] = hindrance.RunId.ToString(CultureInfo.InvariantCulture),
        };
        var created = new RunEvent(run.Id, 1, run.DefinedAt, RunEventTypes.Created, null, RunStatus.Aborted, order.Caller.Actor, hindrance.Reason, data);
        return new NewRun(ended, created, [], order.Key);
    })
    {
        Chain = order.ParentId,
        DefinitionVersion = origin.MustBePresent ? origin.DefinitionVersion : null,
    };
}
