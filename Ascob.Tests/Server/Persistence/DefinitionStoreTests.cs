using Ascob.Tests.Contracts;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence;

public sealed class SqliteDefinitionStoreTests : DefinitionStoreContract
{
    protected override bool IsShared => false;

    protected override Task<TestStore> OpenAsync() => TestStore.OpenAsync("Sqlite", null);
}

public sealed class PostgreSqlDefinitionStoreTests(PostgresFixture postgres) : DefinitionStoreContract
{
    protected override async Task<TestStore> OpenAsync() => await TestStore.OpenAsync("PostgreSql", await postgres.CreateDatabaseAsync());
}

public sealed class SqlServerDefinitionStoreTests(SqlServerFixture server) : DefinitionStoreContract
{
    protected override async Task<TestStore> OpenAsync() => await TestStore.OpenAsync("SqlServer", await server.CreateDatabaseAsync());
}
