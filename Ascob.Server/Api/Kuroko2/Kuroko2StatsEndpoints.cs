using Ascob.Core.Backends;
using Ascob.Core.Definitions;
using Ascob.Core.Kuroko2;
using Ascob.Core.Runs;
using Ascob.Core.Timing;

namespace Ascob.Server.Api.Kuroko2;

/// <summary>kuroko2's statistics for monitoring.</summary>
internal static class Kuroko2StatsEndpoints
{
    private const int PageSize = 500;

    // More than this need not be told apart by whoever watches.
    private const int MostCounted = 10_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly RunStatus[] Unstarted = [RunStatus.WaitingLocks, RunStatus.PendingSubmit];

    public static void MapKuroko2Stats(this RouteGroupBuilder stats)
    {
        stats.MapGet("/instance", InstancesAsync).WithSummary("Count what is under way and what has failed");
        stats.MapGet("/waiting_execution", WaitingAsync).WithSummary("Count what waits for more than three minutes, by queue");
    }

    private static async Task InstancesAsync(HttpContext context, Kuroko2Stats stats, IRunStore runs, IDefinitionStore definitions) =>
        await Kuroko2Answer.WriteAsync(context, await stats.GetAsync("instance", stop => CountInstancesAsync(runs, definitions, stop), context.RequestAborted));

    private static async Task WaitingAsync(HttpContext context, Kuroko2Stats stats, IRunStore runs, BackendCatalog catalog, MonotonicClock clock) =>
        await Kuroko2Answer.WriteAsync(context, await stats.GetAsync("waiting_execution", stop => CountWaitingAsync(runs, catalog, clock, stop), context.RequestAborted));

    private static async Task<object> CountInstancesAsync(IRunStore runs, IDefinitionStore definitions, CancellationToken cancellationToken)
    {
        var working = (await runs.CountActiveAsync(cancellationToken)).Sum(c => c.Count);
        var failed = 0;
        string? after = null;
        do
        {
            var page = await definitions.ListAsync(new DefinitionSearch { AfterName = after, Limit = PageSize }, cancellationToken);
            failed += (await definitions.StandingAsync([.. page.Items.Select(d => d.Id)], cancellationToken)).Values.Count(s => s.FailedRun is not null);
            after = page.NextAfterName;
        }
        while (after is not null);
        return new Dictionary<string, object> { ["kuroko2.job_instances.working"] = working, ["kuroko2.job_instances.error"] = failed };
    }

    private static async Task<object> CountWaitingAsync(IRunStore runs, BackendCatalog catalog, MonotonicClock clock, CancellationToken cancellationToken)
    {
        var counts = new Dictionary<string, object>(StringComparer.Ordinal);
        var queues = catalog.All.Select(b => b.Options.Labels.GetValueOrDefault(ScriptSurroundings.QueueLabel)).OfType<string>().Append(ScriptSurroundings.DefaultQueue);
        foreach (var queue in queues.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            counts[$"kuroko2.executions.waiting.{queue}"] = await CountAsync(runs, queue, clock.Now - Patience, cancellationToken);
        }

        return counts;
    }

    private static async Task<int> CountAsync(IRunStore runs, string queue, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var search = new RunSearch { Labels = [new(ScriptSurroundings.QueueLabel, queue)], Statuses = Unstarted, DefinedBefore = before, Limit = PageSize };
        var count = 0;
        while (count < MostCounted)
        {
            var page = await runs.SearchAsync(search, cancellationToken);
            count += page.Items.Count;
            if (page.NextBeforeId is not { } next)
            {
                break;
            }

            search = search with { BeforeId = next };
        }

        return count;
    }
}
