using Ascob.Core.Notifications;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Contracts;

/// <content>Deliveries: who sends what, in which order, and what becomes of it.</content>
public abstract partial class NotificationStoreContract
{
    [Fact]
    public async Task PlanAsync_WhenSeveralPlanTheSame_StoresEachDeliveryOnce()
    {
        await using var store = await OpenAsync();
        await using var other = await store.OpenOtherAsync();
        var subscriptions = await LearnAsync(store, Sample(), Sample());
        var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        await SampleRuns.ApplyAsync(store.Runs, run, RunTrigger.BackendSucceeded);
        var notices = await store.Get<INotificationStore>().NoticesAsync(10, Stop);
        var plans = notices.Select(n => new Plan(n, [.. subscriptions.Select(s => s.Id)], Now)).ToList();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? store : other).Get<INotificationStore>().PlanAsync(plans, Stop)));

        Assert.Empty(await store.Get<INotificationStore>().NoticesAsync(10, Stop));
        Assert.Equal(4, (await store.Get<INotificationStore>().ListAsync(new DeliveryQuery(), Stop)).Count);
    }

    [Fact]
    public async Task WhatOnlyALaterVersionKnows_IsLeftToIt_AndStopsNothingElse()
    {
        await using var store = await OpenAsync();
        var subscription = Assert.Single(await LearnAsync(store, Sample()));
        var notifications = store.Get<INotificationStore>();
        var (strange, known) = (await EndedAsync(), await EndedAsync());
        await WriteAsync(store, "UPDATE notices SET kind = 'of_a_later_version' WHERE run_id = @id", strange.Id);

        Assert.All(await notifications.NoticesAsync(100, Stop), n => Assert.Equal(known.Id, n.RunId));
        Assert.Equal(2, await new NoticePlanner(notifications, new SubscriptionWatch(notifications, store.Get<NoticeInterest>(), store.Get<MonotonicClock>()), store.Get<MonotonicClock>()).PlanAsync(Stop));
        Assert.Equal(1, await PlannedOfAsync(known, subscription));

        // As if that version had planned it, and had gone.
        await WriteAsync(store, "UPDATE notices SET kind = 'finished' WHERE run_id = @id", strange.Id);
        await notifications.PlanAsync([.. (await notifications.NoticesAsync(100, Stop)).Select(n => new Plan(n, [subscription.Id], Now))], Stop);
        await WriteAsync(store, "UPDATE notification_deliveries SET kind = 'of_a_later_version' WHERE run_id = @id", strange.Id);
        Assert.All((await notifications.ClaimAsync(subscription.Id, "a", Now.AddYears(1), Now.AddYears(2), 10, Stop)).Append(await FirstAsync(known)), d => Assert.Equal(known.Id, d.Key.RunId));
        Assert.Equal("unknown", Ascob.Core.Client.DeliveryInfo.From(await FirstAsync(strange)).Event);

        async Task<Run> EndedAsync() => await SampleRuns.ApplyAsync(store.Runs, await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs)), RunTrigger.BackendSucceeded);
        async Task<int> PlannedOfAsync(Run run, Subscription of) => (await notifications.ListAsync(new DeliveryQuery { RunId = run.Id, SubscriptionId = of.Id }, Stop)).Count(d => d.Notice.Kind == NoticeKinds.Finished);
        async Task<Delivery> FirstAsync(Run run) => (await notifications.ListAsync(new DeliveryQuery { RunId = run.Id }, Stop))[0];
    }

    [Fact]
    public async Task DropUnknownAsync_ForgetsOldNoticesThatNobodyHereKnows_AndNoOthers()
    {
        await using var store = await OpenAsync();
        await LearnAsync(store, Sample());
        var notifications = store.Get<INotificationStore>();
        var (strange, known) = (await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs)), await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs)));
        await WriteAsync(store, "UPDATE notices SET kind = 'of_a_later_version' WHERE run_id = @id", strange.Id);

        Assert.Equal(0, await notifications.DropUnknownAsync(DateTimeOffset.UnixEpoch, Stop));
        Assert.Equal(1, await notifications.DropUnknownAsync(Now.AddYears(100), Stop));
        Assert.Equal(known.Id, Assert.Single(await notifications.NoticesAsync(100, Stop)).RunId);
    }

    [Fact]
    public async Task ClaimAsync_GivesTheEventsOfARunInOrder_AndNoneToTwo()
    {
        await using var store = await OpenAsync();
        var notifications = store.Get<INotificationStore>();
        var subscription = await PlannedAsync(store, runs: 2);

        Assert.Equal([subscription.Id], await notifications.ReadyAsync(Now, Stop));
        var first = await notifications.ClaimAsync(subscription.Id, "a", Now, Now + Lease, 10, Stop);
        Assert.Equal([1L, 1L], first.Select(d => d.Key.Seq));
        Assert.Equal([1, 1], first.Select(d => d.Attempts));
        Assert.Empty(await notifications.ClaimAsync(subscription.Id, "b", Now, Now + Lease, 10, Stop));

        Assert.True(await notifications.EndAttemptAsync(first[0], DeliveryState.Delivered, Now, null, Stop));
        var second = Assert.Single(await notifications.ClaimAsync(subscription.Id, "b", Now, Now + Lease, 10, Stop));
        Assert.Equal((first[0].Key.RunId, 2L), (second.Key.RunId, second.Key.Seq));
    }

    [Fact]
    public async Task EndAttemptAsync_WhenItFailed_HoldsThoseBehindBack_AndADeadOneLetsThemGo()
    {
        await using var store = await OpenAsync();
        var notifications = store.Get<INotificationStore>();
        var subscription = await PlannedAsync(store, runs: 1);
        var first = Assert.Single(await notifications.ClaimAsync(subscription.Id, "a", Now, Now + Lease, 10, Stop));

        Assert.True(await notifications.EndAttemptAsync(first, DeliveryState.Pending, Now.AddMinutes(5), "HTTP 500", Stop));

        Assert.Empty(await notifications.ReadyAsync(Now.AddMinutes(4), Stop));
        var again = Assert.Single(await notifications.ClaimAsync(subscription.Id, "a", Now.AddMinutes(5), Now.AddMinutes(6), 10, Stop));
        Assert.Equal((1L, 2, "HTTP 500"), (again.Key.Seq, again.Attempts, again.LastError));
        Assert.True(await notifications.EndAttemptAsync(again, DeliveryState.Dead, Now.AddMinutes(5), "no use", Stop));
        var next = Assert.Single(await notifications.ClaimAsync(subscription.Id, "a", Now.AddMinutes(5), Now.AddMinutes(6), 10, Stop));
        Assert.Equal(2, next.Key.Seq);
    }

    [Fact]
    public async Task Lease_WhenItEnds_AnotherTakesOver_AndTheFirstCanSayNothingMore()
    {
        await using var store = await OpenAsync();
        var notifications = store.Get<INotificationStore>();
        var subscription = await PlannedAsync(store, runs: 1);
        var lost = Assert.Single(await notifications.ClaimAsync(subscription.Id, "a", Now, Now + Lease, 10, Stop));

        Assert.Empty(await notifications.ClaimAsync(subscription.Id, "b", Now + Lease - TimeSpan.FromSeconds(1), Now + Lease + Lease, 10, Stop));
        var taken = Assert.Single(await notifications.ClaimAsync(subscription.Id, "b", Now + Lease, Now + Lease + Lease, 10, Stop));

        Assert.Equal((lost.Key, 2), (taken.Key, taken.Attempts));
        Assert.False(await notifications.EndAttemptAsync(lost, DeliveryState.Dead, Now, "late", Stop));
        Assert.True(await notifications.EndAttemptAsync(taken, DeliveryState.Delivered, Now + Lease, null, Stop));
        Assert.Equal(DeliveryState.Delivered, (await notifications.FindAsync(lost.Key, Stop))!.State);
    }

    [Fact]
    public async Task DeadOnes_CanBeListedReplayedAndDropped_OneByOneAndAll()
    {
        await using var store = await OpenAsync();
        var notifications = store.Get<INotificationStore>();
        var subscription = await PlannedAsync(store, runs: 3);
        await notifications.GiveUpAsync(subscription.Id, Now, "the receiver is gone", Stop);
        var dead = await notifications.ListAsync(new DeliveryQuery { State = DeliveryState.Dead }, Stop);
        Assert.Equal(6, dead.Count);
        Assert.All(dead, d => Assert.Equal("the receiver is gone", d.LastError));
        Assert.Equal(new DeliveryCount(subscription.Id, DeliveryState.Dead, 6), Assert.Single(await notifications.CountAsync(Stop)));

        Assert.Equal(1, await notifications.ReplayAsync(dead[^1].Key, null, Now.AddHours(1), Stop));
        Assert.Equal(0, await notifications.ReplayAsync(dead[^1].Key, null, Now.AddHours(1), Stop));
        Assert.Equal(1, await notifications.DropAsync(dead[0].Key, null, Stop));
        Assert.Equal(4, await notifications.ReplayAsync(null, subscription.Id, Now.AddHours(1), Stop));
        Assert.Equal(0, await notifications.DropAsync(null, null, Stop));

        var back = await notifications.ListAsync(new DeliveryQuery { SubscriptionId = subscription.Id }, Stop);
        Assert.All(back, d => Assert.Equal((DeliveryState.Pending, 0, Now.AddHours(1)), (d.State, d.Attempts, d.Since)));
        Assert.Equal(5, back.Count);
    }

    [Fact]
    public async Task ListAsync_GoesThroughAllPages_EachOnce()
    {
        await using var store = await OpenAsync();
        var notifications = store.Get<INotificationStore>();
        await PlannedAsync(store, runs: 5);
        var seen = new List<DeliveryKey>();
        var page = await notifications.ListAsync(new DeliveryQuery { Limit = 3 }, Stop);
        while (page.Count > 0)
        {
            seen.AddRange(page.Select(d => d.Key));
            page = await notifications.ListAsync(new DeliveryQuery { Limit = 3, After = page[^1].Key }, Stop);
        }

        Assert.Equal(10, seen.Distinct().Count());
        Assert.Equal(seen.OrderByDescending(k => k.RunId).ThenByDescending(k => k.Seq), seen);
    }

    [Fact]
    public async Task PurgeAsync_ForgetsWhatEndedLongAgo_AndNothingElse()
    {
        await using var store = await OpenAsync();
        var notifications = store.Get<INotificationStore>();
        var subscription = await PlannedAsync(store, runs: 3);
        foreach (var (i, delivery) in (await notifications.ClaimAsync(subscription.Id, "a", Now, Now + Lease, 10, Stop)).Index())
        {
            await notifications.EndAttemptAsync(delivery, DeliveryState.Delivered, Now.AddMinutes(i), null, Stop);
        }

        Assert.Equal(1, await notifications.PurgeAsync(DeliveryState.Delivered, Now.AddMinutes(2), 1, Stop));
        Assert.Equal(1, await notifications.PurgeAsync(DeliveryState.Delivered, Now.AddMinutes(2), 10, Stop));
        Assert.Equal(3, await notifications.GiveUpOldAsync(Now.AddDays(1), Now.AddDays(2), "too old", Stop));
        Assert.Equal(4, (await notifications.ListAsync(new DeliveryQuery(), Stop)).Count);
    }

    [Fact]
    public async Task DropOrphansAsync_DeletesWhatIsForNobody()
    {
        await using var store = await OpenAsync();
        var notifications = store.Get<INotificationStore>();
        var subscription = await PlannedAsync(store, runs: 1);
        var delivery = (await notifications.ListAsync(new DeliveryQuery(), Stop))[0];
        await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        await notifications.PlanAsync([.. (await notifications.NoticesAsync(10, Stop)).Select(n => new Plan(n, [subscription.Id + 1], Now))], Stop);

        Assert.Equal(1, await notifications.DropOrphansAsync(Stop));
        Assert.NotNull(await notifications.FindAsync(delivery.Key, Stop));
    }

    /// <summary>Two events of each of some runs, planned for one subscription.</summary>
    private static async Task<Subscription> PlannedAsync(TestStore store, int runs)
    {
        var subscription = Assert.Single(await LearnAsync(store, Sample()));
        for (var i = 0; i < runs; i++)
        {
            var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
            await SampleRuns.ApplyAsync(store.Runs, run, RunTrigger.BackendSucceeded);
        }

        var notifications = store.Get<INotificationStore>();
        await notifications.PlanAsync([.. (await notifications.NoticesAsync(100, Stop)).Select(n => new Plan(n, [subscription.Id], Now))], Stop);
        return subscription;
    }
}
