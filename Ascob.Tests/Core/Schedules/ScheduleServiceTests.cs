using Ascob.Core.Schedules;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Schedules;

/// <summary>What a change of a schedule fires, and what it does not.</summary>
public sealed class ScheduleServiceTests : IDisposable
{
    private readonly SchedulerWorld _world = new();
    private readonly MemoryScheduleStore _store = new();
    private readonly Scheduler _scheduler;
    private readonly ScheduleService _service;

    public ScheduleServiceTests()
    {
        _scheduler = _world.Server(_store);
        _service = _world.Service(_store);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task ReplaceAsync_WhenTimesChangeWhileNoServerWasThere_FiresNothingOfThePast()
    {
        var schedule = await _world.SaveAsync(_store, new ScheduleSpec { Cron = "0 * * * *", CatchUp = new CatchUpSpec(CatchUpPolicy.All) });
        _world.Time.Advance(TimeSpan.FromHours(5) + TimeSpan.FromMinutes(10));

        await ReplaceAsync(schedule, new ScheduleSpec { Cron = "30 * * * *", CatchUp = new CatchUpSpec(CatchUpPolicy.All) });
        await _world.PassAsync(TimeSpan.FromHours(1), TimeSpan.FromMinutes(1), _scheduler);

        Assert.Equal(["05:30:00"], _world.Ledger.Times(schedule.Id));
    }

    [Fact]
    public async Task ReplaceAsync_WhenOnlyOtherThingsChange_KeepsWhatIsDue()
    {
        var schedule = await _world.SaveAsync(_store, new ScheduleSpec { Cron = "0 * * * *" });
        _world.Time.Advance(TimeSpan.FromHours(1) + TimeSpan.FromMilliseconds(300));

        await ReplaceAsync(schedule, new ScheduleSpec { Cron = "0  * * * *", Priority = 7, Description = "other" });
        await SchedulerWorld.TurnAsync(_scheduler);

        Assert.Contains("01:00:00", _world.Ledger.Times(schedule.Id));
    }

    [Fact]
    public async Task ReplaceAsync_WhenSwitchedOffAndOn_FiresNothingOfTheTimeBetween()
    {
        var schedule = await _world.SaveAsync(_store, new ScheduleSpec { Cron = "0 * * * *", CatchUp = new CatchUpSpec(CatchUpPolicy.All) });
        await _world.PassAsync(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1), _scheduler);
        var off = await ReplaceAsync(schedule, schedule.Spec with { Enabled = false });
        await _world.PassAsync(TimeSpan.FromHours(3), TimeSpan.FromMinutes(10), _scheduler);
        await ReplaceAsync(off, schedule.Spec);
        await _world.PassAsync(TimeSpan.FromHours(1), TimeSpan.FromMinutes(10), _scheduler);

        Assert.Equal(["00:00:00", "04:00:00"], _world.Ledger.Times(schedule.Id));
    }

    [Fact]
    public async Task Suspension_WhileItLasts_TakesFiringsOutForGood()
    {
        var schedule = await _world.SaveAsync(_store, new ScheduleSpec { Cron = "0 * * * *", CatchUp = new CatchUpSpec(CatchUpPolicy.All) });
        var added = await _service.AddSuspensionAsync(1, new SuspensionSpec { From = SchedulerWorld.Start.AddHours(1), To = SchedulerWorld.Start.AddHours(30) }, "a", Stop);
        await _world.PassAsync(TimeSpan.FromHours(4) + TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(10), _scheduler);

        Assert.Null(await _service.DeleteSuspensionAsync(1, added.Value!.Id, Stop));
        await _world.PassAsync(TimeSpan.FromHours(1), TimeSpan.FromMinutes(10), _scheduler);

        Assert.Equal(["00:00:00", "05:00:00"], _world.Ledger.Times(schedule.Id));
    }

    [Fact]
    public async Task SetAllAsync_KeepsEqualOnesWithTheirBeat_AndReplacesTheRest()
    {
        var beat = await _world.SaveAsync(_store, new ScheduleSpec { EverySeconds = 3600 });
        var old = await _world.SaveAsync(_store, new ScheduleSpec { Cron = "0 3 * * *" });
        _world.Time.Advance(TimeSpan.FromMinutes(10));

        // One that is over is no fault of a file.
        ScheduleSpec[] wanted = [new() { EverySeconds = 3600, Priority = 2 }, new() { Cron = "0 4 * * *" }, new() { StartAt = SchedulerWorld.Start.AddDays(-1) }];
        Assert.Null(await _service.SetAllAsync(1, wanted, "git", "schedule", Stop));
        Assert.Null(await _service.SetAllAsync(1, wanted, "git", "schedule", Stop));

        var all = await _store.ListAsync(1, 0, 10, Stop);
        Assert.Equal(3, all.Count);
        Assert.Equal((beat.Spec.StartAt, 2, 2), (all[0].Spec.StartAt, all[0].Spec.Priority, all[0].Version));
        Assert.Null(await _store.FindAsync(old.Id, Stop));
        Assert.Null(all.Single(s => s.Spec.StartAt < SchedulerWorld.Start).NextTick);
    }

    [Fact]
    public async Task SetAllAsync_WhenOneIsWrong_ChangesNothing()
    {
        var old = await _world.SaveAsync(_store, new ScheduleSpec { Cron = "0 3 * * *" });

        var refused = await _service.SetAllAsync(1, [new ScheduleSpec { Cron = "0 4 * * *" }, new ScheduleSpec { Cron = "hotdogs" }], "git", "schedule", Stop);

        Assert.Equal("schedule[1].cron", Assert.Single(refused!.Fields!).Key);
        Assert.Equal([old.Id], (await _store.ListAsync(1, 0, 10, Stop)).Select(s => s.Id));
    }

    private async Task<Schedule> ReplaceAsync(Schedule schedule, ScheduleSpec spec)
    {
        var replaced = await _service.ReplaceAsync(1, schedule.Id, spec, schedule.Version, "token:a", Stop);
        Assert.True(replaced.IsSuccess, replaced.Error?.Message);
        return replaced.Value;
    }
}
