using Ascob.Tests.Contracts;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence;

/// <summary>Locks in Consul pass the suite of the database's, on SQLite.</summary>
public sealed class ConsulLockStoreTests(ConsulFixture consul) : LockStoreContract
{
    protected override async Task<TestStore> OpenAsync() =>
        await TestStore.OpenAsync("Sqlite", null, ConsulFixture.Parts(await consul.SharedUrlAsync(), consul.NewPrefix()));
}

/// <summary>The same for two servers on one PostgreSQL.</summary>
public sealed class ConsulPostgreSqlLockStoreTests(ConsulFixture consul, PostgresFixture postgres) : LockStoreContract
{
    protected override async Task<TestStore> OpenAsync()
    {
        var url = await consul.SharedUrlAsync();
        return await TestStore.OpenAsync("PostgreSql", await postgres.CreateDatabaseAsync(), ConsulFixture.Parts(url, consul.NewPrefix()));
    }
}
