using System.Globalization;
using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Server.Security;

namespace Ascob.Server.Api;

/// <summary>Versions of definitions, favourites, and failures that somebody knows of.</summary>
internal static class DefinitionHistoryEndpoints
{
    private const int LargestLimit = 500;

    public static void MapDefinitionHistory(this IEndpointRouteBuilder routes)
    {
        var definition = routes.MapGroup("/api/definitions/{name}").WithTags("Definitions");
        definition.MapGet("/versions", ListAsync).Requires(Permissions.DefinitionRead).WithName("ListDefinitionVersions").WithSummary("List the versions of a definition, newest first")
            .Query<int>("below", "Versions below this one.").Query<int>("limit", "At most so many, 1 to 500; 50 by default. A page of large versions ends earlier; nextBelow tells where to go on.").Produces<DefinitionVersionList>().Refuses(404);
        definition.MapGet("/versions/{version}", GetAsync).Requires(Permissions.DefinitionRead).WithName("GetDefinitionVersion").WithSummary("Read one version of a definition")
            .Produces<DefinitionInfo>().Refuses(404);
        definition.MapGet("/diff", DiffAsync).Requires(Permissions.DefinitionRead).WithName("DiffDefinition").WithSummary("Tell what is different between two versions")
            .Query<int>("from", "The one version.").Query<int>("to", "The other version; the present one by default.").Produces<DefinitionDiff>().Refuses(404);
        definition.MapPut("/star", StarAsync).Requires(Permissions.DefinitionRead).WithName("StarDefinition").WithSummary("Make a definition a favourite of the token")
            .Produces(204).Refuses(404);
        definition.MapDelete("/star", UnstarAsync).Requires(Permissions.DefinitionRead).WithName("UnstarDefinition").WithSummary("Make it a favourite no longer")
            .Produces(204).Refuses(404);
        definition.MapPost("/acknowledge", AcknowledgeAsync).Requires(Permissions.DefinitionLaunch).WithName("AcknowledgeDefinition")
            .WithSummary("Acknowledge the newest failure of a definition, so that it no longer prevents launches").Takes<AcknowledgeRequest>(required: false)
            .Produces<AcknowledgementInfo>().Refuses(404, 409, 415);
    }

    private static async Task ListAsync(HttpContext context, DefinitionService definitions)
    {
        var query = new QueryReader(context.Request.Query);
        var below = (int)(query.Number("below", 1, int.MaxValue) ?? int.MaxValue);
        var limit = (int)(query.Number("limit", 1, LargestLimit) ?? 50);
        query.Done();
        var versions = await definitions.VersionsAsync(context.DefinitionName(), below, limit, context.GetCaller(), context.RequestAborted);
        await Answer.WriteAsync(context, versions, v => new DefinitionVersionList([.. v.Items.Select(DefinitionInfo.From)], v.NextBelow));
    }

    private static async Task GetAsync(HttpContext context, DefinitionService definitions)
    {
        var number = int.TryParse(context.Request.RouteValues["version"] as string, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? version
            : throw new RequestRefusedException(Error.Invalid("version", "The number of a version."));
        await Answer.WriteAsync(context, await definitions.GetVersionAsync(context.DefinitionName(), number, context.GetCaller(), context.RequestAborted), DefinitionInfo.From);
    }

    private static async Task DiffAsync(HttpContext context, DefinitionService definitions)
    {
        var query = new QueryReader(context.Request.Query);
        var from = query.Number("from", 1, int.MaxValue);
        var to = query.Number("to", 1, int.MaxValue);
        if (from is null && context.Request.Query["from"].Count == 0)
        {
            query.Refuse("from", "The number of a version.");
        }

        query.Done();
        await Answer.WriteAsync(context, await definitions.DiffAsync(context.DefinitionName(), (int)from!.Value, (int?)to, context.GetCaller(), context.RequestAborted), diff => diff);
    }

    private static Task StarAsync(HttpContext context, DefinitionService definitions) => SetStarAsync(context, definitions, true);

    private static Task UnstarAsync(HttpContext context, DefinitionService definitions) => SetStarAsync(context, definitions, false);

    private static async Task SetStarAsync(HttpContext context, DefinitionService definitions, bool starred)
    {
        var result = await definitions.SetStarAsync(context.DefinitionName(), starred, context.GetCaller(), context.RequestAborted);
        if (!result.IsSuccess)
        {
            await Problems.WriteAsync(context, result.Error);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task AcknowledgeAsync(HttpContext context, DefinitionService definitions)
    {
        var request = await RequestBody.ReadOptionalAsync<AcknowledgeRequest>(context);
        var result = await definitions.AcknowledgeAsync(context.DefinitionName(), request?.Reason, context.GetCaller(), context.RequestAborted);
        await Answer.WriteAsync(context, result, a => new AcknowledgementInfo(a.RunId, a.Actor, a.At, a.Reason));
    }
}
