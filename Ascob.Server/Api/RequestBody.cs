using System.Buffers;
using System.Text;
using System.Text.Json;
using Ascob.Core.Errors;
using Microsoft.AspNetCore.Http.Features;

namespace Ascob.Server.Api;

/// <summary>Reads JSON bodies; a bad one is refused with the name of the field at fault.</summary>
internal static class RequestBody
{
    // Bodies are mostly small; read at once they cost half of what reading them as a stream does.
    private const int Small = 32 * 1024;

    /// <summary>Reads a body that must be there.</summary>
    public static async ValueTask<T> ReadAsync<T>(HttpContext context)
        where T : class
    {
        CheckMediaType(context.Request);
        return context.Request.ContentLength is > 0 and <= Small and { } length
            ? await ReadAtOnceAsync<T>(context.Request.Body, (int)length, context.RequestAborted)
            : await DeserializeAsync<T>(context.Request.Body, context.RequestAborted);
    }

    /// <summary>Reads a body whose very bytes matter beside what they say.</summary>
    public static async ValueTask<(T Value, byte[] Bytes)> ReadSignedAsync<T>(HttpContext context)
        where T : class
    {
        CheckMediaType(context.Request);
        using var bytes = new MemoryStream();
        await context.Request.Body.CopyToAsync(bytes, context.RequestAborted);
        bytes.Position = 0;
        return (await DeserializeAsync<T>(bytes, context.RequestAborted), bytes.ToArray());
    }

    /// <summary>Reads a body that may be left out.</summary>
    public static async ValueTask<T?> ReadOptionalAsync<T>(HttpContext context)
        where T : class
    {
        var mayHaveBody = context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? true;
        return !mayHaveBody || context.Request.ContentLength == 0 ? null : await ReadAsync<T>(context);
    }

    /// <summary>Reads JSON from anywhere.</summary>
    /// <param name="body">The text.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async ValueTask<T> DeserializeAsync<T>(Stream body, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(body, WireType<T>.Info, cancellationToken)
                ?? throw new RequestRefusedException(Error.Invalid("body", "A JSON object is needed, not null."));
        }
        catch (JsonException e)
        {
            throw new RequestRefusedException(JsonFault.Describe(e));
        }
    }

    private static async ValueTask<T> ReadAtOnceAsync<T>(Stream body, int length, CancellationToken cancellationToken)
        where T : class
    {
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var read = await body.ReadAtLeastAsync(buffer.AsMemory(0, length), length, throwOnEndOfStream: false, cancellationToken);
            return Deserialize<T>(buffer.AsSpan(0, read));
        }
        finally
        {
            // What another request finds in it must not be the secrets of this one.
            buffer.AsSpan(0, length).Clear();
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static T Deserialize<T>(ReadOnlySpan<byte> body)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(body.StartsWith(Encoding.UTF8.Preamble) ? body[Encoding.UTF8.Preamble.Length..] : body, WireType<T>.Info)
                ?? throw new RequestRefusedException(Error.Invalid("body", "A JSON object is needed, not null."));
        }
        catch (JsonException e)
        {
            throw new RequestRefusedException(JsonFault.Describe(e));
        }
    }

    private static void CheckMediaType(HttpRequest request)
    {
        if (!request.HasJsonContentType())
        {
            throw new RequestRefusedException(
                new Error(ErrorKind.Invalid, "request.media_type", "Send the body as application/json."), StatusCodes.Status415UnsupportedMediaType);
        }
    }
}
