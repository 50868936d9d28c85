using System.Globalization;
using Ascob.Core.Errors;
using Microsoft.AspNetCore.Http.Features;

namespace Ascob.Server.Api;

/// <summary>Reads the parts of an address.</summary>
internal static class RouteText
{
    /// <summary>Reads the number of a run; anything else is refused by name.</summary>
    public static long RunId(this HttpContext context) =>
        long.TryParse(context.Request.RouteValues["id"] as string, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? id
            : throw new RequestRefusedException(Error.Invalid("id", "The number of a run."));

    /// <summary>
    /// Reads a name that may hold any character. The server leaves <c>%2F</c> as it is when it decodes a path, so that a name with a slash could not be told from one with
    /// <c>%2F</c> in it; therefore the segment is taken from the address as it was sent.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="name">The route parameter.</param>
    /// <param name="segment">Which segment of the path it is, from 0.</param>
    public static string Name(this HttpContext context, string name, int segment)
    {
        var routed = context.Request.RouteValues[name] as string ?? string.Empty;
        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? string.Empty;
        var query = target.IndexOf('?', StringComparison.Ordinal);
        var sent = (query < 0 ? target : target[..query]).Split('/');
        var decoded = context.Request.Path.Value?.Split('/') ?? [];

        // Where the server folded dot segments or a prefix was cut off, the places do not match and the routed text counts.
        var text = sent.Length == decoded.Length && sent.Length > segment + 1 && !context.Request.PathBase.HasValue
            ? Uri.UnescapeDataString(sent[segment + 1])
            : routed;
        return text.Any(char.IsControl) || text.Contains('\uFFFD', StringComparison.Ordinal)
            ? throw new RequestRefusedException(Error.Invalid(name, "Control characters and broken text are not allowed."))
            : text;
    }
}
