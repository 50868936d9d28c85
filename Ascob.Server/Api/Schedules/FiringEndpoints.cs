using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Core.Schedules;
using Ascob.Server.Security;

namespace Ascob.Server.Api.Schedules;

/// <summary>Firings that are to come and that were, and the times in which nothing fires.</summary>
internal static class FiringEndpoints
{
    private const int DefaultCount = 10;
    private const int LargestCount = 500;
    private const string Count = "How many, 1 to 500; 10 by default.";

    public static void MapFirings(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/schedules/preview", PreviewAsync).WithTags("Schedules").Requires(Permissions.DefinitionRead).WithName("PreviewSchedule")
            .WithSummary("Tell when a schedule would fire; saves nothing").Takes<PreviewScheduleRequest>().Produces<FiringList>().Refuses(413, 415);
        var definition = routes.MapGroup("/api/definitions/{name}").WithTags("Schedules");
        definition.MapGet("/next", NextOfDefinitionAsync).Requires(Permissions.DefinitionRead).WithName("NextOfDefinition")
            .WithSummary("Tell when the schedules of a definition fire next").Query<int>("count", Count).Produces<FiringList>().Refuses(404);
        definition.MapGet("/schedules/{id}/next", NextAsync).Requires(Permissions.DefinitionRead).WithName("NextOfSchedule")
            .WithSummary("Tell when a schedule fires next").Query<int>("count", Count).Produces<FiringList>().Refuses(404);
        definition.MapGet("/schedules/{id}/ticks", TicksAsync).Requires(Permissions.DefinitionRead).WithName("ListTicks")
            .WithSummary("Read what became of the firings of a schedule, newest first")
            .Query<string>("before", "nextBefore of the page before, or any time.")
            .Query<int>("limit", "The size of the page, 1 to 500; 50 by default.")
            .Produces<TickList>().Refuses(404);
        definition.MapGet("/suspensions", SuspensionsAsync).Requires(Permissions.DefinitionRead).WithName("ListSuspensions")
            .WithSummary("List the times in which no schedule of a definition fires").Produces<SuspensionList>().Refuses(404);
        definition.MapPost("/suspensions", SuspendAsync).Requires(Permissions.DefinitionWrite).WithName("AddSuspension")
            .WithSummary("Add a time in which no schedule of a definition fires").Takes<SaveSuspensionRequest>().Produces<SuspensionInfo>(201).Refuses(404, 409, 413, 415);
        definition.MapDelete("/suspensions/{id}", ResumeAsync).Requires(Permissions.DefinitionWrite).WithName("DeleteSuspension")
            .WithSummary("Delete a suspension; what it took out until now stays so").Produces(204).Refuses(404);
    }

    private static async Task PreviewAsync(HttpContext context, ScheduleService schedules)
    {
        var request = await RequestBody.ReadAsync<PreviewScheduleRequest>(context);
        var spec = request.Schedule ?? throw new RequestRefusedException(Error.Invalid("schedule", "The schedule is missing."));
        if (request.Count is < 1 or > LargestCount)
        {
            throw new RequestRefusedException(Error.Invalid("count", FormattableString.Invariant($"1 to {LargestCount}.")));
        }

        if (request.Suspensions is { } given && (given.Count > ScheduleService.MostOfDefinition || given.Any(s => s is null)))
        {
            throw new RequestRefusedException(Error.Invalid("suspensions", FormattableString.Invariant($"At most {ScheduleService.MostOfDefinition}, none of them null.")));
        }

        if (request.From is { Year: < 1970 or >= 2200 })
        {
            throw new RequestRefusedException(Error.Invalid("from", "must lie between 1970 and 2200."));
        }

        var firings = schedules.Preview(spec, request.Suspensions ?? [], request.From, request.Count ?? DefaultCount);
        await Answer.WriteAsync(context, firings, all => new FiringList([.. all.Select(FiringInfo.From)], false));
    }

    private static async Task NextOfDefinitionAsync(HttpContext context, IScheduleStore store, ScheduleService schedules, DefinitionService definitions)
    {
        var count = ReadCount(context);
        var definition = await context.DefinitionAsync(definitions);
        var all = await store.ListAsync(definition.Id, 0, ScheduleService.MostOfDefinition, context.RequestAborted);
        await AnswerNextAsync(context, definition, await schedules.NextAsync(all, count, context.RequestAborted));
    }

    private static async Task NextAsync(HttpContext context, ScheduleService schedules, DefinitionService definitions)
    {
        var (id, count) = (context.ScheduleNumber(), ReadCount(context));
        var definition = await context.DefinitionAsync(definitions);
        var found = await schedules.FindAsync(definition.Id, id, context.RequestAborted);
        if (!found.IsSuccess)
        {
            await Problems.WriteAsync(context, found.Error);
            return;
        }

        await AnswerNextAsync(context, definition, await schedules.NextAsync([found.Value], count, context.RequestAborted));
    }

    private static Task AnswerNextAsync(HttpContext context, Definition definition, IReadOnlyList<Firing> firings) =>
        Answer.JsonAsync(context, new FiringList([.. firings.Select(FiringInfo.From)], definition.Suspended));

    private static async Task TicksAsync(HttpContext context, IScheduleStore store, ScheduleService schedules, DefinitionService definitions)
    {
        var query = new QueryReader(context.Request.Query);
        var before = query.Time("before");
        var limit = (int)(query.Number("limit", 1, 500) ?? 50);
        query.Done();
        var id = context.ScheduleNumber();
        var definition = await context.DefinitionAsync(definitions);
        var found = await schedules.FindAsync(definition.Id, id, context.RequestAborted);
        if (!found.IsSuccess)
        {
            await Problems.WriteAsync(context, found.Error);
            return;
        }

        var ticks = await store.TicksAsync(id, before, limit, context.RequestAborted);
        await Answer.JsonAsync(context, new TickList([.. ticks.Select(TickInfo.From)], ticks.Count == limit ? ticks[^1].Tick : null));
    }

    private static async Task SuspensionsAsync(HttpContext context, IScheduleStore store, DefinitionService definitions)
    {
        var definition = await context.DefinitionAsync(definitions);
        await Answer.JsonAsync(context, new SuspensionList([.. (await store.SuspensionsAsync([definition.Id], context.RequestAborted)).Select(SuspensionInfo.From)]));
    }

    // Allowed whatever the source of the definition: like suspending it, this is an order to the clockwork.
    private static async Task SuspendAsync(HttpContext context, ScheduleService schedules, DefinitionService definitions)
    {
        var request = await RequestBody.ReadAsync<SaveSuspensionRequest>(context);
        var spec = request.Suspension ?? throw new RequestRefusedException(Error.Invalid("suspension", "The suspension is missing."));
        var definition = await context.DefinitionToOrderAsync(definitions, isChange: false);
        var result = await schedules.AddSuspensionAsync(definition.Id, spec, context.GetCaller().Actor, context.RequestAborted);
        await Answer.WriteAsync(context, result, SuspensionInfo.From, StatusCodes.Status201Created);
    }

    private static async Task ResumeAsync(HttpContext context, ScheduleService schedules, DefinitionService definitions)
    {
        var id = context.ScheduleNumber();
        var definition = await context.DefinitionToOrderAsync(definitions, isChange: false);
        if (await schedules.DeleteSuspensionAsync(definition.Id, id, context.RequestAborted) is { } error)
        {
            await Problems.WriteAsync(context, error);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static int ReadCount(HttpContext context)
    {
        var query = new QueryReader(context.Request.Query);
        var count = (int)(query.Number("count", 1, LargestCount) ?? DefaultCount);
        query.Done();
        return count;
    }
}
