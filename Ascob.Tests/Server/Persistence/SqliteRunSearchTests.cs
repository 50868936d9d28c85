using Ascob.Tests.Contracts;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence;

public sealed class SqliteRunSearchTests : RunSearchContract
{
    protected override Task<TestStore> OpenAsync() => TestStore.OpenAsync("Sqlite", null);
}
