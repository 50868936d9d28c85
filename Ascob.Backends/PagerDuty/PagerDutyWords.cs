using Ascob.Core.Backends;

namespace Ascob.Backends.PagerDuty;

/// <summary>The words for the state of an invocation.</summary>
internal static class PagerDutyWords
{
    /// <summary>PagerDuty has lost sight of it. Says nothing about the job, so what was known before stands.</summary>
    public const string Unknown = "unknown";

    /// <summary>Answers the state in the common vocabulary; null for a word that says nothing or that nobody has heard of.</summary>
    public static BackendState? StateOf(string? word) => word switch
    {
        "prepared" or "created" or "sent" or "queued" => BackendState.Queued,
        "running" => BackendState.Running,
        "completed" => BackendState.Succeeded,
        "error" => BackendState.Failed,
        "aborted" => BackendState.Aborted,
        _ => null,
    };
}
