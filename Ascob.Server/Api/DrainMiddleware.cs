using Ascob.Server.Telemetry;

namespace Ascob.Server.Api;

/// <summary>While the server is being left, each answer closes its connection, so that the next request of a proxy or a client that keeps connections goes to another server.</summary>
internal sealed class DrainMiddleware(RequestDelegate next, ServerDrain drain)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (drain.IsDraining && HttpProtocol.IsHttp11(context.Request.Protocol))
        {
            context.Response.Headers.Connection = "close";
        }

        return next(context);
    }
}
