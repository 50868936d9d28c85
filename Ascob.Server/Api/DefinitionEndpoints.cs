using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Server.Security;

namespace Ascob.Server.Api;

/// <summary>Definitions: making, reading, changing and finding them.</summary>
internal static class DefinitionEndpoints
{
    private const int DefaultLimit = 50;
    private const int LargestLimit = 500;
    private const string Text = "A name, or the number of a definition.";
    private const string OwnOnly = "A definition of a job of the repository is taken out of the active ones by DELETE /jobs/NAME, and back by PUT.";

    public static void MapDefinitions(this IEndpointRouteBuilder routes)
    {
        var definitions = routes.MapGroup("/api/definitions").WithTags("Definitions");
        definitions.MapPost("", CreateAsync).Requires(Permissions.DefinitionWrite).WithName("CreateDefinition").WithSummary("Define a job")
            .Takes<SaveDefinitionRequest>().Produces<DefinitionInfo>(201).Refuses(409, 413, 415);
        definitions.MapGet("", ListAsync).Requires(Permissions.DefinitionRead).WithName("ListDefinitions").WithSummary("Find definitions, by name")
            .Query<string>("text", "Text that name, description or a tag contains, whatever the case.")
            .Query<string>("tag", "A tag; repeat it for several, which must all be there.", many: true)
            .Query<string>("owner", "An owner (exact).")
            .Query<bool>("starred", "Only the token's favourites.")
            .Query<string>("source", "Where they come from, such as git.")
            .Query<int>("limit", "The size of the page, 1 to 500; 50 by default. A page of large definitions ends earlier.")
            .Query<string>("cursor", "nextCursor of the page before.")
            .Produces<DefinitionList>();
        definitions.MapGet("/{name}", GetAsync).Requires(Permissions.DefinitionRead).WithName("GetDefinition").WithSummary("Read a definition").WithDescription(Text)
            .Produces<DefinitionInfo>().Refuses(404);
        definitions.MapPut("/{name}", SaveAsync).Requires(Permissions.DefinitionWrite).WithName("SaveDefinition")
            .WithSummary("Save the next version of a definition; the same content again makes none").WithDescription(Text)
            .Takes<SaveDefinitionRequest>().Produces<DefinitionInfo>().Refuses(404, 409, 413, 415);
        definitions.MapDelete("/{name}", DeleteAsync).Requires(Permissions.DefinitionWrite).WithName("DeleteDefinition")
            .WithSummary("Delete a definition that has no run under way; its runs stay").WithDescription(Text).Produces(204).Refuses(404, 409);
        definitions.MapPost("/{name}/rename", RenameAsync).Requires(Permissions.DefinitionWrite).WithName("RenameDefinition")
            .WithSummary("Give a definition another name").Takes<RenameDefinitionRequest>().Produces<DefinitionInfo>().Refuses(404, 409, 415);
        definitions.MapPost("/{name}/suspend", SuspendAsync).Requires(Permissions.DefinitionWrite).WithName("SuspendDefinition")
            .WithSummary("Have schedules pass a definition over").WithDescription(OwnOnly).Produces<DefinitionInfo>().Refuses(404, 409);
        definitions.MapPost("/{name}/resume", ResumeAsync).Requires(Permissions.DefinitionWrite).WithName("ResumeDefinition")
            .WithSummary("Have schedules launch a definition again").WithDescription(OwnOnly).Produces<DefinitionInfo>().Refuses(404, 409);
    }

    /// <summary>Reads the name of a definition from the address.</summary>
    public static string DefinitionName(this HttpContext context) => context.Name("name", 2);

    private static async Task CreateAsync(HttpContext context, DefinitionService definitions)
    {
        var request = await RequestBody.ReadAsync<SaveDefinitionRequest>(context);
        RequireJob(request);
        if (request.Version is not null)
        {
            throw new RequestRefusedException(Error.Invalid("version", "A new definition has no version yet."));
        }

        var order = new CreateDefinition(request.Name!, request.ToContent()) { Suspended = request.Suspended };
        var result = await definitions.CreateAsync(order, context.GetCaller(), context.RequestAborted);
        if (result.IsSuccess)
        {
            context.Response.Headers.Location = $"/api/definitions/{Uri.EscapeDataString(result.Value.Name)}";
        }

        await Answer.WriteAsync(context, result, DefinitionInfo.From, StatusCodes.Status201Created);
    }

    private static async Task SaveAsync(HttpContext context, DefinitionService definitions)
    {
        var name = context.DefinitionName();
        var request = await RequestBody.ReadAsync<SaveDefinitionRequest>(context);
        RequireJob(request);
        if (request.Name is { } other && other != name)
        {
            throw new RequestRefusedException(Error.Invalid("name", "A definition gets another name by POST /api/definitions/{name}/rename."));
        }

        var order = new SaveDefinition(request.ToContent(), request.Version) { IsTakenForSuspended = request.Suspended };
        await Answer.WriteAsync(context, await definitions.SaveAsync(name, order, context.GetCaller(), context.RequestAborted), DefinitionInfo.From);
    }

    private static async Task GetAsync(HttpContext context, DefinitionService definitions, DefinitionOverview overview)
    {
        var found = await definitions.GetAsync(context.DefinitionName(), context.GetCaller(), context.RequestAborted);
        if (!found.IsSuccess)
        {
            await Problems.WriteAsync(context, found.Error);
            return;
        }

        var starred = await definitions.StarredAsync(context.GetCaller(), context.RequestAborted);
        await Answer.JsonAsync(context, (await overview.ShowAsync([found.Value], starred, context.GetCaller(), context.RequestAborted))[0]);
    }

    private static async Task ListAsync(HttpContext context, DefinitionService definitions, DefinitionOverview overview)
    {
        var query = new QueryReader(context.Request.Query);
        var search = new DefinitionSearch
        {
            Text = query.Text("text"),
            Tags = query.Texts("tag", longest: DefinitionLimits.Tag) ?? [],
            Owner = query.Text("owner"),
            Source = query.Text("source"),
            StarredBy = query.Flag("starred") ? context.GetCaller().Identifier : null,
            Limit = (int)(query.Number("limit", 1, LargestLimit) ?? DefaultLimit),
            AfterName = NameCursor.Read(query, "nextCursor"),
        };
        query.Done();
        var page = await definitions.ListAsync(search, context.GetCaller(), context.RequestAborted);
        var shown = await overview.ShowAsync(page.Items, page.Starred, context.GetCaller(), context.RequestAborted);
        await Answer.JsonAsync(context, new DefinitionList(shown, NameCursor.Write(page.NextAfterName)));
    }

    private static async Task RenameAsync(HttpContext context, DefinitionService definitions)
    {
        var name = context.DefinitionName();
        var request = await RequestBody.ReadAsync<RenameDefinitionRequest>(context);
        await Answer.WriteAsync(context, await definitions.RenameAsync(name, request.Name!, null, context.GetCaller(), context.RequestAborted), DefinitionInfo.From);
    }

    private static Task SuspendAsync(HttpContext context, DefinitionService definitions) => SetSuspendedAsync(context, definitions, true);

    private static Task ResumeAsync(HttpContext context, DefinitionService definitions) => SetSuspendedAsync(context, definitions, false);

    private static async Task SetSuspendedAsync(HttpContext context, DefinitionService definitions, bool suspended) => await Answer.WriteAsync(
        context, await definitions.SetSuspendedAsync(context.DefinitionName(), suspended, null, context.GetCaller(), context.RequestAborted), DefinitionInfo.From);

    private static async Task DeleteAsync(HttpContext context, DefinitionService definitions)
    {
        var result = await definitions.DeleteAsync(context.DefinitionName(), null, context.GetCaller(), context.RequestAborted);
        if (!result.IsSuccess)
        {
            await Problems.WriteAsync(context, result.Error);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static void RequireJob(SaveDefinitionRequest request)
    {
        if (request.JobSpec is null)
        {
            throw new RequestRefusedException(Error.Invalid("jobSpec", "The template of the job is missing."));
        }
    }
}
