using System.Globalization;
using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Definitions;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Ascob.Server.Security;

namespace Ascob.Server.Api;

/// <summary>What was executed where and when, for timelines.</summary>
internal static class ExecutionEndpoints
{
    private const int DefaultLimit = 100;
    private const int LargestLimit = 500;
    private const int NewestRuns = 100;
    private static readonly TimeSpan UsualPeriod = TimeSpan.FromHours(1);

    public static void MapExecutions(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/executions", ListAsync).Requires(Permissions.JobRunSearch).WithTags("Runs").WithName("ListExecutions")
            .WithSummary("List what backends executed in a period, and what they execute now")
            .Query<string>("backend", "The id of the backend.")
            .Query<string>("host", "The name of the server or worker that has the processes of shell jobs.")
            .Query<string>("queue", "The queue of scripts.")
            .Query<DateTimeOffset>("from", "The beginning of the period; an hour before its end by default.")
            .Query<DateTimeOffset>("to", "The end of the period; now by default.")
            .Query<int>("limit", "The size of the page, 1 to 500; 100 by default.")
            .Query<string>("cursor", "nextCursor of the page before.")
            .Produces<ExecutionList>();
        routes.MapGet("/api/definitions/{name}/memory", MemoryAsync).Requires(Permissions.DefinitionRead).WithTags("Definitions").WithName("GetDefinitionMemory")
            .WithSummary("Say how much memory the runs of a definition took").WithDescription("A name, or the number of a definition.")
            .Produces<DefinitionMemory>().Refuses(404);
    }

    private static async Task ListAsync(HttpContext context, IExecutionHistory history, MonotonicClock clock)
    {
        var now = clock.Now;
        var query = new QueryReader(context.Request.Query);
        var after = ReadCursor(query);
        var to = query.Time("to") ?? now;
        var from = query.Time("from") ?? (to - DateTimeOffset.MinValue < UsualPeriod ? DateTimeOffset.MinValue : to - UsualPeriod);
        var search = new ExecutionSearch
        {
            From = from,
            To = to,
            BackendId = query.Text("backend"),
            Host = query.Text("host"),
            Queue = query.Text("queue"),
            Submitters = context.GetCaller().Submitters,
            Limit = (int)(query.Number("limit", 1, LargestLimit) ?? DefaultLimit),
            After = after,
        };
        if (from >= to)
        {
            query.Refuse("from", "A time before the end of the period.");
        }

        query.Done();
        var page = await history.EndedAsync(search, context.RequestAborted);
        IReadOnlyList<Run> running = after is null && to >= now ? await history.RunningAsync(search, context.RequestAborted) : [];
        await Answer.JsonAsync(context, new ExecutionList(
            from, to, [.. running.Select(ExecutionInfo.From)], [.. page.Items.Select(ExecutionInfo.From)], page.Next is { } next ? WriteCursor(next) : null));
    }

    private static async Task MemoryAsync(HttpContext context, DefinitionService definitions, IExecutionHistory history, IRunStore runs)
    {
        var found = await definitions.GetAsync(context.DefinitionName(), context.GetCaller(), context.RequestAborted);
        if (!found.IsSuccess)
        {
            await Problems.WriteAsync(context, found.Error);
            return;
        }

        var id = found.Value.Id;
        var newest = await runs.SearchAsync(new RunSearch { DefinitionId = id, Submitters = context.GetCaller().Submitters, Limit = NewestRuns }, context.RequestAborted);
        await Answer.JsonAsync(context, new DefinitionMemory(
            id,
            await history.MaxMemoryKbAsync(id, context.GetCaller().Submitters, context.RequestAborted),
            [.. newest.Items.Where(r => r.MaxMemoryKb is not null).Select(r => new RunMemory(r.Id, r.EndedAt, r.MaxMemoryKb!.Value))]));
    }

    // Both parts are needed: many runs may end in the same moment.
    private static string WriteCursor(ExecutionPlace place) => string.Create(CultureInfo.InvariantCulture, $"{place.EndedAt.UtcTicks}-{place.RunId}");

    private static ExecutionPlace? ReadCursor(QueryReader query)
    {
        if (query.Text("cursor") is not { } text)
        {
            return null;
        }

        var parts = text.Split('-');
        if (parts.Length == 2
            && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) && ticks <= DateTimeOffset.MaxValue.UtcTicks
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var run))
        {
            return new ExecutionPlace(new DateTimeOffset(ticks, TimeSpan.Zero), run);
        }

        query.Refuse("cursor", "nextCursor of the page before.");
        return null;
    }
}
