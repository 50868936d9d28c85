using System.Security.Cryptography;
using System.Text;
using Ascob.Core.Errors;
using Ascob.Core.Files;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Ascob.Server.Persistence.Contents;
using Ascob.Server.Persistence.Files;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Contracts;

/// <summary>What every store of input files promises, wherever their contents lie.</summary>
public abstract class RunFileStoreContract
{
    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Opens an empty store, or skips the test where the database is not there.</summary>
    protected abstract Task<TestStore> OpenAsync();

    /// <summary>Opens it as another server does.</summary>
    protected virtual Task<TestStore> OpenOtherAsync(TestStore store) => store.OpenElsewhereAsync();

    /// <summary>Answers the names of all contents that are stored, and of their marks.</summary>
    protected abstract Task<IReadOnlyList<string>> ContentsAsync(TestStore store);

    /// <summary>Makes what nobody has touched old enough to be swept.</summary>
    protected abstract Task AgeAsync(TestStore store);

    [Fact]
    public async Task Files_WhenSaved_AreListedSharedReplacedAndDeleted()
    {
        await using var store = await OpenAsync();
        await using var other = await OpenOtherAsync(store);
        var (files, elsewhere) = (store.Get<IRunFileStore>(), other.Get<IRunFileStore>());
        var content = RandomNumberGenerator.GetBytes(200_000);

        var first = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.Defined));
        var saved = await SaveAsync(files, first.Id, "../../etc/passwd", content);
        Assert.Equal((200_000L, Convert.ToHexStringLower(SHA256.HashData(content))), (saved.Value?.Size ?? 0, saved.Value?.Sha256));
        var second = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs) with { SharesFilesOf = first.Id });
        await SaveAsync(files, first.Id, "../../etc/passwd", "new"u8.ToArray());

        Assert.Equal("new", await ReadAsync(elsewhere, first.Id, "../../etc/passwd"));
        Assert.Equal(200_000, Assert.Single(await elsewhere.ListAsync(second.Id, Stop)).Size);
        Assert.Equal(content, await File.ReadAllBytesAsync(await elsewhere.LocateAsync(second.Id, "../../etc/passwd", Stop), Stop));
        Assert.Null(await elsewhere.OpenAsync(first.Id, "etc/passwd", Stop));
        await Assert.ThrowsAsync<FileNotFoundException>(() => elsewhere.LocateAsync(first.Id, "etc/passwd", Stop));
        await elsewhere.DeleteAsync(second.Id, Stop);
        Assert.Single(await ContentsAsync(store));
        await files.DeleteAsync(first.Id, Stop);
        Assert.Empty(await ContentsAsync(store));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(DatabaseContents.ChunkBytes - 1)]
    [InlineData(DatabaseContents.ChunkBytes)]
    [InlineData((3 * DatabaseContents.ChunkBytes) + 5)]
    public async Task Content_OfAnyLength_IsReadWholeAndFromAnyPlaceByEveryServer(int length)
    {
        await using var store = await OpenAsync();
        await using var other = await OpenOtherAsync(store);
        var content = RandomNumberGenerator.GetBytes(length);
        var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.Defined));
        await SaveAsync(store.Get<IRunFileStore>(), run.Id, "data", content);

        await using var stream = await other.Get<IRunFileStore>().OpenAsync(run.Id, "data", Stop);
        using var whole = new MemoryStream();
        await stream!.CopyToAsync(whole, Stop);

        Assert.Equal(length, stream.Length);
        Assert.Equal(content, whole.ToArray());
        foreach (var place in (int[])[length / 2, 0, Math.Max(0, length - 3), Math.Min(length, DatabaseContents.ChunkBytes)])
        {
            stream.Position = place;
            var rest = new byte[Math.Min(100, length - place)];
            await stream.ReadExactlyAsync(rest, Stop);
            Assert.Equal(content[place..(place + rest.Length)], rest);
        }

        Assert.Equal(content, await File.ReadAllBytesAsync(await other.Get<IRunFileStore>().LocateAsync(run.Id, "data", Stop), Stop));
    }

    [Fact]
    public async Task StageAsync_WhenFileIsTooLarge_LeavesNothingBehind()
    {
        await using var store = await OpenAsync();
        var files = new RunFileStore(
            store.Get<Database>(), store.Get<IStoreWriter>(), store.Get<MonotonicClock>(), store.Get<IContents>(), new RunFileLimits(600_000));
        var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.Defined));

        var saved = await SaveAsync(files, run.Id, "big", new byte[600_001]);

        Assert.Equal(ErrorKind.TooLarge, saved.Error?.Kind);
        Assert.Empty(await files.ListAsync(run.Id, Stop));
        Assert.Empty(await ContentsAsync(store));
        Assert.True((await SaveAsync(files, run.Id, "fits", new byte[600_000])).IsSuccess);
    }

    [Fact]
    public async Task StageAsync_WhenTheBodyBreaksOff_LeavesNothingBehind()
    {
        await using var store = await OpenAsync();

        await Assert.ThrowsAsync<EndOfStreamException>(() => store.Get<IRunFileStore>().StageAsync("broken", new BrokenStream(700_000), Stop));

        Assert.Empty(await ContentsAsync(store));
    }

    [Fact]
    public async Task AttachAsync_WhenTheRunHasLeftDefined_KeepsWhatWasThere()
    {
        await using var store = await OpenAsync();
        var files = store.Get<IRunFileStore>();
        var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.Defined));
        await SaveAsync(files, run.Id, "config", "old"u8.ToArray());
        var late = await files.StageAsync("config", new MemoryStream("new"u8.ToArray()), Stop);
        await SampleRuns.ApplyAsync(store.Runs, run, RunTrigger.Start);

        var refused = await files.AttachAsync(run.Id, late.Value!, Stop);
        var unknown = await SaveAsync(files, run.Id + 1_000, "config", "new"u8.ToArray());

        Assert.Equal(ErrorKind.Conflict, refused.Error?.Kind);
        Assert.Equal(ErrorKind.NotFound, unknown.Error?.Kind);
        Assert.Equal("old", await ReadAsync(files, run.Id, "config"));
        Assert.Single(await ContentsAsync(store));
    }

    [Fact]
    public async Task SweepAsync_AfterACrash_DeletesWhatNoRunHasAndKeepsTheRest()
    {
        await using var store = await OpenAsync();
        var files = store.Get<IRunFileStore>();
        var lost = await files.StageAsync("lost", new MemoryStream(new byte[300_000]), Stop);
        var kept = await files.StageAsync("kept", new MemoryStream("kept"u8.ToArray()), Stop);

        // Stored, and the server dies before it can note so.
        var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs) with { Files = [kept.Value!] });
        await AgeAsync(store);
        Assert.Equal(0, await files.SweepAsync(Stop) + await files.SweepAsync(Stop));
        await using var nextLife = await store.OpenOtherAsync();
        var after = nextLife.Get<IRunFileStore>();

        await AgeAsync(store);
        Assert.Equal(0, await after.SweepAsync(Stop));
        Assert.Equal(1, await after.SweepAsync(Stop));
        Assert.Equal(0, await after.SweepAsync(Stop));
        Assert.Equal([kept.Value!.StoredName], await ContentsAsync(store));
        Assert.Equal("kept", await ReadAsync(after, run.Id, "kept"));
        Assert.NotNull(lost.Value);
    }

    protected static async Task<Result<RunFile>> SaveAsync(IRunFileStore files, long runId, string name, byte[] content)
    {
        var staged = await files.StageAsync(name, new MemoryStream(content), Stop);
        return staged.IsSuccess ? await files.AttachAsync(runId, staged.Value, Stop) : staged.Error;
    }

    protected static async Task<string> ReadAsync(IRunFileStore files, long runId, string name)
    {
        await using var stream = await files.OpenAsync(runId, name, Stop) ?? throw new InvalidOperationException();
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync(Stop);
    }

    /// <summary>A body whose connection breaks.</summary>
    private sealed class BrokenStream(int length) : MemoryStream(new byte[length])
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            await base.ReadAsync(buffer, cancellationToken) is > 0 and var read ? read : throw new EndOfStreamException();
    }
}
