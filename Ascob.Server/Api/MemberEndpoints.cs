using Ascob.Core.Access;
using Ascob.Core.Backends;
using Ascob.Core.Client;
using Ascob.Core.Cluster;
using Ascob.Core.Errors;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Ascob.Server.Cluster;
using Ascob.Server.Security;

namespace Ascob.Server.Api;

/// <summary>The servers and workers that share the database.</summary>
internal static partial class MemberEndpoints
{
    public static void MapMembers(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/workers", ListWorkersAsync).WithTags("Workers").Requires(Permissions.BackendRead).WithName("ListWorkers")
            .WithSummary("List the workers with their load").Produces<WorkerList>();
        routes.MapDelete("/api/workers/{name}", ForgetAsync).WithTags("Workers").Requires(Permissions.BackendWrite).WithName("ForgetWorker")
            .WithSummary("Forget a worker that is gone for good and has no runs under way").Produces(204).Refuses(404, 409);
        routes.MapGet("/api/servers", ListServersAsync).WithTags("Workers").Requires(Permissions.BackendRead).WithName("ListServers")
            .WithSummary("List the servers on this database").Produces<ServerList>();
        routes.MapPost("/api/servers/{name}/drain", DrainAsync).WithTags("Workers").Requires(Permissions.BackendWrite).WithName("DrainServer")
            .WithSummary("Have load balancers leave a server; its runs go on").Produces<ServerInfo>(202).Refuses(404);
        routes.MapPost("/api/servers/{name}/resume", ResumeAsync).WithTags("Workers").Requires(Permissions.BackendWrite).WithName("ResumeServer")
            .WithSummary("Let load balancers send requests to a server again").Produces<ServerInfo>(202).Refuses(404);
    }

    // What this server knows is shown, a heartbeat old at most: by that it routes.
    private static async Task ListWorkersAsync(HttpContext context, ClusterView view, IBackendStateStore states)
    {
        var drained = await states.GetDrainedAsync(context.RequestAborted);
        await Answer.JsonAsync(context, new WorkerList([.. view.Workers.Select(w => new WorkerInfo(
            w.Name, w.Labels, MemberStates.Word(w, view.IsThere(w), drained.Contains(w.Name)), w.Running, w.Capacity, w.LastSeenAt, w.Version))]));
    }

    private static async Task ListServersAsync(HttpContext context, ClusterView view, ServerOrders orders, ServerIdentity self, MonotonicClock clock)
    {
        var drained = await orders.DrainedAsync(context.RequestAborted);
        var servers = view.Members.Where(m => m.Kind == MemberKind.Server).Select(s => Show(s, view, drained, self)).ToList();
        if (servers.Count == 0)
        {
            // Alone with its database, it need not tell anybody that it is there.
            servers.Add(new ServerInfo(self.Name, "online", clock.StartedAt, clock.Now, self.Version, true));
        }

        await Answer.JsonAsync(context, new ServerList(servers));
    }

    private static ServerInfo Show(Member server, ClusterView view, IReadOnlySet<string> drained, ServerIdentity self) => new(
        server.Name, MemberStates.Word(server, view.IsThere(server), drained.Contains(server.Name)), server.StartedAt, server.LastSeenAt, server.Version, server.Instance == self.LeaseOwner);

    private static Task DrainAsync(HttpContext context, ClusterView view, ServerOrders orders, ServerIdentity self, ILogger<ClusterView> log) =>
        OrderAsync(context, view, orders, self, log, drained: true);

    private static Task ResumeAsync(HttpContext context, ClusterView view, ServerOrders orders, ServerIdentity self, ILogger<ClusterView> log) =>
        OrderAsync(context, view, orders, self, log, drained: false);

    private static async Task OrderAsync(HttpContext context, ClusterView view, ServerOrders orders, ServerIdentity self, ILogger log, bool drained)
    {
        var name = context.Request.RouteValues["name"] as string ?? string.Empty;
        if (view.Find(name) is not { Kind: MemberKind.Server } server)
        {
            await Problems.WriteAsync(context, new Error(ErrorKind.NotFound, "server.not_found", "There is no such server, or it has its database for itself: stop that one with SIGTERM."));
            return;
        }

        await orders.OrderAsync(name, drained, context.RequestAborted);
        LogOrder(log, context.GetCaller().Actor, drained ? "drained" : "resumed", name);
        await Answer.JsonAsync(context, Show(server, view, await orders.DrainedAsync(context.RequestAborted), self), StatusCodes.Status202Accepted);
    }

    private static async Task ForgetAsync(HttpContext context, IMemberStore members, ClusterView view, IRunStore runs, ILogger<ClusterView> log)
    {
        var name = context.Request.RouteValues["name"] as string ?? string.Empty;
        var all = await members.ListAsync(context.RequestAborted);
        if (all.FirstOrDefault(m => m.Kind == MemberKind.Worker && m.Name == name) is not { } worker)
        {
            await Problems.WriteAsync(context, new Error(ErrorKind.NotFound, "worker.not_found", "There is no such worker."));
            return;
        }

        if (view.IsThere(worker))
        {
            await Problems.WriteAsync(context, new Error(ErrorKind.Conflict, "worker.there", $"Worker '{name}' is at work; stop it first."));
            return;
        }

        var active = (await runs.CountActiveAsync(context.RequestAborted)).Where(c => c.BackendId == name).Sum(c => c.Count);
        if (active > 0)
        {
            await Problems.WriteAsync(context, new Error(ErrorKind.Conflict, "worker.has_runs", $"Worker '{name}' has {active} runs that are not final; stop or resolve them first."));
            return;
        }

        if (!await members.ForgetAsync(name, worker.Instance, context.RequestAborted))
        {
            await Problems.WriteAsync(context, new Error(ErrorKind.Conflict, "worker.there", $"Worker '{name}' is back."));
            return;
        }

        view.Update([.. view.Members.Where(m => m.Instance != worker.Instance)]);
        LogForgotten(log, context.GetCaller().Actor, name);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Actor} {Decision} the server {Server}")]
    private static partial void LogOrder(ILogger logger, string actor, string decision, string server);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Actor} forgot the worker {Worker}")]
    private static partial void LogForgotten(ILogger logger, string actor, string worker);
}
