using System.Net;
using Ascob.Core.Callbacks;
using Ascob.Core.Notifications;
using Ascob.Core.Runs;
using Ascob.Server.Api.Kuroko2;
using Ascob.Server.Cluster;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Configuration;

/// <summary>Binds the settings, which <see cref="ConfigurationCheck"/> has looked over before.</summary>
internal static class ConfigurationRegistration
{
    public static IServiceCollection AddAscobConfiguration(this IServiceCollection services, IConfiguration configuration)
    {
        services.Configure<AscobOptions>(configuration.GetSection(AscobOptions.Section));
        services.Configure<LimitsOptions>(configuration.GetSection(LimitsOptions.Section));
        services.Configure<RetentionPolicy>(configuration.GetSection("Ascob:Retention"));
        services.Configure<NotificationOptions>(configuration.GetSection(NotificationOptions.Section));
        services.Configure<Kuroko2Options>(configuration.GetSection(Kuroko2Options.Section));
        services.Configure<SecurityOptions>(configuration.GetSection(SecurityOptions.Section));
        services.AddOptions<EngineOptions>().Bind(configuration.GetSection("Ascob:Engine")).Configure<IOptions<AscobOptions>, IOptions<LimitsOptions>>(
            (engine, server, limits) =>
            {
                // Servers that share a database need names that differ, also two on one machine, and stay the same for their next lives.
                engine.ServerName = server.Value.ServerName
                    ?? (ClusterRegistration.IsShared(configuration) ? $"{engine.ServerName}-{Home.Of(server.Value.AbsoluteDataDirectory)[..4]}" : engine.ServerName);
                engine.PublicUrl = (server.Value.PublicUrl ?? engine.PublicUrl)?.TrimEnd('/');
                engine.ManualStartDeadline = limits.Value.ManualStartDeadline;
            });

        services.AddOptions<CallbackLimits>().Configure<IOptions<LimitsOptions>>((callbacks, limits) =>
        {
            callbacks.MaxEvents = limits.Value.MaxCallbackEvents;
            callbacks.MaxMessage = limits.Value.MaxCallbackMessage;
        });

        // Hosted services start in the order in which they are added: the hold comes before everything that touches the directory.
        services.AddSingleton<DataDirectoryLock>();
        services.AddHostedService(s => s.GetRequiredService<DataDirectoryLock>());
        services.AddSingleton<BackendCatalogFactory>();
        services.AddSingleton(s => s.GetRequiredService<BackendCatalogFactory>().Create());
        services.AddOptions<ForwardedHeadersOptions>().Configure<IOptions<AscobOptions>>(TrustProxies);
        return services;
    }

    private static void TrustProxies(ForwardedHeadersOptions headers, IOptions<AscobOptions> options)
    {
        headers.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
        headers.KnownProxies.Clear();
        headers.KnownIPNetworks.Clear();
        foreach (var proxy in options.Value.TrustedProxies)
        {
            if (IPAddress.TryParse(proxy, out var address))
            {
                headers.KnownProxies.Add(address);
            }
            else
            {
                headers.KnownIPNetworks.Add(System.Net.IPNetwork.Parse(proxy));
            }
        }
    }
}
