using Ascob.Tests.Contracts;
using Ascob.Tests.Fixtures;
using Ascob.Tests.Server.Persistence.Contents;

namespace Ascob.Tests.Server.Persistence.Output;

public sealed class DiskReportedOutputTests : ReportedOutputContract
{
    protected override bool HasOtherServers => false;

    protected override Task<TestStore> OpenAsync() => TestStore.OpenAsync("Sqlite", null, Limit.Of(160));

    protected override Task<TestStore> OpenOtherAsync(TestStore store) => store.OpenOtherAsync();
}

public sealed class SqliteReportedOutputTests : ReportedOutputContract
{
    protected override bool HasOtherServers => false;

    protected override Task<TestStore> OpenAsync() => TestStore.OpenAsync("Sqlite", null, Limit.Of(160), ContentTables.InDatabase);

    protected override Task<TestStore> OpenOtherAsync(TestStore store) => store.OpenOtherAsync();
}

public sealed class PostgreSqlReportedOutputTests(PostgresFixture postgres) : ReportedOutputContract
{
    protected override async Task<TestStore> OpenAsync() => await TestStore.OpenAsync("PostgreSql", await postgres.CreateDatabaseAsync(), Limit.Of(160));
}

public sealed class SqlServerReportedOutputTests(SqlServerFixture sqlServer) : ReportedOutputContract
{
    protected override async Task<TestStore> OpenAsync() => await TestStore.OpenAsync("SqlServer", await sqlServer.CreateDatabaseAsync(), Limit.Of(160));
}
