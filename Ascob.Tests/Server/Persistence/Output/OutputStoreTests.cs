using System.Globalization;
using Ascob.Tests.Contracts;
using Ascob.Tests.Fixtures;
using Ascob.Tests.Server.Persistence.Contents;

namespace Ascob.Tests.Server.Persistence.Output;

public sealed class DiskOutputStoreTests : OutputStoreContract
{
    protected override Task<TestStore> OpenAsync(int maxOutputBytes) => TestStore.OpenAsync("Sqlite", null, Limit.Of(maxOutputBytes));

    protected override Task<TestStore> OpenOtherAsync(TestStore store) => store.OpenOtherAsync();
}

public sealed class SharedDiskOutputStoreTests(PostgresFixture postgres) : OutputStoreContract, IDisposable
{
    private readonly string _mounted = Directory.CreateTempSubdirectory("ascob-mounted-").FullName;

    public void Dispose() => Directory.Delete(_mounted, recursive: true);

    protected override async Task<TestStore> OpenAsync(int maxOutputBytes) => await TestStore.OpenAsync(
        "PostgreSql", await postgres.CreateDatabaseAsync(), Limit.Of(maxOutputBytes), ("Ascob:Contents:Store", "Disk"), ("Ascob:Contents:Directory", _mounted));
}

public sealed class SqliteOutputStoreTests : OutputStoreContract
{
    protected override Task<TestStore> OpenAsync(int maxOutputBytes) => TestStore.OpenAsync("Sqlite", null, Limit.Of(maxOutputBytes), ContentTables.InDatabase);

    protected override Task<TestStore> OpenOtherAsync(TestStore store) => store.OpenOtherAsync();
}

public sealed class PostgreSqlOutputStoreTests(PostgresFixture postgres) : OutputStoreContract
{
    protected override async Task<TestStore> OpenAsync(int maxOutputBytes) =>
        await TestStore.OpenAsync("PostgreSql", await postgres.CreateDatabaseAsync(), Limit.Of(maxOutputBytes));

    [Fact]
    public async Task Archive_OfALargeOne_LeavesNoContentThatNobodyHas()
    {
        await using var store = await OpenAsync(1_000_000);

        await ArchiveAsync(store, 1, 1, Text(300_000), 100_000, Ascob.Core.Output.OutputChannel.Combined);
        Assert.Single(await ContentTables.NamesAsync(store));
        await ArchiveAsync(store, 1, 1, Text(400_000), 100_000, Ascob.Core.Output.OutputChannel.Combined);

        // The content that was replaced waits for the sweep.
        Assert.Equal(3, (await ContentTables.NamesAsync(store)).Count);
        await ContentTables.AgeAsync(store);
        var files = store.Get<Ascob.Core.Files.IRunFileStore>();
        Assert.Equal(1, await files.SweepAsync(Stop) + await files.SweepAsync(Stop));
        Assert.Single(await ContentTables.NamesAsync(store));
        Assert.Equal(Text(400_000), await ReadAsync(store, 1, 1, Ascob.Core.Output.OutputChannel.Combined));
    }
}

public sealed class SqlServerOutputStoreTests(SqlServerFixture sqlServer) : OutputStoreContract
{
    protected override async Task<TestStore> OpenAsync(int maxOutputBytes) =>
        await TestStore.OpenAsync("SqlServer", await sqlServer.CreateDatabaseAsync(), Limit.Of(maxOutputBytes));
}

/// <summary>The limit of output as a setting.</summary>
internal static class Limit
{
    public static (string Key, string Value) Of(int bytes) => ("Ascob:Limits:MaxOutputBytes", bytes.ToString(CultureInfo.InvariantCulture));
}
