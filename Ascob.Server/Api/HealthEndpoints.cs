using Ascob.Core.Access;
using Ascob.Core.Locks;
using Ascob.Server.Configuration;
using Ascob.Server.Security;
using Ascob.Server.Telemetry;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Api;

/// <summary>What load balancers, supervisors and monitoring ask.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz/live", (Delegate)LiveAsync)
            .IsOpen().WithTags("Health").WithName("Live").WithSummary("Tell that the process lives").Produces<string>(200, "text/plain");
        routes.MapGet("/healthz/ready", ReadyAsync)
            .IsOpen().WithTags("Health").WithName("Ready").WithSummary("Tell whether the server takes requests").Produces<string>(200, "text/plain").Refuses(503);
        var metrics = routes.MapPrometheusScrapingEndpoint("/metrics");
        if (routes.ServiceProvider.GetRequiredService<IOptions<SecurityOptions>>().Value.MetricsOpen)
        {
            metrics.IsOpen();
        }
        else
        {
            metrics.Requires(Permissions.BackendRead);
        }
    }

    // Cast to a delegate above: a bare request delegate would not be in the API document.
    private static Task LiveAsync(HttpContext context) => SayAsync(context, "live", StatusCodes.Status200OK);

    private static async Task ReadyAsync(HttpContext context, Readiness readiness, LockCondition locks)
    {
        if (await readiness.WhyNotAsync() is { } reason)
        {
            context.Response.Headers.RetryAfter = "1";
            await Problems.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "server.not_ready", $"Not ready: {reason}.");
            return;
        }

        // A server whose locks have no keeper serves everything but new grants, so no load balancer should turn away from it.
        await SayAsync(context, locks.Trouble is { } trouble ? $"ready\nlocks: {trouble.Reason}" : "ready", StatusCodes.Status200OK);
    }

    private static Task SayAsync(HttpContext context, string word, int status)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(word + "\n", context.RequestAborted);
    }
}
