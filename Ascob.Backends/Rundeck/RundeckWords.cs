using Ascob.Core.Backends;

namespace Ascob.Backends.Rundeck;

/// <summary>What Rundeck's words about an execution mean.</summary>
internal static class RundeckWords
{
    /// <summary>The word for an execution that goes on in another one.</summary>
    public const string Retried = "failed-with-retry";

    private const string Incomplete = "incomplete";

    /// <summary>Answers the state and a reason in one sentence. A word nobody has heard of is no end.</summary>
    public static (BackendState State, string? Reason) Meaning(RundeckExecution execution) => execution.Status switch
    {
        "queued" => (BackendState.Queued, "queued at Rundeck"),
        "scheduled" when execution.HasEnded => (BackendState.Failed, "Rundeck missed the time at which it was to start"),
        "scheduled" => (BackendState.Queued, "scheduled at Rundeck"),
        "running" => (BackendState.Running, null),
        "succeeded" => (BackendState.Succeeded, null),
        "failed" => (BackendState.Failed, Failure(execution)),
        "timedout" => (BackendState.Failed, "Rundeck ended it: the job's own time limit there was over (timedout)"),
        "missed" => (BackendState.Failed, "Rundeck missed the time at which it was to start (missed)"),
        Retried => (BackendState.Running, "failed at Rundeck, which tries it again"),
        "aborted" => (BackendState.Aborted, execution.AbortedBy is { Length: > 0 } who ? $"aborted at Rundeck by {who}" : "aborted at Rundeck"),
        "other" when execution.CustomStatus is Incomplete && execution.AbortedBy is { Length: > 0 } who =>
            (BackendState.Aborted, $"ended by force at Rundeck by {who}; what it had started there may still work"),
        "other" when execution.CustomStatus is Incomplete => (BackendState.NotFound, "Rundeck lost track of it (incomplete); how it ended is not known"),
        "other" => (BackendState.Failed, execution.CustomStatus is { Length: > 0 } custom ? $"Rundeck's status is '{Http.AnswerText.OneLine(custom)}'" : "Rundeck's status is 'other'"),
        var word => (BackendState.Unreachable, $"Rundeck's status '{Http.AnswerText.OneLine(word)}' is not known"),
    };

    /// <summary>Answers the word that people see.</summary>
    public static string Word(RundeckExecution execution) => Http.AnswerText.OneLine(
        execution is { Status: "other", CustomStatus: { Length: > 0 } custom } ? $"other: {custom}" : execution.Status);

    private static string Failure(RundeckExecution execution) => execution.FailedNodes switch
    {
        [] => "failed at Rundeck",
        [var node] => $"failed at Rundeck on node {node}",
        var nodes => $"failed at Rundeck on {nodes.Count} nodes: {Http.AnswerText.OneLine(string.Join(", ", nodes))}",
    };
}
