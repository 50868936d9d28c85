using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Notifications;
using Ascob.Core.Timing;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Notifications;

/// <summary>Subscriptions that another part keeps.</summary>
public sealed class SubscriptionKeeperTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task KeepAsync_MakesThemWhatIsWanted_AndLeavesAloneWhatIs()
    {
        await using var store = await TestStore.OpenAsync("Sqlite", null);
        var (keeper, notifications) = Make(store);
        var complete = new SubscriptionRequest { Name = "complete https://a.example/", Kind = "overseer", Url = "https://a.example/", Events = ["finished"], Filter = new SubscriptionFilter { Definitions = [1] } };
        var fail = complete with { Name = "fail https://a.example/", Events = ["error"] };

        Assert.Empty(await keeper.KeepAsync("repository", [complete, fail], "server:one", Stop));
        await keeper.KeepAsync("other", [complete], "server:one", Stop);
        var first = await notifications.SubscriptionsAsync(Stop);
        Assert.Equal(3, first.All.Count);

        Assert.Empty(await keeper.KeepAsync("repository", [complete, fail], "server:one", Stop));
        Assert.Equal(first.Version, await notifications.VersionAsync(Stop));

        Assert.Empty(await keeper.KeepAsync("repository", [complete with { Filter = new SubscriptionFilter { Definitions = [2] } }], "server:one", Stop));
        var now = (await notifications.SubscriptionsAsync(Stop)).All;
        var kept = Assert.Single(now, s => s.Source == "repository");
        Assert.Equal((first.All[0].Id, "server:one"), (kept.Id, kept.CreatedBy));
        Assert.Equal([2], kept.Filter.Definitions);
        Assert.Equal(2, now.Count);
    }

    [Fact]
    public async Task KeepAsync_WhereOneIsWrong_SaysSoAndKeepsTheOthers()
    {
        await using var store = await TestStore.OpenAsync("Sqlite", null);
        var (keeper, notifications) = Make(store);
        var good = new SubscriptionRequest { Name = "good", Kind = "kuroko2", Url = "https://a.example/", NotifyAll = true };

        var wrong = await keeper.KeepAsync("x", [good, good with { Name = "inside", Url = "http://10.0.0.1/" }], "server:one", Stop);

        Assert.Equal(["inside"], wrong.Keys);
        Assert.Equal("good", Assert.Single((await notifications.SubscriptionsAsync(Stop)).All).Name);
    }

    [Fact]
    public async Task KeepAsync_OneThatWasSwitchedOffForItsReceiver_StaysOffUntilItChanges()
    {
        await using var store = await TestStore.OpenAsync("Sqlite", null);
        var (keeper, notifications) = Make(store);
        var wanted = new SubscriptionRequest { Name = "w", Kind = "webhook", Url = "https://a.example/" };
        await keeper.KeepAsync("x", [wanted], "server:one", Stop);
        var made = Assert.Single((await notifications.SubscriptionsAsync(Stop)).All);
        await notifications.ReplaceAsync(made with { Enabled = false, DisabledReason = "HTTP 410", ChangedAt = made.ChangedAt.AddSeconds(1) }, made.ChangedAt, Stop);

        await keeper.KeepAsync("x", [wanted], "server:one", Stop);
        Assert.False(Assert.Single((await notifications.SubscriptionsAsync(Stop)).All).Enabled);

        await keeper.KeepAsync("x", [wanted with { Url = "https://b.example/" }], "server:one", Stop);
        Assert.True(Assert.Single((await notifications.SubscriptionsAsync(Stop)).All) is { Enabled: true, DisabledReason: null });
    }

    private static (SubscriptionKeeper Keeper, INotificationStore Store) Make(TestStore store)
    {
        var notifications = store.Get<INotificationStore>();
        var clock = store.Get<MonotonicClock>();
        var addresses = new ReceiverAddresses(host => host == "10.0.0.1", false);
        return (
            new SubscriptionKeeper(
                notifications,
                new KeptSubscriptions(store.Get<ISecretProtector>(), addresses, clock),
                new SubscriptionWatch(notifications, store.Get<NoticeInterest>(), clock),
                addresses,
                clock),
            notifications);
    }
}
