using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Ascob.Core.Errors;

namespace Ascob.Server.Api.Kuroko2;

/// <summary>Writes answers in the words of kuroko2's API.</summary>
internal static class Kuroko2Answer
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Answers whether a request is for kuroko2's API, also where it has no such address or method.</summary>
    public static bool IsFor(HttpContext context) => context.Request.Path.StartsWithSegments(Kuroko2Registration.Prefix, StringComparison.OrdinalIgnoreCase);

    public static Task WriteAsync(HttpContext context, object body, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsJsonAsync(body, body.GetType(), Json, "application/json", context.RequestAborted);
    }

    public static Task WriteErrorAsync(HttpContext context, int status, string message)
    {
        if (status == StatusCodes.Status401Unauthorized)
        {
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"kuroko2\", charset=\"UTF-8\"";
        }

        context.Response.Headers.XContentTypeOptions = "nosniff";
        return WriteAsync(context, new Dictionary<string, object> { ["status_code"] = status, ["error_code"] = Word(status), ["message"] = message }, status);
    }

    public static Task WriteTooManyAsync(HttpContext context, TimeSpan wait)
    {
        context.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return WriteErrorAsync(context, StatusCodes.Status429TooManyRequests, "Too many refused credentials from this address; wait and use valid ones.");
    }

    public static Task WriteErrorAsync(HttpContext context, Error error)
    {
        if (error.Kind == ErrorKind.Unavailable)
        {
            context.Response.Headers.RetryAfter = "1";
        }

        return WriteErrorAsync(context, StatusOf(error.Kind), MessageOf(error));
    }

    // Only the statuses that the API documents, as far as they say what happened.
    private static int StatusOf(ErrorKind kind) => kind switch
    {
        ErrorKind.Forbidden => StatusCodes.Status403Forbidden,
        ErrorKind.NotFound => StatusCodes.Status404NotFound,
        ErrorKind.Invalid or ErrorKind.Conflict or ErrorKind.Impossible => StatusCodes.Status422UnprocessableEntity,
        ErrorKind.TooLarge => StatusCodes.Status413PayloadTooLarge,
        ErrorKind.TooMany => StatusCodes.Status429TooManyRequests,
        ErrorKind.Unavailable => StatusCodes.Status503ServiceUnavailable,
    };

    private static string MessageOf(Error error) => error.Fields is { Count: > 0 } fields
        ? string.Join("; ", fields.SelectMany(f => f.Value.Select(m => $"{f.Key}: {m}")))
        : error.Message;

    private static string Word(int status) => status switch
    {
        400 => "bad_request",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "record_not_found",
        405 => "method_not_allowed",
        413 => "payload_too_large",
        415 => "unsupported_media_type",
        422 => "unprocessable_entity",
        429 => "too_many_requests",
        500 => "internal_server_error",
        503 => "service_unavailable",
        _ => "error",
    };
}
