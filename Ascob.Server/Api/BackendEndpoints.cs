using Ascob.Core.Access;
using Ascob.Core.Backends;
using Ascob.Core.Client;
using Ascob.Core.Errors;
using Ascob.Server.Background;
using Ascob.Server.Security;

namespace Ascob.Server.Api;

/// <summary>The configured backends, and holding new runs back from them.</summary>
internal static partial class BackendEndpoints
{
    public static void MapBackends(this IEndpointRouteBuilder routes)
    {
        var backends = routes.MapGroup("/api/backends").WithTags("Backends");
        backends.MapGet("/", ListAsync).Requires(Permissions.BackendRead).WithName("ListBackends").WithSummary("List the backends with their condition")
            .Produces<BackendList>();
        backends.MapPost("/{id}/drain", DrainAsync).Requires(Permissions.BackendWrite).WithName("DrainBackend")
            .WithSummary("Hold new runs back from a backend; those under way go on").Produces<BackendInfo>().Refuses(404);
        backends.MapPost("/{id}/resume", ResumeAsync).Requires(Permissions.BackendWrite).WithName("ResumeBackend")
            .WithSummary("Let runs go to a backend again").Produces<BackendInfo>().Refuses(404);
    }

    private static async Task ListAsync(HttpContext context, BackendCatalog catalog, IBackendStateStore states, BackendHealthChecks health)
    {
        // Another server may have drained a backend a moment ago; the list shows what holds for all.
        var drained = await states.GetDrainedAsync(context.RequestAborted);
        await Answer.JsonAsync(context, new BackendList([.. catalog.All.Select(b => Judged(BackendInfo.From(b), health) with { Drained = drained.Contains(b.Id) })]));
    }

    // What the backend itself said when it was last asked names the setting to mend; a circuit only knows of calls.
    private static BackendInfo Judged(BackendInfo backend, BackendHealthChecks health) => health.LastOf(backend.Id) is { Healthy: false } ill
        ? backend with { Healthy = false, Reason = ill.Reason ?? backend.Reason }
        : backend;

    private static Task DrainAsync(HttpContext context, BackendCatalog catalog, IBackendStateStore states, BackendHealthChecks health, ILogger<BackendCatalog> log) =>
        SetAsync(context, catalog, states, health, log, drained: true);

    private static Task ResumeAsync(HttpContext context, BackendCatalog catalog, IBackendStateStore states, BackendHealthChecks health, ILogger<BackendCatalog> log) =>
        SetAsync(context, catalog, states, health, log, drained: false);

    private static async Task SetAsync(HttpContext context, BackendCatalog catalog, IBackendStateStore states, BackendHealthChecks health, ILogger log, bool drained)
    {
        if (!catalog.TryGet(context.Request.RouteValues["id"] as string, out var backend))
        {
            await Problems.WriteAsync(context, new Error(ErrorKind.NotFound, "backend.not_found", "There is no such backend."));
            return;
        }

        await states.SetDrainedAsync(backend.Id, drained, context.RequestAborted);
        await health.RefreshDrainedAsync(context.RequestAborted);
        LogDecision(log, context.GetCaller().Actor, drained ? "drained" : "resumed", backend.Id);
        await Answer.JsonAsync(context, BackendInfo.From(backend));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Actor} {Decision} the backend {Backend}")]
    private static partial void LogDecision(ILogger logger, string actor, string decision, string backend);
}
