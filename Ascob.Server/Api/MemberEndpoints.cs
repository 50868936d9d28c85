using Ascob.Core.Access;
using Ascob.Core.Backends;
using Ascob.Core.Client;
using Ascob.Core.Cluster;
using Ascob.Core.Errors;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
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
    }

    // What this server knows is shown, a heartbeat old at most: by that it routes.
    private static async Task ListWorkersAsync(HttpContext context, ClusterView view, IBackendStateStore states)
    {
        var drained = await states.GetDrainedAsync(context.RequestAborted);
        await Answer.JsonAsync(context, new WorkerList([.. view.Workers.Select(w => new WorkerInfo(
            w.Name, w.Labels, MemberStates.Word(w, view.IsThere(w), drained.Contains(w.Name)), w.Running, w.Capacity, w.LastSeenAt, w.Version))]));
    }

    private static async Task ListServersAsync(HttpContext context, ClusterView view, ServerIdentity self, MonotonicClock clock)
    {
        var servers = view.Members.Where(m => m.Kind == MemberKind.Server)
            .Select(s => new ServerInfo(s.Name, MemberStates.Word(s, view.IsThere(s)), s.StartedAt, s.LastSeenAt, s.Version, s.Instance == self.LeaseOwner))
            .ToList();
        if (servers.Count == 0)
        {
            // Alone with its database, it need not tell anybody that it is there.
            servers.Add(new ServerInfo(self.Name, "online", clock.StartedAt, clock.Now, self.Version, true));
        }

        await Answer.JsonAsync(context, new ServerList(servers));
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

    [LoggerMessage(Level = LogLevel.Information, Message = "{Actor} forgot the worker {Worker}")]
    private static partial void LogForgotten(ILogger logger, string actor, string worker);
}
