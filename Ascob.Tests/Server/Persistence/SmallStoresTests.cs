using System.Security.Cryptography;
using System.Text;
using Ascob.Core.Access;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Files;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Ascob.Server.Persistence;
using Ascob.Server.Persistence.Files;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence;

/// <summary>Tokens, files and backend states, on the databases that are there.</summary>
public sealed class SmallStoresTests(PostgresFixture postgres)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Sqlite")]
    [InlineData("PostgreSql")]
    public async Task Tokens_WhenStored_AreFoundListedReplacedAndDeleted(string provider)
    {
        await using var store = await OpenAsync(provider);
        var now = store.Get<MonotonicClock>().Now;
        var portal = Token("portal", now);

        Assert.True(await store.Tokens.TryAddAsync(portal, Stop));
        Assert.False(await store.Tokens.TryAddAsync(portal with { TokenId = "other" }, Stop));
        Assert.Equivalent(portal, await store.Tokens.FindAsync(portal.TokenId, Stop), strict: true);
        Assert.Null(await store.Tokens.FindAsync("none", Stop));

        var rotated = portal with { TokenId = "rotated", Submitters = null, ExpiresAt = null };
        await store.Tokens.ReplaceAsync(rotated, Stop);
        Assert.Null(await store.Tokens.FindAsync(portal.TokenId, Stop));
        Assert.Equivalent(new[] { rotated }, await store.Tokens.ListAsync(Stop), strict: true);

        Assert.True(await store.Tokens.DeleteAsync("portal", Stop));
        Assert.False(await store.Tokens.DeleteAsync("portal", Stop));
    }

    [Fact]
    public async Task Tokens_WhenExpired_MakeRoomForTheirSuccessors()
    {
        await using var store = await OpenAsync("Sqlite");
        var now = store.Get<MonotonicClock>().Now;
        await store.Tokens.TryAddAsync(Token("old", now) with { ExpiresAt = now.AddSeconds(-1) }, Stop);

        Assert.True(await store.Tokens.TryAddAsync(Token("old", now) with { TokenId = "new" }, Stop));
        Assert.Equal(0, await store.Tokens.DeleteExpiredAsync(now, Stop));
        Assert.Equal(1, await store.Tokens.DeleteExpiredAsync(now.AddDays(2), Stop));
    }

    [Theory]
    [InlineData("Sqlite")]
    [InlineData("PostgreSql")]
    public async Task BackendStates_WhenSet_AreSeenByOtherServers(string provider)
    {
        await using var store = await OpenAsync(provider);
        await using var other = await store.OpenOtherAsync();

        await store.Get<IBackendStateStore>().SetDrainedAsync("jenkins", true, Stop);
        await store.Get<IBackendStateStore>().SetDrainedAsync("shell", true, Stop);
        await store.Get<IBackendStateStore>().SetDrainedAsync("shell", false, Stop);

        Assert.Equal(["jenkins"], await other.Get<IBackendStateStore>().GetDrainedAsync(Stop));
    }

    [Theory]
    [InlineData("Sqlite")]
    [InlineData("PostgreSql")]
    public async Task Files_WhenSaved_AreListedSharedReplacedAndDeleted(string provider)
    {
        await using var store = await OpenAsync(provider);
        var files = store.Get<IRunFileStore>();
        var content = RandomNumberGenerator.GetBytes(200_000);

        var first = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.Defined));
        var saved = await SaveAsync(files, first.Id, "../../etc/passwd", content);
        Assert.Equal((200_000L, Convert.ToHexStringLower(SHA256.HashData(content))), (saved.Value?.Size ?? 0, saved.Value?.Sha256));
        Assert.StartsWith(Path.Combine(store.DataDirectory, "files"), saved.Value?.Path, StringComparison.Ordinal);
        var second = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs) with { SharesFilesOf = first.Id });
        await SaveAsync(files, first.Id, "../../etc/passwd", "new"u8.ToArray());

        Assert.Equal("new", await ReadAsync(files, first.Id, "../../etc/passwd"));
        Assert.Equal(200_000, Assert.Single(await files.ListAsync(second.Id, Stop)).Size);
        Assert.Null(await files.OpenAsync(first.Id, "etc/passwd", Stop));
        await files.DeleteAsync(second.Id, Stop);
        Assert.Single(Contents(store));
        await files.DeleteAsync(first.Id, Stop);
        Assert.Empty(Contents(store));
    }

    [Fact]
    public async Task StageAsync_WhenFileIsTooLarge_LeavesNothingBehind()
    {
        await using var store = await OpenAsync("Sqlite");
        var files = new RunFileStore(
            store.Get<Database>(), store.Get<IStoreWriter>(), store.Get<MonotonicClock>(), store.Get<DatabaseSettings>(), new RunFileLimits(1_000));
        var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.Defined));

        var saved = await SaveAsync(files, run.Id, "big", new byte[1_001]);

        Assert.Equal(ErrorKind.TooLarge, saved.Error?.Kind);
        Assert.Empty(await files.ListAsync(run.Id, Stop));
        Assert.Empty(Contents(store));
        Assert.True((await SaveAsync(files, run.Id, "fits", new byte[1_000])).IsSuccess);
    }

    [Theory]
    [InlineData("Sqlite")]
    [InlineData("PostgreSql")]
    public async Task AttachAsync_WhenTheRunHasLeftDefined_KeepsWhatWasThere(string provider)
    {
        await using var store = await OpenAsync(provider);
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
        Assert.Single(Contents(store));
    }

    [Theory]
    [InlineData("Sqlite")]
    [InlineData("PostgreSql")]
    public async Task SweepAsync_AfterACrash_DeletesWhatNoRunHasAndKeepsTheRest(string provider)
    {
        await using var store = await OpenAsync(provider);
        var files = store.Get<IRunFileStore>();
        var lost = await files.StageAsync("lost", new MemoryStream("lost"u8.ToArray()), Stop);
        var kept = await files.StageAsync("kept", new MemoryStream("kept"u8.ToArray()), Stop);

        // Stored, and the server dies before it can note so.
        var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs) with { Files = [kept.Value!] });
        Assert.Equal(0, await files.SweepAsync(Stop) + await files.SweepAsync(Stop));
        await using var nextLife = await store.OpenOtherAsync();
        var after = nextLife.Get<IRunFileStore>();

        Assert.Equal(0, await after.SweepAsync(Stop));
        Assert.Equal(1, await after.SweepAsync(Stop));
        Assert.Equal(0, await after.SweepAsync(Stop));
        Assert.Equal([kept.Value!.StoredName], Contents(store).Select(Path.GetFileName));
        Assert.Equal("kept", await ReadAsync(after, run.Id, "kept"));
        Assert.NotNull(lost.Value);
    }

    private static TokenRecord Token(string identifier, DateTimeOffset now) =>
        new(identifier, $"{identifier}-id", SHA256.HashData("secret"u8), [Permissions.JobSubmit], ["alice"], now, "root", now.AddDays(1));

    private static async Task<Result<RunFile>> SaveAsync(IRunFileStore files, long runId, string name, byte[] content)
    {
        var staged = await files.StageAsync(name, new MemoryStream(content), Stop);
        return staged.IsSuccess ? await files.AttachAsync(runId, staged.Value, Stop) : staged.Error;
    }

    private static string[] Contents(TestStore store) => Directory.GetFiles(Path.Combine(store.DataDirectory, "files"));

    private static async Task<string> ReadAsync(IRunFileStore files, long runId, string name)
    {
        await using var stream = await files.OpenAsync(runId, name, Stop) ?? throw new InvalidOperationException();
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync(Stop);
    }

    private async Task<TestStore> OpenAsync(string provider) =>
        await TestStore.OpenAsync(provider, provider == "Sqlite" ? null : await postgres.CreateDatabaseAsync());
}
