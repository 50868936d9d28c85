using System.Net;
using System.Text.Json;
using Ascob.Core.Jobs;

namespace Ascob.Core.Client;

/// <summary>Ascob refused a request, or its answer could not be read.</summary>
public sealed class AscobApiException : Exception
{
    private const int LongestBody = 64 * 1024;

    /// <summary>Initialises the exception.</summary>
    public AscobApiException()
    {
    }

    /// <summary>Initialises the exception.</summary>
    public AscobApiException(string message)
        : base(message)
    {
    }

    /// <summary>Initialises the exception.</summary>
    public AscobApiException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Gets the HTTP status.</summary>
    public HttpStatusCode Status { get; init; }

    /// <summary>Gets the stable word for programs, such as <c>run.not_found</c>; <c>http.&lt;status&gt;</c> where the answer has none.</summary>
    public string Code { get; init; } = string.Empty;

    /// <summary>Gets the refused fields by JSON path; empty for none.</summary>
    public IReadOnlyDictionary<string, string[]> Errors { get; init; } = new Dictionary<string, string[]>();

    /// <summary>Gets the whole problem document; null where the answer was none.</summary>
    public ProblemInfo? Problem { get; init; }

    /// <summary>Gets the server's wish for the pause before the next try; null for none.</summary>
    public TimeSpan? RetryAfter { get; init; }

    internal static async Task<AscobApiException> FromAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var problem = await ReadProblemAsync(response, cancellationToken).ConfigureAwait(false);
        var status = (int)response.StatusCode;
        var text = problem?.Detail ?? problem?.Title ?? response.ReasonPhrase ?? "The request was refused.";
        var fields = problem?.Errors is { Count: > 0 } errors
            ? " " + string.Join(" ", errors.Take(5).Select(e => $"{e.Key}: {string.Join(" ", e.Value)}"))
            : string.Empty;
        return new AscobApiException($"{status}: {text}{fields}")
        {
            Status = response.StatusCode,
            Code = problem?.Code ?? $"http.{status}",
            Errors = problem?.Errors ?? new Dictionary<string, string[]>(),
            Problem = problem,
            RetryAfter = response.Headers.RetryAfter?.Delta,
        };
    }

    internal static AscobApiException Unreadable(HttpResponseMessage response, Exception cause) =>
        new($"{(int)response.StatusCode}: The answer could not be read; is this the address of Ascob?", cause)
        {
            Status = response.StatusCode,
            Code = "response.unreadable",
        };

    // The answer may come from a proxy in between, so everything about it is doubtful: its type, its size, its end.
    private static async Task<ProblemInfo?> ReadProblemAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.Content.Headers.ContentType?.MediaType is not ("application/problem+json" or "application/json"))
        {
            return null;
        }

        try
        {
            var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (body.ConfigureAwait(false))
            {
                var buffer = new byte[LongestBody];
                var length = await body.ReadAtLeastAsync(buffer, LongestBody, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
                return JsonSerializer.Deserialize<ProblemInfo>(buffer.AsSpan(0, length), AscobJson.Options);
            }
        }
        catch (Exception e) when (e is JsonException or IOException or HttpRequestException)
        {
            return null;
        }
    }
}
