using Ascob.Tests.Contracts;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence;

public sealed class SqliteRunBatchTests : RunBatchContract
{
    protected override Task<TestStore> OpenAsync() => TestStore.OpenAsync("Sqlite", null);
}
