using System.Text;
using Ascob.Core.Output;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence.Output;

public sealed class PublishedOutputTests(PostgresFixture postgres, SqlServerFixture sqlServer)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("PostgreSql")]
    [InlineData("SqlServer")]
    public async Task Append_OfManyJobs_StoresWhatGoesOnWhereItsStreamEnds(string provider)
    {
        await using var store = await OpenAsync(provider);
        await using var other = await store.OpenElsewhereAsync();
        var published = store.Get<IPublishedOutput>();

        Assert.Equal([true, true, true], await published.AppendAsync([Piece(1, 0, "one "), Piece(1, 0, "err", OutputChannel.Stderr), Piece(2, 0, "other")], Stop));
        Assert.Equal([true, false, false], await published.AppendAsync([Piece(1, 4, "two"), Piece(2, 0, "other"), Piece(3, 4, "gap")], Stop));

        Assert.Equal("one two", await ReadAsync(other, 1));
        Assert.Equal("err", await ReadAsync(other, 1, channel: OutputChannel.Stderr));
        Assert.Equal("other", await ReadAsync(other, 2));
        Assert.Equal("e two", await ReadAsync(other, 1, 2));
        Assert.Equal((7L, 0L), (await published.LengthAsync(1, 1, OutputChannel.Combined, Stop), await published.LengthAsync(3, 1, OutputChannel.Combined, Stop)));
    }

    [Theory]
    [InlineData("PostgreSql")]
    [InlineData("SqlServer")]
    public async Task Append_AfterTheArchive_ComesTooLate(string provider)
    {
        await using var store = await OpenAsync(provider);
        var published = store.Get<IPublishedOutput>();
        await published.AppendAsync([Piece(1, 0, "par")], Stop);

        await store.Get<IOutputStore>().ArchiveAsync(
            1, 1, [OutputChannel.Combined], (_, _, _) => Task.FromResult(new OutputChunk("partial"u8.ToArray(), 7, true)), Stop);

        Assert.Equal([false], await published.AppendAsync([Piece(1, 3, "tial")], Stop));
        Assert.Equal([false], await published.AppendAsync([Piece(1, 0, "partial")], Stop));
        Assert.Equal(string.Empty, await ReadAsync(store, 1));
    }

    [Theory]
    [InlineData("PostgreSql")]
    [InlineData("SqlServer")]
    public async Task Append_OfTooMuch_KeepsBothEndsAndTellsOfTheGap(string provider)
    {
        await using var store = await OpenAsync(provider);
        var limits = store.Get<CappedLogLimits>();
        for (var at = 0L; at < 800; at += 8)
        {
            await store.Get<IPublishedOutput>().AppendAsync([Piece(1, at, $"line {at:000}")], Stop);
        }

        var first = await store.Get<IPublishedOutput>().ReadAsync(1, 1, OutputChannel.Combined, 0, 4096, Stop);
        var second = await store.Get<IPublishedOutput>().ReadAsync(1, 1, OutputChannel.Combined, first.NextOffset, 4096, Stop);

        Assert.Equal("line 000line 008", Encoding.ASCII.GetString(first.Data.Span));
        Assert.Equal((800, 0), (second.NextOffset, first.Dropped));
        Assert.Equal(800 - 16 - second.Data.Length, second.Dropped);
        Assert.InRange(second.Data.Length, limits.TailBytes, limits.TailBytes + limits.SegmentBytes + 8);
        Assert.EndsWith("line 784line 792", Encoding.ASCII.GetString(second.Data.Span), StringComparison.Ordinal);
    }

    private static PublishedPiece Piece(long runId, long at, string text, OutputChannel channel = OutputChannel.Combined) =>
        new(runId, 1, channel, at, at, Encoding.ASCII.GetBytes(text));

    private static async Task<string> ReadAsync(TestStore store, long runId, long offset = 0, OutputChannel channel = OutputChannel.Combined) =>
        Encoding.ASCII.GetString((await store.Get<IPublishedOutput>().ReadAsync(runId, 1, channel, offset, 4096, Stop)).Data.Span);

    private async Task<TestStore> OpenAsync(string provider) => await TestStore.OpenAsync(
        provider, provider == "SqlServer" ? await sqlServer.CreateDatabaseAsync() : await postgres.CreateDatabaseAsync(), Limit.Of(160));
}
