using System.Diagnostics;
using Ascob.Core.Schedules;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Schedules;

/// <summary>Several servers on one database, also with servers that die anywhere: each firing exactly once.</summary>
public sealed class ExactlyOnceTests(PostgresFixture postgres, ITestOutputHelper output)
{
    private const int Schedules = 1000;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ThreeServersOnPostgreSql_AThousandSchedulesEveryMinute_FireEachOnce()
    {
        await using var store = await TestStore.OpenAsync("PostgreSql", await postgres.CreateDatabaseAsync());
        await using var second = await store.OpenOtherAsync(server: "two");
        await using var third = await store.OpenOtherAsync(server: "three");
        IScheduleStore[] stores = [store.Get<IScheduleStore>(), second.Get<IScheduleStore>(), third.Get<IScheduleStore>()];
        await CheckAsync(stores, TimeSpan.FromMinutes(15), TimeSpan.FromSeconds(30), null);
    }

    [Fact]
    public async Task OneServerOnSqlite_AThousandSchedulesEveryMinute_FireEachOnce()
    {
        await using var store = await TestStore.OpenAsync("Sqlite", null);
        await CheckAsync([store.Get<IScheduleStore>()], TimeSpan.FromMinutes(30), TimeSpan.FromSeconds(30), null);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task ThreeServersThatDieAnywhere_FireEachOnce(int seed)
    {
        var memory = new MemoryScheduleStore();
        await CheckAsync([memory, memory, memory], TimeSpan.FromHours(1), TimeSpan.FromSeconds(10), new Random(seed), schedules: 200);
    }

    [Fact]
    public async Task ThreeServersOnPostgreSqlThatDieAnywhere_FireEachOnce()
    {
        await using var store = await TestStore.OpenAsync("PostgreSql", await postgres.CreateDatabaseAsync());
        await using var second = await store.OpenOtherAsync(server: "two");
        IScheduleStore[] stores = [store.Get<IScheduleStore>(), second.Get<IScheduleStore>(), store.Get<IScheduleStore>()];
        await CheckAsync(stores, TimeSpan.FromMinutes(12), TimeSpan.FromSeconds(10), new Random(4), schedules: 100);
    }

    /// <summary>Ten days of a thousand schedules that fire every minute are 14.4 million firings: asked for by <c>ASCOB_TEST_SCHEDULE_DAYS</c>, since it takes minutes.</summary>
    [Fact]
    public async Task ThreeServers_AThousandSchedulesEveryMinuteForTenDays_FireEachOnce()
    {
        var days = Environment.GetEnvironmentVariable("ASCOB_TEST_SCHEDULE_DAYS");
        var time = days is null ? TimeSpan.FromHours(2) : TimeSpan.FromDays(double.Parse(days, System.Globalization.CultureInfo.InvariantCulture));
        var memory = new MemoryScheduleStore();
        await CheckAsync([memory, memory, memory], time, TimeSpan.FromMinutes(1), null);
    }

    private async Task CheckAsync(IScheduleStore[] stores, TimeSpan time, TimeSpan step, Random? deaths, int schedules = Schedules)
    {
        using var world = new SchedulerWorld();
        var ledger = new FiringLedger(SchedulerWorld.Start, (int)time.TotalMinutes + 1);
        for (var i = 0; i < schedules; i++)
        {
            ledger.Add((await world.SaveAsync(stores[0], new ScheduleSpec { Cron = "* * * * *", CatchUp = new CatchUpSpec(CatchUpPolicy.All) }, i + 1)).Id);
        }

        var begun = Stopwatch.GetTimestamp();
        var servers = stores.Select(s => Life(world, s, ledger, deaths)).ToArray();
        var died = 0;
        for (var passed = TimeSpan.Zero; passed < time; passed += step)
        {
            world.Time.Advance(step);
            died += await TurnAllAsync(world, stores, servers, ledger, deaths);
            if (deaths is null && passed.Ticks % TimeSpan.TicksPerHour == 0)
            {
                await stores[0].DeleteTicksAsync(world.Clock.Now.AddMinutes(-10), 1_000_000, Stop);
            }
        }

        // What the dead had in hand is taken over when their leases are over.
        var calm = stores.Select(s => Life(world, s, ledger, null)).ToArray();
        for (var i = 0; i < 6; i++)
        {
            world.Time.Advance(TimeSpan.FromSeconds(9));
            await TurnAllAsync(world, stores, calm, ledger, null);
        }

        var took = Stopwatch.GetElapsedTime(begun);
        var firings = (long)schedules * ((int)time.TotalMinutes + 1);
        ledger.Check(firings);
        output.WriteLine($"{firings:N0} firings of {schedules} schedules in {time} with {stores.Length} servers ({died} died, {ledger.Replayed} launches answered with the run that was there), {took.TotalSeconds:0.0} s, {firings / took.TotalSeconds:N0} a second");
        Assert.True(deaths is null || died > 20, $"Only {died} died.");
        Assert.True(deaths is null || ledger.Replayed > 0);
    }

    private static async Task<int> TurnAllAsync(SchedulerWorld world, IScheduleStore[] stores, Scheduler[] servers, FiringLedger ledger, Random? deaths)
    {
        var died = await Task.WhenAll(servers.Select((server, i) => Task.Run(async () =>
        {
            try
            {
                await SchedulerWorld.TurnAsync(server);
                return 0;
            }
            catch (DyingStore.DeathException)
            {
                servers[i] = Life(world, stores[i], ledger, deaths);
                return 1;
            }
        })));
        return died.Sum();
    }

    private static Scheduler Life(SchedulerWorld world, IScheduleStore store, FiringLedger ledger, Random? deaths) =>
        deaths is null ? world.Server(store, ledger) : new Mortal(world, store, ledger, deaths).Scheduler;

    /// <summary>A server that dies at a random call, before or after it was carried out, and from then on does nothing any more.</summary>
    private sealed class Mortal
    {
        public Mortal(SchedulerWorld world, IScheduleStore store, FiringLedger ledger, Random deaths)
        {
            var dying = new DyingStore(store, ledger, deaths);
            Scheduler = world.Server(dying, dying);
        }

        public Scheduler Scheduler { get; }
    }
}
