using System.Security.Cryptography;
using Ascob.Core.Access;
using Ascob.Core.Backends;
using Ascob.Core.Timing;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence;

/// <summary>Tokens and backend states, on the databases that are there.</summary>
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

    private static TokenRecord Token(string identifier, DateTimeOffset now) =>
        new(identifier, $"{identifier}-id", SHA256.HashData("secret"u8), [Permissions.JobSubmit], ["alice"], now, "root", now.AddDays(1));

    private async Task<TestStore> OpenAsync(string provider) =>
        await TestStore.OpenAsync(provider, provider == "Sqlite" ? null : await postgres.CreateDatabaseAsync());
}
