using System.Globalization;
using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Server.Security;

namespace Ascob.Server.Api;

/// <summary>Launching definitions.</summary>
internal static class LaunchEndpoints
{
    public static void MapLaunches(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/definitions/{name}/runs", LaunchAsync).WithTags("Definitions").Requires(Permissions.DefinitionLaunch).WithName("LaunchDefinition")
            .WithSummary("Launch a definition")
            .WithDescription("Answers 201 with the run's number when the run is stored, also where the definition's policy keeps it from starting (prevented). With an Idempotency-Key that was seen before: 200 with the first run's number.")
            .Takes<LaunchDefinitionRequest>(required: false)
            .Header(SubmitEndpoints.IdempotencyHeader, "1 to 255 visible ASCII characters; a repeated launch with the same key and body answers with the first run.")
            .Produces<LaunchDefinitionResponse>(201).Produces<LaunchDefinitionResponse>().Refuses(404, 413, 415, 422);

    private static async Task LaunchAsync(HttpContext context, DefinitionService definitions, DefinitionLauncher launcher)
    {
        var key = SubmitEndpoints.ReadKey(context.Request);
        var name = context.DefinitionName();
        var request = await RequestBody.ReadOptionalAsync<LaunchDefinitionRequest>(context) ?? new LaunchDefinitionRequest();
        var definition = await definitions.GetAsync(name, context.GetCaller(), context.RequestAborted);
        if (!definition.IsSuccess)
        {
            await Problems.WriteAsync(context, definition.Error);
            return;
        }

        // A template of one's own is a job of one's own.
        if (request.JobSpec is not null && !context.GetCaller().Can(Permissions.JobSubmit))
        {
            await Problems.WriteAsync(context, new Error(ErrorKind.Forbidden, "access.forbidden", $"The token does not hold the permission {Permissions.JobSubmit}, which an edited template needs."));
            return;
        }

        var launch = new LaunchRequest { JobSpec = request.JobSpec, Id = definition.Value.Id, Name = definition.Value.Name, Parameters = request.Parameters, Submitter = request.Submitter, IdempotencyKey = key };
        await AnswerAsync(context, await launcher.LaunchAsync(launch, context.GetCaller(), context.RequestAborted));
    }

    private static Task AnswerAsync(HttpContext context, Result<Launch> result)
    {
        if (!result.IsSuccess)
        {
            return Problems.WriteAsync(context, result.Error);
        }

        var launch = result.Value;
        context.Response.Headers.Location = string.Create(CultureInfo.InvariantCulture, $"/api/runs/{launch.RunId}");
        if (launch.Replayed)
        {
            context.Response.Headers[SubmitEndpoints.ReplayedHeader] = "true";
        }

        return Answer.JsonAsync(context, new LaunchDefinitionResponse(launch.RunId, launch.Prevented), launch.Replayed ? StatusCodes.Status200OK : StatusCodes.Status201Created);
    }
}
