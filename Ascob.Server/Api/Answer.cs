using System.Text.Json;
using Ascob.Core.Errors;

namespace Ascob.Server.Api;

/// <summary>Writes good answers.</summary>
internal static class Answer
{
    private const string Json = "application/json; charset=utf-8";

    /// <summary>Writes a value, or the refusal in its place.</summary>
    public static Task WriteAsync<T, TWire>(HttpContext context, Result<T> result, Func<T, TWire> toWire, int status = StatusCodes.Status200OK) =>
        result.IsSuccess ? JsonAsync(context, toWire(result.Value), status) : Problems.WriteAsync(context, result.Error);

    /// <summary>Writes a value in one piece with its length.</summary>
    public static async Task JsonAsync<T>(HttpContext context, T value, int status = StatusCodes.Status200OK)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(value, WireType<T>.Info);
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = Json;
        response.ContentLength = body.Length;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.CacheControl = "no-store";
        await response.Body.WriteAsync(body, context.RequestAborted);
    }
}
