using System.Net;
using Ascob.Backends.Http;
using Ascob.Core.Backends;

namespace Ascob.Backends.Rundeck;

/// <summary>Stops an execution. Rundeck answers 200 whatever came of it; the word inside decides.</summary>
internal sealed class RundeckStop(RundeckCalls calls, RundeckStatuses statuses, string backendId)
{
    private const int MostRetries = 20;

    public async Task<StopOutcome> StopAsync(BackendRunRef run, StopMode mode, CancellationToken cancellationToken)
    {
        try
        {
            var outcome = new StopOutcome(false, "the run has no execution id of Rundeck");
            var id = RundeckKeys.Latest(run);
            for (var retries = 0; id is { } execution && retries < MostRetries; retries++)
            {
                (outcome, id) = await StopAsync(run, execution, mode, cancellationToken).ConfigureAwait(false);
            }

            return outcome;
        }
        catch (Exception e) when (HttpFault.IsExpected(e))
        {
            return new StopOutcome(false, HttpFault.Describe(e));
        }
    }

    // Also answers the execution that is to be stopped instead, where the job goes on in another one.
    private async Task<(StopOutcome Outcome, long? Instead)> StopAsync(BackendRunRef run, long id, StopMode mode, CancellationToken cancellationToken)
    {
        // A forced end leaves whatever the job had started at work, and its status is no clean abort: so it comes last.
        var force = mode == StopMode.Hard ? "true" : null;
        var answer = await calls.OrderAsync((api, v) => api.AbortAsync(v, id, force, new ByteArrayContent([]), cancellationToken), cancellationToken).ConfigureAwait(false);
        var abort = RundeckJson.Member(answer.Json, "abort");
        return (answer.IsOk ? RundeckJson.Text(abort, "status") : null) switch
        {
            "pending" or "aborted" => (new StopOutcome(true), null),
            "failed" => await EndedAsync(run, id, RundeckJson.Text(abort, "reason"), cancellationToken).ConfigureAwait(false),
            { } word => (new StopOutcome(false, $"Rundeck answered the stop with '{AnswerText.OneLine(word)}'"), null),
            null when answer is { Status: HttpStatusCode.NotFound, IsError: true } => (new StopOutcome(false, $"Rundeck does not know execution {id}"), null),
            null => (new StopOutcome(false, answer.Describe(backendId)), null),
        };
    }

    // "Failed" also comes when the execution has ended a moment ago; then there is nothing left to stop, unless Rundeck tries the job again.
    private async Task<(StopOutcome Outcome, long? Instead)> EndedAsync(BackendRunRef run, long id, string? reason, CancellationToken cancellationToken)
    {
        var answer = await statuses.ExecutionAsync(id, cancellationToken).ConfigureAwait(false);
        var execution = answer.IsOk ? RundeckExecution.TryRead(answer.Json) : null;
        if (execution is not null && statuses.Report(run.Marker, execution).State is BackendState.Succeeded or BackendState.Failed or BackendState.Aborted)
        {
            return (new StopOutcome(true), null);
        }

        var refusal = new StopOutcome(false, $"Rundeck did not take the stop{(AnswerText.OneLine(reason) is { Length: > 0 } said ? ": " + said : string.Empty)}");
        return (refusal, execution is { Status: RundeckWords.Retried } ? execution.RetriedById : null);
    }
}
