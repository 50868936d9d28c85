using System.Buffers;
using System.Globalization;
using Ascob.Core.Access;
using Ascob.Core.Output;
using Ascob.Core.Runs;
using Ascob.Server.Security;
using Ascob.Server.Telemetry;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Ascob.Server.Api;

/// <summary>What jobs write: whole, in parts, or as it comes.</summary>
internal static class OutputEndpoints
{
    private const int LongestPart = 1 << 20;

    public static void MapOutput(this IEndpointRouteBuilder routes)
    {
        Describe(routes.MapGet("/api/runs/{id}/output.txt", (HttpContext c, JobService j, ServerDrain d) => ReadAsync(c, j, d, OutputChannel.Combined)))
            .WithName("GetOutput").WithSummary("Read the output of a run");
        Describe(routes.MapGet("/api/runs/{id}/output/stdout.txt", (HttpContext c, JobService j, ServerDrain d) => ReadAsync(c, j, d, OutputChannel.Stdout)))
            .WithName("GetStdout").WithSummary("Read the standard output alone");
        Describe(routes.MapGet("/api/runs/{id}/output/stderr.txt", (HttpContext c, JobService j, ServerDrain d) => ReadAsync(c, j, d, OutputChannel.Stderr)))
            .WithName("GetStderr").WithSummary("Read the standard error alone");
    }

    private static RouteHandlerBuilder Describe(RouteHandlerBuilder route) => route
        .Requires(Permissions.JobRunOutput)
        .WithTags("Output")
        .Query<long>("offset", "Start at this byte.")
        .Query<bool>("follow", "Stream until the run is final, one attempt after the other; until the attempt is over where one is named.")
        .Query<int>("attempt", "Read the output of this attempt instead of the present one.")
        .Header("Range", "One range of bytes. While the output grows, at most 1 MiB of it is answered at a time.")
        .Produces<string>(200, "text/plain")
        .Produces<string>(206, "text/plain")
        .Refuses(404, 409, 416);

    private static Task ReadAsync(HttpContext context, JobService jobs, ServerDrain drain, OutputChannel channel) => ReadAsync(context, context.RunId(), jobs, drain, channel);

    /// <summary>Answers what a run has written, as the query asks for it.</summary>
    public static async Task ReadAsync(HttpContext context, long id, JobService jobs, ServerDrain drain, OutputChannel channel)
    {
        var query = new QueryReader(context.Request.Query);
        var offset = query.Number("offset", 0, long.MaxValue) ?? 0;
        var follow = query.Flag("follow");
        var attempt = query.Number("attempt", 1, int.MaxValue);
        query.Done();
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
            await SendPartAsync(context, document, range, context.RequestAborted);
        }
        else if (follow)
        {
            await FollowAsync(context, jobs, drain, id, document, offset);
        }
        else
        {
            await SendGrowingAsync(context, document, offset, follow, new Sent(), context.RequestAborted);
        }
    }

    // A server that is being left ends the stream, and the reader comes back for the rest. Of a run that is final the reader would take the end of the stream for the end of the output, so the little
    // that is left of it is still sent; where it is not known what is left (a run of several attempts), a broken connection tells.
    private static async Task FollowAsync(HttpContext context, JobService jobs, ServerDrain drain, long id, OutputDocument document, long offset)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, drain.Begun);
        var sent = new Sent();
        try
        {
            await SendGrowingAsync(context, document, offset, follow: true, sent, stop.Token);
        }
        catch (OperationCanceledException) when (drain.IsDraining && !context.RequestAborted.IsCancellationRequested)
        {
            var run = await jobs.GetAsync(id, context.GetCaller(), context.RequestAborted);
            if (run.IsSuccess && run.Value.Status.IsFinal() && run.Value.Attempt == 1)
            {
                await SendGrowingAsync(context, document, offset + sent.Bytes, follow: true, sent, context.RequestAborted);
            }
            else if (!run.IsSuccess || run.Value.Status.IsFinal())
            {
                context.Abort();
            }
        }
    }

    private static async Task SendGrowingAsync(HttpContext context, OutputDocument document, long offset, bool follow, Sent sent, CancellationToken cancellationToken)
    {
        if (!context.Response.HasStarted)
        {
            Prepare(context.Response);
        }

        if (follow && !context.Response.HasStarted)
        {
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            await context.Response.StartAsync(context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }

        await foreach (var piece in document.ReadAsync(offset, follow, cancellationToken))
        {
            await context.Response.Body.WriteAsync(piece, context.RequestAborted);
            sent.Bytes += piece.Length;
            if (follow)
            {
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
    }

    /// <summary>How much of a document has been sent.</summary>
    private sealed class Sent
    {
        public long Bytes { get; set; }
    }

    /// <summary>
    /// Answers a range of what is there now. Where bytes were dropped their number is known only when they have been read, so the part is taken into memory before it is sent, and
    /// bounded: the standard lets a server answer less than was asked for.
    /// </summary>
    private static async Task SendPartAsync(HttpContext context, OutputDocument document, RangeItemHeaderValue range, CancellationToken cancellationToken)
    {
        var total = await document.LengthAsync(cancellationToken);
        if (!TryResolve(range, total, out var first, out var last))
        {
            await RefuseRangeAsync(context, total);
            return;
        }

        var part = new ArrayBufferWriter<byte>();
        await foreach (var piece in document.ReadAsync(first, follow: false, cancellationToken))
        {
            var room = Math.Min(last - first + 1, LongestPart) - part.WrittenCount;
            part.Write(piece.Span[..(int)Math.Min(room, piece.Length)]);
            if (piece.Length >= room)
            {
                break;
            }
        }

        if (part.WrittenCount == 0)
        {
            // The next attempt has begun meanwhile, with no output yet.
            await RefuseRangeAsync(context, 0);
            return;
        }

        Prepare(context.Response);
        PreparePart(context.Response, first, first + part.WrittenCount - 1, total);
        context.Response.ContentLength = part.WrittenCount;
        await context.Response.Body.WriteAsync(part.WrittenMemory, context.RequestAborted);
    }

    private static async Task SendStoredAsync(HttpContext context, Stream stored, long offset, RangeItemHeaderValue? range)
    {
        var response = context.Response;
        var total = stored.Length;
        var first = Math.Min(offset, total);
        var last = total - 1;
        if (range is not null)
        {
            if (!TryResolve(range, total, out first, out last))
            {
                await RefuseRangeAsync(context, total);
                return;
            }

            PreparePart(response, first, last, total);
        }

        Prepare(response);
        response.Headers.AcceptRanges = "bytes";
        response.ContentLength = last - first + 1;
        stored.Position = first;
        await StreamCopyOperation.CopyToAsync(stored, response.Body, last - first + 1, context.RequestAborted);
    }

    private static bool TryResolve(RangeItemHeaderValue range, long total, out long first, out long last)
    {
        first = range.From ?? Math.Max(0, total - range.To!.Value);
        last = range.From is null ? total - 1 : Math.Min(range.To ?? (total - 1), total - 1);
        return first <= last;
    }

    private static Task RefuseRangeAsync(HttpContext context, long total)
    {
        context.Response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{total}");
        return Problems.WriteAsync(
            context, StatusCodes.Status416RangeNotSatisfiable, "output.range", string.Create(CultureInfo.InvariantCulture, $"The output has {total} bytes."));
    }

    private static void PreparePart(HttpResponse response, long first, long last, long total)
    {
        response.StatusCode = StatusCodes.Status206PartialContent;
        response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {first}-{last}/{total}");
        response.Headers.AcceptRanges = "bytes";
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
