using Ascob.Core.Jobs;
using Ascob.Core.Locks;
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
        routes.MapLocks();
        routes.MapWebhooks();
        routes.MapTokens();
        routes.MapHealth();
        routes.MapLogin();
    }
}
