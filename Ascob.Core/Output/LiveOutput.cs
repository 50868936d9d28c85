using System.Runtime.CompilerServices;
using System.Text;
using Ascob.Core.Backends;
using Ascob.Core.Runs;
using Ascob.Core.Timing;

namespace Ascob.Core.Output;

/// <summary>
/// Reads the output of a run that still grows, straight from its backend. Offsets count the bytes handed out; they are those of the archived document as long as the output stays
/// below its limit.
/// </summary>
public sealed class LiveOutput(IRunStore runs, IOutputStore archive, BackendCatalog catalog, RunSignals signals, MonotonicClock clock, CappedLogLimits limits)
{
    private const int PieceSize = 64 * 1024;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Reads from an offset: what is there now, or until the run is final and all was read. A run that starts another attempt meanwhile goes on with that attempt's output.
    /// </summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        long runId,
        OutputChannel channel,
        long offset,
        bool follow,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var subscription = signals.Subscribe(runId);
        var at = offset;
        while (await runs.FindAsync(runId, cancellationToken).ConfigureAwait(false) is { } run)
        {
            if (run.OutputArchived)
            {
                await foreach (var piece in ReadArchiveAsync(run, channel, at, cancellationToken).ConfigureAwait(false))
                {
                    yield return piece;
                }

                yield break;
            }

            var read = 0L;
            await foreach (var piece in ReadBackendAsync(run, channel, at, cancellationToken).ConfigureAwait(false))
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

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadArchiveAsync(
        Run run,
        OutputChannel channel,
        long offset,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var stream = await archive.OpenAsync(run.Id, run.Attempt, channel, cancellationToken).ConfigureAwait(false);
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

    private async IAsyncEnumerable<(ReadOnlyMemory<byte> Data, long NextOffset)> ReadBackendAsync(
        Run run,
        OutputChannel channel,
        long offset,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!catalog.TryGet(run.BackendId, out var backend)
            || backend.Adapter is not ISupportOutput source
            || run.BackendKeys is not { Count: > 0 } keys)
        {
            yield break;
        }

        var reference = new BackendRunRef(run.Id, run.Marker, keys);
        while (true)
        {
            OutputChunk chunk;
            try
            {
                chunk = await source.ReadOutputAsync(reference, channel, offset, PieceSize, cancellationToken).ConfigureAwait(false);
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
