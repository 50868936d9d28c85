using System.Text;
using Ascob.Core.Output;
using Ascob.Server.Persistence.Output;

namespace Ascob.Tests.Server.Persistence.Output;

public sealed class FileOutputStoreTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ascob-store-").FullName;
    private readonly FileOutputStore _store;

    public FileOutputStoreTests() => _store = new FileOutputStore(_directory, new CappedLogLimits(10, 40));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Open_WhenNothingWasArchived_AnswersNull() => Assert.Null(await _store.OpenAsync(1, 1, OutputChannel.Combined, Token));

    [Fact]
    public async Task Archive_WhenOutputIsEmpty_LeavesNoDocumentNotEvenAnEarlierOne()
    {
        await _store.ArchiveAsync(7, 1, OutputChannel.Stdout, Backend("first attempt", 13), Token);

        await _store.ArchiveAsync(7, 1, OutputChannel.Stdout, Backend(string.Empty, 13), Token);

        Assert.Null(await _store.OpenAsync(7, 1, OutputChannel.Stdout, Token));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(49)]
    [InlineData(50)]
    public async Task Archive_WhenOutputFits_KeepsItWhole(int length)
    {
        var text = Text(length);

        await _store.ArchiveAsync(7, 1, OutputChannel.Stdout, Backend(text, 13), Token);

        Assert.Equal(text, await ReadAsync(7, OutputChannel.Stdout));
        Assert.Null(await _store.OpenAsync(7, 1, OutputChannel.Stderr, Token));
    }

    [Theory]
    [InlineData(51, 1)]
    [InlineData(500, 450)]
    [InlineData(12345, 12295)]
    public async Task Guarantee27_ArchiveOfTooMuch_KeepsBothEndsAndSaysWhatIsMissing(int length, long dropped)
    {
        var text = Text(length);

        await _store.ArchiveAsync(1234567, 1, OutputChannel.Combined, Backend(text, 17), Token);

        Assert.Equal(
            $"{text[..10]}\n[ascob: {dropped} bytes of output dropped here; limit 50 bytes]\n{text[^40..]}", await ReadAsync(1234567, OutputChannel.Combined));
        Assert.Single(Directory.EnumerateFiles(_directory, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Archive_WhenTheBackendHasDroppedBytes_TellsOfThemInOneLine()
    {
        var chunks = new Queue<OutputChunk>([
            new OutputChunk(Encoding.ASCII.GetBytes("0123456789"), 10, false), new OutputChunk(Encoding.ASCII.GetBytes("end"), 113, true, Dropped: 100)]);

        await _store.ArchiveAsync(1, 1, OutputChannel.Combined, (_, _) => Task.FromResult(chunks.Dequeue()), Token);

        Assert.Equal("0123456789\n[ascob: 100 bytes of output dropped here; limit 50 bytes]\nend", await ReadAsync(1, OutputChannel.Combined));
    }

    [Fact]
    public async Task Archive_WhenRepeated_StartsAnew()
    {
        await Assert.ThrowsAsync<TimeoutException>(() => _store.ArchiveAsync(
            1, 1, OutputChannel.Combined, (offset, _) => offset == 0 ? Task.FromResult(new OutputChunk(new byte[5], 5, false)) : throw new TimeoutException(), Token));
        Assert.Null(await _store.OpenAsync(1, 1, OutputChannel.Combined, Token));

        await _store.ArchiveAsync(1, 1, OutputChannel.Combined, Backend("good", 2), Token);
        await _store.ArchiveAsync(1, 1, OutputChannel.Combined, Backend("better", 2), Token);

        Assert.Equal("better", await ReadAsync(1, OutputChannel.Combined));
        Assert.Single(Directory.EnumerateFiles(_directory, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Open_WhenArchived_AnswersASeekableStreamThatOutlivesDeletion()
    {
        await _store.ArchiveAsync(1, 1, OutputChannel.Combined, Backend("0123456789", 100), Token);
        await using var stream = await _store.OpenAsync(1, 1, OutputChannel.Combined, Token);

        await _store.DeleteAsync(1, Token);
        await _store.DeleteAsync(1, Token);
        stream!.Seek(4, SeekOrigin.Begin);
        var rest = new byte[6];
        await stream.ReadExactlyAsync(rest, Token);

        Assert.Equal("456789", Encoding.ASCII.GetString(rest));
        Assert.Null(await _store.OpenAsync(1, 1, OutputChannel.Combined, Token));
    }

    private static string Text(int length) => string.Concat(Enumerable.Range(0, length).Select(i => (char)('a' + (i % 26))));

    private static Func<long, CancellationToken, Task<OutputChunk>> Backend(string text, int piece) => (offset, _) =>
    {
        var data = Encoding.ASCII.GetBytes(text).AsMemory((int)offset, Math.Min(piece, text.Length - (int)offset));
        return Task.FromResult(new OutputChunk(data, offset + data.Length, offset + data.Length == text.Length));
    };

    private async Task<string> ReadAsync(long runId, OutputChannel channel)
    {
        await using var stream = await _store.OpenAsync(runId, 1, channel, Token);
        return await new StreamReader(stream!).ReadToEndAsync(Token);
    }
}
