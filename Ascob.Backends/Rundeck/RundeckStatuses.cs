using System.Collections.Concurrent;
using System.Net;
using Ascob.Backends.Http;
using Ascob.Core.Backends;

namespace Ascob.Backends.Rundeck;

/// <summary>
/// Learns the state of many executions. There is no question for a list of ids: what runs is listed by project, many hundreds at a time; what is not in that list has ended, and is looked up in the list of the
/// latest ends or one by one.
/// </summary>
internal sealed class RundeckStatuses(RundeckCalls calls, RundeckLists lists, RundeckSettings settings, string backendId, TimeProvider time, TimeSpan timeout)
{
    // A question for each is cheaper than a list as long as there are only a few.
    private const int FewEnough = 3;
    private const int ManyEnds = 10;
    private const int AtOnce = 8;
    private const int MostRetries = 20;

    // The whole batch is answered before the caller's patience ends: one question that hangs takes no other run down with it.
    private const double ShareOfTimeout = 0.8;

    public async Task<IReadOnlyList<BackendReport>> GetAsync(IReadOnlyList<BackendRunRef> runs, CancellationToken cancellationToken)
    {
        var reports = new ConcurrentBag<BackendReport>();
        using var limit = new CancellationTokenSource(timeout * ShareOfTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await AskAsync(runs, reports, both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Those that were not answered are reported so below.
        }

        var answered = reports.Select(r => r.Marker).ToHashSet(StringComparer.Ordinal);
        return [.. reports, .. runs.Where(r => !answered.Contains(r.Marker)).Select(r => Unreachable(r, "the backend did not answer in time"))];
    }

    private async Task AskAsync(IReadOnlyList<BackendRunRef> runs, ConcurrentBag<BackendReport> reports, CancellationToken cancellationToken)
    {
        foreach (var stranger in runs.Where(r => RundeckKeys.Latest(r) is null))
        {
            reports.Add(Unreachable(stranger, "the run has no execution id of Rundeck"));
        }

        foreach (var group in runs.Where(r => RundeckKeys.Latest(r) is not null).GroupBy(RundeckKeys.Project))
        {
            var rest = group.ToList();
            try
            {
                rest = group.Key is { } project && rest.Count > FewEnough ? await FromListsAsync(project, rest, reports, cancellationToken).ConfigureAwait(false) : rest;
                await EachAsync(rest, reports, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (HttpFault.IsExpected(e))
            {
                foreach (var run in rest)
                {
                    reports.Add(Unreachable(run, HttpFault.Describe(e)));
                }
            }
        }
    }

    /// <summary>Puts an execution into the common vocabulary.</summary>
    public BackendReport Report(string marker, RundeckExecution execution)
    {
        var (state, reason) = RundeckWords.Meaning(execution);
        return new BackendReport
        {
            Marker = marker,
            State = state,
            Word = RundeckWords.Word(execution),
            Reason = reason,
            Url = new Uri(settings.Url, execution.Project is { } project && RundeckJobRules.IsSegment(project)
                ? $"project/{Uri.EscapeDataString(project)}/execution/show/{execution.Id}"
                : $"execution/show/{execution.Id}").AbsoluteUri,
            StartedAt = execution.StartedAt,
            EndedAt = execution.EndedAt,
        };
    }

    /// <summary>Asks for one execution.</summary>
    public Task<RundeckAnswer> ExecutionAsync(long id, CancellationToken cancellationToken) => calls.ReadAsync((api, v) => api.GetExecutionAsync(v, id, cancellationToken), cancellationToken);

    // Reports what the lists tell, and answers the runs that have to be asked for one by one.
    private async Task<List<BackendRunRef>> FromListsAsync(string project, List<BackendRunRef> runs, ConcurrentBag<BackendReport> reports, CancellationToken cancellationToken)
    {
        var running = await lists.RunningAsync(project, null, (runs.Count / RundeckLists.Page) + 4, cancellationToken).ConfigureAwait(false);
        if (running.Failure is { } failure && !(failure.IsError && (int)failure.Status is 403 or 404))
        {
            return Refused(failure, runs, reports);
        }

        var rest = await TakeAsync(runs, running, reports, cancellationToken).ConfigureAwait(false);
        if (rest.Count < ManyEnds)
        {
            return rest;
        }

        var ended = await lists.EndedAsync(project, null, 1, pages: 2, cancellationToken).ConfigureAwait(false);
        return ended.Failure is { Status: HttpStatusCode.TooManyRequests } tooMany
            ? Refused(tooMany, rest, reports)
            : await TakeAsync(rest, ended, reports, cancellationToken).ConfigureAwait(false);
    }

    private List<BackendRunRef> Refused(RundeckAnswer answer, List<BackendRunRef> runs, ConcurrentBag<BackendReport> reports)
    {
        foreach (var run in runs)
        {
            reports.Add(Unreachable(run, answer.Describe(backendId)) with { RetryAfter = answer.RetryAfter });
        }

        return [];
    }

    private async Task<List<BackendRunRef>> TakeAsync(List<BackendRunRef> runs, RundeckList list, ConcurrentBag<BackendReport> reports, CancellationToken cancellationToken)
    {
        var rest = new List<BackendRunRef>();
        foreach (var run in runs)
        {
            if (list.Executions.TryGetValue(RundeckKeys.Latest(run)!.Value, out var execution))
            {
                reports.Add(await FollowedAsync(run, execution, cancellationToken).ConfigureAwait(false));
            }
            else
            {
                rest.Add(run);
            }
        }

        return rest;
    }

    // Once Rundeck asks for fewer requests, no further one goes out in this round.
    private async Task EachAsync(List<BackendRunRef> runs, ConcurrentBag<BackendReport> reports, CancellationToken cancellationToken)
    {
        BackendReport? tooMany = null;
        await Parallel.ForEachAsync(runs, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (run, ct) =>
        {
            if (Volatile.Read(ref tooMany) is { } stop)
            {
                reports.Add(stop with { Marker = run.Marker });
                return;
            }

            var report = await OneAsync(run, RundeckKeys.Latest(run)!.Value, ct).ConfigureAwait(false);
            if (report.RetryAfter is not null)
            {
                Volatile.Write(ref tooMany, report);
            }

            reports.Add(report);
        }).ConfigureAwait(false);
    }

    private async Task<BackendReport> OneAsync(BackendRunRef run, long id, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await ExecutionAsync(id, cancellationToken).ConfigureAwait(false);
            return answer.IsOk && RundeckExecution.TryRead(answer.Json) is { } execution && execution.Id == id
                ? await FollowedAsync(run, execution, cancellationToken).ConfigureAwait(false)
                : Untold(run, id, answer);
        }
        catch (Exception e) when (HttpFault.IsExpected(e))
        {
            return Unreachable(run, HttpFault.Describe(e));
        }
    }

    // An execution that failed and is tried again goes on under another id, perhaps more than once.
    private async Task<BackendReport> FollowedAsync(BackendRunRef run, RundeckExecution execution, CancellationToken cancellationToken)
    {
        var first = execution;
        for (var retries = 0; execution.Status == RundeckWords.Retried && execution.RetriedById is { } next && retries < MostRetries; retries++)
        {
            try
            {
                var answer = await ExecutionAsync(next, cancellationToken).ConfigureAwait(false);
                if (!answer.IsOk || RundeckExecution.TryRead(answer.Json) is not { } retry || retry.Id != next)
                {
                    return Untold(run, next, answer);
                }

                execution = retry;
            }
            catch (Exception e) when (HttpFault.IsExpected(e))
            {
                return Unreachable(run, HttpFault.Describe(e));
            }
        }

        var report = Report(run.Marker, execution);
        return execution.Id == first.Id
            ? report
            : report with { Keys = RundeckKeys.GoneOn(run, execution.Id), StartedAt = first.StartedAt ?? report.StartedAt };
    }

    private BackendReport Untold(BackendRunRef run, long id, RundeckAnswer answer) => answer switch
    {
        { IsOk: true } => Unreachable(run, $"Rundeck's answer does not tell of execution {id}"),
        { Status: HttpStatusCode.NotFound, IsError: true } => new BackendReport { Marker = run.Marker, State = BackendState.NotFound, Reason = $"Rundeck does not know execution {id}" },
        { Status: HttpStatusCode.TooManyRequests } => Unreachable(run, answer.Describe(backendId)) with { RetryAfter = answer.RetryAfter ?? TimeSpan.Zero },
        _ => Unreachable(run, answer.Describe(backendId)) with { RetryAfter = answer.RetryAfter },
    };

    private static BackendReport Unreachable(BackendRunRef run, string reason) => new() { Marker = run.Marker, State = BackendState.Unreachable, Reason = reason };
}
