using Ascob.Core.Access;
using Ascob.Core.Notifications;
using Ascob.Core.Repository;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Ascob.Server.Background;
using Ascob.Server.Repository;
using Ascob.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Ascob.Tests.Server.Background;

/// <summary>The subscriptions of a repository are those of the commit that holds, whatever other servers did meanwhile.</summary>
public sealed class RepositoryHookServiceTests : IAsyncLifetime
{
    private readonly Repository _repository = new();
    private TestStore _store = null!;
    private SubscriptionKeeper _keeper = null!;
    private SubscriptionWatch _watch = null!;
    private RepositoryHookService _service = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync("Sqlite", null);
        var (notifications, clock, addresses) = (_store.Get<INotificationStore>(), _store.Get<MonotonicClock>(), new ReceiverAddresses(_ => false, false));
        _watch = new SubscriptionWatch(notifications, _store.Get<NoticeInterest>(), clock);
        _keeper = new SubscriptionKeeper(notifications, new KeptSubscriptions(_store.Get<ISecretProtector>(), addresses, clock), _watch, addresses, clock);
        _service = new RepositoryHookService(
            _keeper,
            _watch,
            _repository,
            new ServerIdentity(Options.Create(new EngineOptions { ServerName = "one" })),
            Options.Create(new RepositoryOptions { Url = "https://git.example/jobs" }),
            TimeProvider.System,
            NullLogger<RepositoryHookService>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _service.StopAsync(CancellationToken.None);
        _service.Dispose();
        _watch.Dispose();
        await _store.DisposeAsync();
    }

    [Fact]
    public async Task HooksThatASlowServerKeepsOverNewerOnes_AreReplacedAgain()
    {
        _repository.State = At("b", "https://new.example/");
        await _service.StartAsync(Stop);
        await UntilAsync("https://new.example/");

        await _keeper.KeepAsync(RepositoryHooks.Source, RepositoryHooks.Of(At("a", "https://old.example/")), "server:slow", Stop);

        await UntilAsync("https://new.example/");
    }

    [Fact]
    public async Task ABranchThatComesBackToAnEarlierCommit_BringsItsHooksBack()
    {
        _repository.State = At("a", "https://first.example/");
        await _service.StartAsync(Stop);
        await UntilAsync("https://first.example/");
        var asked = 0;
        _repository.OnRead = () =>
        {
            // It has moved on when it is looked at, and back before it is looked at again.
            _repository.State = ++asked == 1 ? At("b", "https://second.example/") : At("a", "https://first.example/");
        };
        await UntilAsync(() => asked > 0);

        await UntilAsync("https://first.example/");
        await UntilAsync(() => asked > 2);
        await UntilAsync("https://first.example/");
    }

    private static RepositoryState At(string commit, string hook) =>
        new() { Commit = commit, Reading = "1", Hooks = new Dictionary<string, IReadOnlyList<string>> { ["complete"] = [hook] } };

    private async Task UntilAsync(string url)
    {
        var seen = string.Empty;
        var begun = TimeProvider.System.GetTimestamp();
        while (seen != url)
        {
            seen = string.Join(' ', (await _store.Get<INotificationStore>().SubscriptionsAsync(Stop)).All.Select(s => s.Receiver.ShownUrl));
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(30), $"The hooks are {seen}");
            await Task.Delay(50, Stop);
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(30), "It did not come about.");
            await Task.Delay(50, Stop);
        }
    }

    private sealed class Repository : IRepositoryStore
    {
        public RepositoryState State { get; set; } = new();

        public Action? OnRead { get; set; }

        public Task<StoredState> ReadAsync(CancellationToken cancellationToken)
        {
            OnRead?.Invoke();
            return Task.FromResult(StoredState.Of(State));
        }

        public Task<bool> TryReplaceAsync(StoredState before, RepositoryState after, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
