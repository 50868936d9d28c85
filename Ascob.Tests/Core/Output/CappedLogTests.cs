using System.Text;
using Ascob.Core.Output;

namespace Ascob.Tests.Core.Output;

public sealed class CappedLogTests : IDisposable
{
    private static readonly CappedLogLimits Limits = new(HeadBytes: 10, TailBytes: 64);
    private readonly string _directory = Directory.CreateTempSubdirectory("ascob-log-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Append_WhenNothingComes_MakesNoFile()
    {
        using var writer = new CappedLogWriter(_directory, "out", Limits);

        writer.Append([]);

        Assert.Empty(Directory.EnumerateFiles(_directory));
        Assert.True(CappedLogReader.Read(_directory, "out", 0, 100).AtEnd);
        Assert.True(CappedLogReader.Read(_directory + "/missing", "out", 0, 100).AtEnd);
    }

    [Fact]
    public void Guarantee27_AnyLengthAndPieces_KeepsHeadAndTailWithinTheLimit()
    {
        var random = new Random(1);
        for (var length = 0; length < 400; length += 7)
        {
            var text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, length).Select(i => (char)('a' + (i % 26)))));
            var name = $"log{length}";
            using (var writer = new CappedLogWriter(_directory, name, Limits))
            {
                for (var at = 0; at < length;)
                {
                    var piece = Math.Min(random.Next(1, 40), length - at);
                    writer.Append(text.AsSpan(at, piece));
                    at += piece;
                }
            }

            var (kept, dropped) = ReadAll(name, random.Next(1, 50));
            var size = Directory.EnumerateFiles(_directory, name + ".*").Sum(f => new FileInfo(f).Length);

            Assert.InRange(size, 0, Limits.TotalBytes);
            Assert.Equal(length, kept.Length + dropped);
            Assert.Equal(length > Limits.TotalBytes, dropped > 0);
            Assert.True(kept.AsSpan().StartsWith(text.AsSpan(0, (int)Math.Min(length, Limits.HeadBytes))));
            Assert.True(text.AsSpan().EndsWith(kept.AsSpan((int)Math.Min(kept.Length, Limits.HeadBytes))));
            if (dropped > 0)
            {
                Assert.InRange(kept.Length, Limits.TotalBytes - Limits.SegmentBytes, Limits.TotalBytes);
            }
        }
    }

    [Fact]
    public async Task Read_WhileTheWriterDeletes_SkipsAndNeverLies()
    {
        var token = TestContext.Current.CancellationToken;
        var limits = new CappedLogLimits(1024, 16 * 1024);
        var writing = Task.Run(
            () =>
            {
                using var writer = new CappedLogWriter(_directory, "out", limits);
                for (var i = 0; i < 40_000; i++)
                {
                    writer.Append(Encoding.ASCII.GetBytes($"{i:D9}\n"));
                }
            },
            token);

        var offset = 0L;
        while (offset < 400_000)
        {
            // Asked before the read: what is written between the two may be missing in the piece.
            var written = writing.IsCompleted;
            var piece = CappedLogReader.Read(_directory, "out", offset, 5000);
            var from = offset + piece.Dropped;
            for (var i = 0; i < piece.Data.Length; i++)
            {
                var at = from + i;
                Assert.Equal($"{at / 10:D9}\n"[(int)(at % 10)], (char)piece.Data.Span[i]);
            }

            offset = piece.NextOffset;
            Assert.False(piece.AtEnd && piece.Data.IsEmpty && written && offset < 400_000);
        }

        await writing;
        Assert.Equal(400_000, offset);
    }

    [Fact]
    public void Append_WhenTheDiskRefuses_GoesOnAndCountsTheBytesAsMissing()
    {
        var gone = Path.Combine(_directory, "gone");
        using var writer = new CappedLogWriter(gone, "out", Limits);
        writer.Append("abc"u8);
        Directory.CreateDirectory(gone);
        writer.Append("def"u8);

        var piece = CappedLogReader.Read(gone, "out", 0, 100);

        Assert.Equal(3, writer.Refused);
        Assert.Equal((3L, "def"), (piece.Dropped, Encoding.ASCII.GetString(piece.Data.Span)));
    }

    private (byte[] Kept, long Dropped) ReadAll(string name, int pieceBytes)
    {
        var kept = new MemoryStream();
        long offset = 0, dropped = 0;
        CappedLogPiece piece;
        do
        {
            piece = CappedLogReader.Read(_directory, name, offset, pieceBytes);
            kept.Write(piece.Data.Span);
            dropped += piece.Dropped;
            offset = piece.NextOffset;
        }
        while (!piece.AtEnd);
        return (kept.ToArray(), dropped);
    }
}
