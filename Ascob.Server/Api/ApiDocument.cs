using Ascob.Core.Definitions;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Ascob.Server.Security;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace Ascob.Server.Api;

/// <summary>The API document and the page that shows it.</summary>
internal static class ApiDocument
{
    public const string Name = "v1";

    // The catalogue shows what its caller may see. The page loads a document without the token that was typed into it, so it is put there, and into nothing that goes elsewhere.
    private const string SendToken = """
        function (request) {
            if (request.loadSpec && window.ui && new URL(request.url, window.location.href).origin === window.location.origin) {
                var known = window.ui.authSelectors.authorized().get("X-Api-Token");
                var token = known && known.get("value");
                if (token) {
                    request.headers["X-Api-Token"] = token;
                }
            }
            return request;
        }
        """;

    public static IServiceCollection AddAscobApiDocument(this IServiceCollection services)
    {
        services.AddEndpointsApiExplorer();
        services.AddSwaggerGen(swagger =>
        {
            swagger.SwaggerDoc(Name, new OpenApiInfo
            {
                Title = "Ascob API",
                Version = Name,
                Description = "One API, one history and one set of locks over every automation backend.",
            });
            swagger.AddSecurityDefinition(AccessMiddleware.Header, new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey,
                In = ParameterLocation.Header,
                Name = AccessMiddleware.Header,
                Description = "A token; in Development and Demo: rootToken.",
            });
            MapWords<RunStatus>(swagger, Enum.GetValues<RunStatus>().Select(RunStatusNames.ToWire));
            MapWords<LockMode>(swagger, ["exclusive", "shared"]);
            MapWords<LockPolicy>(swagger, ["wait", "fail", "skip"]);
            MapWords<ResolutionVerdict>(swagger, ["adopt", "not_started", "failed"]);
            MapWords<NextExecution>(swagger, ["always", "not_while_working_or_error", "not_while_working", "not_while_error"]);
            swagger.SupportNonNullableReferenceTypes();
            swagger.OperationFilter<OperationDescriber>();
        });
        return services;
    }

    public static void UseAscobApiDocument(this WebApplication app)
    {
        app.MapSwagger("/swagger/{documentName}/swagger.json").IsOpen();
        app.UseSwaggerUI(page =>
        {
            page.SwaggerEndpoint($"/swagger/{Name}/swagger.json", "Ascob API");
            page.SwaggerEndpoint(CatalogueEndpoints.Path, "Definitions (authorize first)");
            page.UseRequestInterceptor(SendToken);
            page.DocumentTitle = "Ascob API";
            page.EnableTryItOutByDefault();
        });
    }

    private static void MapWords<T>(SwaggerGenOptions swagger, IEnumerable<string> words)
        where T : struct
    {
        var schema = new OpenApiSchema { Type = JsonSchemaType.String, Enum = [.. words.Select(w => (System.Text.Json.Nodes.JsonNode)w)] };
        swagger.MapType<T>(() => schema);
        swagger.MapType<T?>(() => schema);
    }
}
