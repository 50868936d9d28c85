using Ascob.Tests.Fixtures;
using Ascob.Tests.Robustness;
using Npgsql;

namespace Ascob.Tests.Cluster;

/// <summary>Hangfire's storage in the database of the runs, for two servers.</summary>
public sealed class SharedClockworkTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Guarantee36_37_WhenTwoServersShareHangfiresTablesAndLoseThem_NothingIsDoneTwiceOrLostAndTheTablesComeBack()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await Members.StartAsync(database, "one", "--Ascob:Hangfire:Storage", "Database");
        await using var two = await Members.StartAsync(database, "two", "--Ascob:Hangfire:Storage", "Database");
        using var first = one.Client();
        using var second = two.Client();
        var ids = await SubmitAsync(first, second, 40);
        await Http.UntilAsync(async () => await DoneAsync(database) > 0, TimeSpan.FromSeconds(60));
        Assert.Equal(2, await ScalarAsync(database, "SELECT count(*)::int FROM hangfire.server"));

        await ExecuteAsync(database, "DROP SCHEMA hangfire CASCADE");
        ids.AddRange(await SubmitAsync(first, second, 40));

        foreach (var id in ids)
        {
            Assert.Equal("SUCCEEDED", await second.EndAsync(id));
        }

        await Http.UntilAsync(async () => await DoneAsync(database) > 0, TimeSpan.FromSeconds(120));
        Assert.Equal(ids.Count, await ScalarAsync(database, "SELECT count(*)::int FROM runs"));
        Assert.Equal(ids.Count, await ScalarAsync(database, "SELECT count(*)::int FROM run_events WHERE to_status = 'SUCCEEDED'"));
        Assert.Equal(0, await ScalarAsync(database, "SELECT count(*)::int FROM (SELECT run_id, to_status FROM run_events WHERE event_type = 'status' AND to_status IN ('SUBMITTED', 'RUNNING') GROUP BY run_id, to_status HAVING count(*) > 1) AS doubled"));
    }

    private static async Task<List<long>> SubmitAsync(HttpClient first, HttpClient second, int runs)
    {
        var ids = new List<long>();
        for (var i = 0; i < runs; i++)
        {
            ids.Add(await (i % 2 == 0 ? first : second).AcceptedAsync(new { submitter = "ann", labels = Http.Dummy(("dummy_run_ms", "1500"), ("dummy_result", i % 4 == 0 ? "unknown" : "success")) }));
        }

        return ids;
    }

    /// <summary>Answers how many jobs Hangfire has carried out; 0 also where its tables are away.</summary>
    private static async Task<int> DoneAsync(string database)
    {
        try
        {
            return await ScalarAsync(database, "SELECT count(*)::int FROM hangfire.state WHERE name = 'Succeeded'");
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
        {
            return 0;
        }
    }

    private static async Task<int> ScalarAsync(string database, string text)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(text, connection);
        return (int)(await command.ExecuteScalarAsync(Token))!;
    }

    private static async Task ExecuteAsync(string database, string text)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(text, connection);
        await command.ExecuteNonQueryAsync(Token);
    }
}
