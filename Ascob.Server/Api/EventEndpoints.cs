using System.Globalization;
using System.Text;
using System.Text.Json;
using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Errors;
using Ascob.Core.Runs;
using Ascob.Server.Security;
using Ascob.Server.Telemetry;
using Microsoft.AspNetCore.Http.Features;

namespace Ascob.Server.Api;

/// <summary>The timeline of a run: as a list, or as server-sent events that go on until the run is final.</summary>
internal static class EventEndpoints
{
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);
    private const int Page = 500;

    public static void MapEvents(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/runs/{id}/events", ReadAsync).Requires(Permissions.JobRunRead).WithTags("Runs").WithName("GetEvents")
            .WithSummary("Read the timeline of a run")
            .WithDescription("With Accept: text/event-stream the events are streamed until the run is final; Last-Event-ID resumes after an event.")
            .Header("Last-Event-ID", "The seq of the last event seen.")
            .Query<long>("after", "Only events after this seq.")
            .Produces<RunEventList>().Produces(204).Refuses(404);

    private static async Task ReadAsync(HttpContext context, JobService jobs, ServerDrain drain, TimeProvider time)
    {
        var id = context.RunId();
        var query = new QueryReader(context.Request.Query);
        var after = query.Number("after", 0, long.MaxValue) ?? 0;
        query.Done();
        if (WantsStream(context.Request))
        {
            await StreamAsync(context, jobs, drain, time, id, LastSeen(context.Request) ?? after);
            return;
        }

        var events = new List<RunEventInfo>();
        while (true)
        {
            var page = await jobs.EventsAsync(id, after, Page, context.GetCaller(), context.RequestAborted);
            if (!page.IsSuccess)
            {
                await Problems.WriteAsync(context, page.Error);
                return;
            }

            events.AddRange(page.Value.Select(RunEventInfo.Of));
            if (page.Value.Count < Page)
            {
                break;
            }

            after = page.Value[^1].Seq;
        }

        await Answer.JsonAsync(context, new RunEventList(events));
    }

    private static async Task StreamAsync(HttpContext context, JobService jobs, ServerDrain drain, TimeProvider time, long id, long after)
    {
        var run = await jobs.GetAsync(id, context.GetCaller(), context.RequestAborted);
        if (!run.IsSuccess)
        {
            await Problems.WriteAsync(context, run.Error);
            return;
        }

        if (run.Value.Status.IsFinal() && after >= run.Value.Version)
        {
            // The one answer after which browsers do not connect again.
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        var response = context.Response;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, drain.Begun);
        await SendAsync(response, ": stream of run events\n\n", context.RequestAborted);
        var events = jobs.FollowEventsAsync(id, after, stop.Token).GetAsyncEnumerator(stop.Token);
        await using var _ = events.ConfigureAwait(false);
        var next = events.MoveNextAsync().AsTask();
        try
        {
            while (await WaitAsync(next, response, time, stop.Token))
            {
                var text = JsonSerializer.Serialize(RunEventInfo.Of(events.Current), WireType<RunEventInfo>.Info);

                // An event goes out whole or not at all.
                await SendAsync(
                    response, string.Create(CultureInfo.InvariantCulture, $"id: {events.Current.Seq}\nevent: {events.Current.Type}\ndata: {text}\n\n"), context.RequestAborted);
                next = events.MoveNextAsync().AsTask();
            }
        }
        catch (OperationCanceledException) when (drain.IsDraining && !context.RequestAborted.IsCancellationRequested)
        {
            // A clean end between two events: the reader comes back with the number of the last one, and is led to another server.
        }
        finally
        {
            // The reader may have gone while the next event was awaited; an iterator must be at rest before it is disposed.
            await stop.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Waits for the next event, with a sign of life now and then, so that proxies keep the connection and a vanished client is noticed.</summary>
    private static async Task<bool> WaitAsync(Task<bool> next, HttpResponse response, TimeProvider time, CancellationToken cancellationToken)
    {
        while (!next.IsCompleted)
        {
            try
            {
                await next.WaitAsync(Heartbeat, time, cancellationToken);
            }
            catch (TimeoutException) when (!next.IsCompleted)
            {
                await SendAsync(response, ": heartbeat\n\n", cancellationToken);
            }
        }

        return await next;
    }

    private static async Task SendAsync(HttpResponse response, string text, CancellationToken cancellationToken)
    {
        await response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }

    private static bool WantsStream(HttpRequest request) =>
        request.GetTypedHeaders().Accept.Any(a => a.MediaType.Equals("text/event-stream", StringComparison.OrdinalIgnoreCase));

    private static long? LastSeen(HttpRequest request)
    {
        var value = request.Headers["Last-Event-ID"].ToString();
        if (value.Length == 0)
        {
            return null;
        }

        return long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seq)
            ? seq
            : throw new RequestRefusedException(Error.Invalid("Last-Event-ID", "The id of an event of this stream."));
    }
}
