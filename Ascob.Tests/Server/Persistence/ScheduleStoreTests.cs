using Ascob.Core.Runs;
using Ascob.Core.Schedules;
using Ascob.Tests.Contracts;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence;

public sealed class MemoryScheduleStoreTests : ScheduleStoreContract
{
    private protected override Task<OpenedStore> OpenAsync() => Task.FromResult(new OpenedStore([new MemoryScheduleStore()]));
}

public sealed class SqliteScheduleStoreTests : ScheduleStoreContract
{
    private protected override async Task<OpenedStore> OpenAsync()
    {
        var store = await TestStore.OpenAsync("Sqlite", null);
        return new OpenedStore([store.Get<IScheduleStore>()], store);
    }

    [Fact]
    public async Task FindActiveBeforeAsync_WhenARunIsActive_NamesItsFiringAndKeepsItsRow()
    {
        await using var store = await TestStore.OpenAsync("Sqlite", null);
        await ActiveRun.CheckAsync(store);
    }
}

public sealed class PostgreSqlScheduleStoreTests(PostgresFixture postgres) : ScheduleStoreContract
{
    private protected override async Task<OpenedStore> OpenAsync()
    {
        var store = await TestStore.OpenAsync("PostgreSql", await postgres.CreateDatabaseAsync());
        var second = await store.OpenOtherAsync();
        return new OpenedStore([store.Get<IScheduleStore>(), second.Get<IScheduleStore>()], second, store);
    }

    [Fact]
    public async Task FindActiveBeforeAsync_WhenARunIsActive_NamesItsFiringAndKeepsItsRow()
    {
        await using var store = await TestStore.OpenAsync("PostgreSql", await postgres.CreateDatabaseAsync());
        await ActiveRun.CheckAsync(store);
    }
}

public sealed class SqlServerScheduleStoreTests(SqlServerFixture server) : ScheduleStoreContract
{
    private protected override async Task<OpenedStore> OpenAsync()
    {
        var store = await TestStore.OpenAsync("SqlServer", await server.CreateDatabaseAsync());
        return new OpenedStore([store.Get<IScheduleStore>()], store);
    }
}

internal static class ActiveRun
{
    public static async Task CheckAsync(TestStore store)
    {
        var stop = TestContext.Current.CancellationToken;
        var schedules = store.Get<IScheduleStore>();
        var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        var now = SampleRuns.Start;
        var spec = new ScheduleSpec { Cron = "* * * * *" };
        var schedule = (await schedules.AddAsync(
            new Schedule { DefinitionId = 1, Spec = spec, Fingerprint = "f", ChangedBy = "t" }, (s, all) => SchedulePlanner.From(s, all, now), stop)).Schedule!;
        var planner = new SchedulePlanner(Microsoft.Extensions.Options.Options.Create(new ScheduleOptions()));
        await schedules.ClaimDueAsync(new TickClaim("one", now, now.AddSeconds(30), 10), (s, all) => planner.Plan(s, all, now), stop);
        await schedules.SettleAsync("one", [new TickOutcome(schedule.Id, now, TickState.Launched, run.Id, null, null, now)], stop);

        Assert.Equal(run.Id, (await schedules.FindActiveBeforeAsync(schedule.Id, now.AddMinutes(1), stop))?.RunId);
        Assert.Equal(0, await schedules.DeleteTicksAsync(now.AddDays(1), 10, stop));

        await SampleRuns.ApplyAsync(store.Runs, run, RunTrigger.BackendFailed);
        Assert.Null(await schedules.FindActiveBeforeAsync(schedule.Id, now.AddMinutes(1), stop));
        Assert.Equal(1, await schedules.DeleteTicksAsync(now.AddDays(1), 10, stop));
    }
}
