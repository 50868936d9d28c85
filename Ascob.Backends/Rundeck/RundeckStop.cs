using System.Net;
using Ascob.Backends.Http;
using Ascob.Core.Backends;

namespace Ascob.Backends.Rundeck;

/// <summary>Stops an execution. Rundeck answers 200 whatever came of it; the word inside decides.</summary>
internal sealed class RundeckStop(RundeckCalls calls, RundeckStatuses statuses, string backendId)
{
    public async Task<StopOutcome> StopAsync(BackendRunRef run, StopMode mode, CancellationToken cancellationToken)
    {
        if (RundeckKeys.Latest(run) is not { } id)
        {
            return new StopOutcome(false, "the run has no execution id of Rundeck");
        }

        try
        {
            // A forced end leaves whatever the job had started at work, and its status is no clean abort: so it comes last.
            var force = mode == StopMode.Hard ? "true" : null;
            var answer = await calls.OrderAsync((api, v) => api.AbortAsync(v, id, force, new ByteArrayContent([]), cancellationToken), cancellationToken).ConfigureAwait(false);
            var abort = RundeckJson.Member(answer.Json, "abort");
            return (answer.IsOk ? RundeckJson.Text(abort, "status") : null) switch
            {
                "pending" or "aborted" => new StopOutcome(true),
                "failed" => await EndedAsync(run, id, RundeckJson.Text(abort, "reason"), cancellationToken).ConfigureAwait(false),
                { } word => new StopOutcome(false, $"Rundeck answered the stop with '{AnswerText.OneLine(word)}'"),
                null when answer is { Status: HttpStatusCode.NotFound, IsError: true } => new StopOutcome(false, $"Rundeck does not know execution {id}"),
                null => new StopOutcome(false, answer.Describe(backendId)),
            };
        }
        catch (Exception e) when (HttpFault.IsExpected(e))
        {
            return new StopOutcome(false, HttpFault.Describe(e));
        }
    }

    // "Failed" also comes when the job has ended by itself a moment ago; then there is nothing left to stop.
    private async Task<StopOutcome> EndedAsync(BackendRunRef run, long id, string? reason, CancellationToken cancellationToken)
    {
        var answer = await statuses.ExecutionAsync(id, cancellationToken).ConfigureAwait(false);
        var hasEnded = answer.IsOk && RundeckExecution.TryRead(answer.Json) is { } execution
            && statuses.Report(run.Marker, execution).State is BackendState.Succeeded or BackendState.Failed or BackendState.Aborted;
        return hasEnded
            ? new StopOutcome(true)
            : new StopOutcome(false, $"Rundeck did not take the stop{(AnswerText.OneLine(reason) is { Length: > 0 } said ? ": " + said : string.Empty)}");
    }
}
