using Ascob.Backends.Notifications;
using Ascob.Core.Notifications;
using Ascob.Core.Telemetry;
using Ascob.Server.Cluster;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Background;

/// <summary>Registers notifications.</summary>
internal static class NotificationRegistration
{
    /// <summary>Adds what every process has that writes events: the knowledge of who wants to be told.</summary>
    public static IServiceCollection AddAscobNotices(this IServiceCollection services)
    {
        services.TryAddSingleton<SubscriptionWatch>();
        services.AddHostedService<InterestService>();
        return services;
    }

    /// <summary>Adds the delivery, which servers do.</summary>
    public static IServiceCollection AddAscobNotifications(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<NotificationMetrics>();
        services.AddSingleton<IEnumerable<INotificationSender>>(s => NotificationSendersRegistration.Create(s.GetRequiredService<IOptions<NotificationOptions>>().Value));
        services.AddSingleton(s => new ReceiverAddresses(
            NotificationSendersRegistration.Refuses(s.GetRequiredService<IOptions<NotificationOptions>>().Value), ClusterRegistration.IsShared(configuration)));
        services.AddSingleton<NoticePlanner>();
        services.AddSingleton<NotificationAttempts>();
        services.AddSingleton<NotificationEngine>();
        services.AddSingleton<NotificationUpkeep>();
        services.AddSingleton<SubscriptionService>();
        services.AddSingleton<SubscriptionKeeper>();
        services.AddHostedService<NotificationService>();
        services.AddHostedService<RepositoryHookService>();
        services.AddHostedService<Kuroko2NoticeService>();
        return services;
    }
}
