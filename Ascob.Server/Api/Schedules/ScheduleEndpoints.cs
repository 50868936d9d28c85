using System.Globalization;
using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Core.Schedules;
using Ascob.Server.Security;

namespace Ascob.Server.Api.Schedules;

/// <summary>Schedules of definitions: saving and reading them.</summary>
internal static class ScheduleEndpoints
{
    private const int DefaultLimit = 100;
    private const int LargestLimit = 500;

    public static void MapSchedules(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/schedules", ListAllAsync).WithTags("Schedules").Requires(Permissions.DefinitionRead).WithName("ListSchedules")
            .WithSummary("List the schedules of all definitions with their next firing, by number")
            .Query<long>("after", "nextAfter of the page before.")
            .Query<int>("limit", "The size of the page, 1 to 500; 100 by default.")
            .Produces<ScheduleList>();
        var schedules = routes.MapGroup("/api/definitions/{name}/schedules").WithTags("Schedules");
        schedules.MapGet("", ListAsync).Requires(Permissions.DefinitionRead).WithName("ListSchedulesOfDefinition").WithSummary("List the schedules of a definition")
            .Produces<ScheduleList>().Refuses(404);
        schedules.MapPost("", AddAsync).Requires(Permissions.DefinitionWrite).WithName("AddSchedule").WithSummary("Add a schedule to a definition")
            .Takes<SaveScheduleRequest>().Produces<ScheduleInfo>(201).Refuses(404, 409, 413, 415);
        schedules.MapGet("/{id}", GetAsync).Requires(Permissions.DefinitionRead).WithName("GetSchedule").WithSummary("Read a schedule")
            .Produces<ScheduleInfo>().Refuses(404);
        schedules.MapPut("/{id}", SaveAsync).Requires(Permissions.DefinitionWrite).WithName("SaveSchedule").WithSummary("Replace a schedule; what was due before does not fire")
            .Takes<SaveScheduleRequest>().Produces<ScheduleInfo>().Refuses(404, 409, 413, 415);
        schedules.MapDelete("/{id}", DeleteAsync).Requires(Permissions.DefinitionWrite).WithName("DeleteSchedule").WithSummary("Delete a schedule with the record of its firings")
            .Produces(204).Refuses(404, 409);
    }

    /// <summary>Reads the number of a schedule or suspension from the address.</summary>
    public static long ScheduleNumber(this HttpContext context) =>
        long.TryParse(context.Request.RouteValues["id"] as string, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? id
            : throw new RequestRefusedException(Error.Invalid("id", "A whole number."));

    /// <summary>Reads the definition that the address names; refuses the request where the caller may not see it.</summary>
    public static async Task<Definition> DefinitionAsync(this HttpContext context, DefinitionService definitions)
    {
        var found = await definitions.GetAsync(context.DefinitionName(), context.GetCaller(), context.RequestAborted);
        return found.IsSuccess ? found.Value : throw new RequestRefusedException(found.Error, StatusCodes.Status404NotFound);
    }

    /// <summary>Reads the definition that the address names, to order something of it; refuses the request where that is not the caller's to do.</summary>
    /// <param name="context">The request.</param>
    /// <param name="definitions">The definitions.</param>
    /// <param name="isChange">Whether it is a change of what is defined, which a definition that comes from elsewhere does not take.</param>
    public static async Task<Definition> DefinitionToOrderAsync(this HttpContext context, DefinitionService definitions, bool isChange)
    {
        var found = await definitions.GetToOrderAsync(context.DefinitionName(), context.GetCaller(), context.RequestAborted);
        if (!found.IsSuccess)
        {
            throw new RequestRefusedException(found.Error, found.Error.Kind == ErrorKind.Forbidden ? StatusCodes.Status403Forbidden : StatusCodes.Status404NotFound);
        }

        return isChange && found.Value.Source is { } source
            ? throw new RequestRefusedException(
                new Error(ErrorKind.Conflict, "definition.read_only", $"The definition '{found.Value.Name}' comes from '{source}', and its schedules are changed there."), StatusCodes.Status409Conflict)
            : found.Value;
    }

    private static async Task ListAllAsync(HttpContext context, IScheduleStore store, DefinitionService definitions)
    {
        var query = new QueryReader(context.Request.Query);
        var after = query.Number("after", 0, long.MaxValue) ?? 0;
        var limit = (int)(query.Number("limit", 1, LargestLimit) ?? DefaultLimit);
        query.Done();
        var page = await store.ListAsync(null, after, limit, context.RequestAborted);
        var heads = await definitions.HeadsAsync([.. page.Select(s => s.DefinitionId).Distinct()], context.GetCaller(), context.RequestAborted);

        // Those that the caller may not see are left out, so that a page may be smaller than asked for.
        var items = page.Where(s => heads.ContainsKey(s.DefinitionId)).Select(s => ScheduleInfo.From(s, heads[s.DefinitionId]));
        await Answer.JsonAsync(context, new ScheduleList([.. items], page.Count == limit ? page[^1].Id : null));
    }

    private static async Task ListAsync(HttpContext context, IScheduleStore store, DefinitionService definitions)
    {
        var definition = await context.DefinitionAsync(definitions);
        var schedules = await store.ListAsync(definition.Id, 0, ScheduleService.MostOfDefinition, context.RequestAborted);
        await Answer.JsonAsync(context, new ScheduleList([.. schedules.Select(s => ScheduleInfo.From(s, definition))], null));
    }

    private static async Task GetAsync(HttpContext context, ScheduleService schedules, DefinitionService definitions)
    {
        var id = context.ScheduleNumber();
        var definition = await context.DefinitionAsync(definitions);
        await Answer.WriteAsync(context, await schedules.FindAsync(definition.Id, id, context.RequestAborted), s => ScheduleInfo.From(s, definition));
    }

    private static async Task AddAsync(HttpContext context, ScheduleService schedules, DefinitionService definitions)
    {
        var request = await RequestBody.ReadAsync<SaveScheduleRequest>(context);
        var definition = await context.DefinitionToOrderAsync(definitions, isChange: true);
        if (request.Version is not null)
        {
            throw new RequestRefusedException(Error.Invalid("version", "A new schedule has no version yet."));
        }

        var spec = SpecOf(request, definition);
        var result = await schedules.AddAsync(definition.Id, spec, context.GetCaller().Actor, context.RequestAborted);
        if (result.IsSuccess)
        {
            context.Response.Headers.Location = FormattableString.Invariant($"/api/definitions/{Uri.EscapeDataString(definition.Name)}/schedules/{result.Value.Id}");
        }

        await Answer.WriteAsync(context, result, s => ScheduleInfo.From(s, definition), StatusCodes.Status201Created);
    }

    private static async Task SaveAsync(HttpContext context, ScheduleService schedules, DefinitionService definitions)
    {
        var id = context.ScheduleNumber();
        var request = await RequestBody.ReadAsync<SaveScheduleRequest>(context);
        var definition = await context.DefinitionToOrderAsync(definitions, isChange: true);
        var spec = SpecOf(request, definition);
        var result = await schedules.ReplaceAsync(definition.Id, id, spec, request.Version, context.GetCaller().Actor, context.RequestAborted);
        await Answer.WriteAsync(context, result, s => ScheduleInfo.From(s, definition));
    }

    private static async Task DeleteAsync(HttpContext context, ScheduleService schedules, DefinitionService definitions)
    {
        var id = context.ScheduleNumber();
        var definition = await context.DefinitionToOrderAsync(definitions, isChange: true);
        if (await schedules.DeleteAsync(definition.Id, id, context.RequestAborted) is { } error)
        {
            await Problems.WriteAsync(context, error);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static ScheduleSpec SpecOf(SaveScheduleRequest request, Definition definition)
    {
        var spec = request.Schedule ?? throw new RequestRefusedException(Error.Invalid("schedule", "The schedule is missing."));
        return DefinitionLaunch.CheckParameters(definition, spec) is { } error
            ? throw new RequestRefusedException(error, error.Kind == ErrorKind.Conflict ? StatusCodes.Status409Conflict : StatusCodes.Status400BadRequest)
            : spec;
    }
}
