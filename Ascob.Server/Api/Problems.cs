using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Server.Api.Kuroko2;
using Microsoft.AspNetCore.WebUtilities;

namespace Ascob.Server.Api;

/// <summary>The one place where a refusal becomes an HTTP answer: problem details of RFC 9457 (under kuroko2's addresses its own form), never with a stack, a path, SQL or a type's name.</summary>
internal static class Problems
{
    public const string ContentType = "application/problem+json";

    private static readonly JsonWriterOptions Writing = new() { Encoder = AscobJson.Options.Encoder };

    /// <summary>Writes an expected refusal.</summary>
    public static Task WriteAsync(HttpContext context, Error error)
    {
        if (error.Kind == ErrorKind.Unavailable)
        {
            context.Response.Headers.RetryAfter = "1";
        }

        return WriteAsync(context, StatusOf(error.Kind), error.Code, error.Message, error.Fields, error.Extensions);
    }

    /// <summary>Writes a 429 with the time to wait.</summary>
    public static Task WriteTooManyAsync(HttpContext context, TimeSpan wait)
    {
        context.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return WriteAsync(context, StatusCodes.Status429TooManyRequests, "access.too_many_failures", "Too many refused tokens from this address; wait and use a valid one.");
    }

    /// <summary>Writes a problem of any status.</summary>
    public static async Task WriteAsync(
        HttpContext context,
        int status,
        string code,
        string detail,
        IReadOnlyDictionary<string, string[]>? fields = null,
        IReadOnlyDictionary<string, object?>? extensions = null)
    {
        if (Kuroko2Answer.IsFor(context))
        {
            await Kuroko2Answer.WriteErrorAsync(context, status, detail);
            return;
        }

        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, Writing))
        {
            writer.WriteStartObject();
            writer.WriteString("type", $"urn:ascob:problem:{code}");
            writer.WriteString("title", ReasonPhrases.GetReasonPhrase(status));
            writer.WriteNumber("status", status);
            writer.WriteString("detail", detail);
            WriteFields(writer, fields);
            writer.WriteString("code", code);
            writer.WriteString("traceId", Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier);
            foreach (var (name, value) in extensions ?? new Dictionary<string, object?>())
            {
                writer.WritePropertyName(name);
                JsonSerializer.Serialize(writer, value, AscobJson.Options);
            }

            writer.WriteEndObject();
        }

        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = ContentType;
        response.ContentLength = buffer.WrittenCount;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.CacheControl = "no-store";
        if (status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "ApiToken";
        }

        await response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
    }

    private static int StatusOf(ErrorKind kind) => kind switch
    {
        ErrorKind.Invalid => StatusCodes.Status400BadRequest,
        ErrorKind.Forbidden => StatusCodes.Status403Forbidden,
        ErrorKind.NotFound => StatusCodes.Status404NotFound,
        ErrorKind.Conflict => StatusCodes.Status409Conflict,
        ErrorKind.TooLarge => StatusCodes.Status413PayloadTooLarge,
        ErrorKind.Impossible => StatusCodes.Status422UnprocessableEntity,
        ErrorKind.TooMany => StatusCodes.Status429TooManyRequests,
        ErrorKind.Unavailable => StatusCodes.Status503ServiceUnavailable,
    };

    private static void WriteFields(Utf8JsonWriter writer, IReadOnlyDictionary<string, string[]>? fields)
    {
        if (fields is not { Count: > 0 })
        {
            return;
        }

        writer.WriteStartObject("errors");
        foreach (var (field, messages) in fields)
        {
            writer.WriteStartArray(field);
            foreach (var message in messages)
            {
                writer.WriteStringValue(message);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}
