using System.Runtime.CompilerServices;
using System.Text;
using Ascob.Core.Backends;
using Ascob.Core.Runs;
using Ascob.Core.Timing;

namespace Ascob.Core.Output;

/// <summary>
/// Reads the output of a run that still grows: straight from its backend, what its job reported where the backend has none, or what was published of it where it runs at the place of another server.
/// Offsets count the bytes handed out; they are those of the archived document as long as the output stays below its limit.
/// </summary>
public sealed class LiveOutput(
    IRunStore runs,
    IOutputStore archive,
    IReportedOutput reported,
    IPublishedOutput published,
    BackendCatalog catalog,
    RunSignals signals,
    MonotonicClock clock,
    CappedLogLimits limits)
{
    private const int PieceSize = 64 * 1024;

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
            await foreach (var piece in ReadOnAsync(SourceOf(run, channel), at, cancellationToken).ConfigureAwait(false))
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
    /// Answers how far the offsets reach now. Most backends do not tell it, so single bytes are asked for, at doubling and then at halving distances: a few dozen of them, however long the
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
            return await ArchivedLengthAsync(runId, attempt, channel, cancellationToken).ConfigureAwait(false)
                ?? (published.IsShared ? await published.LengthAsync(runId, attempt, channel, cancellationToken).ConfigureAwait(false) : 0);
        }

        return await LengthAsync(SourceOf(run, channel), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Opens what the job of one attempt reported, as far as it came.</summary>
    public OutputDocument OpenReported(long runId, int attempt)
    {
        return Document(Reported(runId, attempt));
    }

    /// <summary>Opens what was published of an attempt that has no archive; empty where nothing was.</summary>
    public OutputDocument OpenPublished(long runId, int attempt, OutputChannel channel) =>
        published.IsShared ? Document(Published(runId, attempt, channel)) : new OutputDocument(Stream.Null);

    private OutputDocument Document(Source source) => new((offset, _, ct) => PiecesAsync(source, offset, ct), ct => LengthAsync(source, ct));

    private static async Task<long> LengthAsync(Source? source, CancellationToken cancellationToken)
    {
        if (source?.Length is { } known)
        {
            return await known(cancellationToken).ConfigureAwait(false);
        }

        long there = 0, beyond = PieceSize;
        while (beyond < long.MaxValue / 2 && await ReachesAsync(source, beyond, cancellationToken).ConfigureAwait(false))
        {
            there = beyond + 1;
            beyond *= 2;
        }

        while (there < beyond)
        {
            var middle = there + ((beyond - there) / 2);
            (there, beyond) = await ReachesAsync(source, middle, cancellationToken).ConfigureAwait(false) ? (middle + 1, beyond) : (there, middle);
        }

        return there;
    }

    private static async Task<bool> ReachesAsync(Source? source, long offset, CancellationToken cancellationToken) =>
        source is not null && (await source.Read(offset, 1, cancellationToken).ConfigureAwait(false)).Data.Length > 0;

    // Null where there is nothing to read from yet.
    private Source? SourceOf(Run run, OutputChannel channel)
    {
        var adapter = catalog.TryGet(run.BackendId, out var backend) ? backend.Adapter : null;
        if (published.IsShared && run is { IntentAt: not null, IntentPlace: { } place } && place != adapter?.Place)
        {
            return Published(run.Id, run.Attempt, channel);
        }

        if (adapter is ISupportOutput output)
        {
            return run.BackendKeys is { Count: > 0 } keys
                ? new Source((offset, maxBytes, ct) => output.ReadOutputAsync(new BackendRunRef(run.Id, run.Marker, keys), channel, offset, maxBytes, ct), null)
                : null;
        }

        return channel == OutputChannel.Combined ? Reported(run.Id, run.Attempt) : null;
    }

    private Source Reported(long runId, int attempt) => new(
        (offset, maxBytes, ct) => reported.ReadAsync(runId, attempt, offset, maxBytes, ct), ct => reported.LengthAsync(runId, attempt, ct));

    // The archive takes the place of what was published a moment before the run is known to be over.
    private Source Published(long runId, int attempt, OutputChannel channel) => new(
        async (offset, maxBytes, ct) =>
        {
            var chunk = await published.ReadAsync(runId, attempt, channel, offset, maxBytes, ct).ConfigureAwait(false);
            return chunk.Data.Length > 0 ? chunk : await ReadArchivedAsync(runId, attempt, channel, offset, maxBytes, ct).ConfigureAwait(false);
        },
        async ct => Math.Max(
            await published.LengthAsync(runId, attempt, channel, ct).ConfigureAwait(false),
            await ArchivedLengthAsync(runId, attempt, channel, ct).ConfigureAwait(false) ?? 0));

    private async Task<OutputChunk> ReadArchivedAsync(
        long runId, int attempt, OutputChannel channel, long offset, int maxBytes, CancellationToken cancellationToken)
    {
        var stream = await archive.OpenAsync(runId, attempt, channel, cancellationToken).ConfigureAwait(false);
        await using var closed = (stream ?? Stream.Null).ConfigureAwait(false);
        if (stream is null || offset >= stream.Length)
        {
            return new OutputChunk(ReadOnlyMemory<byte>.Empty, offset, Complete: stream is not null);
        }

        stream.Position = offset;
        var buffer = new byte[(int)Math.Min(maxBytes, stream.Length - offset)];
        var read = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        return new OutputChunk(buffer.AsMemory(0, read), offset + read, Complete: offset + read >= stream.Length);
    }

    private async Task<long?> ArchivedLengthAsync(long runId, int attempt, OutputChannel channel, CancellationToken cancellationToken)
    {
        var stream = await archive.OpenAsync(runId, attempt, channel, cancellationToken).ConfigureAwait(false);
        await using var closed = (stream ?? Stream.Null).ConfigureAwait(false);
        return stream?.Length;
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> PiecesAsync(Source source, long offset, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var piece in ReadOnAsync(source, offset, cancellationToken).ConfigureAwait(false))
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
            if (published.IsShared)
            {
                await foreach (var piece in PiecesAsync(Published(runId, attempt, channel), offset, cancellationToken).ConfigureAwait(false))
                {
                    yield return piece;
                }
            }

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
        Source? source,
        long offset,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (source is null)
        {
            yield break;
        }

        while (true)
        {
            OutputChunk chunk;
            try
            {
                chunk = await source.Read(offset, PieceSize, cancellationToken).ConfigureAwait(false);
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

    /// <summary>Where output comes from; its length where it can be told.</summary>
    private sealed record Source(Func<long, int, CancellationToken, Task<OutputChunk>> Read, Func<CancellationToken, Task<long>>? Length);
}
