using Ascob.Backends.Http;

namespace Ascob.Backends.Rundeck;

/// <summary>Reads Rundeck's lists of executions whole, page by page.</summary>
internal sealed class RundeckLists(RundeckCalls calls, string backendId)
{
    /// <summary>The size of a page; without one Rundeck answers 20 and looks as if there were no more.</summary>
    public const int Page = 500;

    private const int MostPages = 40;

    // While pages are read executions end, and the later ones move up: pages overlap, and each must begin within the one before.
    private const int Overlap = 25;

    /// <summary>Answers the running, queued and scheduled executions; not complete where the list moved too fast or is too long.</summary>
    public Task<RundeckList> RunningAsync(string project, string? jobId, int pages, CancellationToken cancellationToken) => ReadAsync(
        (offset, ct) => calls.ReadAsync((api, v) => api.GetRunningAsync(v, project, jobId, Page, offset, ct), ct, BackendHttp.LargestAnswer),
        Overlap,
        pages,
        cancellationToken);

    /// <summary>Answers the executions that ended in the last hours, the latest first: new ones move the others down, so none is missed.</summary>
    public Task<RundeckList> EndedAsync(string project, string? jobId, int hours, int pages, CancellationToken cancellationToken) => ReadAsync(
        (offset, ct) => calls.ReadAsync((api, v) => api.GetEndedAsync(v, project, jobId, $"{hours}h", Page, offset, ct), ct, BackendHttp.LargestAnswer),
        0,
        pages,
        cancellationToken);

    /// <summary>Answers the most pages that a whole list may have.</summary>
    public static int AllPages => MostPages;

    private async Task<RundeckList> ReadAsync(Func<int, CancellationToken, Task<RundeckAnswer>> read, int overlap, int pages, CancellationToken cancellationToken)
    {
        var all = new Dictionary<long, RundeckExecution>();
        long? last = null;
        var unreadable = 0;
        for (int page = 0, offset = 0; page < pages; page++, offset += Page - overlap)
        {
            var answer = await read(offset, cancellationToken).ConfigureAwait(false);
            if (!answer.IsOk || RundeckJson.Member(answer.Json, "executions") is not { ValueKind: System.Text.Json.JsonValueKind.Array } list)
            {
                return new RundeckList(all, false, answer.Describe(backendId)) { Failure = answer };
            }

            var ids = new List<long>();
            foreach (var execution in list.EnumerateArray().Select(e => RundeckExecution.TryRead(e)).OfType<RundeckExecution>())
            {
                all[execution.Id] = execution;
                ids.Add(execution.Id);
            }

            // What cannot be read may be the one that is looked for.
            unreadable += list.GetArrayLength() - ids.Count;

            if (overlap > 0 && last is { } before && !ids.Contains(before))
            {
                return new RundeckList(all, false, "Rundeck's list of executions changed while it was read");
            }

            // The total also counts what the token may not see: a short page is no end. Without a total only a page that is not full is one.
            var paging = RundeckJson.Member(answer.Json, "paging");
            var total = RundeckJson.Number(paging, "total") ?? (list.GetArrayLength() < Page ? 0 : long.MaxValue);
            if (RundeckJson.Number(paging, "max") is > 0 and < Page and var size && size < total - offset)
            {
                return new RundeckList(all, false, $"Rundeck lists {size} executions at a time only");
            }

            if (offset + Page >= total)
            {
                return unreadable == 0 ? new RundeckList(all, true, null) : new RundeckList(all, false, "Rundeck listed an execution that makes no sense");
            }

            last = ids.Count > 0 ? ids[^1] : last;
        }

        return new RundeckList(all, false, "Rundeck's list of executions is too long");
    }
}

/// <summary>Executions by id.</summary>
/// <param name="Executions">What was read.</param>
/// <param name="Complete">Whether that is all.</param>
/// <param name="Reason">Why it is not; null when complete.</param>
internal sealed record RundeckList(IReadOnlyDictionary<long, RundeckExecution> Executions, bool Complete, string? Reason)
{
    /// <summary>Gets the answer that was no list; null where all were.</summary>
    public RundeckAnswer? Failure { get; init; }
}
