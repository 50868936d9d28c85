using Ascob.Core.Output;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Output;

/// <summary>
/// Output that still grows, in the database of the runs: what jobs report, to whichever server they do, and what is published of jobs at one server's place. The last piece tells how long a stream
/// is, so nothing else has to be remembered.
/// </summary>
internal sealed class OutputPieces(Database database, IStoreWriter writer, OutputSql sql, CappedLogLimits limits, bool isShared) : IReportedOutput, IPublishedOutput
{
    private const int RowsAtOnce = 32;

    public bool IsShared => isShared;

    // A reported piece is cut, so that dropping the oldest ones keeps to the limit.
    private long LongestPiece => Math.Min(OutputPublisher.PieceBytes, limits.SegmentBytes);

    public Task<ReportedPiece> AppendAsync(long runId, int attempt, long? offset, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => writer.WriteAsync(
        new DelegateOperation<ReportedPiece>(async (session, stop) =>
        {
            // Two servers may get pieces of one job at once.
            var hold = session.Command(sql.LockRun);
            hold.Args.Long("id", runId);
            await hold.FirstAsync(_ => true, stop);

            var length = await LengthAsync(session, runId, attempt, OutputChannel.Combined, stop);
            if (offset > length)
            {
                return new ReportedPiece(length, 0, IsBeyondEnd: true);
            }

            var fresh = bytes[(int)Math.Min(bytes.Length, length - (offset ?? length))..];
            var end = length + fresh.Length;
            await InsertAsync(session, runId, attempt, length, fresh, stop);
            if (fresh.Length > 0 && end > limits.TotalBytes)
            {
                await TrimAsync(session, runId, attempt, OutputChannel.Combined, end, stop);
            }

            return new ReportedPiece(end, fresh.Length);
        }),
        cancellationToken);

    public Task<OutputChunk> ReadAsync(long runId, int attempt, long offset, int maxBytes, CancellationToken cancellationToken) =>
        ReadAsync(runId, attempt, OutputChannel.Combined, offset, maxBytes, cancellationToken);

    public Task<long> LengthAsync(long runId, int attempt, CancellationToken cancellationToken) =>
        LengthAsync(runId, attempt, OutputChannel.Combined, cancellationToken);

    public async Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<PublishedPiece> pieces, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        if (pieces.Count == 0)
        {
            return [];
        }

        var stored = await writer.WriteAsync(new PublishPieces(sql, pieces), cancellationToken);
        foreach (var (number, piece) in pieces.Index())
        {
            // Not at each piece: only when another segment is over the limit.
            if (stored[number] && piece.End > limits.TotalBytes && piece.End / limits.SegmentBytes > piece.Known / limits.SegmentBytes)
            {
                await writer.WriteAsync(
                    new DelegateOperation<int>((session, stop) => TrimAsync(session, piece.RunId, piece.Attempt, piece.Channel, piece.End, stop)), cancellationToken);
            }
        }

        return stored;
    }

    public Task<OutputChunk> ReadAsync(long runId, int attempt, OutputChannel channel, long offset, int maxBytes, CancellationToken cancellationToken) => database.ReadAsync(
        async session =>
        {
            var read = session.Command(sql.ReadPieces);
            read.Args.Long("id", runId).Int("attempt", attempt).Int("channel", ChannelBits.Of(channel)).Long("offset", offset).Int("limit", RowsAtOnce);
            var bytes = new MemoryStream();
            var (start, next) = (offset, offset);
            await using var rows = await read.ReadAsync(cancellationToken);
            while (bytes.Length < maxBytes && await rows.ReadAsync(cancellationToken))
            {
                var (from, data) = (rows.GetInt64(0), rows.GetFieldValue<byte[]>(1));
                if (from + data.Length <= next)
                {
                    continue;
                }

                if (from > next)
                {
                    if (bytes.Length > 0)
                    {
                        // The next answer begins with the gap.
                        break;
                    }

                    (start, next) = (from, from);
                }

                var skip = (int)(next - from);
                var count = (int)Math.Min(maxBytes - bytes.Length, data.Length - skip);
                bytes.Write(data, skip, count);
                next += count;
            }

            return new OutputChunk(bytes.GetBuffer().AsMemory(0, (int)bytes.Length), next, Complete: false, start - offset);
        },
        cancellationToken);

    public Task<long> LengthAsync(long runId, int attempt, OutputChannel channel, CancellationToken cancellationToken) =>
        database.ReadAsync(session => LengthAsync(session, runId, attempt, channel, cancellationToken), cancellationToken);

    /// <summary>Drops what was published of an attempt.</summary>
    public Task DropAsync(long runId, int attempt, CancellationToken cancellationToken) => DropAsync(sql.DeletePieces, runId, attempt, cancellationToken);

    /// <summary>Drops everything of a run.</summary>
    public Task DropAsync(long runId, CancellationToken cancellationToken) => DropAsync(sql.DeletePiecesOfRun, runId, 0, cancellationToken);

    private Task<int> DropAsync(SqlStatement statement, long runId, int attempt, CancellationToken cancellationToken) => writer.WriteAsync(
        new DelegateOperation<int>((session, stop) =>
        {
            var drop = session.Command(statement);
            drop.Args.Long("id", runId).Int("attempt", attempt);
            return drop.ExecuteAsync(stop);
        }),
        cancellationToken);

    private Task<long> LengthAsync(DbSession session, long runId, int attempt, OutputChannel channel, CancellationToken cancellationToken)
    {
        var length = session.Command(sql.Length);
        length.Args.Long("id", runId).Int("attempt", attempt).Int("channel", ChannelBits.Of(channel)).Int("limit", 1);
        return length.FirstAsync(row => row.GetInt64(0), cancellationToken);
    }

    private async Task InsertAsync(DbSession session, long runId, int attempt, long at, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            var room = at < limits.HeadBytes ? Math.Min(LongestPiece, limits.HeadBytes - at) : LongestPiece;
            var piece = bytes[..(int)Math.Min(bytes.Length, room)];
            var insert = session.Command(sql.InsertPiece);
            insert.Args.Long("id", runId)
                .Int("attempt", attempt)
                .Int("channel", ChannelBits.Of(OutputChannel.Combined))
                .Long("from_byte", at)
                .Long("to_byte", at + piece.Length)
                .Bytes("data", piece.ToArray());
            await insert.ExecuteAsync(cancellationToken);
            at += piece.Length;
            bytes = bytes[piece.Length..];
        }
    }

    private Task<int> TrimAsync(DbSession session, long runId, int attempt, OutputChannel channel, long length, CancellationToken cancellationToken)
    {
        var trim = session.Command(sql.Trim);
        trim.Args.Long("id", runId)
            .Int("attempt", attempt)
            .Int("channel", ChannelBits.Of(channel))
            .Long("first", limits.HeadBytes)
            .Long("end", length - limits.TailBytes);
        return trim.ExecuteAsync(cancellationToken);
    }
}
