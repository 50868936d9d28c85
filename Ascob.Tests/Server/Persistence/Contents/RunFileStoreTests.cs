using Ascob.Server.Persistence.Contents;
using Ascob.Tests.Contracts;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence.Contents;

public sealed class DiskRunFileStoreTests : RunFileStoreContract
{
    protected override Task<TestStore> OpenAsync() => TestStore.OpenAsync("Sqlite", null);

    protected override Task<TestStore> OpenOtherAsync(TestStore store) => store.OpenOtherAsync();

    protected override Task<IReadOnlyList<string>> ContentsAsync(TestStore store) => Task.FromResult(Disk.Names(Path.Combine(store.DataDirectory, "files")));

    protected override Task AgeAsync(TestStore store) => Task.CompletedTask;
}

public sealed class SharedDiskRunFileStoreTests(PostgresFixture postgres) : RunFileStoreContract, IDisposable
{
    private readonly string _mounted = Directory.CreateTempSubdirectory("ascob-mounted-").FullName;

    public void Dispose() => Directory.Delete(_mounted, recursive: true);

    protected override async Task<TestStore> OpenAsync() => await TestStore.OpenAsync(
        "PostgreSql", await postgres.CreateDatabaseAsync(), ("Ascob:Contents:Store", "Disk"), ("Ascob:Contents:Directory", _mounted));

    protected override Task<IReadOnlyList<string>> ContentsAsync(TestStore store) => Task.FromResult(Disk.Names(Path.Combine(_mounted, "files")));

    protected override Task AgeAsync(TestStore store)
    {
        foreach (var mark in Directory.EnumerateFiles(_mounted, "*.staged", SearchOption.AllDirectories))
        {
            File.SetLastWriteTimeUtc(mark, File.GetLastWriteTimeUtc(mark) - DatabaseContents.AbandonedAfter);
        }

        return Task.CompletedTask;
    }
}

public sealed class SqliteRunFileStoreTests : RunFileStoreContract
{
    protected override Task<TestStore> OpenAsync() => TestStore.OpenAsync("Sqlite", null, ContentTables.InDatabase);

    protected override Task<TestStore> OpenOtherAsync(TestStore store) => store.OpenOtherAsync();

    protected override Task<IReadOnlyList<string>> ContentsAsync(TestStore store) => ContentTables.NamesAsync(store);

    protected override Task AgeAsync(TestStore store) => ContentTables.AgeAsync(store);
}

public sealed class PostgreSqlRunFileStoreTests(PostgresFixture postgres) : RunFileStoreContract
{
    protected override async Task<TestStore> OpenAsync() => await TestStore.OpenAsync("PostgreSql", await postgres.CreateDatabaseAsync());

    protected override Task<IReadOnlyList<string>> ContentsAsync(TestStore store) => ContentTables.NamesAsync(store);

    protected override Task AgeAsync(TestStore store) => ContentTables.AgeAsync(store);
}

public sealed class SqlServerRunFileStoreTests(SqlServerFixture sqlServer) : RunFileStoreContract
{
    protected override async Task<TestStore> OpenAsync() => await TestStore.OpenAsync("SqlServer", await sqlServer.CreateDatabaseAsync());

    protected override Task<IReadOnlyList<string>> ContentsAsync(TestStore store) => ContentTables.NamesAsync(store);

    protected override Task AgeAsync(TestStore store) => ContentTables.AgeAsync(store);
}

/// <summary>Looks into a directory of contents.</summary>
internal static class Disk
{
    public static IReadOnlyList<string> Names(string directory) =>
        Directory.Exists(directory) ? [.. Directory.GetFiles(directory).Select(f => Path.GetFileName(f))] : [];
}
