using System.Text;
using Ascob.Core.Output;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Contracts;

/// <summary>What every archive of output promises, wherever it lies.</summary>
public abstract class OutputStoreContract
{
    private const int Limit = 50;
    private static readonly CappedLogLimits Limits = CappedLogLimits.FromTotal(Limit);

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Opens an empty store with this limit of output, or skips the test where the database is not there.</summary>
    protected abstract Task<TestStore> OpenAsync(int maxOutputBytes);

    /// <summary>Opens it as another server does.</summary>
    protected virtual Task<TestStore> OpenOtherAsync(TestStore store) => store.OpenElsewhereAsync();

    [Fact]
    public async Task Open_WhenNothingWasArchived_AnswersNull()
    {
        await using var store = await OpenAsync(Limit);

        Assert.Null(await store.Get<IOutputStore>().OpenAsync(1, 1, OutputChannel.Combined, Stop));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(49)]
    [InlineData(50)]
    public async Task Archive_WhenOutputFits_IsReadWholeByEveryServer(int length)
    {
        await using var store = await OpenAsync(Limit);
        await using var other = await OpenOtherAsync(store);
        var text = Text(length);

        await ArchiveAsync(store, 7, 1, text, 13, OutputChannel.Stdout);

        Assert.Equal(text, await ReadAsync(store, 7, 1, OutputChannel.Stdout));
        Assert.Equal(text, await ReadAsync(other, 7, 1, OutputChannel.Stdout));
        Assert.Null(await ReadAsync(other, 7, 1, OutputChannel.Stderr));
        Assert.Null(await ReadAsync(other, 7, 2, OutputChannel.Stdout));
    }

    [Theory]
    [InlineData(51, 1)]
    [InlineData(500, 450)]
    [InlineData(12345, 12295)]
    public async Task Guarantee27_ArchiveOfTooMuch_KeepsBothEndsAndSaysWhatIsMissing(int length, long dropped)
    {
        await using var store = await OpenAsync(Limit);
        var text = Text(length);

        await ArchiveAsync(store, 1234567, 1, text, 17, OutputChannel.Combined);

        Assert.Equal(
            $"{text[..(int)Limits.HeadBytes]}\n[ascob: {dropped} bytes of output dropped here; limit 50 bytes]\n{text[^(int)Limits.TailBytes..]}",
            await ReadAsync(store, 1234567, 1, OutputChannel.Combined));
    }

    [Fact]
    public async Task Archive_WhenTheBackendHasDroppedBytes_TellsOfThemInOneLine()
    {
        await using var store = await OpenAsync(Limit);
        var chunks = new Queue<OutputChunk>([
            new OutputChunk(Encoding.ASCII.GetBytes("01234"), 5, false), new OutputChunk(Encoding.ASCII.GetBytes("end"), 108, true, Dropped: 100)]);

        await store.Get<IOutputStore>().ArchiveAsync(1, 1, [OutputChannel.Combined], (_, _, _) => Task.FromResult(chunks.Dequeue()), Stop);

        Assert.Equal("01234\n[ascob: 100 bytes of output dropped here; limit 50 bytes]\nend", await ReadAsync(store, 1, 1, OutputChannel.Combined));
    }

    [Theory]
    [InlineData(64 * 1024)]
    [InlineData((64 * 1024) + 1)]
    [InlineData(256 * 1024)]
    [InlineData(1_000_003)]
    public async Task Archive_WhenOutputIsLarge_IsReadFromAnyPlace(int length)
    {
        await using var store = await OpenAsync(2_000_000);
        await using var other = await OpenOtherAsync(store);
        var text = Text(length);

        await ArchiveAsync(store, 7, 1, text, 200_000, OutputChannel.Combined);

        Assert.Equal(text, await ReadAsync(other, 7, 1, OutputChannel.Combined));
        await using var stream = await other.Get<IOutputStore>().OpenAsync(7, 1, OutputChannel.Combined, Stop);
        Assert.Equal(length, stream!.Length);
        foreach (var place in (int[])[length - 1, 0, length / 2, Math.Min(length - 1, 256 * 1024)])
        {
            stream.Seek(place, SeekOrigin.Begin);
            var rest = new byte[Math.Min(100_000, length - place)];
            await stream.ReadExactlyAsync(rest, Stop);
            Assert.Equal(text.Substring(place, rest.Length), Encoding.ASCII.GetString(rest));
        }
    }

    [Fact]
    public async Task Archive_OfAllStreams_KeepsEachWhateverTheyShare()
    {
        await using var store = await OpenAsync(Limit);
        string[] texts = ["out", "out", "err"];

        await store.Get<IOutputStore>().ArchiveAsync(
            1, 1, [OutputChannel.Combined, OutputChannel.Stdout, OutputChannel.Stderr], (channel, offset, _) => Task.FromResult(Piece(texts[(int)channel], offset, 50)), Stop);
        await ArchiveAsync(store, 1, 2, "next", 50, OutputChannel.Combined, OutputChannel.Stderr);

        Assert.Equal("out", await ReadAsync(store, 1, 1, OutputChannel.Combined));
        Assert.Equal("out", await ReadAsync(store, 1, 1, OutputChannel.Stdout));
        Assert.Equal("err", await ReadAsync(store, 1, 1, OutputChannel.Stderr));
        Assert.Equal("next", await ReadAsync(store, 1, 2, OutputChannel.Stderr));
        Assert.Null(await ReadAsync(store, 1, 2, OutputChannel.Stdout));
    }

    [Theory]
    [InlineData(40)]
    [InlineData(300_000)]
    public async Task Archive_WhenItBreaksOff_IsNotThereAndIsMadeAnewNextTime(int length)
    {
        await using var store = await OpenAsync(1_000_000);
        var (good, better) = (Text(length), Text(length + 1)[1..]);
        await Assert.ThrowsAsync<TimeoutException>(() => store.Get<IOutputStore>().ArchiveAsync(
            1,
            1,
            [OutputChannel.Combined],
            (_, offset, _) => offset == 0 ? Task.FromResult(new OutputChunk(new byte[5], 5, false)) : throw new TimeoutException(),
            Stop));
        Assert.Null(await ReadAsync(store, 1, 1, OutputChannel.Combined));

        await ArchiveAsync(store, 1, 1, good, 100_000, OutputChannel.Combined);
        await ArchiveAsync(store, 1, 1, better, 100_000, OutputChannel.Combined);

        Assert.Equal(better, await ReadAsync(store, 1, 1, OutputChannel.Combined));
        AssertNothingIsLeft(store);
    }

    [Fact]
    public async Task Delete_WhenARunHasSeveralAttempts_DropsAllOfThem()
    {
        await using var store = await OpenAsync(1_000_000);
        await ArchiveAsync(store, 1, 1, "small", 100_000, OutputChannel.Combined, OutputChannel.Stdout);
        await ArchiveAsync(store, 1, 2, Text(300_000), 100_000, OutputChannel.Combined);
        await ArchiveAsync(store, 2, 1, "another run", 100_000, OutputChannel.Combined);
        await store.Get<IReportedOutput>().AppendAsync(1, 3, null, "reported"u8.ToArray(), Stop);

        await store.Get<IOutputStore>().DeleteAsync(1, Stop);
        await store.Get<IOutputStore>().DeleteAsync(1, Stop);

        Assert.Null(await ReadAsync(store, 1, 1, OutputChannel.Combined));
        Assert.Null(await ReadAsync(store, 1, 1, OutputChannel.Stdout));
        Assert.Null(await ReadAsync(store, 1, 2, OutputChannel.Combined));
        Assert.Equal(0, await store.Get<IReportedOutput>().LengthAsync(1, 3, Stop));
        Assert.Equal("another run", await ReadAsync(store, 2, 1, OutputChannel.Combined));
        AssertNothingIsLeft(store);
    }

    protected static string Text(int length) => string.Create(length, 0, static (span, _) =>
    {
        for (var i = 0; i < span.Length; i++)
        {
            span[i] = (char)('a' + (((i * 7) + (i / 1000)) % 26));
        }
    });

    protected static Task ArchiveAsync(TestStore store, long runId, int attempt, string text, int piece, params OutputChannel[] channels) =>
        store.Get<IOutputStore>().ArchiveAsync(runId, attempt, channels, (_, offset, _) => Task.FromResult(Piece(text, offset, piece)), Stop);

    protected static async Task<string?> ReadAsync(TestStore store, long runId, int attempt, OutputChannel channel)
    {
        await using var stream = await store.Get<IOutputStore>().OpenAsync(runId, attempt, channel, Stop);
        return stream is null ? null : await new StreamReader(stream).ReadToEndAsync(Stop);
    }

    private static OutputChunk Piece(string text, long offset, int piece)
    {
        var data = Encoding.ASCII.GetBytes(text).AsMemory((int)offset, Math.Min(piece, text.Length - (int)offset));
        return new OutputChunk(data, offset + data.Length, offset + data.Length == text.Length);
    }

    private static void AssertNothingIsLeft(TestStore store) =>
        Assert.DoesNotContain(
            Directory.EnumerateFiles(store.DataDirectory, "*", SearchOption.AllDirectories), f => f.EndsWith(".tmp", StringComparison.Ordinal) || f.EndsWith(".ring", StringComparison.Ordinal));
}
