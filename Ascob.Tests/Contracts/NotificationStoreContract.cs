using Ascob.Core.Jobs;
using Ascob.Core.Notifications;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Contracts;

/// <summary>What every database must do for notifications.</summary>
public abstract partial class NotificationStoreContract
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
}
