using Ascob.Core.Access;
using Ascob.Core.Locks;
using Ascob.Core.Runs;
using Ascob.Server.Persistence;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Fixtures;

/// <summary>The stores of one server, as the server itself puts them together.</summary>
public sealed class TestStore : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly string _provider;
    private readonly string? _connectionString;

    private TestStore(ServiceProvider services, string provider, string? connectionString, string dataDirectory, bool ownsDirectory)
    {
        _services = services;
        _provider = provider;
        _connectionString = connectionString;
        DataDirectory = dataDirectory;
        OwnsDirectory = ownsDirectory;
    }

    public IRunStore Runs => Get<IRunStore>();

    public ILockStore Locks => Get<ILockStore>();

    public ITokenStore Tokens => Get<ITokenStore>();

    public string DataDirectory { get; }

    private bool OwnsDirectory { get; }

    public static Task<TestStore> OpenAsync(string provider, string? connectionString) =>
        OpenAsync(provider, connectionString, Directory.CreateTempSubdirectory("ascob-store-").FullName, ownsDirectory: true);

    /// <summary>Opens the same database as another server would.</summary>
    public Task<TestStore> OpenOtherAsync(string? connectionString = null) =>
        OpenAsync(_provider, connectionString ?? _connectionString, DataDirectory, ownsDirectory: false);

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        if (OwnsDirectory)
        {
            Directory.Delete(DataDirectory, recursive: true);
        }
    }

    private static async Task<TestStore> OpenAsync(string provider, string? connectionString, string dataDirectory, bool ownsDirectory)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Ascob:DataDirectory"] = dataDirectory,
            ["Ascob:Database:Provider"] = provider,
            ["Ascob:Database:ConnectionString"] = connectionString,
        }).Build();
        var services = new ServiceCollection().AddLogging().AddAscobPersistence(configuration).BuildServiceProvider();
        await services.GetRequiredService<DatabaseStartup>().MigrateAsync(TestContext.Current.CancellationToken);
        return new TestStore(services, provider, connectionString, dataDirectory, ownsDirectory);
    }
}
