using System.Buffers;
using System.Net;
using System.Text.Json;
using Ascob.Backends.Http;

namespace Ascob.Backends.Rundeck;

/// <summary>An answer that was read to its end: what Rundeck said, or that it was not Rundeck who spoke.</summary>
internal sealed record RundeckAnswer
{
    /// <summary>The largest answer about one thing.</summary>
    public const int Small = 1024 * 1024;

    public required HttpStatusCode Status { get; init; }

    /// <summary>Gets the body; null where it is not JSON, whatever the header says.</summary>
    public JsonElement? Json { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Gets Rundeck's own code of an error, such as <c>api.error.execution.conflict</c>; null where Rundeck reports none.</summary>
    public string? ErrorCode => IsError ? RundeckJson.Text(Json, "errorCode") ?? string.Empty : null;

    /// <summary>Gets Rundeck's own words about an error, in one line; null for none.</summary>
    public string? Message
    {
        get
        {
            var text = RundeckJson.Text(Json, "message")
                ?? (RundeckJson.Member(Json, "messages") is { ValueKind: JsonValueKind.Array } all ? string.Join("; ", all.EnumerateArray().Select(m => RundeckJson.Text(m))) : null);
            return AnswerText.OneLine(text) is { Length: > 0 } line ? line : null;
        }
    }

    /// <summary>Gets whether Rundeck itself says that it went wrong.</summary>
    public bool IsError => RundeckJson.Member(Json, "error") is { ValueKind: JsonValueKind.True };

    public bool IsOk => Status == HttpStatusCode.OK && Json is not null && !IsError;

    public bool IsRedirect => (int)Status is >= 300 and < 400;

    /// <summary>Reads an answer to its end, or to the limit.</summary>
    /// <exception cref="HttpRequestException">It is too large, or the connection broke.</exception>
    public static async Task<RundeckAnswer> ReadAsync(HttpResponseMessage answer, int limit, TimeProvider time, CancellationToken cancellationToken)
    {
        var bytes = await BodyAsync(answer, limit, cancellationToken).ConfigureAwait(false);
        return new RundeckAnswer
        {
            Status = answer.StatusCode,
            Json = AnswerText.IsJson(answer) ? RundeckJson.Parse(bytes) : null,
            RetryAfter = HttpFault.RetryAfter(answer, time),
        };
    }

    /// <summary>One readable sentence about an answer that was not wanted.</summary>
    public string Describe(string backendId) => Status switch
    {
        HttpStatusCode.Unauthorized => $"Rundeck refuses the token (401); check Ascob:Backends:{backendId}:AuthToken",
        HttpStatusCode.Forbidden when ErrorCode is "unauthorized" or "api.error.auth.unauthorized" => $"Rundeck refuses the token (403); check Ascob:Backends:{backendId}:AuthToken",
        HttpStatusCode.Forbidden when IsError => $"Rundeck does not allow this to the user of the token (403{Said})",
        HttpStatusCode.Forbidden => $"something in front of Rundeck forbids the request (403); check Ascob:Backends:{backendId}:Url and :AuthToken",
        HttpStatusCode.TooManyRequests => HttpFault.Describe(Status),
        _ when IsRedirect => $"the address redirects ({(int)Status}), as to a login page; check Ascob:Backends:{backendId}:Url and :AuthToken",
        _ when IsError => $"Rundeck answered {(int)Status}{Said}",
        HttpStatusCode.OK => $"the answer is not one of Rundeck's API (200); check Ascob:Backends:{backendId}:Url",
        HttpStatusCode.NotFound => $"there is no Rundeck API at this address (404); check Ascob:Backends:{backendId}:Url",
        _ => HttpFault.Describe(Status),
    };

    private string Said => Message is { } message ? ": " + message : string.Empty;

    private static async Task<ReadOnlyMemory<byte>> BodyAsync(HttpResponseMessage answer, int limit, CancellationToken cancellationToken)
    {
        var body = new ArrayBufferWriter<byte>(4096);
        var stream = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            int count;
            while ((count = await stream.ReadAsync(body.GetMemory(4096), cancellationToken).ConfigureAwait(false)) > 0)
            {
                body.Advance(count);
                if (body.WrittenCount > limit)
                {
                    throw new HttpRequestException(HttpRequestError.ConfigurationLimitExceeded, "The answer is too large.");
                }
            }
        }

        return body.WrittenMemory;
    }
}
