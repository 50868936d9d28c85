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
    public async Task Archive_WhenOutputIsEmpty_LeavesNoDocumentNotEvenAnEarlierOne()
    {
        await _store.ArchiveAsync(7, 1, [OutputChannel.Stdout], Backend("first attempt", 13), Token);

        await _store.ArchiveAsync(7, 1, [OutputChannel.Stdout], Backend(string.Empty, 13), Token);

        Assert.Null(await _store.OpenAsync(7, 1, OutputChannel.Stdout, Token));
    }

    [Fact]
    public async Task Archive_OfTooMuch_LeavesOneFile()
    {
        await _store.ArchiveAsync(1234567, 1, [OutputChannel.Combined], Backend(Text(12345), 17), Token);

        Assert.Single(Directory.EnumerateFiles(_directory, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Open_WhenArchived_AnswersASeekableStreamThatOutlivesDeletion()
    {
        await _store.ArchiveAsync(1, 1, [OutputChannel.Combined], Backend("0123456789", 100), Token);
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

    private static Func<OutputChannel, long, CancellationToken, Task<OutputChunk>> Backend(string text, int piece) => (_, offset, _) =>
    {
        var data = Encoding.ASCII.GetBytes(text).AsMemory((int)offset, Math.Min(piece, text.Length - (int)offset));
        return Task.FromResult(new OutputChunk(data, offset + data.Length, offset + data.Length == text.Length));
    };
}
