using Ascob.Core.Schedules;
using Ascob.Tests.Fixtures;
using Microsoft.Extensions.Options;

namespace Ascob.Tests.Contracts;

/// <summary>What every store of schedules must do, the one in memory that simulations use included.</summary>
public abstract class ScheduleStoreContract
{
    private static readonly DateTimeOffset Now = SampleRuns.Start;
    private readonly SchedulePlanner _planner = new(Options.Create(new ScheduleOptions()));

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    private protected abstract Task<OpenedStore> OpenAsync();

    [Fact]
    public async Task AddAsync_WhenNew_KeepsEverythingAndBeginsWhereItIsTold()
    {
        await using var opened = await OpenAsync();
        var parameters = System.Text.Json.JsonDocument.Parse("""{"day":"x"}""").RootElement;
        var spec = new ScheduleSpec { Cron = "*/5 * * * *", TimeZone = "Europe/Berlin", Priority = -3, JitterSeconds = 7, Parameters = parameters, CatchUp = new CatchUpSpec(CatchUpPolicy.All, 5, 60), Overlap = OverlapPolicy.Queue };

        var stored = await AddAsync(opened.Store, spec);

        var found = await opened.Store.FindAsync(stored.Id, Stop);
        Assert.Equivalent(stored with { Spec = stored.Spec with { Parameters = null } }, found! with { Spec = found.Spec with { Parameters = null } }, strict: true);
        Assert.Equal("""{"day":"x"}""", found.Spec.Parameters?.GetRawText());
        Assert.Equal(Now, found.NextTick);
        Assert.Equal(Now + Jitter.Of(found, Now), found.NextAt);
        Assert.Equal([stored.Id], (await opened.Store.ListAsync(7, 0, 10, Stop)).Select(s => s.Id));
        Assert.Empty(await opened.Store.ListAsync(8, 0, 10, Stop));
        Assert.Empty(await opened.Store.ListAsync(null, stored.Id, 10, Stop));
    }

    [Fact]
    public async Task ListAsync_OfSeveralDefinitions_AnswersAllOfTheirs_AndNoOther()
    {
        await using var opened = await OpenAsync();
        var wanted = new List<long>();
        foreach (var (definition, isWanted) in new[] { (7L, true), (8L, false), (9L, true), (7L, true) })
        {
            var schedule = New(new ScheduleSpec { Cron = "0 3 * * *", Description = $"{wanted.Count}", TimeZone = wanted.Count == 2 ? "Europe/Berlin" : null }) with { DefinitionId = definition };
            var stored = (await opened.Store.AddAsync(schedule, From, Stop)).Schedule!;
            if (isWanted)
            {
                wanted.Add(stored.Id);
            }
        }

        Assert.Equal(wanted, (await opened.Store.ListAsync([7, 9, 10], Stop)).Select(s => s.Id));
        Assert.Empty(await opened.Store.ListAsync([10], Stop));
    }

    [Fact]
    public async Task AddAsync_WhenThereIsAnEqualOne_NamesIt()
    {
        await using var opened = await OpenAsync();
        var first = await AddAsync(opened.Store, new ScheduleSpec { Cron = "0 3 * * *" });

        var second = await opened.Store.AddAsync(New(new ScheduleSpec { Cron = "0 3 * * *", Priority = 4 }), From, Stop);

        Assert.Equal(new SavedSchedule(null, first.Id), second);
        Assert.NotNull((await opened.Store.AddAsync(New(new ScheduleSpec { Cron = "0 3 * * *" }) with { DefinitionId = 8 }, From, Stop)).Schedule);
    }

    [Fact]
    public async Task ReplaceAsync_WhenVersionIsOld_ChangesNothing()
    {
        await using var opened = await OpenAsync();
        var first = await AddAsync(opened.Store, new ScheduleSpec { Cron = "0 3 * * *" });
        var other = await AddAsync(opened.Store, new ScheduleSpec { Cron = "0 4 * * *" });
        var changed = first with { Spec = new ScheduleSpec { Cron = "0 5 * * *" }, Fingerprint = ScheduleFingerprint.Of(new ScheduleSpec { Cron = "0 5 * * *" }) };

        var saved = await opened.Store.ReplaceAsync(changed, From, Stop);

        Assert.Equal(2, saved!.Schedule!.Version);
        Assert.Equal(17, (await opened.Store.FindAsync(first.Id, Stop))!.NextTick!.Value.Hour + 12);
        Assert.Null(await opened.Store.ReplaceAsync(changed, From, Stop));
        Assert.Equal(other.Id, (await opened.Store.ReplaceAsync(saved.Schedule with { Fingerprint = other.Fingerprint }, From, Stop))!.DuplicateOf);
    }

    [Fact]
    public async Task ClaimDueAsync_WhenDue_GivesEachFiringOnce()
    {
        await using var opened = await OpenAsync();
        var late = await AddAsync(opened.Store, new ScheduleSpec { Cron = "0 12 * * *", Priority = 5 });
        var early = await AddAsync(opened.Store, new ScheduleSpec { Cron = "0 12 * * *", Priority = 1, Parameters = System.Text.Json.JsonDocument.Parse("{}").RootElement });
        await AddAsync(opened.Store, new ScheduleSpec { Cron = "5 12 * * *" });
        Assert.Equal(Now, await opened.Store.NextLookAsync(Stop));

        var claimed = await opened.Store.ClaimDueAsync(Claim("one", Now), Plan(Now), Stop);

        Assert.Equal([early.Id, late.Id], claimed.Select(c => c.Schedule.Id));
        Assert.All(claimed, c => Assert.Equal((Now, TickState.Claimed, "one", 1), (c.Tick.Tick, c.Tick.State, c.Tick.Owner, c.Tick.Attempts)));
        Assert.Empty(await opened.Store.ClaimDueAsync(Claim("two", Now), Plan(Now), Stop));
        Assert.Equal(Now.AddDays(1), (await opened.Store.FindAsync(late.Id, Stop))!.NextTick);
        var row = Assert.Single(await opened.Store.TicksAsync(late.Id, null, 10, Stop));
        Assert.Equivalent(claimed[1].Tick, row, strict: true);
        Assert.Equal(Now.AddSeconds(30), await opened.Store.NextLookAsync(Stop));
    }

    [Fact]
    public async Task ClaimDueAsync_WhenTheRowIsThereAlready_GivesNothing()
    {
        await using var opened = await OpenAsync();
        var schedule = await AddAsync(opened.Store, new ScheduleSpec { Cron = "0 12 * * *" });
        await opened.Store.ClaimDueAsync(Claim("one", Now), Plan(Now), Stop);

        // Set back, as by a change that was computed from an old state.
        await opened.Store.ReplaceAsync(schedule, (_, _) => new ScheduleCursor(Now, Now), Stop);

        Assert.Empty(await opened.Store.ClaimDueAsync(Claim("two", Now), Plan(Now), Stop));
        Assert.Equal(Now.AddDays(1), (await opened.Store.FindAsync(schedule.Id, Stop))!.NextTick);
    }

    [Fact]
    public async Task ClaimDueAsync_WhenSomeWereMissed_SettlesTheirRowAtOnce()
    {
        await using var opened = await OpenAsync();
        var schedule = await AddAsync(opened.Store, new ScheduleSpec { Cron = "* * * * *", CatchUp = new CatchUpSpec(CatchUpPolicy.None) });
        var now = Now.AddHours(1);

        var claimed = await opened.Store.ClaimDueAsync(Claim("one", now), Plan(now), Stop);

        Assert.Equal([TickState.Missed, TickState.Claimed, TickState.Claimed], claimed.Select(c => c.Tick.State));
        var missed = (await opened.Store.TicksAsync(schedule.Id, null, 10, Stop)).Single(t => t.State == TickState.Missed);
        Assert.Equal((59L, null, now), (missed.Missed, missed.LookAt, missed.SettledAt));
    }

    [Fact]
    public async Task ClaimOpenAsync_WhenALeaseIsOver_GivesTheFiringToTheNext()
    {
        await using var opened = await OpenAsync();
        await AddAsync(opened.Store, new ScheduleSpec { Cron = "0 12 * * *" });
        var first = Assert.Single(await opened.Store.ClaimDueAsync(Claim("one", Now), Plan(Now), Stop));
        Assert.Empty(await opened.Store.ClaimOpenAsync(Claim("two", Now.AddSeconds(29)), Stop));

        var taken = Assert.Single(await opened.Store.ClaimOpenAsync(Claim("two", Now.AddSeconds(30)), Stop));

        Assert.Equal((first.Tick.Key, "two", 2, Now), (taken.Tick.Key, taken.Tick.Owner, taken.Tick.Attempts, taken.Tick.ClaimedAt));
        Assert.Empty(await opened.Store.ClaimOpenAsync(Claim("three", Now.AddSeconds(31)), Stop));

        // Whoever has lost it can no longer say what became of it.
        await opened.Store.SettleAsync("one", [Outcome(first, TickState.Failed)], Stop);
        await opened.Store.SettleAsync("two", [Outcome(first, TickState.Launched, 77)], Stop);
        await opened.Store.SettleAsync("two", [Outcome(first, TickState.Failed)], Stop);
        var row = Assert.Single(await opened.Store.TicksAsync(first.Schedule.Id, null, 10, Stop));
        Assert.Equal((TickState.Launched, 77L, null), (row.State, row.RunId, row.LookAt));
    }

    [Fact]
    public async Task SettleAsync_WhenItIsToBeLookedAtAgain_ComesBackThen()
    {
        await using var opened = await OpenAsync();
        await AddAsync(opened.Store, new ScheduleSpec { Cron = "0 12 * * *" });
        var first = Assert.Single(await opened.Store.ClaimDueAsync(Claim("one", Now), Plan(Now), Stop));

        await opened.Store.SettleAsync("one", [Outcome(first, TickState.Retrying, lookAt: Now.AddMinutes(2), reason: new string('x', 3000))], Stop);

        Assert.Equal(Now.AddMinutes(2), await opened.Store.NextLookAsync(Stop));
        var again = Assert.Single(await opened.Store.ClaimOpenAsync(Claim("two", Now.AddMinutes(2)), Stop));
        Assert.Equal((TickState.Retrying, 2), (again.Tick.State, again.Tick.Attempts));
        Assert.NotNull(await opened.Store.FindActiveBeforeAsync(first.Schedule.Id, Now.AddDays(1), Stop));
        Assert.Null(await opened.Store.FindActiveBeforeAsync(first.Schedule.Id, Now, Stop));
    }

    [Fact]
    public async Task Suspensions_WhenTheyComeAndGo_MoveWhatIsNextAndNothingThatIsDue()
    {
        await using var opened = await OpenAsync();
        var schedule = await AddAsync(opened.Store, new ScheduleSpec { Cron = "0,30 * * * *" });
        await AddAsync(opened.Store, new ScheduleSpec { Cron = "0 12 * * *" });
        var spec = new SuspensionSpec { Cron = "0-29 12 * * *" };
        var suspension = new Suspension { DefinitionId = 7, Spec = spec, Fingerprint = ScheduleFingerprint.Of(spec), CreatedAt = Now, CreatedBy = "token:a" };
        var before = Now.AddMinutes(-1);

        var stored = await opened.Store.AddSuspensionAsync(suspension, Resumed(before), Stop);

        Assert.Equivalent(suspension with { Id = stored!.Id }, Assert.Single(await opened.Store.SuspensionsAsync([7, 8], Stop)), strict: true);
        Assert.Equal(Now.AddMinutes(30), (await opened.Store.FindAsync(schedule.Id, Stop))!.NextTick);
        Assert.Null(await opened.Store.AddSuspensionAsync(suspension, Resumed(before), Stop));
        Assert.Empty(await opened.Store.ClaimDueAsync(Claim("one", Now.AddMinutes(29)), Plan(Now.AddMinutes(29)), Stop));
        Assert.False(await opened.Store.DeleteSuspensionAsync(8, stored.Id, Resumed(before), Stop));
        Assert.True(await opened.Store.DeleteSuspensionAsync(7, stored.Id, Resumed(before), Stop));
        Assert.Equal(Now, (await opened.Store.FindAsync(schedule.Id, Stop))!.NextTick);

        await opened.Store.AddSuspensionAsync(suspension, Resumed(Now.AddSeconds(1)), Stop);
        Assert.Equal(Now, (await opened.Store.FindAsync(schedule.Id, Stop))!.NextTick);
    }

    [Fact]
    public async Task DeleteTicksAsync_DropsWhatIsOldAndSettled()
    {
        await using var opened = await OpenAsync();
        var schedule = await AddAsync(opened.Store, new ScheduleSpec { Cron = "* * * * *", CatchUp = new CatchUpSpec(CatchUpPolicy.All) });
        var claimed = await opened.Store.ClaimDueAsync(Claim("one", Now.AddMinutes(9)), Plan(Now.AddMinutes(9)), Stop);
        await opened.Store.SettleAsync("one", [.. claimed.Skip(1).Select(c => Outcome(c, TickState.Failed))], Stop);

        Assert.Equal(3, await opened.Store.DeleteTicksAsync(Now.AddMinutes(5), 3, Stop));
        Assert.Equal(1, await opened.Store.DeleteTicksAsync(Now.AddMinutes(5), 3, Stop));
        Assert.Equal([9, 8, 7, 6, 5, 0], (await opened.Store.TicksAsync(schedule.Id, null, 20, Stop)).Select(t => (t.Tick - Now).TotalMinutes));
        Assert.Equal([5, 0], (await opened.Store.TicksAsync(schedule.Id, Now.AddMinutes(6), 20, Stop)).Select(t => (t.Tick - Now).TotalMinutes));
    }

    [Fact]
    public async Task DeleteAsync_TakesTheFiringsAlong()
    {
        await using var opened = await OpenAsync();
        var schedule = await AddAsync(opened.Store, new ScheduleSpec { Cron = "0 12 * * *" });
        await opened.Store.ClaimDueAsync(Claim("one", Now), Plan(Now), Stop);

        Assert.True(await opened.Store.DeleteAsync(schedule.Id, Stop));
        Assert.False(await opened.Store.DeleteAsync(schedule.Id, Stop));
        Assert.Null(await opened.Store.NextLookAsync(Stop));
        Assert.NotEqual(schedule.Id, (await AddAsync(opened.Store, new ScheduleSpec { Cron = "0 12 * * *" })).Id);

        await opened.Store.DeleteOfDefinitionAsync(7, Stop);
        Assert.Empty(await opened.Store.ListAsync(7, 0, 10, Stop));
    }

    [Fact]
    public async Task ClaimDueAsync_WhenThreeServersAskAtOnce_GivesEachFiringToOne()
    {
        await using var opened = await OpenAsync();
        for (var i = 0; i < 60; i++)
        {
            await opened.Store.AddAsync(New(new ScheduleSpec { Cron = "0 12 * * *" }) with { DefinitionId = i }, From, Stop);
        }

        var claimed = new List<ClaimedTick>();
        for (var round = 0; round < 10; round++)
        {
            claimed.AddRange((await Task.WhenAll(Enumerable.Range(0, 3).Select(s => opened.Stores[s % opened.Stores.Count].ClaimDueAsync(Claim($"s{s}", Now, 15), Plan(Now), Stop)))).SelectMany(c => c));
        }

        Assert.Equal(60, claimed.Count);
        Assert.Equal(60, claimed.DistinctBy(c => c.Schedule.Id).Count());
    }

    private protected static TickClaim Claim(string owner, DateTimeOffset now, int limit = 100) => new(owner, now, now.AddSeconds(30), limit);

    private protected Func<Schedule, IReadOnlyList<Suspension>, SchedulePlan> Plan(DateTimeOffset now) => (schedule, suspensions) => _planner.Plan(schedule, suspensions, now);

    private protected static TickOutcome Outcome(ClaimedTick tick, TickState state, long? runId = null, DateTimeOffset? lookAt = null, string? reason = null) =>
        new(tick.Schedule.Id, tick.Tick.Tick, state, runId, reason, lookAt, Now.AddSeconds(40));

    private protected static async Task<Schedule> AddAsync(IScheduleStore store, ScheduleSpec spec) => (await store.AddAsync(New(spec), From, Stop)).Schedule!;

    private static Schedule New(ScheduleSpec spec) => new() { DefinitionId = 7, Spec = spec, Fingerprint = ScheduleFingerprint.Of(spec), CreatedAt = Now, UpdatedAt = Now, ChangedBy = "token:a" };

    private static ScheduleCursor From(Schedule schedule, IReadOnlyList<Suspension> suspensions) => SchedulePlanner.From(schedule, suspensions, Now);

    private static Retime Resumed(DateTimeOffset now) => (schedule, suspensions) => SchedulePlanner.Resumed(schedule, suspensions, now);
}

/// <summary>A store that several servers share.</summary>
internal sealed class OpenedStore(IReadOnlyList<IScheduleStore> stores, params IAsyncDisposable[] owned) : IAsyncDisposable
{
    public IReadOnlyList<IScheduleStore> Stores => stores;

    public IScheduleStore Store => stores[0];

    public async ValueTask DisposeAsync()
    {
        foreach (var one in owned)
        {
            await one.DisposeAsync();
        }
    }
}
