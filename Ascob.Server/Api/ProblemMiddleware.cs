using Ascob.Core.Errors;
using Ascob.Server.Security;

namespace Ascob.Server.Api;

/// <summary>The last resort of every request: gives each error a problem document, and each surprise an answer that tells nothing but a trace id.</summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> log)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            await DescribeAsync(context);
        }
        catch (Exception e) when (context.RequestAborted.IsCancellationRequested
            && e is OperationCanceledException or IOException or StoreUnavailableException
            && !context.Response.HasStarted)
        {
            // Nobody listens any more.
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            await AnswerAsync(context, e);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Part of the answer is out: only a broken connection tells the client that it is not all of it.
            LogBroken(e, context.Request.Method, PathForLog(context));
            context.Abort();
        }
        catch (OperationCanceledException)
        {
            context.Abort();
        }
    }

    private async Task AnswerAsync(HttpContext context, Exception exception)
    {
        switch (exception)
        {
            case RequestRefusedException refused:
                await Problems.WriteAsync(context, refused.Status, refused.Error.Code, refused.Error.Message, refused.Error.Fields);
                break;
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                await Problems.WriteAsync(context, StatusCodes.Status413PayloadTooLarge, "request.too_large", "The body is over its limit.");
                break;
            case BadHttpRequestException bad:
                await Problems.WriteAsync(context, bad.StatusCode, "request.malformed", "The request is malformed.");
                break;
            case StoreUnavailableException unavailable:
                LogUnavailable(unavailable, context.Request.Method, PathForLog(context));
                context.Response.Headers.RetryAfter = "1";
                await Problems.WriteAsync(
                    context,
                    StatusCodes.Status503ServiceUnavailable,
                    "store.unavailable",
                    unavailable.OutcomeUnknown
                        ? "The store did not answer; whether the change was made is not known. Read before you repeat, or repeat with the same Idempotency-Key."
                        : "The store cannot take or answer this now. Nothing was changed; ask again.");
                break;
            case HttpRequestException:
                LogBackendAway(exception, context.Request.Method, PathForLog(context));
                context.Response.Headers.RetryAfter = "5";
                await Problems.WriteAsync(
                    context, StatusCodes.Status503ServiceUnavailable, "backend.unreachable", "The backend that has this could not be asked now; ask again.");
                break;
            case OperationCanceledException:
                context.Response.Headers.RetryAfter = "1";
                await Problems.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "server.stopping", "The server is stopping; ask again.");
                break;
            default:
                LogFailed(exception, context.Request.Method, PathForLog(context));
                await Problems.WriteAsync(
                    context, StatusCodes.Status500InternalServerError, "server.error", "The server could not answer this request. Its log tells more under the trace id.");
                break;
        }
    }

    // A secret URL would be a right in the hands of everybody who reads the log.
    private static string PathForLog(HttpContext context) =>
        context.GetEndpoint() is RouteEndpoint endpoint && endpoint.Metadata.GetMetadata<AccessRequirement>()?.Kind == AccessKind.SecretUrl
            ? endpoint.RoutePattern.RawText ?? string.Empty
            : context.Request.Path;

    /// <summary>Gives the framework's own bare answers a body.</summary>
    private static Task DescribeAsync(HttpContext context)
    {
        var response = context.Response;
        if (response.HasStarted || response.StatusCode < 400 || response.ContentLength is > 0 || response.ContentType is not null)
        {
            return Task.CompletedTask;
        }

        return response.StatusCode switch
        {
            StatusCodes.Status404NotFound => Problems.WriteAsync(context, 404, "route.not_found", "No route has this address."),
            StatusCodes.Status405MethodNotAllowed => Problems.WriteAsync(context, 405, "route.method", "This address does not take this method; the header Allow names those it takes."),
            StatusCodes.Status415UnsupportedMediaType => Problems.WriteAsync(context, 415, "request.media_type", "The body's media type is not taken here."),
            var status => Problems.WriteAsync(context, status, "request.refused", "The request was refused."),
        };
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private partial void LogFailed(Exception exception, string method, string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Method} {Path}: the store is not available")]
    private partial void LogUnavailable(Exception exception, string method, string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Method} {Path}: the backend could not be asked")]
    private partial void LogBackendAway(Exception exception, string method, string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Method} {Path} broke after part of the answer was sent")]
    private partial void LogBroken(Exception exception, string method, string path);
}
