using Ascob.Core.Backends;
using Ascob.Core.Monitoring;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;

namespace Ascob.Core.Output;

/// <summary>
/// Publishes what the running jobs at this process's places have written since the last round, so that every server can show it. What is kept here is only how far each job is published; a process
/// that has just started learns it from the first piece that is refused. One round at a time.
/// </summary>
public sealed class OutputPublisher(
    IRunStore store,
    IPublishedOutput published,
    BackendCatalog catalog,
    RunTracker tracker,
    MonotonicClock clock,
    ILogger<OutputPublisher> logger)
{
    /// <summary>The most bytes of one piece.</summary>
    public const int PieceBytes = 64 * 1024;

    private const int PiecesAtOnce = 64;

    // A commit that others share must not grow long by what jobs write.
    private const int BytesAtOnce = 512 * 1024;

    // What a job writes faster than this many pieces of a stream in each round, readers elsewhere get later, or with a gap where its backend has dropped it meanwhile.
    private const int PiecesOfAStream = 8;

    private static readonly TimeSpan LookPause = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, Cursor> _cursors = new(StringComparer.Ordinal);
    private Dictionary<string, Run> _found = new(StringComparer.Ordinal);
    private long? _looked;

    /// <summary>Publishes what is new; answers how many pieces were stored.</summary>
    public async Task<int> PublishAsync(CancellationToken cancellationToken)
    {
        if (!published.IsShared)
        {
            return 0;
        }

        await FindJobsAsync(cancellationToken).ConfigureAwait(false);
        var stored = 0;
        foreach (var some in _cursors.Values.Where(c => c.IsDue()).Chunk(PiecesAtOnce / 2).ToList())
        {
            stored += await PublishAsync(some, cancellationToken).ConfigureAwait(false);
        }

        return stored;
    }

    private async Task<int> PublishAsync(Cursor[] cursors, CancellationToken cancellationToken)
    {
        var stored = 0;
        IReadOnlyList<Cursor> open = cursors;
        for (var pass = 0; pass < PiecesOfAStream && open.Count > 0; pass++)
        {
            var pieces = new List<(Cursor Cursor, PublishedPiece Piece)>();
            foreach (var cursor in open)
            {
                foreach (var piece in await ReadAsync(cursor, pass == 0, cancellationToken).ConfigureAwait(false))
                {
                    pieces.Add((cursor, piece));
                }
            }

            foreach (var some in InBatches(pieces))
            {
                stored += await AppendAsync(some, cancellationToken).ConfigureAwait(false);
            }

            open = [.. pieces.Where(p => p.Piece.Data.Length == PieceBytes).Select(p => p.Cursor).Distinct()];
        }

        return stored;
    }

    private static IEnumerable<IReadOnlyList<(Cursor Cursor, PublishedPiece Piece)>> InBatches(List<(Cursor Cursor, PublishedPiece Piece)> pieces)
    {
        for (var at = 0; at < pieces.Count;)
        {
            var (end, bytes) = (at, 0);
            do
            {
                bytes += pieces[end++].Piece.Data.Length;
            }
            while (end < pieces.Count && end - at < PiecesAtOnce && bytes + pieces[end].Piece.Data.Length <= BytesAtOnce);
            yield return pieces[at..end];
            at = end;
        }
    }

    private async Task FindJobsAsync(CancellationToken cancellationToken)
    {
        var places = catalog.All
            .Where(b => b.Adapter is ISupportOutput { KeepsOutput: false })
            .Select(b => b.Adapter.Place)
            .OfType<string>()
            .ToHashSet(StringComparer.Ordinal);
        if (places.Count == 0)
        {
            _cursors.Clear();
            return;
        }

        if (_looked is not { } last || clock.Time.GetElapsedTime(last) >= LookPause)
        {
            // Jobs of an earlier life of this process are not tracked before they are next asked for their state.
            var found = await store.ActiveAtAsync(places, cancellationToken).ConfigureAwait(false);
            _found = found.ToDictionary(r => r.Marker, StringComparer.Ordinal);
            _looked = clock.Time.GetTimestamp();
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var run in _found.Values.Concat(tracker.Runs))
        {
            if (seen.Contains(run.Marker) || SourceOf(run) is not { } source)
            {
                continue;
            }

            seen.Add(run.Marker);
            if (!_cursors.ContainsKey(run.Marker))
            {
                _cursors.Add(run.Marker, new Cursor(run, source));
            }
        }

        foreach (var gone in _cursors.Keys.Where(m => !seen.Contains(m)).ToList())
        {
            _cursors.Remove(gone);
        }
    }

    // Null for jobs that are not at a place of this process, and for backends that keep their output themselves.
    private ISupportOutput? SourceOf(Run run) =>
        run is { IntentAt: not null, IntentPlace: { } place, BackendKeys.Count: > 0 }
        && catalog.TryGet(run.BackendId, out var backend)
        && backend.Adapter is ISupportOutput { KeepsOutput: false } source
        && backend.Adapter.Place == place
            ? source
            : null;

    // Everything is in the first stream, so the others are looked at only where that one grows; once more after it has, since one of them may be written later.
    private async Task<IReadOnlyList<PublishedPiece>> ReadAsync(Cursor cursor, bool isFirst, CancellationToken cancellationToken)
    {
        var pieces = new List<PublishedPiece>();
        var wasBusy = cursor.IsBusy || !isFirst;
        try
        {
            foreach (var channel in OutputChannels.Of(cursor.Source))
            {
                if (channel != OutputChannel.Combined && !wasBusy && !cursor.IsBusy)
                {
                    break;
                }

                var known = cursor.At(channel);
                var chunk = await cursor.Source.ReadNewOutputAsync(cursor.Reference, channel, known, PieceBytes, cancellationToken).ConfigureAwait(false);
                if (channel == OutputChannel.Combined && isFirst)
                {
                    cursor.IsBusy = chunk.Data.Length > 0;
                }

                if (chunk.Data.Length > 0)
                {
                    pieces.Add(new PublishedPiece(cursor.Run.Id, cursor.Run.Attempt, channel, known, chunk.NextOffset - chunk.Data.Length, chunk.Data));
                }
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException or TimeoutException or UnauthorizedAccessException)
        {
            // It has just ended and is gone, or cannot be read now; the next round looks again.
            logger.LogDebug("Run {RunId}: the output could not be read to publish it: {Reason}", cursor.Run.Id, e.Message);
        }

        return pieces;
    }

    private async Task<int> AppendAsync(IReadOnlyList<(Cursor Cursor, PublishedPiece Piece)> pieces, CancellationToken cancellationToken)
    {
        var answers = await published.AppendAsync([.. pieces.Select(p => p.Piece)], cancellationToken).ConfigureAwait(false);
        var stored = 0;
        for (var i = 0; i < pieces.Count; i++)
        {
            var (cursor, piece) = pieces[i];
            if (answers[i])
            {
                cursor.MoveTo(piece.Channel, piece.End);
                stored++;
            }
            else
            {
                await LearnAsync(cursor, piece, cancellationToken).ConfigureAwait(false);
            }
        }

        return stored;
    }

    // An earlier life was here before, or the answer of an earlier piece was lost. What has become shorter was replaced by the archive.
    private async Task LearnAsync(Cursor cursor, PublishedPiece piece, CancellationToken cancellationToken)
    {
        var length = await published.LengthAsync(piece.RunId, piece.Attempt, piece.Channel, cancellationToken).ConfigureAwait(false);
        if (length > piece.Known)
        {
            cursor.MoveTo(piece.Channel, length);
        }
        else
        {
            cursor.IsOver = true;
        }
    }

    /// <summary>How far one job is published.</summary>
    private sealed class Cursor(Run run, ISupportOutput source)
    {
        private readonly Dictionary<OutputChannel, long> _offsets = [];
        private bool _isOld;

        public Run Run { get; } = run;

        public ISupportOutput Source { get; } = source;

        public BackendRunRef Reference { get; } = new(run.Id, run.Marker, run.BackendKeys!);

        public bool IsBusy { get; set; } = true;

        public bool IsOver { get; set; }

        public long At(OutputChannel channel) => _offsets.GetValueOrDefault(channel);

        public void MoveTo(OutputChannel channel, long offset) => _offsets[channel] = offset;

        /// <summary>Answers whether it is to be published now: not in the round in which it is first seen, since most jobs are over, and archived, before the next one.</summary>
        public bool IsDue()
        {
            var due = _isOld && !IsOver;
            _isOld = true;
            return due;
        }
    }
}
