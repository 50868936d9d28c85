using Ascob.Core.Access;
using Ascob.Core.Locks;
using Ascob.Core.Runs;
using Ascob.Server.Persistence;
using Ascob.Server.Persistence.Output;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Fixtures;

/// <summary>The stores of one server, as the server itself puts them together.</summary>
public sealed class TestStore : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly string _provider;
    private readonly string? _connectionString;
    private readonly (string Key, string Value)[] _settings;

    private TestStore(
        ServiceProvider services, string provider, string? connectionString, string dataDirectory, bool ownsDirectory, (string Key, string Value)[] settings)
    {
        _settings = settings;
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

    public static Task<TestStore> OpenAsync(string provider, string? connectionString, params (string Key, string Value)[] settings) =>
        OpenAsync(provider, connectionString, Directory.CreateTempSubdirectory("ascob-store-").FullName, ownsDirectory: true, settings);

    /// <summary>Opens the same database as another server would.</summary>
    public Task<TestStore> OpenOtherAsync(string? connectionString = null) =>
        OpenAsync(_provider, connectionString ?? _connectionString, DataDirectory, ownsDirectory: false, _settings);

    /// <summary>Opens the same database as another server on another machine would: nothing of this one's directory is there.</summary>
    public Task<TestStore> OpenElsewhereAsync() => OpenAsync(_provider, _connectionString, _settings);

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

    private static async Task<TestStore> OpenAsync(
        string provider, string? connectionString, string dataDirectory, bool ownsDirectory, (string Key, string Value)[] settings)
    {
        var all = settings.ToDictionary(s => s.Key, s => (string?)s.Value, StringComparer.Ordinal);
        all["Ascob:DataDirectory"] = dataDirectory;
        all["Ascob:Database:Provider"] = provider;
        all["Ascob:Database:ConnectionString"] = connectionString;
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(all).Build();
        var services = new ServiceCollection().AddLogging().AddAscobPersistence(configuration).AddAscobOutput(configuration).BuildServiceProvider();
        await services.GetRequiredService<DatabaseStartup>().MigrateAsync(TestContext.Current.CancellationToken);
        return new TestStore(services, provider, connectionString, dataDirectory, ownsDirectory, settings);
    }
}
