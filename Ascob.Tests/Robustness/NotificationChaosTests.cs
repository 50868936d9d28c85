using System.Collections.Concurrent;
using Ascob.Core.Dispatch;
using Ascob.Core.Notifications;
using Ascob.Core.Runs;
using Ascob.Core.Telemetry;
using Ascob.Core.Timing;
using Ascob.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Robustness;

/// <summary>
/// Notification chaos: the receiver is down for an hour, and the delivering processes are killed at random points between any two steps and replaced by new ones. Each event arrives at least once, in order per run,
/// with an id that stays the same.
/// </summary>
public sealed class NotificationChaosTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Outage = TimeSpan.FromHours(1);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 8)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task ReceiverDownForAnHour_AndServersKilled_NothingIsLostOnSqlite(int seed)
    {
        await using var store = await TestStore.OpenAsync("Sqlite", null);
        await RunAsync(store, [store], seed);
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public async Task ReceiverDownForAnHour_AndTwoServersKilled_NothingIsLostOnPostgreSql(int seed)
    {
        await using var store = await TestStore.OpenAsync("PostgreSql", await postgres.CreateDatabaseAsync());
        await using var other = await store.OpenOtherAsync();
        await RunAsync(store, [store, other], seed);
    }

    [Fact]
    public async Task TwoServersDeliveringAtOnce_NeverSendOutOfOrder_NorTwiceWithoutATrouble()
    {
        await using var store = await TestStore.OpenAsync("PostgreSql", await postgres.CreateDatabaseAsync());
        await using var other = await store.OpenOtherAsync();
        var time = new FakeTimeProvider(SampleRuns.Start.AddDays(1));
        var clock = new MonotonicClock(time);
        var world = new World(clock, new Random(5), kills: false);
        await world.SubscribeAsync(store, 3);
        var engines = new[] { store, other }.Select(s => world.NewEngine(s, "one")).ToList();
        using var done = new CancellationTokenSource();
        var delivering = engines.Select(e => Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                await Task.WhenAll(await e.TurnAsync(Stop));
            }
        })).ToList();

        var made = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => World.MakeRunAsync(i % 2 == 0 ? store : other, steps: 4)));
        var expected = made.SelectMany(m => m).Count() * 3;
        await world.UntilAsync(() => world.Taken.Count >= expected);
        await done.CancelAsync();
        await Task.WhenAll(delivering);

        Assert.Equal(expected, world.Taken.Count);
        world.AssertOrder();
        Assert.DoesNotContain(await store.Get<INotificationStore>().ListAsync(new DeliveryQuery { Limit = 500 }, Stop), d => d.State != DeliveryState.Delivered);
    }

    private static async Task RunAsync(TestStore store, IReadOnlyList<TestStore> servers, int seed)
    {
        var random = new Random(seed);
        var time = new FakeTimeProvider(SampleRuns.Start.AddDays(1));
        var clock = new MonotonicClock(time);
        var world = new World(clock, random, kills: true);
        await world.SubscribeAsync(store, 2);
        var expected = new List<(long RunId, long Seq)>();
        var engines = servers.Select(s => world.NewEngine(s, "one")).ToList();

        // An hour in which nobody answers, then the receiver is back and everything must arrive.
        world.IsUp = () => clock.Now >= SampleRuns.Start.AddDays(1) + Outage;
        for (var turn = 0; clock.Now < SampleRuns.Start.AddDays(1) + Outage + TimeSpan.FromHours(1); turn++)
        {
            if (turn < 60)
            {
                expected.AddRange(await World.MakeRunAsync(store, steps: random.Next(1, 5)));
            }

            for (var i = 0; i < engines.Count; i++)
            {
                try
                {
                    await Task.WhenAll(await engines[i].TurnAsync(Stop));
                }
                catch (KilledException)
                {
                    // The planning was cut off; that of a lane shows in the flag.
                }

                if (world.Killed.TryRemove(engines[i], out _))
                {
                    engines[i] = world.NewEngine(servers[i], $"life-{turn}-{i}");
                }
            }

            time.Advance(TimeSpan.FromSeconds(random.Next(5, 60)));
        }

        Assert.True(world.Kills > 20, $"only {world.Kills} kills");
        foreach (var subscription in world.Subscriptions)
        {
            var ids = world.Taken.Where(t => t.Subscription == subscription).Select(t => t.Id).ToHashSet(StringComparer.Ordinal);
            Assert.Equal([], expected.Where(e => !ids.Contains($"evt_{e.RunId}_{e.Seq}")));
            Assert.Equal(expected.Count, ids.Count);
        }

        world.AssertOrder();
        Assert.Empty(await store.Get<INotificationStore>().NoticesAsync(10, Stop));
        Assert.All(await store.Get<INotificationStore>().CountAsync(Stop), c => Assert.Fail($"{c}"));
    }

    /// <summary>A process ends here, whatever it was doing.</summary>
    private sealed class KilledException : Exception;

    private sealed class World(MonotonicClock clock, Random random, bool kills) : INotificationSender
    {
        private readonly Lock _gate = new();

        public ConcurrentQueue<(long Subscription, long RunId, long Seq, string Id)> Taken { get; } = new();

        public ConcurrentDictionary<NotificationEngine, bool> Killed { get; } = new();

        public List<long> Subscriptions { get; } = [];

        public Func<bool> IsUp { get; set; } = () => true;

        public int Kills { get; private set; }

        public string Kind => ReceiverKinds.Webhook;

        public Task<SendOutcome> SendAsync(OutgoingNotice message, CancellationToken cancellationToken)
        {
            if (!IsUp())
            {
                return Task.FromResult(SendOutcome.Retry("HTTP 503"));
            }

            Taken.Enqueue((message.Subscription.Id, message.Notice.RunId, message.Notice.Seq, message.EventId));
            return Task.FromResult(SendOutcome.Delivered);
        }

        public async Task SubscribeAsync(TestStore store, int count)
        {
            for (var i = 0; i < count; i++)
            {
                var added = await store.Get<INotificationStore>().AddAsync(
                    new Subscription
                    {
                        Id = 0,
                        Name = "chaos",
                        Kind = Kind,
                        Events = NoticeKinds.Launched | NoticeKinds.Retried | NoticeKinds.InDoubt | NoticeKinds.Finished | NoticeKinds.Error,
                        CreatedAt = clock.Now,
                        CreatedBy = "test",
                        ChangedAt = clock.Now,
                    },
                    Stop);
                Subscriptions.Add(added.Id);
            }
        }

        /// <summary>Makes a run and takes it through some events that are told; answers those.</summary>
        public static async Task<IReadOnlyList<(long RunId, long Seq)>> MakeRunAsync(TestStore store, int steps)
        {
            var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
            var told = new List<(long, long)> { (run.Id, 1) };
            for (var step = 1; step < steps; step++)
            {
                var trigger = step == steps - 1 ? RunTrigger.BackendSucceeded : run.Status == RunStatus.InDoubt ? RunTrigger.FoundNotStarted : RunTrigger.AnswerLost;
                run = await SampleRuns.ApplyAsync(store.Runs, run, trigger);
                if (run.Status != RunStatus.PendingSubmit)
                {
                    told.Add((run.Id, run.Version));
                }
            }

            return told;
        }

        public NotificationEngine NewEngine(TestStore server, string life)
        {
            NotificationEngine? engine = null;
            var store = kills ? new KillingStore(server.Get<INotificationStore>(), () => Kill(engine!)) : server.Get<INotificationStore>();
            var options = Options.Create(new NotificationOptions());
            var identity = new ServerIdentity(Options.Create(new EngineOptions { ServerName = life }));
            var backoff = new Backoff(new Random(random.Next()));
            var watch = new SubscriptionWatch(store, new NoticeInterest(clock), clock);
            var metrics = new NotificationMetrics(new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());
            var attempts = new NotificationAttempts(
                store, [this], server.Get<Ascob.Core.Definitions.IDefinitionStore>(), server.Get<Ascob.Core.Access.ISecretProtector>(), backoff, options, Options.Create(new EngineOptions()), metrics, clock, NullLogger<NotificationAttempts>.Instance);
            engine = new NotificationEngine(store, new NoticePlanner(store, watch, clock), watch, attempts, identity, backoff, options, clock, NullLogger<NotificationEngine>.Instance);
            return engine;
        }

        public void AssertOrder()
        {
            foreach (var group in Taken.GroupBy(t => (t.Subscription, t.RunId)))
            {
                // What was sent twice may come again, but nothing is sent before all that came before it was.
                var first = group.Select(t => t.Seq).Distinct().ToList();
                Assert.Equal(first.Order(), first);
            }
        }

        public async Task UntilAsync(Func<bool> condition)
        {
            var begun = TimeProvider.System.GetTimestamp();
            while (!condition())
            {
                Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(60), $"{Taken.Count} arrived");
                await Task.Delay(20, Stop);
            }
        }

        private void Kill(NotificationEngine engine)
        {
            lock (_gate)
            {
                // Once killed, a process does nothing more.
                if (Killed.ContainsKey(engine) || random.Next(60) == 0)
                {
                    Kills += Killed.TryAdd(engine, true) ? 1 : 0;
                    throw new KilledException();
                }
            }
        }
    }

    /// <summary>A store whose process can be killed before and after everything that it writes.</summary>
    private sealed class KillingStore(INotificationStore inner, Action kill) : INotificationStore
    {
        public Task<long> VersionAsync(CancellationToken cancellationToken) => inner.VersionAsync(cancellationToken);

        public Task<SubscriptionSet> SubscriptionsAsync(CancellationToken cancellationToken) => inner.SubscriptionsAsync(cancellationToken);

        public Task<Subscription> AddAsync(Subscription subscription, CancellationToken cancellationToken) => inner.AddAsync(subscription, cancellationToken);

        public Task<bool> ReplaceAsync(Subscription subscription, DateTimeOffset before, CancellationToken cancellationToken) => inner.ReplaceAsync(subscription, before, cancellationToken);

        public Task<SubscriptionChanges> KeepAsync(string source, PlanSubscriptions plan, CancellationToken cancellationToken) => inner.KeepAsync(source, plan, cancellationToken);

        public Task<bool> DeleteAsync(long id, CancellationToken cancellationToken) => inner.DeleteAsync(id, cancellationToken);

        public Task<IReadOnlyList<Notice>> NoticesAsync(int limit, CancellationToken cancellationToken) => AroundAsync(() => inner.NoticesAsync(limit, cancellationToken));

        public Task PlanAsync(IReadOnlyList<Plan> plans, CancellationToken cancellationToken) => AroundAsync(async () =>
        {
            await inner.PlanAsync(plans, cancellationToken);
            return 0;
        });

        public Task<RunStatus?> OutcomeBeforeAsync(Notice success, CancellationToken cancellationToken) => inner.OutcomeBeforeAsync(success, cancellationToken);

        public Task<IReadOnlyList<long>> ReadyAsync(DateTimeOffset now, CancellationToken cancellationToken) => inner.ReadyAsync(now, cancellationToken);

        public Task<IReadOnlyList<Delivery>> ClaimAsync(long subscriptionId, string owner, DateTimeOffset now, DateTimeOffset until, int limit, CancellationToken cancellationToken) =>
            AroundAsync(() => inner.ClaimAsync(subscriptionId, owner, now, until, limit, cancellationToken));

        public Task<bool> EndAttemptAsync(Delivery delivery, DeliveryState state, DateTimeOffset at, string? reason, CancellationToken cancellationToken) =>
            AroundAsync(() => inner.EndAttemptAsync(delivery, state, at, reason, cancellationToken));

        public Task HurryAsync(long subscriptionId, DateTimeOffset now, CancellationToken cancellationToken) => AroundAsync(async () =>
        {
            await inner.HurryAsync(subscriptionId, now, cancellationToken);
            return 0;
        });

        public Task GiveUpAsync(long subscriptionId, DateTimeOffset now, string reason, CancellationToken cancellationToken) => inner.GiveUpAsync(subscriptionId, now, reason, cancellationToken);

        public Task<int> GiveUpOldAsync(DateTimeOffset since, DateTimeOffset now, string reason, CancellationToken cancellationToken) => inner.GiveUpOldAsync(since, now, reason, cancellationToken);

        public Task ReleaseLeasesAsync(string owner, CancellationToken cancellationToken) => inner.ReleaseLeasesAsync(owner, cancellationToken);

        public Task TakeOverAbandonedLeasesAsync(CancellationToken cancellationToken) => inner.TakeOverAbandonedLeasesAsync(cancellationToken);

        public Task<Delivery?> FindAsync(DeliveryKey key, CancellationToken cancellationToken) => inner.FindAsync(key, cancellationToken);

        public Task<IReadOnlyList<Delivery>> ListAsync(DeliveryQuery query, CancellationToken cancellationToken) => inner.ListAsync(query, cancellationToken);

        public Task<long> ReplayAsync(DeliveryKey? key, long? subscriptionId, DateTimeOffset now, CancellationToken cancellationToken) => inner.ReplayAsync(key, subscriptionId, now, cancellationToken);

        public Task<long> DropAsync(DeliveryKey? key, long? subscriptionId, CancellationToken cancellationToken) => inner.DropAsync(key, subscriptionId, cancellationToken);

        public Task<IReadOnlyList<DeliveryCount>> CountAsync(CancellationToken cancellationToken) => inner.CountAsync(cancellationToken);

        public Task<int> DropUnknownAsync(DateTimeOffset before, CancellationToken cancellationToken) => inner.DropUnknownAsync(before, cancellationToken);

        public Task<int> DropOrphansAsync(CancellationToken cancellationToken) => inner.DropOrphansAsync(cancellationToken);

        public Task<int> PurgeAsync(DeliveryState state, DateTimeOffset endedBefore, int limit, CancellationToken cancellationToken) => inner.PurgeAsync(state, endedBefore, limit, cancellationToken);

        private async Task<T> AroundAsync<T>(Func<Task<T>> work)
        {
            kill();
            var result = await work();
            kill();
            return result;
        }
    }
}
