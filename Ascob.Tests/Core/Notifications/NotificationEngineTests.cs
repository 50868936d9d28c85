using System.Collections.Concurrent;
using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Definitions;
using Ascob.Core.Dispatch;
using Ascob.Core.Notifications;
using Ascob.Core.Runs;
using Ascob.Core.Telemetry;
using Ascob.Core.Timing;
using Ascob.Tests.Fixtures;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Core.Notifications;

/// <summary>How messages are served to a receiver that changes while some are on their way.</summary>
public sealed class NotificationEngineTests : IAsyncLifetime
{
    private const string Old = "https://old.example/";
    private const string New = "https://new.example/";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new(SampleRuns.Start.AddDays(1));
    private readonly Receiver _receiver = new();
    private MonotonicClock _clock = null!;
    private TestStore _store = null!;
    private INotificationStore _notifications = null!;
    private SubscriptionWatch _watch = null!;
    private NotificationAttempts _attempts = null!;
    private NotificationEngine _engine = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _clock = new MonotonicClock(_time);
        _store = await TestStore.OpenAsync("Sqlite", null);
        _notifications = _store.Get<INotificationStore>();
        _watch = new SubscriptionWatch(_notifications, new NoticeInterest(_clock), _clock);
        var options = Options.Create(new NotificationOptions { MaxConcurrentPerReceiver = 1 });
        var engine = Options.Create(new EngineOptions { ServerName = "one" });
        var backoff = new Backoff(new Random(1));
        var metrics = new NotificationMetrics(new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());
        _attempts = new NotificationAttempts(_notifications, [_receiver], _store.Get<IDefinitionStore>(), _store.Get<ISecretProtector>(), backoff, options, engine, metrics, _clock, NullLogger<NotificationAttempts>.Instance);
        _engine = new NotificationEngine(
            _notifications, new NoticePlanner(_notifications, _watch, _clock), _watch, _attempts, new ServerIdentity(engine), backoff, options, _clock, NullLogger<NotificationEngine>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        _engine.Dispose();
        _watch.Dispose();
        await _store.DisposeAsync();
    }

    [Fact]
    public async Task TurnAsync_AfterAChange_SendsNothingMoreToTheOldAddress_HoweverLongTheLaneHasBeenBusy()
    {
        var subscription = await SubscribeAsync();
        await RunsAsync(3);
        var (entered, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        _receiver.Answer = async _ =>
        {
            entered.TrySetResult();
            await release.Task;
            return SendOutcome.Delivered;
        };
        var busy = await _engine.TurnAsync(Stop);
        await entered.Task.WaitAsync(Bound, Stop);

        Assert.True((await Service().ReplaceAsync(subscription.Id, Request(New), Root, Stop)).IsSuccess);
        release.SetResult();
        await Task.WhenAll(busy).WaitAsync(Bound, Stop);

        Assert.Equal([Old], _receiver.Urls);
        await TurnAsync();
        Assert.Equal([Old, New, New], _receiver.Urls);
    }

    [Fact]
    public async Task TurnAsync_AfterAChange_KnowsNothingOfTheTroubleWithTheFormerReceiver()
    {
        var subscription = await SubscribeAsync();
        await RunsAsync(1);
        _receiver.Answer = _ => Task.FromResult(SendOutcome.Retry("HTTP 503"));
        await FailAsync(4);
        _receiver.Answer = null;
        await TurnAsync();
        Assert.Equal(4, _receiver.Urls.Count);

        Assert.True((await Service().ReplaceAsync(subscription.Id, Request(New), Root, Stop)).IsSuccess);
        await TurnAsync();

        Assert.Equal([Old, Old, Old, Old, New], _receiver.Urls);
    }

    [Fact]
    public async Task KeepAsync_AfterAChange_HasWhatWaitsSentAtOnce()
    {
        await Keeper(shared: false).KeepAsync("source", [Request(Old)], "test", Stop);
        await RunsAsync(1);
        _receiver.Answer = _ => Task.FromResult(SendOutcome.Retry("HTTP 503"));
        await TurnAsync();
        _receiver.Answer = null;
        await TurnAsync();
        Assert.Equal([Old], _receiver.Urls);

        await Keeper(shared: false).KeepAsync("source", [Request(New)], "test", Stop);
        await TurnAsync();

        Assert.Equal([Old, New], _receiver.Urls);
    }

    [Fact]
    public async Task KeepAsync_OnASharedDatabase_IsAnsweredWhenAllServersKnow_AndAtOnceWhereNothingChanged()
    {
        var keeper = Keeper(shared: true);
        var keeping = keeper.KeepAsync("source", [Request(Old)], "test", Stop);
        await UntilAsync(async () => (await _notifications.SubscriptionsAsync(Stop)).All.Count == 1);
        _time.Advance(NoticeInterest.Trust - TimeSpan.FromMilliseconds(1));
        for (var i = 0; i < 30; i++)
        {
            // It would be answered by now if it did not wait.
            Assert.False(keeping.IsCompleted);
            await Task.Delay(10, Stop);
        }

        // The wait may begin only now.
        await UntilAsync(() =>
        {
            _time.Advance(NoticeInterest.Trust);
            return Task.FromResult(keeping.IsCompleted);
        });

        Assert.Empty(await keeper.KeepAsync("source", [Request(Old)], "test", Stop).WaitAsync(Bound, Stop));
    }

    [Fact]
    public async Task TurnAsync_WhenANoticeIsOfAKindThatThisVersionDoesNotKnow_TellsTheOthers_AndLeavesItToWhoKnowsIt()
    {
        await SubscribeAsync();
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(_store.DataDirectory, "ascob.db")};Pooling=False");
        await connection.OpenAsync(Stop);
        await using var command = connection.CreateCommand();

        // Before all others, as the lowest number.
        command.CommandText = "INSERT INTO notices (run_id, seq, kind, at_time, facts) VALUES (0, 1, 'of_tomorrow', 0, '{\"status\":\"RUNNING\"}')";
        await command.ExecuteNonQueryAsync(Stop);

        await RunsAsync(1);
        await TurnAsync();

        Assert.Single(_receiver.Urls);
        Assert.Empty(await _notifications.NoticesAsync(10, Stop));
        command.CommandText = "SELECT COUNT(*) FROM notices WHERE kind = 'of_tomorrow'";
        Assert.Equal(1L, await command.ExecuteScalarAsync(Stop));
    }

    private static Caller Root { get; } = TestWorld.Root;

    private static SubscriptionRequest Request(string url) => new() { Name = "w", Kind = ReceiverKinds.Webhook, Url = url, Events = ["launched"] };

    private async Task<Subscription> SubscribeAsync() => (await Service().AddAsync(Request(Old), Root, Stop)).Value!.Subscription;

    private SubscriptionService Service() => new(_notifications, _watch, _attempts, _store.Get<ISecretProtector>(), new ReceiverAddresses(_ => false, false), _clock);

    private SubscriptionKeeper Keeper(bool shared)
    {
        var addresses = new ReceiverAddresses(_ => false, shared);
        return new SubscriptionKeeper(_notifications, new KeptSubscriptions(_store.Get<ISecretProtector>(), addresses, _clock), _watch, addresses, _clock);
    }

    private async Task RunsAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await SampleRuns.AddAsync(_store.Runs, await SampleRuns.NewAsync(_store.Runs));
        }
    }

    private async Task TurnAsync() => await Task.WhenAll(await _engine.TurnAsync(Stop)).WaitAsync(Bound, Stop);

    private async Task FailAsync(int times)
    {
        for (var i = 0; i < times; i++)
        {
            await TurnAsync();
            if (i < times - 1)
            {
                _time.Advance(TimeSpan.FromMinutes(5));
            }
        }

        Assert.Equal(times, _receiver.Urls.Count);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < Bound, "It did not come about.");
            await Task.Delay(10, Stop);
        }
    }

    private sealed class Receiver : INotificationSender
    {
        public string Kind => ReceiverKinds.Webhook;

        public ConcurrentQueue<string> Urls { get; } = new();

        public Func<OutgoingNotice, Task<SendOutcome>>? Answer { get; set; }

        public Task<SendOutcome> SendAsync(OutgoingNotice message, CancellationToken cancellationToken)
        {
            Urls.Enqueue(message.Secrets.Url!);
            return Answer?.Invoke(message) ?? Task.FromResult(SendOutcome.Delivered);
        }
    }
}
