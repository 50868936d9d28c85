using Ascob.Core.Errors;
using Ascob.Core.Schedules;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Schedules;

/// <summary>In which order firings of the same moment are launched.</summary>
public sealed class LaunchOrderTests : IDisposable
{
    private static readonly string[] Names = ["zebra", "Alpha", "beta", "alpha", "äther"];
    private readonly SchedulerWorld _world = new();
    private readonly MemoryScheduleStore _store = new(nameOf: id => Names[id % Names.Length]);

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task FiringsOfTheSameMomentAndPriority_AreLaunchedOneAfterTheOther_InOrderOfTheNameAndThenOfTheNumber()
    {
        for (var i = 0; i < 20; i++)
        {
            await _world.SaveAsync(_store, new ScheduleSpec { Cron = "0 1 * * *", Priority = i % 2 }, i);
        }

        var launch = new SlowLaunch(_world.Ledger);
        _world.Time.Advance(TimeSpan.FromHours(1));
        await SchedulerWorld.TurnAsync(_world.Server(_store, launch));

        var launched = _world.Ledger.Launched.Select(l => (int)l.ScheduleId - 1).ToList();
        Assert.Equal(Enumerable.Range(0, 20).OrderBy(i => i % 2).ThenBy(i => Names[i % Names.Length], StringComparer.Ordinal).ThenBy(i => i), launched);
        Assert.Equal(1, launch.MostAtOnce);
    }

    [Fact]
    public async Task ALaunchThatHangs_HoldsUpNoOther()
    {
        for (var i = 0; i < 20; i++)
        {
            await _world.SaveAsync(_store, new ScheduleSpec { Cron = "0 1 * * *" }, i);
        }

        var launch = new SlowLaunch(_world.Ledger) { Hangs = 2 };
        _world.Time.Advance(TimeSpan.FromHours(1));
        var turn = SchedulerWorld.TurnAsync(_world.Server(_store, launch));
        for (var waited = 0; _world.Ledger.Launched.Count < 19; waited++)
        {
            Assert.True(waited < 2000, $"Only {_world.Ledger.Launched.Count} were launched.");
            await Task.Delay(5, TestContext.Current.CancellationToken);
            _world.Time.Advance(TimeSpan.FromMilliseconds(30));
        }

        launch.GoOn();
        await turn;
        Assert.Equal(2, _world.Ledger.Launched.Last().ScheduleId);
    }

    [Fact]
    public async Task AFiringWhoseLeaseIsOverBeforeItsTurn_IsLeftToWhoeverTakesItOver()
    {
        var schedule = await _world.SaveAsync(_store, new ScheduleSpec { Cron = "0 1 * * *" });
        var late = await _world.SaveAsync(_store, new ScheduleSpec { Cron = "0 1 * * *", Priority = 1 }, 2);
        var launch = new SlowLaunch(_world.Ledger) { Before = tick => _world.Time.Advance(tick.Schedule.Id == schedule.Id ? TimeSpan.FromSeconds(31) : TimeSpan.Zero) };
        _world.Time.Advance(TimeSpan.FromHours(1));
        var server = _world.Server(_store, launch);

        await server.TurnAsync(TestContext.Current.CancellationToken);
        Assert.Equal([schedule.Id], _world.Ledger.Launched.Select(l => l.ScheduleId));

        await server.TurnAsync(TestContext.Current.CancellationToken);
        Assert.Equal([schedule.Id, late.Id], _world.Ledger.Launched.Select(l => l.ScheduleId));
        Assert.Equal(2, Assert.Single(await _store.TicksAsync(late.Id, null, 10, TestContext.Current.CancellationToken)).Attempts);
    }

    /// <summary>Launches that give others the chance to come first.</summary>
    private sealed class SlowLaunch(LaunchLedger ledger) : IScheduledLaunch
    {
        private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _underWay;
        private int _most;

        public int MostAtOnce => _most;

        public long? Hangs { get; init; }

        public Action<ClaimedTick>? Before { get; init; }

        public void GoOn() => _goOn.SetResult();

        public async Task<Result<ScheduledLaunch>> LaunchAsync(ClaimedTick tick, CancellationToken cancellationToken)
        {
            var now = Interlocked.Increment(ref _underWay);
            _most = Math.Max(_most, now);
            Before?.Invoke(tick);
            if (tick.Schedule.Id == Hangs)
            {
                await _goOn.Task.WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System, cancellationToken);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(tick.Schedule.Id % 3 == 0 ? 4 : 1), TimeProvider.System, cancellationToken);
            var answer = await ledger.LaunchAsync(tick, cancellationToken);
            Interlocked.Decrement(ref _underWay);
            return answer;
        }

        public Task<ScheduledLaunch?> FindAsync(ClaimedTick tick, CancellationToken cancellationToken) => ledger.FindAsync(tick, cancellationToken);
    }
}
