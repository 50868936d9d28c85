using Ascob.Core.Access;
using Ascob.Core.Backends;
using Ascob.Core.Dispatch;
using Ascob.Core.Locks;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Ascob.Server.Api;
using Ascob.Server.Background;
using Ascob.Server.Cluster;
using Ascob.Server.Configuration;
using Ascob.Server.Persistence;
using Ascob.Server.Persistence.Output;
using Ascob.Server.Persistence.Timing;
using Ascob.Server.Repository;
using Ascob.Server.Security;
using Ascob.Server.Telemetry;
using Hangfire;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Ascob.Server;

/// <summary>Puts the server together; the table of contents of this project.</summary>
internal static class AscobServer
{
    /// <summary>Builds the server without starting it.</summary>
    /// <param name="args">Configuration in .NET's form, such as <c>--urls http://127.0.0.1:0</c>.</param>
    /// <param name="configure">Changes the parts before they are put together; for tests and the command line.</param>
    /// <exception cref="ConfigurationException">The configuration is wrong; the message names the key.</exception>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = CreateBuilder(args);
        ConfigurationCheck.Run(builder.Configuration, builder.Environment);
        Listen(builder);
        builder.Logging.AddAscobLog(builder.Environment);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<MonotonicClock>();

        builder.Services.AddAscobConfiguration(builder.Configuration);

        // After the hold on the data directory and before all other hosted services, which find the database up to date.
        builder.Services.AddHostedService<DatabaseStartupService>();
        builder.Services.AddHostedService<EncryptionKeyCheck>();
        builder.Services.AddHostedService<DatabaseClockService>();
        builder.Services.AddAscobTelemetry(builder.Configuration);
        builder.Services.AddAscobSecurity();
        builder.Services.AddAscobApi();
        builder.Services.AddAscobPersistence(builder.Configuration);
        builder.Services.AddAscobOutput(builder.Configuration);
        builder.Services.AddAscobBackendTypes();
        builder.Services.AddAscobRepository(builder.Configuration);
        builder.Services.AddAscobCluster(builder.Configuration);
        builder.Services.AddSingleton<ServerOrders>();
        builder.Services.AddHostedService<WorkerBackends>();
        builder.Services.AddAscobEngine();
        builder.Services.AddAscobNotifications(builder.Configuration);
        builder.Services.AddAscobSchedules(builder.Configuration);
        builder.Services.AddAscobBackground(builder.Configuration);
        configure?.Invoke(builder);

        var app = builder.Build();
        try
        {
            // Made now, so that a wrong backend or certificate stops the start and not the first run.
            _ = app.Services.GetRequiredService<BackendCatalog>();
            _ = app.Services.GetRequiredService<ILockStore>();
            _ = app.Services.GetRequiredService<ActiveRunsGauge>();
            _ = app.Services.GetRequiredService<LockGauge>();
        }
        catch
        {
            ((IDisposable)app).Dispose();
            throw;
        }

        HandOutOwnAddress(app);
        Map(app);
        return app;
    }

    /// <summary>Reads the configuration, with the rules of the framework for what overrides what.</summary>
    /// <exception cref="ConfigurationException">A settings file is broken.</exception>
    internal static WebApplicationBuilder CreateBuilder(string[] args)
    {
        try
        {
            // The settings lie beside the program, wherever it is started from.
            return WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        }
        catch (Exception e) when (e is InvalidDataException or FormatException)
        {
            throw new ConfigurationException($"{e.Message} {e.InnerException?.Message}".ReplaceLineEndings(" ").Trim(), e);
        }
    }

    private static void Listen(WebApplicationBuilder builder)
    {
        if (!ListenAddresses.AreConfigured(builder.Configuration))
        {
            builder.WebHost.UseUrls(ListenAddresses.Default);
        }

        var limits = builder.Configuration.GetSection(LimitsOptions.Section).Get<LimitsOptions>() ?? new LimitsOptions();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = limits.MaxBodyBytes;
        });
    }

    // Without a configured PublicUrl jobs are handed the address that this server listens on, which jobs on this machine can reach.
    private static void HandOutOwnAddress(WebApplication app)
    {
        var engine = app.Services.GetRequiredService<IOptions<EngineOptions>>().Value;
        if (engine.PublicUrl is not null)
        {
            return;
        }

        // The address is known when the server listens, and the engine may have runs to send before that.
        var known = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        app.Services.GetRequiredService<Dispatcher>().HoldUntil(known.Task);
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            if (app.Urls.FirstOrDefault() is { } url)
            {
                engine.PublicUrl = url
                    .Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)
                    .Replace("[::]", "localhost", StringComparison.Ordinal)
                    .Replace("//+", "//localhost", StringComparison.Ordinal)
                    .Replace("//*", "//localhost", StringComparison.Ordinal)
                    .TrimEnd('/');
            }

            known.TrySetResult();
        });
    }

    private static void Map(WebApplication app)
    {
        if (app.Services.GetRequiredService<IOptions<AscobOptions>>().Value.TrustedProxies.Count > 0)
        {
            app.UseForwardedHeaders();
        }

        app.UseMiddleware<DrainMiddleware>();
        app.UseMiddleware<ProblemMiddleware>();
        app.UseRouting();
        app.UseMiddleware<AccessMiddleware>();
        app.UseAscobApiDocument();
        app.MapAscobApi();
        app.MapHangfireDashboard("/hangfire", new DashboardOptions { Authorization = [], AsyncAuthorization = [new DashboardAccess()], AppPath = "/swagger", DisplayStorageConnectionString = false })
            .RequiresOperator(Permissions.BackendWrite);
        if (app.Environment.IsEnvironment("Demo"))
        {
            app.Lifetime.ApplicationStarted.Register(static () => Console.Out.WriteLine(
                "*** DEMO: everybody who reaches this server can run commands on it with the token 'rootToken'. Not for production. ***"));
        }
    }
}
