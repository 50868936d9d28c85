using Ascob.Core.Jobs;
using Ascob.Core.Locks;
using Ascob.Server.Api.Kuroko2;
using Ascob.Server.Api.Overseer;
using Ascob.Server.Api.Schedules;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Ascob.Server.Api;

/// <summary>Adds and maps the native API.</summary>
internal static class ApiRegistration
{
    public static IServiceCollection AddAscobApi(this IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(json => AscobJson.Configure(json.SerializerOptions));
        services.AddSingleton<MultipartSubmissions>();
        services.TryAddSingleton<LockBreaker>();
        services.AddKuroko2();
        services.AddAscobApiDocument();
        return services;
    }

    public static void MapAscobApi(this IEndpointRouteBuilder routes)
    {
        routes.MapSubmission();
        routes.MapSearch();
        routes.MapDefinitions();
        routes.MapDefinitionHistory();
        routes.MapCatalogue();
        routes.MapLaunches();
        routes.MapRuns();
        routes.MapOutput();
        routes.MapEvents();
        routes.MapFiles();
        routes.MapBackends();
        routes.MapMembers();
        routes.MapSchedules();
        routes.MapFirings();
        routes.MapLocks();
        routes.MapWebhooks();
        routes.MapTokens();
        routes.MapNotifications();
        routes.MapRepository();
        routes.MapOverseerJobs();
        routes.MapOverseerExecutions();
        routes.MapHealth();
        routes.MapLogin();
        routes.MapExecutions();
        routes.MapKuroko2();
    }
}
