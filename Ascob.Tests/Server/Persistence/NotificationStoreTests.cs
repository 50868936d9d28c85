using Ascob.Tests.Contracts;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence;

public sealed class SqliteNotificationStoreTests : NotificationStoreContract
{
    protected override Task<TestStore> OpenAsync() => TestStore.OpenAsync("Sqlite", null);
}

public sealed class PostgreSqlNotificationStoreTests(PostgresFixture postgres) : NotificationStoreContract
{
    protected override async Task<TestStore> OpenAsync() => await TestStore.OpenAsync("PostgreSql", await postgres.CreateDatabaseAsync());
}

public sealed class SqlServerNotificationStoreTests(SqlServerFixture server) : NotificationStoreContract
{
    protected override async Task<TestStore> OpenAsync() => await TestStore.OpenAsync("SqlServer", await server.CreateDatabaseAsync());
}
