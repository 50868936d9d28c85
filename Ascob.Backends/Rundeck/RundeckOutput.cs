using System.Collections.Concurrent;
using System.Net;
using Ascob.Backends.Http;
using Ascob.Core.Backends;
using Ascob.Core.Output;

namespace Ascob.Backends.Rundeck;

/// <summary>
/// Reads the output of a run by bytes. Rundeck counts in its own storage format, so the bytes of the text are counted here from the start of the log, and how far which of Rundeck's offsets reaches is remembered
/// to go on from there. Forgetting that costs only time. The output of a job that Rundeck tried again is that of all its executions in turn.
/// </summary>
internal sealed class RundeckOutput(RundeckCalls calls, RundeckStatuses statuses, string backendId, TimeProvider time)
{
    private const int MostLogs = 1000;
    private const int MostExecutions = 20;
    private const int MostLines = 1000;
    private const int EndWaits = 5;
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<long, RundeckLogIndex> _logs = new();

    /// <exception cref="IOException">The output cannot be read now.</exception>
    public async Task<OutputChunk> ReadAsync(BackendRunRef run, long offset, int maxBytes, CancellationToken cancellationToken)
    {
        if (await StartAsync(run, cancellationToken).ConfigureAwait(false) is not { } id)
        {
            return new OutputChunk(default, offset, false);
        }

        var before = 0L;
        for (var executions = 0; executions < MostExecutions; executions++)
        {
            var log = LogOf(id);
            var (data, isEnd) = await ReadAsync(id, log, offset - before, maxBytes, cancellationToken).ConfigureAwait(false);
            var next = isEnd && log.State == RundeckWords.Retried ? await NextAsync(id, log, cancellationToken).ConfigureAwait(false) : null;
            if (data.Length > 0 || !isEnd || next is null)
            {
                return new OutputChunk(data, offset + data.Length, isEnd && next is null);
            }

            before += log.End!.Value;
            id = next.Value;
        }

        return new OutputChunk(default, offset, true);
    }

    // Where the output begins. The first execution's number may have been told by whoever holds the callback address, so it counts only where Rundeck's own retries lead from it to the latest one: the log of a foreign
    // execution must not be readable by naming it.
    private async Task<long?> StartAsync(BackendRunRef run, CancellationToken cancellationToken)
    {
        var (first, latest) = (RundeckKeys.First(run), RundeckKeys.Latest(run));
        for (var (id, executions) = (first, 0); id != latest && executions < MostExecutions; executions++)
        {
            id = id is { } known ? await NextAsync(known, LogOf(known), cancellationToken).ConfigureAwait(false) : null;
            if (id is null)
            {
                return latest;
            }

            if (id == latest)
            {
                return first;
            }
        }

        return latest;
    }

    // Reads the log of one execution; also answers whether this reaches its end.
    private async Task<(ReadOnlyMemory<byte> Data, bool IsEnd)> ReadAsync(long id, RundeckLogIndex log, long offset, int maxBytes, CancellationToken cancellationToken)
    {
        if (log.End <= offset)
        {
            return (default, true);
        }

        var (text, theirs) = log.Before(offset);
        for (var waits = 0; ;)
        {
            var page = await PageAsync(id, theirs, cancellationToken).ConfigureAwait(false);
            var reach = text + page.Text.Length;
            log.Note(reach, page);
            if (reach > offset)
            {
                var piece = page.Text[(int)(offset - text)..];
                piece = piece[..Math.Min(maxBytes, piece.Length)];
                return (piece, page.IsLast && offset + piece.Length == reach);
            }

            if (page.IsLast)
            {
                return (default, true);
            }

            if (page.Next > theirs)
            {
                (text, theirs) = (reach, page.Next);
            }
            else if (!page.ExecutionEnded || waits++ == EndWaits)
            {
                return (default, false);
            }
            else
            {
                // The execution has ended, and its log is on its way from another member of the cluster.
                var pause = page.Pause < ShortestWait ? ShortestWait : page.Pause > LongestWait ? LongestWait : page.Pause;
                await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<RundeckOutputPage> PageAsync(long id, long offset, CancellationToken cancellationToken)
    {
        for (var lines = MostLines; ; lines /= 10)
        {
            try
            {
                var count = lines;
                var answer = await calls.ReadAsync((api, v) => api.GetOutputAsync(v, id, offset, count, cancellationToken), cancellationToken, BackendHttp.LargestAnswer).ConfigureAwait(false);
                return answer.IsOk && RundeckOutputPage.TryRead(answer.Json, offset) is { } page
                    ? page
                    : throw new IOException($"The output of execution {id} cannot be read: {answer.Describe(backendId)}.");
            }
            catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded && lines > 1)
            {
                // Long lines: fewer of them at once.
            }
            catch (Exception e) when (HttpFault.IsExpected(e) && e is not IOException)
            {
                throw new IOException($"The output of execution {id} cannot be read: {HttpFault.Describe(e)}.", e);
            }
        }
    }

    private async Task<long?> NextAsync(long id, RundeckLogIndex log, CancellationToken cancellationToken)
    {
        if (log.GoesOnIn is { } known)
        {
            return known;
        }

        try
        {
            var answer = await statuses.ExecutionAsync(id, cancellationToken).ConfigureAwait(false);
            if (answer is { Status: HttpStatusCode.NotFound, IsError: true })
            {
                return null;
            }

            return log.GoesOnIn = answer.IsOk ? RundeckExecution.TryRead(answer.Json)?.RetriedById : throw new IOException($"Execution {id} cannot be read: {answer.Describe(backendId)}.");
        }
        catch (Exception e) when (HttpFault.IsExpected(e) && e is not IOException)
        {
            throw new IOException($"Execution {id} cannot be read: {HttpFault.Describe(e)}.", e);
        }
    }

    private RundeckLogIndex LogOf(long id)
    {
        if (_logs.Count >= MostLogs)
        {
            _logs.Clear();
        }

        return _logs.GetOrAdd(id, static _ => new RundeckLogIndex());
    }
}
