using System.Diagnostics;
using System.Globalization;
using Ascob.Core.Schedules;
using Ascob.Tests.Fixtures;
using Microsoft.Extensions.Options;

namespace Ascob.Tests.Core.Schedules;

/// <summary>How much is looked at while rows are locked, and that what takes longer comes to the same.</summary>
public sealed class SchedulePlansTests(ITestOutputHelper output) : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);
    private readonly SchedulerWorld _world = new(Noon);
    private readonly SchedulePlanner _planner = new(Options.Create(new ScheduleOptions()));

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _world.Dispose();

    private static SuspensionSpec Long => new() { From = Noon.AddDays(200), To = Noon.AddDays(365).AddMinutes(-10) };

    /// <summary>Suspensions of single minutes that leave a minute free in each hour of December: the worst that can be asked for.</summary>
    private static SuspensionSpec[] Worst(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new SuspensionSpec { Cron = string.Create(CultureInfo.InvariantCulture, $"{i % 59}-58/{(i % 7) + 1} * * * *") }), new SuspensionSpec { Cron = "0-58 * * 1-11 *" }, new SuspensionSpec { Cron = "59 * * 1-11 *" }];

    [Theory]
    [InlineData("* * * * * *", CatchUpPolicy.All, 0)]
    [InlineData("* * * * * *", CatchUpPolicy.One, 0)]
    [InlineData("* * * * * *", CatchUpPolicy.None, 0)]
    [InlineData("* * * * * *", CatchUpPolicy.All, 1)]
    [InlineData("* * * * * *", CatchUpPolicy.One, 1)]
    [InlineData("* * * * * *", CatchUpPolicy.All, 98)]
    [InlineData("*/2 * * * *", CatchUpPolicy.All, 98)]
    public void TryPlan_AfterAYear_LooksAtNoMoreThanItMay(string cron, CatchUpPolicy policy, int suspensions)
    {
        var schedule = Stored(new ScheduleSpec { Cron = cron, CatchUp = new CatchUpSpec(policy) });
        List<Suspension> all = [.. (suspensions switch { 0 => [], 1 => [Long], _ => Worst(suspensions) }).Select((s, i) => new Suspension { Id = i, Spec = s, Fingerprint = "f", CreatedBy = "t" })];
        _planner.TryPlan(schedule, all, Noon.AddHours(1), new WorkBudget(1000));
        var begun = Stopwatch.GetTimestamp();

        var plan = _planner.TryPlan(schedule, all, Noon.AddYears(1), new WorkBudget(100_000));

        var within = Stopwatch.GetElapsedTime(begun);
        begun = Stopwatch.GetTimestamp();
        var atLength = _planner.Plan(schedule, all, Noon.AddYears(1));
        output.WriteLine($"{cron} {policy} {suspensions}: {within.TotalMilliseconds:0} ms within a claim ({(plan is null ? "left" : "planned")}), {Stopwatch.GetElapsedTime(begun).TotalMilliseconds:0} ms at length");
        Assert.True(within < TimeSpan.FromSeconds(1.5), $"It took {within}.");
        Assert.True(plan is null || plan.Ticks.SequenceEqual(atLength.Ticks));
        Assert.Equal(suspensions > 1, plan is null);
    }

    [Fact]
    public async Task AScheduleThatTakesLong_IsPlannedElsewhereWhileOthersFire_AndFiresWhatItShould()
    {
        var store = new MemoryScheduleStore();
        var scheduler = _world.Server(store);
        var heavy = await _world.SaveAsync(store, new ScheduleSpec { Cron = "* * * * * *", CatchUp = new CatchUpSpec(CatchUpPolicy.All, 30) });
        for (var i = 0; i < 40; i++)
        {
            await store.AddSuspensionAsync(Suspended(new SuspensionSpec { Cron = $"{i} * * * *" }, 1), (s, all) => SchedulePlanner.From(s, all, Noon), Stop);
        }

        var light = await _world.SaveAsync(store, new ScheduleSpec { Cron = "0 0 * * *" }, 2);
        _world.Time.Advance(TimeSpan.FromDays(30));
        await scheduler.TurnAsync(Stop);
        await scheduler.TurnAsync(Stop);
        Assert.Equal(["00:00:00"], _world.Ledger.Times(light.Id));

        for (var waited = 0; !_world.Ledger.Times(heavy.Id).Any(); waited++)
        {
            Assert.True(waited < 600, "The schedule that takes long fired nothing.");
            await Task.Delay(50, Stop);
            _world.Time.Advance(TimeSpan.FromMilliseconds(100));
            await SchedulerWorld.TurnAsync(scheduler);
        }

        // Noon comes at minute zero, which is taken out; the minute before it is not late yet, and the thirty latest that are late lie before that.
        Assert.Equal(
            Enumerable.Range(30, 30).Select(s => string.Create(CultureInfo.InvariantCulture, $"11:58:{s}")),
            _world.Ledger.Times(heavy.Id).Take(30));
        Assert.Single(await store.TicksAsync(heavy.Id, null, 500, Stop), t => t.State == TickState.Missed);
    }

    [Fact]
    public async Task APlanMadeElsewhere_IsNotUsedOnceTheScheduleHasChanged()
    {
        var store = new MemoryScheduleStore();
        var scheduler = _world.Server(store);
        var heavy = await _world.SaveAsync(store, new ScheduleSpec { Cron = "* * * * * *", CatchUp = new CatchUpSpec(CatchUpPolicy.All, 30) });
        for (var i = 0; i < 40; i++)
        {
            await store.AddSuspensionAsync(Suspended(new SuspensionSpec { Cron = $"{i} * * * *" }, 1), (s, all) => SchedulePlanner.From(s, all, Noon), Stop);
        }

        _world.Time.Advance(TimeSpan.FromDays(30));
        await SchedulerWorld.TurnAsync(scheduler);
        var changed = await _world.Service(store).ReplaceAsync(1, heavy.Id, new ScheduleSpec { Cron = "50 0 1 1 *" }, null, "token:a", Stop);
        Assert.True(changed.IsSuccess, changed.Error?.Message);
        for (var i = 0; i < 40; i++)
        {
            await Task.Delay(25, Stop);
            _world.Time.Advance(TimeSpan.FromMilliseconds(100));
            await SchedulerWorld.TurnAsync(scheduler);
        }

        Assert.Empty(_world.Ledger.Launched);
    }

    [Fact]
    public async Task ManySchedulesAfterAYear_AreHandledOverSeveralTurns()
    {
        var store = new MemoryScheduleStore();
        var scheduler = _world.Server(store);
        for (var i = 0; i < 30; i++)
        {
            await _world.SaveAsync(store, new ScheduleSpec { Cron = "* * * * * *" }, i);
        }

        _world.Time.Advance(TimeSpan.FromDays(365));
        var (turns, longest) = (0, TimeSpan.Zero);
        for (var begun = Stopwatch.GetTimestamp(); await scheduler.TurnAsync(Stop) > 0; begun = Stopwatch.GetTimestamp())
        {
            turns++;
            longest = Stopwatch.GetElapsedTime(begun) > longest ? Stopwatch.GetElapsedTime(begun) : longest;
        }

        output.WriteLine($"{turns} turns, the longest {longest.TotalMilliseconds:0} ms");
        Assert.InRange(turns, 3, 30);
        Assert.Equal(30, _world.Ledger.Launched.Count);
    }

    [Fact]
    public void ASuspensionOfAnHourThatIsLeftOut_TakesNothingOutOfTheHourAfterIt()
    {
        var begin = new DateTimeOffset(2026, 3, 29, 0, 58, 0, TimeSpan.Zero);
        var firings = Firings.Of(new ScheduleSpec { Cron = "* * * * *" }, [new SuspensionSpec { Cron = "* 2 * * *", TimeZone = "Europe/Berlin" }]);

        // The clock goes from 2 to 3: what the expression says of 2 o'clock a schedule does once, at 3:00.
        Assert.Equal(["00:58", "00:59", "01:01", "01:02"], firings.Between(begin, begin.AddMinutes(4)).Select(t => t.ToString("HH:mm", CultureInfo.InvariantCulture)));
    }

    private static Suspension Suspended(SuspensionSpec spec, long definitionId) =>
        new() { DefinitionId = definitionId, Spec = spec, Fingerprint = ScheduleFingerprint.Of(spec), CreatedAt = Noon, CreatedBy = "token:a" };

    private static Schedule Stored(ScheduleSpec spec) => new() { Id = 1, DefinitionId = 1, Spec = spec, Fingerprint = "f", ChangedBy = "t", NextTick = Noon, NextAt = Noon };
}
