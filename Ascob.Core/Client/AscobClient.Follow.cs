using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Ascob.Core.Jobs;
using Ascob.Core.Output;
using Ascob.Core.Runs;

namespace Ascob.Core.Client;

// What waits: for the end of a run, for its output, for its events.
public sealed partial class AscobClient
{
    private static readonly TimeSpan ShortestPoll = TimeSpan.FromSeconds(1);

    /// <summary>Waits until a run is final and answers it. The server holds each question, so the answer comes as soon as the run ends.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="timeout">The longest wait; null for no limit.</param>
    /// <param name="cancellationToken">Stops waiting; the run goes on.</param>
    /// <exception cref="TimeoutException">The run was not final in time.</exception>
    public async Task<RunInfo> WaitForCompletionAsync(long runId, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        var start = _options.Time.GetTimestamp();
        while (true)
        {
            var left = timeout is null ? _options.LongPoll : timeout.Value - _options.Time.GetElapsedTime(start);
            var hold = (int)Math.Ceiling(Math.Clamp(left.TotalSeconds, 0, _options.LongPoll.TotalSeconds));
            var asked = _options.Time.GetTimestamp();
            var run = await _repetition.RunAsync(ct => Api.GetRunAsync(runId, hold, ct), cancellationToken).ConfigureAwait(false);
            if (run.Status.IsFinal())
            {
                return run;
            }

            if (timeout is not null && _options.Time.GetElapsedTime(start) >= timeout)
            {
                throw new TimeoutException($"Run {runId} is {run.Status.ToWire()} after {timeout}.");
            }

            // A proxy or a draining server may answer at once; that must not become a busy loop.
            if (_options.Time.GetElapsedTime(asked) < ShortestPoll)
            {
                await Task.Delay(ShortestPoll, _options.Time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Reads output from an offset until the run is final and all was read. A dropped connection is taken up again where it broke; each byte comes once. A run that has no
    /// output yet is waited for.
    /// </summary>
    /// <param name="runId">The run.</param>
    /// <param name="offset">Where to start, in bytes.</param>
    /// <param name="channel">Which output.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> FollowOutputAsync(
        long runId,
        long offset = 0,
        OutputChannel channel = OutputChannel.Combined,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var buffer = new byte[64 * 1024];
        for (var failures = 0; ; failures++)
        {
            using var piece = await OpenPieceAsync(runId, offset, channel, cancellationToken).ConfigureAwait(false);
            while (piece.Stream is not null)
            {
                var read = await ReadPieceAsync(piece.Stream, buffer, cancellationToken).ConfigureAwait(false);
                if (read <= 0)
                {
                    piece.Broken = read < 0;
                    break;
                }

                offset += read;
                failures = 0;
                yield return buffer.AsMemory(0, read).ToArray();
            }

            if (!piece.Broken && piece.Final)
            {
                yield break;
            }

            // Whether the stream ended because the run did is known only if the run was final when it was opened; else it is opened once more.
            if (piece.Broken && failures + 1 >= _options.MaxAttempts)
            {
                throw new HttpRequestException($"The output of run {runId} broke off at byte {offset} {failures + 1} times in a row.");
            }

            var state = await GetAsync(runId, cancellationToken).ConfigureAwait(false);
            if (piece.Broken || !state.Status.IsFinal())
            {
                await _repetition.PauseAsync(failures + 1, null, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Copies output into a stream as <see cref="FollowOutputAsync"/> reads it, and answers the offset after the last byte.</summary>
    public async Task<long> CopyOutputAsync(
        long runId, Stream destination, long offset = 0, OutputChannel channel = OutputChannel.Combined, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        await foreach (var piece in FollowOutputAsync(runId, offset, channel, cancellationToken).ConfigureAwait(false))
        {
            await destination.WriteAsync(piece, cancellationToken).ConfigureAwait(false);
            await destination.FlushAsync(cancellationToken).ConfigureAwait(false);
            offset += piece.Length;
        }

        return offset;
    }

    /// <summary>Reads the events of a run in order; with <paramref name="follow"/> until the run is final. Each event comes once, also over a dropped connection.</summary>
    public async IAsyncEnumerable<RunEventInfo> EventsAsync(
        long runId, bool follow = false, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (!follow)
        {
            var list = await _repetition.RunAsync(ct => Api.GetEventsAsync(runId, ct), cancellationToken).ConfigureAwait(false);
            foreach (var item in list.Items)
            {
                yield return item;
            }

            yield break;
        }

        var last = 0L;
        for (var failures = 1; ; failures++)
        {
            using var response = await _repetition.RunAsync(
                ct => CheckedAsync(Api.StreamEventsAsync(runId, last == 0 ? null : last.ToString(System.Globalization.CultureInfo.InvariantCulture), ct), ct),
                cancellationToken).ConfigureAwait(false);
            await foreach (var item in ReadEventsAsync(response, cancellationToken).ConfigureAwait(false))
            {
                if (item.Seq <= last)
                {
                    continue;
                }

                last = item.Seq;
                failures = 1;
                yield return item;
                if (item.To.IsFinal())
                {
                    yield break;
                }
            }

            var run = await GetAsync(runId, cancellationToken).ConfigureAwait(false);
            if (run.Status.IsFinal() && run.Version <= last)
            {
                yield break;
            }

            await _repetition.PauseAsync(failures, null, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async IAsyncEnumerable<RunEventInfo> ReadEventsAsync(HttpResponseMessage response, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var parser = SseParser.Create(body, (_, data) => data.IsEmpty ? null : JsonSerializer.Deserialize<RunEventInfo>(data, AscobJson.Options));
        var items = parser.EnumerateAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using (items.ConfigureAwait(false))
        {
            while (await MovesAsync(items, cancellationToken).ConfigureAwait(false))
            {
                if (items.Current.Data is { } item)
                {
                    yield return item;
                }
            }
        }
    }

    private static async Task<bool> MovesAsync<T>(IAsyncEnumerator<T> items, CancellationToken cancellationToken)
    {
        try
        {
            return await items.MoveNextAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (SafeRepetition.MayPass(e, cancellationToken))
        {
            return false;
        }
    }

    private static async Task<int> ReadPieceAsync(Stream stream, byte[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (SafeRepetition.MayPass(e, cancellationToken))
        {
            return -1;
        }
    }

    private static async Task<HttpResponseMessage> CheckedAsync(Task<HttpResponseMessage> call, CancellationToken cancellationToken)
    {
        var response = await call.ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw await AscobApiException.FromAsync(response, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<OutputPiece> OpenPieceAsync(long runId, long offset, OutputChannel channel, CancellationToken cancellationToken)
    {
        var run = await GetAsync(runId, cancellationToken).ConfigureAwait(false);
        var final = run.Status.IsFinal();
        try
        {
            var response = await _repetition.RunAsync(ct => CheckedAsync(RequestOutput(runId, offset, channel, ct), ct), cancellationToken).ConfigureAwait(false);
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            return new OutputPiece(response, stream, final);
        }
        catch (AscobApiException e) when (e.Status == HttpStatusCode.RequestedRangeNotSatisfiable && offset > 0)
        {
            return new OutputPiece(null, null, final);
        }
        catch (AscobApiException e) when (e.Status == HttpStatusCode.Conflict && !final)
        {
            return new OutputPiece(null, null, false);
        }
    }

    private Task<HttpResponseMessage> RequestOutput(long runId, long offset, OutputChannel channel, CancellationToken cancellationToken)
    {
        long? from = offset == 0 ? null : offset;
        return channel switch
        {
            OutputChannel.Combined => Api.GetOutputAsync(runId, from, true, null, cancellationToken),
            OutputChannel.Stdout => Api.GetStdoutAsync(runId, from, true, null, cancellationToken),
            OutputChannel.Stderr => Api.GetStderrAsync(runId, from, true, null, cancellationToken),
        };
    }

    private sealed class OutputPiece(HttpResponseMessage? response, Stream? stream, bool final) : IDisposable
    {
        public Stream? Stream { get; } = stream;

        public bool Final { get; } = final;

        public bool Broken { get; set; }

        public void Dispose() => response?.Dispose();
    }
}
