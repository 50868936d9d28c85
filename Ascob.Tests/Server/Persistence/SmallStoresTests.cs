using System.Security.Cryptography;
using System.Text;
using Ascob.Core.Access;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Files;
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

        var saved = await files.SaveAsync(1, "../../etc/passwd", new MemoryStream(content), Stop);
        Assert.Equal((200_000L, Convert.ToHexStringLower(SHA256.HashData(content))), (saved.Value?.Size ?? 0, saved.Value?.Sha256));
        Assert.StartsWith(Path.Combine(store.DataDirectory, "files"), saved.Value?.Path, StringComparison.Ordinal);
        await files.ShareAsync(1, 2, Stop);
        await files.SaveAsync(1, "../../etc/passwd", new MemoryStream("new"u8.ToArray()), Stop);

        Assert.Equal("new", await ReadAsync(files, 1, "../../etc/passwd"));
        Assert.Equal(200_000, Assert.Single(await files.ListAsync(2, Stop)).Size);
        Assert.Null(await files.OpenAsync(1, "etc/passwd", Stop));
        await files.DeleteAsync(2, Stop);
        Assert.Single(Directory.GetFiles(Path.Combine(store.DataDirectory, "files")));
        await files.DeleteAsync(1, Stop);
        Assert.Empty(Directory.GetFiles(Path.Combine(store.DataDirectory, "files")));
    }

    [Fact]
    public async Task SaveAsync_WhenFileIsTooLarge_LeavesNothingBehind()
    {
        await using var store = await OpenAsync("Sqlite");
        var files = new RunFileStore(
            store.Get<Database>(), store.Get<IStoreWriter>(), store.Get<MonotonicClock>(), store.Get<DatabaseSettings>(), new RunFileLimits(1_000));

        var saved = await files.SaveAsync(1, "big", new MemoryStream(new byte[1_001]), Stop);

        Assert.Equal(ErrorKind.TooLarge, saved.Error?.Kind);
        Assert.Empty(await files.ListAsync(1, Stop));
        Assert.Empty(Directory.GetFiles(Path.Combine(store.DataDirectory, "files")));
        Assert.True((await files.SaveAsync(1, "fits", new MemoryStream(new byte[1_000]), Stop)).IsSuccess);
    }

    private static TokenRecord Token(string identifier, DateTimeOffset now) =>
        new(identifier, $"{identifier}-id", SHA256.HashData("secret"u8), [Permissions.JobSubmit], ["alice"], now, "root", now.AddDays(1));

    private static async Task<string> ReadAsync(IRunFileStore files, long runId, string name)
    {
        await using var stream = await files.OpenAsync(runId, name, Stop) ?? throw new InvalidOperationException();
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync(Stop);
    }

    private async Task<TestStore> OpenAsync(string provider) =>
        await TestStore.OpenAsync(provider, provider == "Sqlite" ? null : await postgres.CreateDatabaseAsync());
}
