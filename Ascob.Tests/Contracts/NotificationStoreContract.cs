using Ascob.Core.Jobs;
using Ascob.Core.Notifications;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Contracts;

/// <summary>What every database must do for notifications.</summary>
public abstract class NotificationStoreContract
{
    private static readonly DateTimeOffset Now = SampleRuns.Start.AddDays(1);
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(45);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    protected abstract Task<TestStore> OpenAsync();

    [Fact]
    public async Task Subscriptions_AreKeptWhole_AndEveryChangeHasAVersionOfItsOwn()
    {
        await using var store = await OpenAsync();
        var notifications = store.Get<INotificationStore>();
        Assert.Equal(0, await notifications.VersionAsync(Stop));
        var wanted = Sample() with
        {
            Filter = new SubscriptionFilter { Definitions = [3], Labels = new Dictionary<string, string> { ["env"] = "*" }, Backends = ["b"], Submitters = ["alice"], CustomEvents = ["deployed"] },
            Receiver = new ReceiverSettings { ShownUrl = "https://example.org/?***", HasSecret = true, To = ["a@example.org"], NotifyAll = false, NotifyCancellation = true },
            ProtectedSecrets = "sealed",
            Source = "definition 3",
        };

        var added = await notifications.AddAsync(wanted, Stop);
        var set = await notifications.SubscriptionsAsync(Stop);

        Assert.Equivalent(wanted with { Id = added.Id }, Assert.Single(set.All), strict: true);
        Assert.Equal((await notifications.VersionAsync(Stop), added.Id), (set.Version, set.Version));
        var changed = added with { Name = "other", Enabled = false, DisabledReason = "gone", ChangedAt = Now.AddSeconds(1) };
        Assert.True(await notifications.ReplaceAsync(changed, added.ChangedAt, Stop));
        Assert.False(await notifications.ReplaceAsync(changed with { Name = "lost" }, added.ChangedAt, Stop));
        Assert.Equal("other", Assert.Single((await notifications.SubscriptionsAsync(Stop)).All).Name);
        Assert.True(await notifications.DeleteAsync(added.Id, Stop));
        Assert.False(await notifications.DeleteAsync(added.Id, Stop));
        var next = await notifications.AddAsync(Sample(), Stop);
        Assert.True(next.Id > added.Id);
    }

    [Fact]
    public async Task AddAsync_WhenManyComeAtOnce_GivesEachANumber()
    {
        await using var store = await OpenAsync();
        var notifications = store.Get<INotificationStore>();

        var ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ => (await notifications.AddAsync(Sample(), Stop)).Id));

        Assert.Equal(20, ids.Distinct().Count());
        Assert.Equal(20, (await notifications.SubscriptionsAsync(Stop)).All.Count);
    }

    [Fact]
    public async Task KeepAsync_WhileOthersChangeTheSame_LosesNoChange_AndMakesNoTwins()
    {
        await using var store = await OpenAsync();
        var notifications = store.Get<INotificationStore>();
        var names = new[] { "a", "b", "c" };

        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            if (i % 4 == 0)
            {
                // As who switches one off whose receiver is gone.
                foreach (var one in (await notifications.SubscriptionsAsync(Stop)).All)
                {
                    await notifications.ReplaceAsync(one with { Enabled = false, ChangedAt = one.ChangedAt.AddMicroseconds(1) }, one.ChangedAt, Stop);
                }

                return;
            }

            await notifications.KeepAsync("source", there => Kept(there, names), Stop);
        }));
        var changes = await notifications.KeepAsync("source", there => Kept(there, names), Stop);

        var set = await notifications.SubscriptionsAsync(Stop);
        Assert.Equal(names, set.All.Select(s => s.Name).Order());
        Assert.All(set.All, s => Assert.True(s.Enabled));
        Assert.True((await notifications.KeepAsync("source", there => Kept(there, names), Stop)).IsEmpty, $"{changes}");
        Assert.Equal(set.Version, await notifications.VersionAsync(Stop));
        await notifications.KeepAsync("source", _ => SubscriptionChanges.None with { Deleted = [set.All[0].Id] }, Stop);
        Assert.Equal(2, (await notifications.SubscriptionsAsync(Stop)).All.Count);

        static SubscriptionChanges Kept(IReadOnlyList<Subscription> there, IReadOnlyList<string> names) => new(
            [.. names.Where(n => there.All(s => s.Name != n)).Select(n => Sample() with { Name = n, Source = "source" })],
            [.. there.Where(s => !s.Enabled).Select(s => s with { Enabled = true, ChangedAt = s.ChangedAt.AddMicroseconds(1) })],
            []);
    }

    [Fact]
    public async Task Notice_IsWrittenWithItsEvent_OnlyWhereSomebodyWantsIt()
    {
        await using var store = await OpenAsync();
        await LearnAsync(store, Sample() with { Events = NoticeKinds.Error });

        var quiet = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        await SampleRuns.ApplyAsync(store.Runs, quiet, RunTrigger.BackendSucceeded);
        var loud = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        await SampleRuns.ApplyAsync(store.Runs, loud, RunTrigger.BackendFailed, r => r with { ExitCode = 3 });

        var notice = Assert.Single(await store.Get<INotificationStore>().NoticesAsync(10, Stop));
        Assert.Equal((loud.Id, 2L, NoticeKinds.Error, $"evt_{loud.Id}_2"), (notice.RunId, notice.Seq, notice.Kind, notice.EventId));
        Assert.Equal((RunStatus.Failed, 3, "alice", "prod"), (notice.Facts.Status, notice.Facts.ExitCode, notice.Facts.Submitter, notice.Facts.Labels!["env"]));
    }

    [Fact]
    public async Task Notice_OfAChangeThatLosesTheRace_IsNotWritten()
    {
        await using var store = await OpenAsync();
        await LearnAsync(store, Sample());
        var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 12).Select(
            i => store.Runs.TryApplyAsync(SampleRuns.Change(run, i % 2 == 0 ? RunTrigger.BackendSucceeded : RunTrigger.BackendFailed), null, Stop)));

        Assert.Single(outcomes, ApplyOutcome.Applied);
        Assert.Equal([1L, 2L], (await store.Get<INotificationStore>().NoticesAsync(10, Stop)).Select(n => n.Seq));
    }

    [Fact]
    public async Task Notices_OfManyRunsInOneBatch_AreAllThere()
    {
        await using var store = await OpenAsync();
        await LearnAsync(store, Sample());
        var added = await Task.WhenAll(Enumerable.Range(0, 120).Select(async i => await SampleRuns.AddAsync(
            store.Runs,
            await SampleRuns.NewAsync(
                store.Runs,
                status: i % 5 == 0 ? RunStatus.WaitingLocks : RunStatus.PendingSubmit,
                locks: i % 5 == 0 ? [new LockSpec($"k{i}", LockMode.Exclusive, LockPolicy.Wait)] : null,
                key: i % 3 == 0 ? new IdempotencyKey("t", $"key{i}", "hash") : null))));

        await Task.WhenAll(added.Where(r => r.Status == RunStatus.PendingSubmit).Select(r => SampleRuns.ApplyAsync(store.Runs, r, RunTrigger.BackendSucceeded)));

        var notices = await store.Get<INotificationStore>().NoticesAsync(1000, Stop);
        Assert.Equal(added.Select(r => r.Id).Order(), notices.Where(n => n.Kind == NoticeKinds.Launched).Select(n => n.RunId));
        Assert.Equal(added.Where(r => r.Status == RunStatus.PendingSubmit).Select(r => r.Id).Order(), notices.Where(n => n.Kind == NoticeKinds.Finished).Select(n => n.RunId));
    }

    [Fact]
    public async Task Notice_WhereNothingIsKnownOfSubscriptions_IsWritten_AndWhereThereAreNone_IsNot()
    {
        await using var store = await OpenAsync();
        await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        Assert.Single(await store.Get<INotificationStore>().NoticesAsync(10, Stop));

        await LearnAsync(store);
        await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));

        Assert.Single(await store.Get<INotificationStore>().NoticesAsync(10, Stop));
    }

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

    [Fact]
    public async Task OutcomeBeforeAsync_AnswersTheLastEndOfTheChain_ThatSaysSomething()
    {
        await using var store = await OpenAsync();
        var root = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        await SampleRuns.ApplyAsync(store.Runs, root, RunTrigger.BackendFailed);
        var stopped = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, parentId: root.Id));
        await SampleRuns.ApplyAsync(store.Runs, stopped, RunTrigger.BackendAborted);
        var again = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, parentId: root.Id));
        var ended = await SampleRuns.ApplyAsync(store.Runs, again, RunTrigger.BackendSucceeded);
        var notifications = store.Get<INotificationStore>();

        Assert.Equal(RunStatus.Failed, await notifications.OutcomeBeforeAsync(Success(ended), Stop));
        Assert.Null(await notifications.OutcomeBeforeAsync(Success(ended with { ParentId = null }), Stop));
    }

    private static Task<int> WriteAsync(TestStore store, string text, long id) => store.Get<IStoreWriter>().WriteAsync(
        new DelegateOperation<int>(async (session, stop) =>
        {
            var command = session.Command(store.Get<Database>().Dialect.Statement(text));
            command.Args.Long("id", id);
            return await command.ExecuteAsync(stop);
        }),
        Stop);

    private static Notice Success(Run run) => NoticeRules.Make(NoticeKinds.Finished, run, new RunEvent(run.Id, run.Version, run.EndedAt!.Value, RunEventTypes.StatusChanged, null, run.Status, null, null, null));

    private static Subscription Sample() => new()
    {
        Id = 0,
        Name = "sample",
        Kind = ReceiverKinds.Webhook,
        Events = NoticeKinds.Launched | NoticeKinds.Finished | NoticeKinds.Error | NoticeKinds.Recovered,
        CreatedAt = Now,
        CreatedBy = "token:test",
        ChangedAt = Now,
    };

    private static async Task<IReadOnlyList<Subscription>> LearnAsync(TestStore store, params Subscription[] subscriptions)
    {
        var added = new List<Subscription>();
        foreach (var subscription in subscriptions)
        {
            added.Add(await store.Get<INotificationStore>().AddAsync(subscription, Stop));
        }

        store.Get<NoticeInterest>().Learn(await store.Get<INotificationStore>().SubscriptionsAsync(Stop), store.Get<MonotonicClock>().Time.GetTimestamp());
        return added;
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
