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

    private static async Task InstancesAsync(HttpContext context, IRunStore runs, IDefinitionStore definitions)
    {
        var working = (await runs.CountActiveAsync(context.RequestAborted)).Sum(c => c.Count);
        var failed = 0;
        string? after = null;
        do
        {
            var page = await definitions.ListAsync(new DefinitionSearch { AfterName = after, Limit = PageSize }, context.RequestAborted);
            failed += (await definitions.StandingAsync([.. page.Items.Select(d => d.Id)], context.RequestAborted)).Values.Count(s => s.FailedRun is not null);
            after = page.NextAfterName;
        }
        while (after is not null);
        await Kuroko2Answer.WriteAsync(context, new Dictionary<string, object> { ["kuroko2.job_instances.working"] = working, ["kuroko2.job_instances.error"] = failed });
    }

    private static async Task WaitingAsync(HttpContext context, IRunStore runs, BackendCatalog catalog, MonotonicClock clock)
    {
        var counts = new Dictionary<string, object>(StringComparer.Ordinal);
        var queues = catalog.All.Select(b => b.Options.Labels.GetValueOrDefault(ScriptSurroundings.QueueLabel)).OfType<string>().Append(ScriptSurroundings.DefaultQueue);
        foreach (var queue in queues.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            counts[$"kuroko2.executions.waiting.{queue}"] = await CountAsync(runs, queue, clock.Now - Patience, context.RequestAborted);
        }

        await Kuroko2Answer.WriteAsync(context, counts);
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
