using Ascob.Core.Definitions;
using Ascob.Core.Schedules;
using Ascob.Core.Telemetry;

namespace Ascob.Server.Background;

/// <summary>Registers what fires schedules. Servers only: a worker has its own queue and leaves the clock to them.</summary>
internal static class ScheduleRegistration
{
    /// <summary>Adds the use cases of schedules, the scheduler and its watch.</summary>
    public static IServiceCollection AddAscobSchedules(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ScheduleOptions>().Bind(configuration.GetSection(ScheduleOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<ScheduleMetrics>();
        services.AddSingleton<ScheduleSignal>();
        services.AddSingleton<ScheduleService>();
        services.AddSingleton<INextRuns, ScheduledNextRuns>();
        services.AddSingleton<SchedulePlanner>();
        services.AddSingleton<IScheduledLaunch, DefinitionLaunch>();
        services.AddSingleton<TickLauncher>();
        services.AddSingleton<Scheduler>();
        services.AddSingleton<TickRetention>();
        services.AddHostedService<ScheduleHost>();
        return services;
    }
}
