using System.Globalization;
using Ascob.Core.Access;
using Ascob.Core.Output;
using Ascob.Core.Runs;
using Ascob.Server.Security;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Ascob.Server.Api;

/// <summary>What jobs write: whole, in parts, or as it comes.</summary>
internal static class OutputEndpoints
{
    public static void MapOutput(this IEndpointRouteBuilder routes)
    {
        Describe(routes.MapGet("/api/runs/{id}/output.txt", (HttpContext c, JobService j, IHostApplicationLifetime l) => ReadAsync(c, j, l, OutputChannel.Combined)))
            .WithName("GetOutput").WithSummary("Read the output of a run");
        Describe(routes.MapGet("/api/runs/{id}/output/stdout.txt", (HttpContext c, JobService j, IHostApplicationLifetime l) => ReadAsync(c, j, l, OutputChannel.Stdout)))
            .WithName("GetStdout").WithSummary("Read the standard output alone");
        Describe(routes.MapGet("/api/runs/{id}/output/stderr.txt", (HttpContext c, JobService j, IHostApplicationLifetime l) => ReadAsync(c, j, l, OutputChannel.Stderr)))
            .WithName("GetStderr").WithSummary("Read the standard error alone");
    }

    private static RouteHandlerBuilder Describe(RouteHandlerBuilder route) => route
        .Requires(Permissions.JobRunOutput)
        .WithTags("Output")
        .Query<long>("offset", "Start at this byte.")
        .Query<bool>("follow", "Stream until the run is final.")
        .Query<int>("attempt", "Read the output of this attempt instead of the present one.")
        .Header("Range", "One range of bytes.")
        .Produces<string>(200, "text/plain")
        .Produces<string>(206, "text/plain")
        .Refuses(404, 409, 416);

    private static async Task ReadAsync(HttpContext context, JobService jobs, IHostApplicationLifetime lifetime, OutputChannel channel)
    {
        var id = context.RunId();
        var query = new QueryReader(context.Request.Query);
        var offset = query.Number("offset", 0, long.MaxValue) ?? 0;
        var follow = query.Flag("follow");
        var attempt = query.Number("attempt", 1, int.MaxValue);
        query.Done();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        var opened = await jobs.OpenOutputAsync(id, (int?)attempt, channel, context.GetCaller(), context.RequestAborted);
        if (!opened.IsSuccess)
        {
            await Problems.WriteAsync(context, opened.Error);
            return;
        }

        await using var document = opened.Value;
        var range = follow || offset > 0 ? null : SingleRange(context.Request);
        if (document.Archived is { } archived)
        {
            await SendStoredAsync(context, archived, offset, range);
        }
        else if (range is not null)
        {
            // The length must be known to answer a range, so what is there now is taken as the whole.
            using var snapshot = new MemoryStream();
            await foreach (var piece in document.ReadAsync(0, follow: false, stop.Token))
            {
                snapshot.Write(piece.Span);
            }

            await SendStoredAsync(context, snapshot, 0, range);
        }
        else
        {
            await SendGrowingAsync(context, document, offset, follow, stop.Token);
        }
    }

    private static async Task SendGrowingAsync(HttpContext context, OutputDocument document, long offset, bool follow, CancellationToken cancellationToken)
    {
        Prepare(context.Response);
        if (follow)
        {
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            await context.Response.StartAsync(cancellationToken);
            await context.Response.Body.FlushAsync(cancellationToken);
        }

        await foreach (var piece in document.ReadAsync(offset, follow, cancellationToken))
        {
            await context.Response.Body.WriteAsync(piece, cancellationToken);
            if (follow)
            {
                await context.Response.Body.FlushAsync(cancellationToken);
            }
        }
    }

    private static async Task SendStoredAsync(HttpContext context, Stream stored, long offset, RangeItemHeaderValue? range)
    {
        var response = context.Response;
        var total = stored.Length;
        var first = Math.Min(offset, total);
        var last = total - 1;
        if (range is not null)
        {
            first = range.From ?? Math.Max(0, total - range.To!.Value);
            last = range.From is null ? total - 1 : Math.Min(range.To ?? (total - 1), total - 1);
            if (first > last)
            {
                response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{total}");
                await Problems.WriteAsync(
                    context, StatusCodes.Status416RangeNotSatisfiable, "output.range", string.Create(CultureInfo.InvariantCulture, $"The output has {total} bytes."));
                return;
            }

            response.StatusCode = StatusCodes.Status206PartialContent;
            response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {first}-{last}/{total}");
        }

        Prepare(response);
        response.Headers.AcceptRanges = "bytes";
        response.ContentLength = last - first + 1;
        stored.Position = first;
        await StreamCopyOperation.CopyToAsync(stored, response.Body, last - first + 1, context.RequestAborted);
    }

    /// <summary>Answers the one range asked for; several, other units and malformed ones are ignored, as the HTTP standard allows.</summary>
    private static RangeItemHeaderValue? SingleRange(HttpRequest request) =>
        request.GetTypedHeaders().Range is { Ranges.Count: 1 } header && header.Unit.Equals("bytes", StringComparison.OrdinalIgnoreCase)
            ? header.Ranges.First()
            : null;

    private static void Prepare(HttpResponse response)
    {
        response.ContentType = "text/plain; charset=utf-8";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
    }
}
