using System.Diagnostics;
using Ascob.Core.Jobs;
using Ascob.Core.Locks;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Locks;
using Ascob.Tests.Contracts;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence;

public sealed class PostgreSqlLockStoreTests(PostgresFixture postgres) : LockStoreContract
{
    [Fact]
    public async Task TryGrantAsync_WhenAServerStandsStillInTheMiddleOfAGrant_OthersGoOnAfterSomeSeconds()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var store = await TestStore.OpenAsync("PostgreSql", database);
        var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.WaitingLocks, locks: [new LockSpec("db")]));
        await using var paused = new Npgsql.NpgsqlConnection(database);
        await paused.OpenAsync(Stop);
        await using var transaction = await paused.BeginTransactionAsync(Stop);
        await using var serialise = paused.CreateCommand();
        serialise.CommandText = store.Get<LockSql>().Serialise!.Text;
        await serialise.ExecuteNonQueryAsync(Stop);

        var begun = Stopwatch.GetTimestamp();
        LockGrant? grant = null;
        while (grant is null)
        {
            Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.Zero, TimeSpan.FromSeconds(60));
            try
            {
                grant = await store.Locks.TryGrantAsync(run.Id, (waiting, fences) => SampleRuns.Change(waiting, RunTrigger.LocksGranted, r => r with { Fences = fences }), Stop);
            }
            catch (Ascob.Core.Errors.StoreUnavailableException)
            {
                // Nobody waits longer than the store's own patience at a time.
            }
        }

        Assert.Equal(LockGrantOutcome.Granted, grant.Outcome);
    }

    protected override async Task<TestStore> OpenAsync() => await TestStore.OpenAsync("PostgreSql", await postgres.CreateDatabaseAsync());
}
