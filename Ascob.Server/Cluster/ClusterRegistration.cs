using Ascob.Core.Cluster;
using Ascob.Server.Background;

namespace Ascob.Server.Cluster;

/// <summary>Adds what makes several processes on one database act as one.</summary>
internal static class ClusterRegistration
{
    /// <summary>Adds membership, where the database can be shared. Before the engine, so that it is told of the start first and of the stop last.</summary>
    public static IServiceCollection AddAscobCluster(this IServiceCollection services, IConfiguration configuration)
    {
        if (!IsShared(configuration))
        {
            return services;
        }

        services.AddSingleton<LockAgreement>();
        services.AddHostedService<Membership>();
        if (configuration.GetSection(HangfireOptions.Section).Get<HangfireOptions>() is { Storage: HangfireStorage.Database })
        {
            services.AddSingleton<HangfireAttention>();
            services.AddSingleton<IAttention>(s => s.GetRequiredService<HangfireAttention>());
            services.AddHostedService(s => s.GetRequiredService<HangfireAttention>());
        }

        return services;
    }

    /// <summary>Answers whether several processes can use the database.</summary>
    public static bool IsShared(IConfiguration configuration) =>
        configuration["Ascob:Database:Provider"] is { Length: > 0 } provider && !provider.Equals("Sqlite", StringComparison.OrdinalIgnoreCase);
}
