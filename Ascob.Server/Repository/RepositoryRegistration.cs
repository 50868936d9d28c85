using Ascob.Core.Definitions;
using Ascob.Core.Repository;

namespace Ascob.Server.Repository;

/// <summary>Adds the Git repository of job definitions.</summary>
internal static class RepositoryRegistration
{
    /// <summary>Adds what a server needs: it looks at the repository, applies it, and runs its jobs.</summary>
    public static IServiceCollection AddAscobRepository(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddAscobCheckouts(configuration);
        services.AddSingleton<IRepositoryPublisher, DefinitionPublisher>();
        services.AddSingleton<IDefinitionFollower, ScheduleFollower>();
        services.AddSingleton<ILaunchForm, RepositoryForm>();
        services.AddSingleton<RepositoryJobs>();
        services.AddSingleton<RepositoryWake>();
        services.AddSingleton<RepositorySync>();
        services.AddSingleton<JobControls>();
        services.AddSingleton<JobLauncher>();
        services.AddSingleton<Overseer>();
        services.AddHostedService<RepositoryPolling>();
        services.AddHostedService<CheckoutSweep>();
        return services;
    }

    /// <summary>Adds what a worker needs: it runs jobs, in files that it fetches itself.</summary>
    public static IServiceCollection AddAscobCheckouts(this IServiceCollection services, IConfiguration configuration)
    {
        services.Configure<RepositoryOptions>(configuration.GetSection(RepositoryOptions.Section));
        services.AddSingleton<RepositoryMetrics>();
        services.AddSingleton<GitSource>();
        services.AddSingleton<Library>();
        services.AddSingleton<Checkouts>();
        services.AddSingleton<ICheckouts>(s => s.GetRequiredService<Checkouts>());
        services.AddSingleton<IRepositoryStore, RepositoryStore>();
        return services;
    }

    /// <summary>Adds the sweep and the library of a worker.</summary>
    public static IServiceCollection AddAscobWorkerRepository(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddAscobCheckouts(configuration);
        services.AddHostedService<LibraryWriting>();
        services.AddHostedService<CheckoutSweep>();
        return services;
    }
}
