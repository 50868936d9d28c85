using Ascob.Core.Backends;
using Ascob.Core.Kuroko2;
using Ascob.Core.Runs;
using Ascob.Core.Timing;

namespace Ascob.Server.Api.Kuroko2;

/// <summary>kuroko2's statistics for monitoring.</summary>
internal static class Kuroko2StatsEndpoints
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    public static void MapKuroko2Stats(this RouteGroupBuilder stats)
    {
        stats.MapGet("/instance", InstancesAsync).WithSummary("Count what is under way and what has failed");
        stats.MapGet("/waiting_execution", WaitingAsync).WithSummary("Count what waits for more than three minutes, by queue");
    }

    private static async Task InstancesAsync(HttpContext context, Kuroko2Stats stats, IRunStore runs, IInstanceCounts counts) =>
        await Kuroko2Answer.WriteAsync(context, await stats.GetAsync("instance", stop => CountInstancesAsync(runs, counts, stop), context.RequestAborted));

    private static async Task WaitingAsync(HttpContext context, Kuroko2Stats stats, IInstanceCounts counts, BackendCatalog catalog, MonotonicClock clock) =>
        await Kuroko2Answer.WriteAsync(context, await stats.GetAsync("waiting_execution", stop => CountWaitingAsync(counts, catalog, clock, stop), context.RequestAborted));

    private static async Task<object> CountInstancesAsync(IRunStore runs, IInstanceCounts counts, CancellationToken cancellationToken) => new Dictionary<string, object>
    {
        ["kuroko2.job_instances.working"] = (await runs.CountActiveAsync(cancellationToken)).Sum(c => c.Count),
        ["kuroko2.job_instances.error"] = await counts.FailedDefinitionsAsync(cancellationToken),
    };

    private static async Task<object> CountWaitingAsync(IInstanceCounts counts, BackendCatalog catalog, MonotonicClock clock, CancellationToken cancellationToken)
    {
        var queues = catalog.All
            .Select(b => b.Options.Labels.GetValueOrDefault(ScriptSurroundings.QueueLabel)).OfType<string>()
            .Append(ScriptSurroundings.DefaultQueue).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var waiting = await counts.WaitingAsync(queues, clock.Now - Patience, cancellationToken);
        return queues.ToDictionary(q => $"kuroko2.executions.waiting.{q}", q => (object)waiting.GetValueOrDefault(q), StringComparer.Ordinal);
    }
}
