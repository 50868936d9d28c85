using System.Diagnostics;
using Ascob.Core.Errors;
using Ascob.Core.Runs;
using Ascob.Server.Persistence;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;
using Ascob.Tests.Fixtures;
using Microsoft.Data.Sqlite;

namespace Ascob.Tests.Server.Persistence;

public sealed class SqliteTroubleTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Guarantee24_AddAsync_WhenDiskIsFull_StoresNothingByHalvesAndRecovers()
    {
        await using var store = await TestStore.OpenAsync("Sqlite", null);
        await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        var pages = await PragmaAsync(store, "PRAGMA page_count");
        await PragmaAsync(store, $"PRAGMA max_page_count = {pages + 40}");

        var stored = new List<long>();
        var refused = new List<long>();
        var others = new List<Exception>();
        await Parallel.ForEachAsync(Enumerable.Range(0, 1_000), new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = Stop }, async (_, stop) =>
        {
            var run = await SampleRuns.NewAsync(store.Runs);
            try
            {
                await store.Runs.AddAsync(run, stop);
                Note(stored, run.Run.Id);
            }
            catch (StoreUnavailableException)
            {
                Note(refused, run.Run.Id);
            }
#pragma warning disable CA1031 // The test counts what else was thrown.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Note(others, e);
            }
        });

        Assert.Empty(others);
        Assert.NotEmpty(refused);
        Assert.NotEmpty(stored);
        foreach (var id in refused)
        {
            Assert.Null(await store.Runs.FindAsync(id, Stop));
            Assert.Empty(await store.Runs.EventsAsync(id, 0, 1, Stop));
        }

        foreach (var id in stored)
        {
            Assert.NotNull(await store.Runs.FindAsync(id, Stop));
            Assert.Single(await store.Runs.EventsAsync(id, 0, 10, Stop));
        }

        await PragmaAsync(store, "PRAGMA max_page_count = 1000000");
        await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
    }

    [Fact]
    public async Task Guarantee25_AddAsync_WhenDatabaseIsLocked_SaysSoInTimeAndRecovers()
    {
        await using var store = await TestStore.OpenAsync("Sqlite", null);
        await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        await using var other = new SqliteConnection($"Data Source={Path.Combine(store.DataDirectory, "ascob.db")};Pooling=False");
        await other.OpenAsync(Stop);
        await ExecuteAsync(other, "BEGIN EXCLUSIVE");
        var runs = new List<NewRun>();
        for (var i = 0; i < 20; i++)
        {
            runs.Add(await SampleRuns.NewAsync(store.Runs));
        }

        var started = Stopwatch.GetTimestamp();
        var outcomes = await Task.WhenAll(runs.Select(async r => await Record.ExceptionAsync(() => store.Runs.AddAsync(r, Stop))));
        var took = Stopwatch.GetElapsedTime(started);

        Assert.All(outcomes, e => Assert.IsType<StoreUnavailableException>(e));
        Assert.InRange(took, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(8));
        await ExecuteAsync(other, "ROLLBACK");
        Assert.All(await Task.WhenAll(runs.Select(r => store.Runs.FindAsync(r.Run.Id, Stop))), Assert.Null);
        await SampleRuns.AddAsync(store.Runs, runs[0]);
    }

    [Fact]
    public async Task WriteAsync_WhenOneOperationFails_OthersOfTheBatchAreStored()
    {
        await using var store = await TestStore.OpenAsync("Sqlite", null);
        var taken = await SampleRuns.NewAsync(store.Runs);
        await SampleRuns.AddAsync(store.Runs, taken);
        var good = new List<NewRun>();
        for (var i = 0; i < 30; i++)
        {
            good.Add(await SampleRuns.NewAsync(store.Runs));
        }

        var adds = good.Select(r => store.Runs.AddAsync(r, Stop)).ToList();
        var bad = Enumerable.Range(0, 5).Select(_ => store.Runs.AddAsync(taken, Stop)).ToList();
        adds.AddRange(good.Select(async _ => await store.Runs.AddAsync(await SampleRuns.NewAsync(store.Runs), Stop)));

        Assert.All(await Task.WhenAll(adds), o => Assert.Equal(AddOutcomeKind.Added, o.Outcome));
        foreach (var add in bad)
        {
            await Assert.ThrowsAsync<SqliteException>(() => add);
        }

        Assert.Equal(61, (await store.Runs.SearchAsync(new RunSearch { Limit = 500 }, Stop)).Items.Count);
    }

    [Fact]
    public async Task Sessions_WhenOpened_AreDurableAndWaitForLocks()
    {
        await using var store = await TestStore.OpenAsync("Sqlite", null);

        Assert.Equal(2, await PragmaAsync(store, "PRAGMA synchronous"));
        Assert.Equal(5_000, await PragmaAsync(store, "PRAGMA busy_timeout"));
        Assert.Equal("wal", await store.Get<IStoreWriter>().WriteAsync(new DelegateOperation<string>((s, _) => Task.FromResult((string)Scalar(s, "PRAGMA journal_mode"))), Stop));
    }

    [Fact]
    public async Task TakeOverAbandonedLeasesAsync_WhenServerStarts_EndsLeasesOfItsEarlierLife()
    {
        await using var store = await TestStore.OpenAsync("Sqlite", null);
        var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        await store.Runs.ClaimAsync(run.Id, "earlier", run.DefinedAt, run.DefinedAt.AddHours(1), Stop);

        await store.Runs.TakeOverAbandonedLeasesAsync(Stop);

        Assert.NotNull(await store.Runs.ClaimAsync(run.Id, "now", run.DefinedAt, run.DefinedAt.AddHours(1), Stop));
    }

    [Fact]
    public async Task MigrateAsync_WhenSeveralServersStart_AllSucceed()
    {
        await using var store = await TestStore.OpenAsync("Sqlite", null);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => store.Get<DatabaseStartup>().MigrateAsync(Stop)));

        Assert.Empty((await store.Runs.SearchAsync(new RunSearch(), Stop)).Items);
    }

    private static void Note<T>(List<T> list, T item)
    {
        lock (list)
        {
            list.Add(item);
        }
    }

    // These settings belong to a connection: the question goes through the writer's own.
    private static Task<long> PragmaAsync(TestStore store, string text) =>
        store.Get<IStoreWriter>().WriteAsync(new DelegateOperation<long>((session, _) => Task.FromResult((long)Scalar(session, text))), Stop);

    private static object Scalar(DbSession session, string text)
    {
        using var command = session.Connection.CreateCommand();
        command.CommandText = text;
        return command.ExecuteScalar() ?? 0L;
    }

    private static async Task ExecuteAsync(SqliteConnection connection, string text)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = text;
        await command.ExecuteNonQueryAsync(Stop);
    }
}
