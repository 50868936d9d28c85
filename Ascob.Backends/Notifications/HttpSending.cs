using System.Globalization;
using System.Net;
using System.Text.Json;
using Ascob.Core.Jobs;
using Ascob.Core.Notifications;

namespace Ascob.Backends.Notifications;

/// <summary>What all receivers over HTTP have in common.</summary>
internal static class HttpSending
{
    public static string UserAgent { get; } = $"Ascob/{typeof(HttpSending).Assembly.GetName().Version?.ToString(3)}";

    /// <summary>Writes a body the way Ascob writes JSON everywhere.</summary>
    public static byte[] Json<T>(T body) => JsonSerializer.SerializeToUtf8Bytes(body, AscobJson.Options);

    /// <summary>Sends, and tells what the answer or its absence means.</summary>
    public static async Task<SendOutcome> SendAsync(
        GuardedHttp http, HttpRequestMessage request, OutgoingNotice message, Func<HttpStatusCode, SendOutcome?>? judge, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
            return judge?.Invoke(answer.StatusCode) ?? Judge(answer, message.SentAt);
        }
        catch (HttpRequestException e)
        {
            return SendOutcome.Retry(Describe(e));
        }
        catch (IOException)
        {
            return SendOutcome.Retry("the connection broke before the answer");
        }
    }

    // The receiver's words are never repeated: they might be those of something that the caller has no business with.
    private static SendOutcome Judge(HttpResponseMessage answer, DateTimeOffset now)
    {
        var status = (int)answer.StatusCode;
        if (status is >= 200 and < 300)
        {
            return SendOutcome.Delivered;
        }

        var said = string.Create(CultureInfo.InvariantCulture, $"HTTP {status}");
        return status switch
        {
            410 => new SendOutcome(SendResult.Gone, "HTTP 410: the receiver wants nothing any more"),
            >= 300 and < 400 => SendOutcome.Retry($"{said}: redirects are not followed"),
            _ => SendOutcome.Retry(said, RetryAfter(answer, now)),
        };
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage answer, DateTimeOffset now)
    {
        var wanted = answer.Headers.RetryAfter?.Delta ?? answer.Headers.RetryAfter?.Date - now;
        return wanted > TimeSpan.Zero ? wanted : null;
    }

    private static string Describe(HttpRequestException exception) => exception switch
    {
        _ when Find<AddressRefusedException>(exception) is { } refused => refused.Message,
        { HttpRequestError: HttpRequestError.NameResolutionError } => "the receiver's host name is not known",
        { HttpRequestError: HttpRequestError.SecureConnectionError } => "no safe connection: the receiver's certificate or its TLS is not in order",
        { HttpRequestError: HttpRequestError.ConnectionError } => "no connection to the receiver",
        _ => "the connection broke before the answer",
    };

    private static T? Find<T>(Exception? exception)
        where T : Exception
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is T found)
            {
                return found;
            }
        }

        return null;
    }
}
