using Ascob.Tests.Contracts;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence;

public sealed class PostgreSqlRunBatchTests(PostgresFixture postgres) : RunBatchContract
{
    protected override async Task<TestStore> OpenAsync() => await TestStore.OpenAsync("PostgreSql", await postgres.CreateDatabaseAsync());
}
