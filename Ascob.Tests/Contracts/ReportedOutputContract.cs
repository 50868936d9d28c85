using System.Text;
using Ascob.Core.Output;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Contracts;

/// <summary>What every store of reported output promises, wherever it lies.</summary>
public abstract class ReportedOutputContract
{
    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Opens an empty store with a limit of 160 bytes of output, or skips the test where the database is not there.</summary>
    protected abstract Task<TestStore> OpenAsync();

    /// <summary>Opens it as another server does.</summary>
    protected virtual Task<TestStore> OpenOtherAsync(TestStore store) => store.OpenElsewhereAsync();

    /// <summary>Gets whether several servers may append at once.</summary>
    protected virtual bool HasOtherServers => true;

    [Fact]
    public async Task Append_WithoutOffset_GoesToTheEndAndIsReadByEveryServer()
    {
        await using var store = await OpenAsync();
        await using var other = await OpenOtherAsync(store);

        Assert.Equal(new ReportedPiece(4, 4), await AppendAsync(store, 1, null, "one\n"));
        Assert.Equal(new ReportedPiece(8, 4), await AppendAsync(other, 1, null, "two\n"));
        Assert.Equal(new ReportedPiece(3, 3), await AppendAsync(other, 2, null, "new"));

        Assert.Equal("one\ntwo\n", await ReadAsync(other, 1));
        Assert.Equal("two\n", await ReadAsync(store, 1, 4));
        Assert.Equal("new", await ReadAsync(store, 2));
        Assert.Equal(8, await store.Get<IReportedOutput>().LengthAsync(7, 1, Stop));
        Assert.Equal(0, await store.Get<IReportedOutput>().LengthAsync(7, 3, Stop));
        Assert.Equal(0, await store.Get<IReportedOutput>().LengthAsync(8, 1, Stop));
    }

    [Fact]
    public async Task Append_WithOffset_KeepsEachByteOnce()
    {
        await using var store = await OpenAsync();
        await using var other = await OpenOtherAsync(store);
        await AppendAsync(store, 1, 0, "0123");

        Assert.Equal(new ReportedPiece(4, 0), await AppendAsync(other, 1, 0, "0123"));
        Assert.Equal(new ReportedPiece(8, 4), await AppendAsync(other, 1, 2, "234567"));
        Assert.Equal(new ReportedPiece(8, 0, IsBeyondEnd: true), await AppendAsync(store, 1, 9, "9"));
        Assert.Equal(new ReportedPiece(8, 0), await AppendAsync(store, 1, 8, string.Empty));

        Assert.Equal("01234567", await ReadAsync(store, 1));
    }

    [Fact]
    public async Task Append_OfTooMuch_KeepsBothEndsAndTheOffsets()
    {
        await using var store = await OpenAsync();
        var limits = store.Get<CappedLogLimits>();
        var text = string.Concat(Enumerable.Range(0, 100).Select(i => $"line {i:00}\n"));
        foreach (var line in text.Chunk(8))
        {
            await AppendAsync(store, 1, null, new string(line));
        }

        var head = await store.Get<IReportedOutput>().ReadAsync(7, 1, 0, 4096, Stop);
        while (head.NextOffset < limits.HeadBytes)
        {
            head = await store.Get<IReportedOutput>().ReadAsync(7, 1, head.NextOffset, 4096, Stop);
        }

        var tail = await store.Get<IReportedOutput>().ReadAsync(7, 1, head.NextOffset, 1, Stop);
        var rest = await ReadAsync(store, 1, tail.NextOffset - 1);

        Assert.Equal(limits.HeadBytes, head.NextOffset);
        Assert.Equal(text[..(int)limits.HeadBytes], (await ReadAsync(store, 1))[..(int)limits.HeadBytes]);
        Assert.True(tail.Dropped > 0);
        Assert.Equal(text[^rest.Length..], rest);
        Assert.InRange(rest.Length, limits.TailBytes - limits.SegmentBytes, limits.TailBytes + limits.SegmentBytes);
        Assert.Equal(text.Length, await store.Get<IReportedOutput>().LengthAsync(7, 1, Stop));
    }

    [Fact]
    public async Task Append_FromSeveralServersAtOnce_LosesNothing()
    {
        await using var store = await OpenAsync();
        await using var elsewhere = await OpenOtherAsync(store);
        var other = HasOtherServers ? elsewhere : store;
        var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));

        for (var i = 0; i < 10; i++)
        {
            // Both get the same piece, from a job that lost an answer: it is there once.
            await Task.WhenAll(AppendAsync(store, 1, i * 2, $"{i}\n", run.Id), AppendAsync(other, 1, i * 2, $"{i}\n", run.Id));
        }

        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => AppendAsync(i % 2 == 0 ? store : other, 2, null, "x", run.Id)));

        Assert.Equal(string.Concat(Enumerable.Range(0, 10).Select(i => $"{i}\n")), await ReadAsync(store, 1, runId: run.Id));
        Assert.Equal(new string('x', 20), await ReadAsync(store, 2, runId: run.Id));
    }

    private static Task<ReportedPiece> AppendAsync(TestStore store, int attempt, long? offset, string text, long runId = 7) =>
        store.Get<IReportedOutput>().AppendAsync(runId, attempt, offset, Encoding.ASCII.GetBytes(text), Stop);

    private static async Task<string> ReadAsync(TestStore store, int attempt, long offset = 0, long runId = 7)
    {
        var text = new StringBuilder();
        while (true)
        {
            var chunk = await store.Get<IReportedOutput>().ReadAsync(runId, attempt, offset, 64, Stop);
            if (chunk.Data.Length == 0)
            {
                return text.ToString();
            }

            text.Append(Encoding.ASCII.GetString(chunk.Data.Span));
            offset = chunk.NextOffset;
        }
    }
}
