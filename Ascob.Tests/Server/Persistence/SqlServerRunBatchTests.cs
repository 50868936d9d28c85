using Ascob.Tests.Contracts;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence;

public sealed class SqlServerRunBatchTests(SqlServerFixture server) : RunBatchContract
{
    protected override async Task<TestStore> OpenAsync() => await TestStore.OpenAsync("SqlServer", await server.CreateDatabaseAsync());
}
