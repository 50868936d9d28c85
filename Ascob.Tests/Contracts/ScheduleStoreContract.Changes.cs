using Ascob.Core.Schedules;
using Ascob.Core.Timing;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Contracts;

/// <content>Changes that come at the same moment.</content>
public abstract partial class ScheduleStoreContract
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task AddAsync_WhenManyAddAtOnce_TakesNoMoreThanADefinitionMayHave()
    {
        await using var opened = await OpenAsync();
        for (var i = 0; i < ScheduleService.MostOfDefinition - 3; i++)
        {
            await AddAsync(opened.Store, Every(i));
        }

        var answers = await Task.WhenAll(Enumerable.Range(1000, 12).Select(i => Task.Run(() => Service(opened, i).AddAsync(7, Every(i), "token:a", Stop))));

        Assert.Equal(3, answers.Count(a => a.IsSuccess));
        Assert.All(answers.Where(a => !a.IsSuccess), a => Assert.Equal("schedule.too_many", a.Error!.Code));
        Assert.Equal(ScheduleService.MostOfDefinition, (await opened.Store.ListAsync(7, 0, 500, Stop)).Count);
    }

    [Fact]
    public async Task AddSuspensionAsync_WhenManyAddAtOnce_TakesNoMoreThanADefinitionMayHave()
    {
        await using var opened = await OpenAsync();
        await AddAsync(opened.Store, Every(1));
        for (var i = 0; i < ScheduleService.MostOfDefinition - 3; i++)
        {
            Assert.True((await Service(opened, 0).AddSuspensionAsync(7, Hour(i), "token:a", Stop)).IsSuccess);
        }

        var answers = await Task.WhenAll(Enumerable.Range(1000, 12).Select(i => Task.Run(() => Service(opened, i).AddSuspensionAsync(7, Hour(i), "token:a", Stop))));

        Assert.Equal(3, answers.Count(a => a.IsSuccess));
        Assert.Equal(ScheduleService.MostOfDefinition, (await opened.Store.SuspensionsAsync([7], Stop)).Count);
    }

    [Fact]
    public async Task SetAllAsync_WhenSchedulesAreAddedMeanwhile_TakesNoMoreThanADefinitionMayHave()
    {
        await using var opened = await OpenAsync();
        List<ScheduleSpec> many = [.. Enumerable.Range(0, ScheduleService.MostOfDefinition).Select(Every)];

        await Task.WhenAll([
            Task.Run(() => Service(opened, 0).SetAllAsync(7, many, "git", "schedule", Stop)),
            .. Enumerable.Range(1000, 12).Select(i => Task.Run(() => Service(opened, i).AddAsync(7, Every(i), "token:a", Stop)))]);

        Assert.InRange((await opened.Store.ListAsync(7, 0, 500, Stop)).Count, 1, ScheduleService.MostOfDefinition);
    }

    [Fact]
    public async Task AddAsync_WhenASuspensionComesAtTheSameMoment_BeginsAfterIt()
    {
        await using var opened = await OpenAsync();
        await AddAsync(opened.Store, Every(1));
        Task? suspended = null;

        // While the schedule is being stored, another server adds a suspension; it is done, or has to wait.
        var added = await opened.Store.AddAsync(
            New(new ScheduleSpec { Cron = "0,30 * * * *" }),
            (schedule, all) =>
            {
                var cursor = From(schedule, all);
                suspended ??= Task.Run(() => opened.Stores[^1].AddSuspensionAsync(Suspended(new SuspensionSpec { Cron = "0-29 12 * * *" }), Resumed(Now.AddMinutes(-1)), Stop), Stop);
                suspended.Wait(Patience, Stop);
                return cursor;
            },
            Stop);
        await suspended!;

        Assert.Equal(Now.AddMinutes(30), (await opened.Store.FindAsync(added.Schedule!.Id, Stop))!.NextTick);
    }

    [Fact]
    public async Task AddAsync_WhenASuspensionGoesAtTheSameMoment_LeavesNoFiringOut()
    {
        await using var opened = await OpenAsync();
        await AddAsync(opened.Store, Every(1));
        var suspension = (await opened.Store.AddSuspensionAsync(Suspended(new SuspensionSpec { Cron = "0-29 12 * * *" }), Resumed(Now.AddMinutes(-1)), Stop)).Suspension!;
        Task? resumed = null;

        var added = await opened.Store.AddAsync(
            New(new ScheduleSpec { Cron = "0,30 * * * *" }),
            (schedule, all) =>
            {
                var cursor = From(schedule, all);
                resumed ??= Task.Run(() => opened.Stores[^1].DeleteSuspensionAsync(7, suspension.Id, Resumed(Now.AddMinutes(-1)), Stop), Stop);
                resumed.Wait(Patience, Stop);
                return cursor;
            },
            Stop);
        await resumed!;

        Assert.Equal(Now, (await opened.Store.FindAsync(added.Schedule!.Id, Stop))!.NextTick);
    }

    [Fact]
    public async Task ReplaceAsync_WhenItFiredMeanwhile_GoesOnFromThere()
    {
        await using var opened = await OpenAsync();
        var read = await AddAsync(opened.Store, new ScheduleSpec { Cron = "0 12 * * *" });
        await opened.Store.ClaimDueAsync(Claim("one", Now), Plan(Now), Stop);

        // Written from what was read before the firing.
        var saved = await opened.Store.ReplaceAsync(read with { Spec = read.Spec with { Priority = 5 } }, Resumed(Now.AddSeconds(1)), Stop);

        Assert.Equal(Now.AddDays(1), saved!.Schedule!.NextTick);
        Assert.Equal(Now.AddDays(1), (await opened.Store.FindAsync(read.Id, Stop))!.NextAt);
    }

    [Fact]
    public async Task ChangeAllAsync_WhenRefused_ChangesNothing()
    {
        await using var opened = await OpenAsync();
        var old = await AddAsync(opened.Store, Every(1));
        await AddAsync(opened.Store, new ScheduleSpec { Cron = "0 3 * * *" });
        List<ScheduleSpec> many = [.. Enumerable.Range(100, ScheduleService.MostOfDefinition).Select(Every)];

        var refused = await Service(opened, 0).SetAllAsync(7, many, "git", "schedule", Stop, s => s.Spec.Cron is null);

        Assert.Equal("schedule.too_many", refused!.Code);
        Assert.Equal(2, (await opened.Store.ListAsync(7, 0, 500, Stop)).Count);
        Assert.Equal(old.Version, (await opened.Store.FindAsync(old.Id, Stop))!.Version);
    }

    [Fact]
    public async Task ChangeAllAsync_WhenSomeAreAnothers_LeavesThemAlone()
    {
        await using var opened = await OpenAsync();
        var old = await AddAsync(opened.Store, Every(1));
        var others = await AddAsync(opened.Store, new ScheduleSpec { Cron = "0 3 * * *" });
        await opened.Store.ClaimDueAsync(Claim("one", Now), Plan(Now), Stop);

        Assert.Null(await Service(opened, 0).SetAllAsync(7, [Every(2), Every(3)], "git", "schedule", Stop, s => s.Spec.Cron is null));

        Assert.Equal([others.Id], (await opened.Store.ListAsync(7, 0, 500, Stop)).Where(s => s.Spec.Cron is not null).Select(s => s.Id));
        Assert.Equal([3602, 3603], (await opened.Store.ListAsync(7, 0, 500, Stop)).Where(s => s.Spec.Cron is null).Select(s => s.Spec.EverySeconds!.Value).Order());
        Assert.All(await opened.Store.ListAsync(7, others.Id, 500, Stop), s => Assert.Equal(Now, s.NextTick));
        Assert.Null(await opened.Store.FindAsync(old.Id, Stop));
        Assert.Empty(await opened.Store.TicksAsync(old.Id, null, 10, Stop));
    }

    [Fact]
    public async Task SettleAsync_WhenARunComesToLightLater_IsToldAsThatRun()
    {
        await using var opened = await OpenAsync();
        await AddAsync(opened.Store, new ScheduleSpec { Cron = "0 12 * * *" });
        var first = Assert.Single(await opened.Store.ClaimDueAsync(Claim("one", Now), Plan(Now), Stop));
        Assert.Single(await opened.Store.ClaimOpenAsync(Claim("two", Now.AddSeconds(30)), Stop));
        await opened.Store.SettleAsync("two", [Outcome(first, TickState.Skipped, reason: "the definition is suspended")], Stop);

        // The first server was only slow: it had launched it.
        await opened.Store.SettleAsync("one", [Outcome(first, TickState.Launched, 77)], Stop);
        await opened.Store.SettleAsync("three", [Outcome(first, TickState.Launched, 78)], Stop);

        var row = Assert.Single(await opened.Store.TicksAsync(first.Schedule.Id, null, 10, Stop));
        Assert.Equal((TickState.Launched, 77L, null, null), (row.State, row.RunId, row.LookAt, row.Reason));
    }

    [Fact]
    public async Task ClaimOpenAsync_WhenTheScheduleIsGone_IsNotAskedForEver()
    {
        await using var opened = await OpenAsync();
        var schedule = await AddAsync(opened.Store, new ScheduleSpec { Cron = "0 12 * * *" });
        Task<bool>? deleted = null;

        // Deleted by another server while its firing is being stored.
        await opened.Store.ClaimDueAsync(
            Claim("one", Now),
            (s, all) =>
            {
                deleted ??= Task.Run(() => opened.Stores[^1].DeleteAsync(schedule.Id, Stop), Stop);
                deleted.Wait(Patience, Stop);
                return Plan(Now)(s, all);
            },
            Stop);
        Assert.True(await deleted!);

        Assert.Empty(await opened.Store.ClaimOpenAsync(Claim("two", Now.AddSeconds(30)), Stop));
        Assert.Null(await opened.Store.NextLookAsync(Stop));
    }

    [Fact]
    public async Task NextOfAsync_OfDefinitions_AnswersTheEarliestOfEach()
    {
        await using var opened = await OpenAsync();
        await AddAsync(opened.Store, new ScheduleSpec { Cron = "0 15 * * *" });
        var first = await AddAsync(opened.Store, new ScheduleSpec { Cron = "0 13 * * *", JitterSeconds = 60 });
        await opened.Store.AddAsync(New(new ScheduleSpec { Cron = "0 14 * * *" }) with { DefinitionId = 8 }, From, Stop);
        await opened.Store.AddAsync(New(new ScheduleSpec { Cron = "0 14 * * *", Enabled = false }) with { DefinitionId = 9 }, From, Stop);
        await opened.Store.AddAsync(New(new ScheduleSpec { Cron = "0 12 * * *" }) with { DefinitionId = 10 }, From, Stop);

        var next = await opened.Store.NextOfAsync([7, 8, 9, 11], Stop);

        Assert.Equal([(7L, first.NextAt!.Value), (8L, Now.AddHours(2))], next.OrderBy(n => n.Key).Select(n => (n.Key, n.Value)));
    }

    private static ScheduleService Service(OpenedStore opened, int server) =>
        new(opened.Stores[server % opened.Stores.Count], new ScheduleSignal(), new MonotonicClock(new FakeTimeProvider(Now)));

    private static ScheduleSpec Every(int number) => new() { EverySeconds = 3600 + number, StartAt = Now };

    private static SuspensionSpec Hour(int number) => new() { From = Now.AddHours(number), To = Now.AddHours(number + 1) };

    private static Suspension Suspended(SuspensionSpec spec) => new() { DefinitionId = 7, Spec = spec, Fingerprint = ScheduleFingerprint.Of(spec), CreatedAt = Now, CreatedBy = "token:a" };
}
