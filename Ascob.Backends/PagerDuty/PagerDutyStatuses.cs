using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Ascob.Core.Backends;

namespace Ascob.Backends.PagerDuty;

/// <summary>
/// Asks how jobs stand. One list tells of the newest 25 invocations of an action, without pages; those that it hides are asked for one by one.
/// </summary>
internal sealed class PagerDutyStatuses(PagerDutyCalls calls, PagerDutySettings settings, BackendOptions options, TimeProvider time)
{
    private const int AtOnce = 8;

    // The whole batch is answered before the caller's patience ends: one question that hangs takes no other down with it.
    private const double ShareOfTimeout = 0.8;

    public async Task<IReadOnlyList<BackendReport>> GetAsync(IReadOnlyList<BackendRunRef> runs, CancellationToken cancellationToken)
    {
        var reports = new ConcurrentDictionary<string, BackendReport>(StringComparer.Ordinal);
        using var limit = new CancellationTokenSource(options.Resilience.Timeout * ShareOfTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var left = runs.Where(r => !TryWithoutAsking(r, reports)).ToList();
            foreach (var group in left.GroupBy(r => PagerDutyKeys.Id(r.Keys, PagerDutyKeys.ActionId)).Where(g => g.Key is not null && g.Count() > 1))
            {
                await ListAsync(group.Key!, [.. group], reports, both.Token).ConfigureAwait(false);
            }

            await Parallel.ForEachAsync(
                left.Where(r => !reports.ContainsKey(r.Marker)),
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = both.Token },
                async (run, token) => reports[run.Marker] = await AskAsync(run, token).ConfigureAwait(false)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Those that were not answered are reported so below.
        }

        return [.. runs.Select(r => reports.GetValueOrDefault(r.Marker) ?? Silent(r, "PagerDuty did not answer in time"))];
    }

    private static BackendReport Silent(BackendRunRef run, string reason, TimeSpan? retryAfter = null) =>
        new() { Marker = run.Marker, State = BackendState.Unreachable, Reason = reason, RetryAfter = retryAfter };

    private bool TryWithoutAsking(BackendRunRef run, ConcurrentDictionary<string, BackendReport> reports)
    {
        if (run.Keys.ContainsKey(PagerDutyKeys.WorkflowInstanceId))
        {
            reports[run.Marker] = Workflow(run);
        }
        else if (PagerDutyKeys.Id(run.Keys, PagerDutyKeys.InvocationId) is null)
        {
            reports[run.Marker] = Silent(run, $"the backend keys of the run name no '{PagerDutyKeys.InvocationId}'");
        }

        return reports.ContainsKey(run.Marker);
    }

    private async Task ListAsync(string actionId, List<BackendRunRef> runs, ConcurrentDictionary<string, BackendReport> reports, CancellationToken cancellationToken)
    {
        var answer = await calls.ReadAsync(api => api.ListInvocationsAsync(actionId, null, cancellationToken), cancellationToken).ConfigureAwait(false);
        if (answer.Part("invocations", JsonValueKind.Array) is not { } list)
        {
            foreach (var run in runs)
            {
                reports[run.Marker] = Silent(run, answer.Reason, answer.Pause);
            }

            return;
        }

        var byId = list.EnumerateArray().Select(PagerDutyInvocation.Read).OfType<PagerDutyInvocation>().DistinctBy(i => i.Id).ToDictionary(i => i.Id, StringComparer.Ordinal);
        foreach (var run in runs)
        {
            if (byId.TryGetValue(run.Keys[PagerDutyKeys.InvocationId], out var invocation))
            {
                reports[run.Marker] = invocation.Report(run.Marker, settings, time.GetUtcNow());
            }
        }
    }

    private async Task<BackendReport> AskAsync(BackendRunRef run, CancellationToken cancellationToken)
    {
        var id = run.Keys[PagerDutyKeys.InvocationId];
        var answer = await calls.ReadAsync(api => api.GetInvocationAsync(id, cancellationToken), cancellationToken).ConfigureAwait(false);
        if (answer.Part("invocation") is { } json && PagerDutyInvocation.Read(json) is { } invocation && invocation.Id == id)
        {
            return invocation.Report(run.Marker, settings, time.GetUtcNow());
        }

        // Only PagerDuty's own "not found" is evidence; the page of a proxy is none.
        return answer is { Status: HttpStatusCode.NotFound, Json: not null }
            ? new BackendReport { Marker = run.Marker, State = BackendState.NotFound, Reason = $"PagerDuty does not know invocation {id}" }
            : Silent(run, answer.Reason, answer.Pause);
    }

    // Nothing can be asked of a workflow. What the settings say stands for an answer, and no run waits for ever.
    private BackendReport Workflow(BackendRunRef run)
    {
        var report = new BackendReport { Marker = run.Marker, State = BackendState.Queued, Word = "started" };
        if (PagerDutyKeys.Time(run.Keys.GetValueOrDefault(PagerDutyKeys.StartedAt)) is not { } startedAt)
        {
            return report with { Keys = new Dictionary<string, string> { [PagerDutyKeys.StartedAt] = PagerDutyKeys.Text(time.GetUtcNow()) } };
        }

        var age = time.GetUtcNow() - startedAt;
        if (settings.WorkflowSucceedsAfter is { } enough)
        {
            return age >= enough
                ? report with { State = BackendState.Succeeded, Reason = $"PagerDuty took the workflow; how it ended is not told ({settings.Key(nameof(PagerDutySettings.WorkflowSucceedsAfter))} is {enough})" }
                : report with { Reason = "PagerDuty took the workflow; it tells no more" };
        }

        return age >= settings.WorkflowPatience
            ? report with
            {
                State = BackendState.NotFound,
                Certain = true,
                Reason = $"PagerDuty took the workflow, but never tells how one ends; set {settings.Key(nameof(PagerDutySettings.WorkflowSucceedsAfter))} to count it as succeeded",
            }
            : report with { Reason = "PagerDuty took the workflow, but does not tell how it ends" };
    }
}
