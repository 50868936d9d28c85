using Ascob.Tests.Contracts;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence;

public sealed class PostgreSqlRunSearchTests(PostgresFixture postgres) : RunSearchContract
{
    protected override async Task<TestStore> OpenAsync() => await TestStore.OpenAsync("PostgreSql", await postgres.CreateDatabaseAsync());
}
