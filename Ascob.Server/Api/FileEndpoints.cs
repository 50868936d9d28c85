using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Runs;
using Ascob.Server.Configuration;
using Ascob.Server.Security;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Api;

/// <summary>Input files of runs.</summary>
internal static class FileEndpoints
{
    private const int FileSegment = 4;

    public static void MapFiles(this IEndpointRouteBuilder routes)
    {
        var files = routes.MapGroup("/api/runs/{id}/files").WithTags("Files");
        files.MapGet("/", ListAsync).Requires(Permissions.JobRunRead).WithName("ListFiles").WithSummary("List the input files of a run")
            .Produces<RunFileList>().Refuses(404);
        files.MapPut("/{fileId}", SaveAsync).Requires(Permissions.JobRunUploadFiles).WithName("PutFile")
            .WithSummary("Attach an input file while the run is DEFINED").TakesBytes().Produces<RunFileInfo>().Refuses(404, 409, 413);
        files.MapPost("/{fileId}", SaveAsync).Requires(Permissions.JobRunUploadFiles).WithName("PostFile")
            .WithSummary("The same as PUT").TakesBytes().Produces<RunFileInfo>().Refuses(404, 409, 413);
    }

    private static async Task ListAsync(HttpContext context, JobService jobs) => await Answer.WriteAsync(
        context,
        await jobs.ListFilesAsync(context.RunId(), context.GetCaller(), context.RequestAborted),
        files => new RunFileList([.. files.Select(RunFileInfo.From)]));

    private static async Task SaveAsync(HttpContext context, JobService jobs, IOptions<LimitsOptions> limits)
    {
        var id = context.RunId();
        var name = context.Name("fileId", FileSegment);
        if (context.Request.ContentLength > limits.Value.MaxFileBytes)
        {
            throw new BadHttpRequestException("The file is over its limit.", StatusCodes.Status413PayloadTooLarge);
        }

        // The store counts what it takes in and says so itself; the server's own limit would look to it like a broken disk.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        var result = await jobs.SaveFileAsync(id, name, context.Request.Body, context.GetCaller(), context.RequestAborted);
        await Answer.WriteAsync(context, result, RunFileInfo.From);
    }
}
