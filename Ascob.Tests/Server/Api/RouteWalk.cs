using Ascob.Server.Security;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Server.Api;

/// <summary>Every route of a running server.</summary>
internal static class RouteWalk
{
    public static IReadOnlyList<Route> All(ApiServer server) =>
    [
        .. server.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().SelectMany(e =>
            (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"]).Select(m => new Route(
                m,
                "/" + string.Join('/', e.RoutePattern.PathSegments.Select(s => string.Concat(s.Parts.Select(Fill)))),
                e.Metadata.GetMetadata<AccessRequirement>()))),
    ];

    private static string Fill(Microsoft.AspNetCore.Routing.Patterns.RoutePatternPart part) => part switch
    {
        Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal => literal.Content,
        Microsoft.AspNetCore.Routing.Patterns.RoutePatternSeparatorPart separator => separator.Content,
        _ => "1",
    };

    internal sealed record Route(string Method, string Path, AccessRequirement? Requirement)
    {
        public HttpRequestMessage Request() => new(new HttpMethod(Method), Path);

        public override string ToString() => $"{Method} {Path}";
    }
}
