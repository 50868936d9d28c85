using Ascob.Core.Access;
using Ascob.Core.Locks;
using Ascob.Core.Runs;
using Ascob.Server.Persistence;
using Ascob.Server.Persistence.Output;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Ascob.Tests.Fixtures;

/// <summary>The stores of one server, as the server itself puts them together.</summary>
public sealed class TestStore : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly string _provider;
    private readonly string? _connectionString;
    private readonly TestStoreParts _parts;
    private bool _killed;

    private TestStore(ServiceProvider services, string provider, string? connectionString, string dataDirectory, bool ownsDirectory, TestStoreParts parts)
    {
        _parts = parts;
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

    /// <summary>Opens an empty store with further settings.</summary>
    public static Task<TestStore> OpenAsync(string provider, string? connectionString, params (string Key, string Value)[] settings) =>
        OpenAsync(provider, connectionString, TestStoreParts.None with { Settings = settings.ToDictionary(s => s.Key, s => (string?)s.Value, StringComparer.Ordinal) });

    /// <summary>Opens the same database as another server on another machine would: nothing of this one's directory is there.</summary>
    public Task<TestStore> OpenElsewhereAsync() => OpenAsync(_provider, _connectionString, _parts);

    /// <summary>Opens an empty store with further settings; what runs in the background is started.</summary>
    internal static Task<TestStore> OpenAsync(string provider, string? connectionString, TestStoreParts parts) =>
        OpenAsync(provider, connectionString, Directory.CreateTempSubdirectory("ascob-store-").FullName, ownsDirectory: true, parts);

    /// <summary>Opens the same database as another server would.</summary>
    public Task<TestStore> OpenOtherAsync(string? connectionString = null, string server = "other") =>
        OpenAsync(_provider, connectionString ?? _connectionString, DataDirectory, ownsDirectory: false, _parts with { Server = server });

    /// <summary>Opens it as the next life of the same server.</summary>
    public Task<TestStore> OpenNextLifeAsync() => OpenAsync(_provider, _connectionString, DataDirectory, ownsDirectory: false, _parts);

    /// <summary>Ends what runs in the background as <c>kill -9</c> does: nothing is given back.</summary>
    public void Kill()
    {
        _killed = true;
        foreach (var background in _services.GetServices<IHostedService>().OfType<BackgroundService>())
        {
            background.Dispose();
        }
    }

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public async ValueTask DisposeAsync()
    {
        foreach (var background in _killed ? [] : _services.GetServices<IHostedService>())
        {
            await background.StopAsync(CancellationToken.None);
        }

        await _services.DisposeAsync();
        if (OwnsDirectory)
        {
            Directory.Delete(DataDirectory, recursive: true);
        }
    }

    private static async Task<TestStore> OpenAsync(string provider, string? connectionString, string dataDirectory, bool ownsDirectory, TestStoreParts parts)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>(parts.Settings)
        {
            ["Ascob:DataDirectory"] = dataDirectory,
            ["Ascob:Database:Provider"] = provider,
            ["Ascob:Database:ConnectionString"] = connectionString,
        }).Build();
        var collection = new ServiceCollection().AddLogging().AddAscobPersistence(configuration).AddAscobOutput(configuration).Configure<EngineOptions>(o => o.ServerName = parts.Server);
        parts.Configure?.Invoke(collection);
        var services = collection.BuildServiceProvider();
        await services.GetRequiredService<DatabaseStartup>().MigrateAsync(TestContext.Current.CancellationToken);
        foreach (var background in services.GetServices<IHostedService>())
        {
            await background.StartAsync(TestContext.Current.CancellationToken);
        }

        return new TestStore(services, provider, connectionString, dataDirectory, ownsDirectory, parts);
    }
}

/// <summary>What a store has beside its database.</summary>
internal sealed record TestStoreParts(IReadOnlyDictionary<string, string?> Settings, Action<IServiceCollection>? Configure, string Server = "one")
{
    public static TestStoreParts None { get; } = new(new Dictionary<string, string?>(), null);
}
