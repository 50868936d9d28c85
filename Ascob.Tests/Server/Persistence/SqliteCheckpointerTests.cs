using Ascob.Tests.Fixtures;
using Microsoft.Data.Sqlite;

namespace Ascob.Tests.Server.Persistence;

public sealed class SqliteCheckpointerTests
{
    private const int Runs = 6000;
    private const long PageBytes = 4096;

    [Fact]
    public async Task WriteAsync_WhenManyRunsAreStored_TheLogIsCopiedBeside()
    {
        await using var store = await TestStore.OpenAsync("Sqlite", null);
        var database = Path.Combine(store.DataDirectory, "ascob.db");
        for (var i = 0; i < Runs; i += 200)
        {
            var added = new List<Task>();
            for (var n = 0; n < 200; n++)
            {
                added.Add(store.Runs.AddAsync(await SampleRuns.NewAsync(store.Runs), TestContext.Current.CancellationToken));
            }

            await Task.WhenAll(added);
        }

        // The log is below the size at which SQLite itself would have copied it, so what stands in the file was copied by us.
        await TestWorld.UntilAsync(() => new FileInfo(database).Length > Runs * 200L);
        Assert.InRange(new FileInfo(database + "-wal").Length, 1, 16_384 * PageBytes);
        await using var reader = new SqliteConnection($"Data Source={database};Mode=ReadOnly");
        await reader.OpenAsync(TestContext.Current.CancellationToken);
        await using var check = reader.CreateCommand();
        check.CommandText = "SELECT COUNT(*) FROM runs";
        Assert.Equal((long)Runs, await check.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }
}
