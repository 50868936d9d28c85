namespace Ascob.Server.Api;

/// <summary>What the API document says about a route's body. Handlers read bodies themselves, so nothing else would know.</summary>
/// <param name="Type">The type of the JSON body; null for raw bytes.</param>
/// <param name="Required">Whether it may be left out.</param>
/// <param name="Multipart">Whether a form with files is taken too.</param>
internal sealed record BodyDescription(Type? Type, bool Required, bool Multipart);

/// <summary>What the API document says about a query parameter or header of a route.</summary>
internal sealed record ParameterDescription(string Name, string Text, Type Type, bool Many, bool InHeader);

/// <summary>Describes routes for the API document.</summary>
internal static class RouteDescription
{
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder route, bool required = true, bool multipart = false) =>
        route.WithMetadata(new BodyDescription(typeof(T), required, multipart));

    public static RouteHandlerBuilder TakesBytes(this RouteHandlerBuilder route) =>
        route.WithMetadata(new BodyDescription(null, Required: true, Multipart: false));

    public static RouteHandlerBuilder Query<T>(this RouteHandlerBuilder route, string name, string text, bool many = false) =>
        route.WithMetadata(new ParameterDescription(name, text, typeof(T), many, InHeader: false));

    public static RouteHandlerBuilder Header(this RouteHandlerBuilder route, string name, string text) =>
        route.WithMetadata(new ParameterDescription(name, text, typeof(string), Many: false, InHeader: true));

    /// <summary>Names the refusals that a route has beside 400, 401, 403 and 503.</summary>
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder route, params int[] statuses)
    {
        foreach (var status in statuses)
        {
            route.Produces<Ascob.Core.Client.ProblemInfo>(status, Problems.ContentType);
        }

        return route;
    }
}
