using Ascob.Tests.Contracts;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence;

public sealed class SqliteMemberStoreTests : MemberStoreContract
{
    protected override Task<TestStore> OpenAsync() => TestStore.OpenAsync("Sqlite", null);
}

public sealed class PostgreSqlMemberStoreTests(PostgresFixture postgres) : MemberStoreContract
{
    protected override async Task<TestStore> OpenAsync() => await TestStore.OpenAsync("PostgreSql", await postgres.CreateDatabaseAsync());
}

public sealed class SqlServerMemberStoreTests(SqlServerFixture server) : MemberStoreContract
{
    protected override async Task<TestStore> OpenAsync() => await TestStore.OpenAsync("SqlServer", await server.CreateDatabaseAsync());
}
