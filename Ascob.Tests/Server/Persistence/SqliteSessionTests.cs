using Ascob.Server.Persistence.Sql;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Ascob.Tests.Server.Persistence;

public sealed class SqliteSessionTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Command_WhenMoreTextsComeThanAreKept_LetsTheOldestGoAndMakesThemAgain()
    {
        var dialect = new SqliteDialect("Data Source=:memory:", TimeSpan.FromSeconds(1));
        await using var session = new DbSession(dialect, await dialect.OpenAsync(Stop));
        ((SqliteConnection)session.Connection).Handle!.enable_sqlite3_next_stmt(true);
        var statements = Enumerable.Range(0, 500).Select(i => dialect.Statement($"SELECT {i}")).ToList();

        for (var i = 0; i < statements.Count; i++)
        {
            Assert.Equal(i, await session.Command(statements[i]).FirstAsync(r => r.GetInt32(0), Stop));
        }

        Assert.InRange(Prepared((SqliteConnection)session.Connection), 1, 201);
        Assert.Equal(0, await session.Command(statements[0]).FirstAsync(r => r.GetInt32(0), Stop));
        Assert.Equal(499, await session.Command(statements[499]).FirstAsync(r => r.GetInt32(0), Stop));
    }

    private static int Prepared(SqliteConnection connection)
    {
        var count = 0;
        for (var statement = raw.sqlite3_next_stmt(connection.Handle, null); statement is { IsInvalid: false }; statement = raw.sqlite3_next_stmt(connection.Handle, statement))
        {
            count++;
        }

        return count;
    }
}
