using Ascob.Core.Backends;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Ascob.Server.Background;
using Ascob.Server.Cluster;
using Ascob.Server.Configuration;
using Ascob.Server.Persistence;
using Ascob.Server.Persistence.Output;
using Ascob.Server.Persistence.Timing;
using Ascob.Server.Repository;
using Ascob.Server.Security;
using Ascob.Server.Telemetry;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Ascob.Server;

/// <summary>
/// Puts a worker together: the engine of a server with one shell backend, without the API. It shares the database with the servers and needs no connection to or from them.
/// </summary>
internal static class AscobWorker
{
    /// <summary>Builds the worker without starting it.</summary>
    /// <param name="args">Configuration in .NET's form.</param>
    /// <param name="configure">Changes the parts before they are put together; for tests.</param>
    /// <exception cref="ConfigurationException">The configuration is wrong; the message names the key.</exception>
    public static IHost Build(string[] args, Action<IHostApplicationBuilder>? configure = null)
    {
        var builder = CreateBuilder(args);
        ConfigurationCheck.RunForWorker(builder.Configuration, builder.Environment);
        builder.Logging.AddAscobLog(builder.Environment);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<MonotonicClock>();
        builder.Services.AddMetrics();
        builder.Services.AddAscobConfiguration(builder.Configuration);
        builder.Services.Replace(ServiceDescriptor.Singleton(s => s.GetRequiredService<BackendCatalogFactory>().CreateForWorker()));
        var name = builder.Configuration[WorkerSettings.Name]!;
        builder.Services.AddOptions<EngineOptions>().Configure(engine => (engine.ServerName, engine.OnlyBackend) = (name, name));
        builder.Services.AddHostedService<DatabaseStartupService>();
        builder.Services.AddHostedService<EncryptionKeyCheck>();
        builder.Services.AddHostedService<DatabaseClockService>();
        builder.Services.AddAscobPersistence(builder.Configuration);
        builder.Services.AddAscobOutput(builder.Configuration);
        builder.Services.AddAscobBackendTypes();
        builder.Services.AddAscobWorkerRepository(builder.Configuration);
        builder.Services.AddAscobCluster(builder.Configuration);
        builder.Services.AddAscobEngine();
        builder.Services.AddAscobWorkerBackground(builder.Configuration);
        configure?.Invoke(builder);

        var host = builder.Build();
        try
        {
            // Made now, so that a wrong setting stops the start and not the first run.
            _ = host.Services.GetRequiredService<BackendCatalog>();
        }
        catch
        {
            host.Dispose();
            throw;
        }

        return host;
    }

    private static HostApplicationBuilder CreateBuilder(string[] args)
    {
        try
        {
            return Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { Args = args, ContentRootPath = AppContext.BaseDirectory });
        }
        catch (Exception e) when (e is InvalidDataException or FormatException)
        {
            throw new ConfigurationException($"{e.Message} {e.InnerException?.Message}".ReplaceLineEndings(" ").Trim(), e);
        }
    }
}
