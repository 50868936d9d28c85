using System.Runtime.CompilerServices;
using System.Text;
using Ascob.Core.Backends;
using Ascob.Core.Runs;
using Ascob.Core.Timing;

namespace Ascob.Core.Output;

/// <summary>
/// Reads the output of a run that still grows: straight from its backend, or what its job reported where the backend has none. Offsets count the bytes handed out; they are those of the archived document as long as the output stays
/// below its limit.
/// </summary>
public sealed class LiveOutput(
    IRunStore runs, IOutputStore archive, IReportedOutput reported, BackendCatalog catalog, RunSignals signals, MonotonicClock clock, CappedLogLimits limits)
{
    private const int PieceSize = 64 * 1024;

    private delegate Task<OutputChunk> Reader(long offset, int maxBytes, CancellationToken cancellationToken);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Reads the output of an attempt from an offset: what is there now, or until the attempt is over and all of it was read. Where <paramref name="goesOn"/> is set, the attempts that
    /// follow are read after it, each from its beginning.
    /// </summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        long runId,
        int attempt,
        bool goesOn,
        OutputChannel channel,
        long offset,
        bool follow,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var subscription = signals.Subscribe(runId);
        var at = offset;
        while (await runs.FindAsync(runId, cancellationToken).ConfigureAwait(false) is { } run)
        {
            if (run.OutputArchived || run.Attempt > attempt)
            {
                await foreach (var piece in ReadArchiveAsync(runId, attempt, channel, at, cancellationToken).ConfigureAwait(false))
                {
                    yield return piece;
                }

                if (!follow || !goesOn || run.Attempt == attempt)
                {
                    yield break;
                }

                attempt++;
                at = 0;
                continue;
            }

            var read = 0L;
            await foreach (var piece in ReadOnAsync(ReaderOf(run, channel), at, cancellationToken).ConfigureAwait(false))
            {
                yield return piece.Data;
                at = piece.NextOffset;
                read += piece.Data.Length;
            }

            if (!follow || (run.Status.IsFinal() && read == 0))
            {
                yield break;
            }

            if (read == 0)
            {
                await subscription.WaitAsync(Pause, clock.Time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Answers how far the offsets reach now. Backends do not tell it, so single bytes are asked for, at doubling and then at halving distances: a few dozen of them, however long the
    /// output is.
    /// </summary>
    public async Task<long> LengthAsync(long runId, int attempt, OutputChannel channel, CancellationToken cancellationToken)
    {
        if (await runs.FindAsync(runId, cancellationToken).ConfigureAwait(false) is not { } run)
        {
            return 0;
        }

        if (run.OutputArchived || run.Attempt > attempt)
        {
            var stream = await archive.OpenAsync(runId, attempt, channel, cancellationToken).ConfigureAwait(false);
            await using var closed = (stream ?? Stream.Null).ConfigureAwait(false);
            return stream?.Length ?? 0;
        }

        return await LengthAsync(ReaderOf(run, channel), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Opens what the job of one attempt reported, as far as it came.</summary>
    public OutputDocument OpenReported(long runId, int attempt)
    {
        var read = Reported(runId, attempt);
        return new OutputDocument((offset, _, ct) => PiecesAsync(read, offset, ct), ct => LengthAsync(read, ct));
    }

    private static async Task<long> LengthAsync(Reader? read, CancellationToken cancellationToken)
    {
        long there = 0, beyond = PieceSize;
        while (beyond < long.MaxValue / 2 && await ReachesAsync(read, beyond, cancellationToken).ConfigureAwait(false))
        {
            there = beyond + 1;
            beyond *= 2;
        }

        while (there < beyond)
        {
            var middle = there + ((beyond - there) / 2);
            (there, beyond) = await ReachesAsync(read, middle, cancellationToken).ConfigureAwait(false) ? (middle + 1, beyond) : (there, middle);
        }

        return there;
    }

    private static async Task<bool> ReachesAsync(Reader? read, long offset, CancellationToken cancellationToken) =>
        read is not null && (await read(offset, 1, cancellationToken).ConfigureAwait(false)).Data.Length > 0;

    // Null where there is nothing to read from yet.
    private Reader? ReaderOf(Run run, OutputChannel channel)
    {
        if (catalog.TryGet(run.BackendId, out var backend) && backend.Adapter is ISupportOutput source)
        {
            return run.BackendKeys is { Count: > 0 } keys
                ? (offset, maxBytes, ct) => source.ReadOutputAsync(new BackendRunRef(run.Id, run.Marker, keys), channel, offset, maxBytes, ct)
                : null;
        }

        return channel == OutputChannel.Combined ? Reported(run.Id, run.Attempt) : null;
    }

    private Reader Reported(long runId, int attempt) => (offset, maxBytes, _) => Task.FromResult(reported.Read(runId, attempt, offset, maxBytes));

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> PiecesAsync(Reader read, long offset, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var piece in ReadOnAsync(read, offset, cancellationToken).ConfigureAwait(false))
        {
            yield return piece.Data;
        }
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadArchiveAsync(
        long runId,
        int attempt,
        OutputChannel channel,
        long offset,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var stream = await archive.OpenAsync(runId, attempt, channel, cancellationToken).ConfigureAwait(false);
        if (stream is null)
        {
            yield break;
        }

        await using (stream.ConfigureAwait(false))
        {
            stream.Position = Math.Min(offset, stream.Length);
            var buffer = new byte[PieceSize];
            int count;
            while ((count = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                yield return buffer.AsMemory(0, count).ToArray();
            }
        }
    }

    private async IAsyncEnumerable<(ReadOnlyMemory<byte> Data, long NextOffset)> ReadOnAsync(
        Reader? read,
        long offset,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (read is null)
        {
            yield break;
        }

        while (true)
        {
            OutputChunk chunk;
            try
            {
                chunk = await read(offset, PieceSize, cancellationToken).ConfigureAwait(false);
            }
            catch (DirectoryNotFoundException)
            {
                // Dropped there a moment ago because it has been archived: the next look finds that.
                yield break;
            }

            if (chunk.Dropped > 0)
            {
                yield return (Encoding.UTF8.GetBytes(limits.DroppedLine(chunk.Dropped)), chunk.NextOffset - chunk.Data.Length);
            }

            if (chunk.Data.Length == 0)
            {
                yield break;
            }

            yield return (chunk.Data, chunk.NextOffset);
            offset = chunk.NextOffset;
        }
    }
}
