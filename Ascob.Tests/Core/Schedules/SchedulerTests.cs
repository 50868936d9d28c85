using Ascob.Core.Errors;
using Ascob.Core.Schedules;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Schedules;

/// <summary>One scheduler on a store in memory: what becomes of firings.</summary>
public sealed class SchedulerTests : IDisposable
{
    private readonly SchedulerWorld _world = new();
    private readonly HashSet<long> _active = [];
    private readonly MemoryScheduleStore _store;
    private readonly Scheduler _scheduler;

    public SchedulerTests()
    {
        _store = new MemoryScheduleStore(_active.Contains);
        _scheduler = _world.Server(_store);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task TurnAsync_OverAnHour_FiresEachTimeOnceAndNotesTheRun()
    {
        var schedule = await _world.SaveAsync(_store, new ScheduleSpec { Cron = "*/15 * * * *" });

        await _world.PassAsync(TimeSpan.FromHours(1), TimeSpan.FromSeconds(20), _scheduler);

        Assert.Equal(["00:00:00", "00:15:00", "00:30:00", "00:45:00", "01:00:00"], _world.Ledger.Times(schedule.Id));
        var ticks = await _store.TicksAsync(schedule.Id, null, 10, Stop);
        Assert.All(ticks, t => Assert.Equal((TickState.Launched, null), (t.State, t.LookAt)));
        Assert.Equal([5, 4, 3, 2, 1], ticks.Select(t => t.RunId!.Value));
    }

    [Fact]
    public async Task Overseer_39_TwoDueAtTheSameMoment_StartInOrderOfPriority()
    {
        long[] inOrder = new long[4];
        foreach (var priority in (int[])[3, 1, 0, 2])
        {
            inOrder[priority] = (await _world.SaveAsync(_store, new ScheduleSpec { Cron = "0 1 * * *", Priority = priority }, priority + 10)).Id;
        }

        await _world.PassAsync(TimeSpan.FromHours(1), TimeSpan.FromHours(1), _scheduler);

        Assert.Equal(inOrder, _world.Ledger.Launched.Select(l => l.ScheduleId));
    }

    [Fact]
    public async Task Overseer_41_WithoutSchedule_NothingRunsByItself()
    {
        await _world.PassAsync(TimeSpan.FromDays(1), TimeSpan.FromHours(1), _scheduler);
        Assert.Empty(_world.Ledger.Launched);
        Assert.Null(await _store.NextLookAsync(Stop));
    }

    [Fact]
    public async Task TurnAsync_WhenTimeAloneIsGiven_FiresOnce()
    {
        var schedule = await _world.SaveAsync(_store, new ScheduleSpec { StartAt = SchedulerWorld.Start.AddMinutes(10) });

        await _world.PassAsync(TimeSpan.FromHours(1), TimeSpan.FromMinutes(1), _scheduler);

        Assert.Equal(["00:10:00"], _world.Ledger.Times(schedule.Id));
        Assert.Null((await _store.FindAsync(schedule.Id, Stop))!.NextTick);
    }

    [Fact]
    public async Task TurnAsync_WithSeconds_FiresEachInItsSecond()
    {
        var schedule = await _world.SaveAsync(_store, new ScheduleSpec { Cron = "*/10 * * * * *", EndAt = SchedulerWorld.Start.AddSeconds(40) });

        await _world.PassAsync(TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(1), _scheduler);

        Assert.Equal(["00:00:00", "00:00:10", "00:00:20", "00:00:30", "00:00:40"], _world.Ledger.Times(schedule.Id));
    }

    [Fact]
    public async Task Overlap_WhenSkipped_FiresOnlyWhileNoRunIsActive()
    {
        var schedule = await _world.SaveAsync(_store, new ScheduleSpec { Cron = "* * * * *", Overlap = OverlapPolicy.Skip });
        _active.Add(1);
        await _world.PassAsync(TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(30), _scheduler);
        _active.Clear();
        await _world.PassAsync(TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(30), _scheduler);

        var ticks = (await _store.TicksAsync(schedule.Id, null, 10, Stop)).Reverse().ToList();
        Assert.Equal([TickState.Launched, TickState.Skipped, TickState.Skipped, TickState.Launched], ticks.Select(t => t.State));
        Assert.Contains("run 1 ", ticks[1].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Overlap_WhenQueued_OneWaitsAndOthersAreSkipped()
    {
        var schedule = await _world.SaveAsync(_store, new ScheduleSpec { Cron = "* * * * *", Overlap = OverlapPolicy.Queue });
        _active.Add(1);
        await _world.PassAsync(TimeSpan.FromMinutes(3), TimeSpan.FromSeconds(10), _scheduler);
        Assert.Equal(["00:00:00"], _world.Ledger.Times(schedule.Id));
        _active.Clear();
        await _world.PassAsync(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1), _scheduler);

        var ticks = (await _store.TicksAsync(schedule.Id, null, 10, Stop)).Reverse().ToList();
        Assert.Equal([TickState.Launched, TickState.Launched, TickState.Skipped, TickState.Skipped], ticks.Select(t => t.State));
        Assert.Equal(["00:00:00", "00:01:00"], _world.Ledger.Times(schedule.Id));
    }

    [Fact]
    public async Task Launch_WhenItFailsForAPassingReason_IsTriedAgainUntilItWorks()
    {
        var schedule = await _world.SaveAsync(_store, new ScheduleSpec { Cron = "0 1 * * *" });
        var tries = 0;
        _world.Ledger.Answer = _ => ++tries < 4 ? (Result<ScheduledLaunch>?)new Error(ErrorKind.Unavailable, "x", "the store is away") : null;

        await _world.PassAsync(TimeSpan.FromMinutes(61), TimeSpan.FromSeconds(1), _scheduler);

        Assert.Equal(4, tries);
        var tick = Assert.Single(await _store.TicksAsync(schedule.Id, null, 10, Stop));
        Assert.Equal((TickState.Launched, 4), (tick.State, tick.Attempts));
    }

    [Fact]
    public async Task Launch_WhenItsAnswerWasLost_ShowsTheRunAtTheNextTry()
    {
        var schedule = await _world.SaveAsync(_store, new ScheduleSpec { Cron = "0 1 * * *" });
        var lost = 0;
        _world.Ledger.Answer = tick =>
        {
            if (lost++ > 0)
            {
                return null;
            }

            _world.Ledger.LaunchAsync(tick, Stop);
            return (Result<ScheduledLaunch>?)new Error(ErrorKind.Unavailable, "x", "the answer was lost");
        };

        await _world.PassAsync(TimeSpan.FromMinutes(61), TimeSpan.FromSeconds(1), _scheduler);

        var tick = Assert.Single(await _store.TicksAsync(schedule.Id, null, 10, Stop));
        Assert.Equal((TickState.Launched, 1L, 2), (tick.State, tick.RunId!.Value, tick.Attempts));
        Assert.Equal(2, lost);
        Assert.Single(_world.Ledger.Launched);
    }

    [Fact]
    public async Task Launch_WhenItFailsForTheFirstTimeAfterALongWait_IsTriedAgain()
    {
        var schedule = await _world.SaveAsync(_store, new ScheduleSpec { Cron = "0,1 0 * * *", Overlap = OverlapPolicy.Queue });
        _active.Add(1);
        await _world.PassAsync(TimeSpan.FromHours(2), TimeSpan.FromSeconds(10), _scheduler);
        _active.Clear();
        var failed = 0;
        _world.Ledger.Answer = _ => failed++ == 0 ? (Result<ScheduledLaunch>?)new Error(ErrorKind.Unavailable, "x", "the store is away") : null;
        await _world.PassAsync(TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(10), _scheduler);

        var ticks = await _store.TicksAsync(schedule.Id, null, 10, Stop);
        Assert.Equal([TickState.Launched, TickState.Launched], ticks.Select(t => t.State));
    }

    [Fact]
    public async Task Launch_WhenItNeverWorks_IsGivenUpAfterAnHour()
    {
        var schedule = await _world.SaveAsync(_store, new ScheduleSpec { Cron = "0 1 * * *" });
        _world.Ledger.Answer = _ => new Error(ErrorKind.TooMany, "x", "too many");

        await _world.PassAsync(TimeSpan.FromMinutes(150), TimeSpan.FromSeconds(10), _scheduler);

        var tick = Assert.Single(await _store.TicksAsync(schedule.Id, null, 10, Stop));
        Assert.Equal(TickState.Failed, tick.State);
        Assert.InRange(tick.Attempts, 15, 30);
        Assert.Contains("too many", tick.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Launch_WhenRefusedPreventedOrSuspended_IsNoted()
    {
        Result<ScheduledLaunch>[] answers = [Error.Invalid("parameters.day", "is needed."), new ScheduledLaunch(9, true), new ScheduledLaunch(null)];
        var next = 0;
        var schedule = await _world.SaveAsync(_store, new ScheduleSpec { Cron = "* * * * *" });
        _world.Ledger.Answer = _ => answers[next++];

        await _world.PassAsync(TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(30), _scheduler);

        var ticks = (await _store.TicksAsync(schedule.Id, null, 10, Stop)).Reverse().ToList();
        Assert.Equal([TickState.Failed, TickState.Prevented, TickState.Skipped], ticks.Select(t => t.State));
        Assert.Equal(("The request has invalid fields. parameters.day: is needed.", 9L, "the definition is suspended"), (ticks[0].Reason, ticks[1].RunId!.Value, ticks[2].Reason));
    }

    [Fact]
    public async Task Kuroko2_41_AfterDowntime_EveryMissedMinuteIsLaunched()
    {
        var all = await _world.SaveAsync(_store, new ScheduleSpec { Cron = "* * * * *", CatchUp = new CatchUpSpec(CatchUpPolicy.All) });
        var one = await _world.SaveAsync(_store, new ScheduleSpec { Cron = "* * * * *" }, 2);

        await _world.PassAsync(TimeSpan.FromHours(3), TimeSpan.FromHours(3), _scheduler);

        Assert.Equal(181, _world.Ledger.Times(all.Id).Count());
        Assert.Equal(_world.Ledger.Times(all.Id).Order(), _world.Ledger.Times(all.Id));
        Assert.Equal(["03:00:00"], _world.Ledger.Times(one.Id));
    }

    [Fact]
    public async Task DriveAsync_WhenDrivenTwice_RunsOnce()
    {
        await _world.SaveAsync(_store, new ScheduleSpec { Cron = "*/30 * * * * *" });
        var first = _scheduler.DriveAsync(TimeSpan.FromMinutes(1), Stop);
        await _scheduler.DriveAsync(TimeSpan.FromMinutes(1), Stop);

        while (!first.IsCompleted)
        {
            _world.Time.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Delay(1, Stop);
        }

        Assert.InRange(_world.Ledger.Launched.Count, 2, 3);
    }
}
