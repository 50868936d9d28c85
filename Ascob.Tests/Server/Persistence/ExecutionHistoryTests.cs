using Ascob.Tests.Contracts;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence;

public sealed class SqliteExecutionHistoryTests : ExecutionHistoryContract
{
    protected override Task<TestStore> OpenAsync() => TestStore.OpenAsync("Sqlite", null);
}

public sealed class PostgreSqlExecutionHistoryTests(PostgresFixture postgres) : ExecutionHistoryContract
{
    protected override async Task<TestStore> OpenAsync() => await TestStore.OpenAsync("PostgreSql", await postgres.CreateDatabaseAsync());
}

public sealed class SqlServerExecutionHistoryTests(SqlServerFixture server) : ExecutionHistoryContract
{
    protected override async Task<TestStore> OpenAsync() => await TestStore.OpenAsync("SqlServer", await server.CreateDatabaseAsync());
}
