using Ascob.Core.Locks;
using Ascob.Core.Runs;
using Ascob.Core.Telemetry;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Ascob.Server.Persistence.Locks.Consul;

/// <summary>Registers where locks are kept.</summary>
internal static class ConsulRegistration
{
    private const string Provider = "Ascob:Locks:Provider";

    /// <summary>Adds the lock store of <c>Ascob:Locks:Provider</c>.</summary>
    public static IServiceCollection AddAscobLocks(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<LockSql>();
        services.AddSingleton<LockKeepSql>();
        services.AddSingleton<LockKeeps>();
        services.AddSingleton<LockStore>();
        services.TryAddSingleton<LockSignals>();
        if (!"Consul".Equals(configuration[Provider], StringComparison.OrdinalIgnoreCase))
        {
            services.AddSingleton(new LockCondition("database"));
            services.AddSingleton<ILockStore>(p => p.GetRequiredService<LockStore>());
            return services;
        }

        services.AddOptions<ConsulOptions>().Bind(configuration.GetSection(ConsulOptions.Section));
        services.AddOptions<EngineOptions>();
        services.AddMetrics();
        services.TryAddSingleton<AscobMetrics>();
        services.AddSingleton(new LockCondition("consul"));
        services.AddSingleton<ConsulLink>();
        services.AddSingleton<ConsulClient>();
        services.AddSingleton<ConsulSessions>();
        services.AddSingleton<ConsulSession>();
        services.AddSingleton<ConsulView>();
        services.AddSingleton<ConsulKeys>();
        services.AddSingleton<ConsulUpkeep>();
        services.AddSingleton<ConsulKeeper>();
        services.AddHostedService(p => p.GetRequiredService<ConsulKeeper>());
        services.AddSingleton<ConsulLockStore>();
        services.AddSingleton<ILockStore>(p => p.GetRequiredService<ConsulLockStore>());
        return services;
    }
}
