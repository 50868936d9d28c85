using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Security.Authentication;
using System.Text.Json;
using Ascob.Core.Backends;
using Polly.Timeout;

namespace Ascob.Backends.Http;

/// <summary>What a failed call means.</summary>
internal static class HttpFault
{
    /// <summary>Answers whether this is a fault of the way or of the answer, and none of ours.</summary>
    public static bool IsExpected(Exception exception) =>
        Cause(exception) is HttpRequestException or IOException or TimeoutRejectedException or JsonException or Refit.ApiException;

    /// <summary>Answers whether no byte of the request can have reached the backend.</summary>
    public static bool NeverSent(Exception exception) => Cause(exception) is HttpRequestException
    {
        HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError,
    };

    /// <summary>What became of a submission that failed with an exception.</summary>
    public static SubmitOutcome OfSubmission(Exception exception) => NeverSent(exception)
        ? SubmitOutcome.NotNow(Describe(exception))
        : SubmitOutcome.Unknown(Describe(exception));

    /// <summary>One readable sentence without addresses, headers or bodies, in which secrets could stand.</summary>
    public static string Describe(Exception exception) => Cause(exception) switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => "the host name of the backend is not known",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: AuthenticationException { Message: var why } } when why.Contains("certificate", StringComparison.OrdinalIgnoreCase) =>
            $"no secure connection to the backend could be made: {Sentence(why)}",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => "no secure connection to the backend could be made",
        HttpRequestException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused } } => "the backend refuses connections",
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => "no connection to the backend could be made",
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => "the backend's answer is too large",
        HttpRequestException or IOException => "the connection broke before the answer was complete",
        TimeoutRejectedException => "the backend did not answer in time",
        JsonException or Refit.ApiException => "the backend's answer makes no sense",
        _ => "the call failed",
    };

    /// <summary>The pause that an answer asks for; null where it asks for none.</summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage answer, TimeProvider time)
    {
        var wish = answer.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - time.GetUtcNow(),
            _ => (TimeSpan?)null,
        };
        return wish is { } pause && pause > TimeSpan.Zero ? pause : wish is null ? null : TimeSpan.Zero;
    }

    /// <summary>Awaits a call of a Refit client and throws what the transport threw, cancellation included: Refit wraps it, and only the cause tells whether anything was sent.</summary>
    public static async Task<HttpResponseMessage> UnwrappedAsync(Task<HttpResponseMessage> call)
    {
        try
        {
            return await call.ConfigureAwait(false);
        }
        catch (Refit.ApiRequestException e) when (e.InnerException is { } cause)
        {
            ExceptionDispatchInfo.Throw(cause);
            throw;
        }
    }

    // The framework's words about a certificate hold no address and no secret, but tell whether it is its age, its name or who vouches for it.
    private static string Sentence(string message)
    {
        var line = message.ReplaceLineEndings(" ").TrimEnd('.', ' ');
        return line.Length == 0 ? line : char.ToLowerInvariant(line[0]) + line[1..Math.Min(line.Length, 200)];
    }

    // For adapters that await Refit's calls as they are.
    private static Exception Cause(Exception exception) => exception is Refit.ApiRequestException { InnerException: { } cause } ? cause : exception;

    /// <summary>One readable sentence about an answer that was not wanted.</summary>
    public static string Describe(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized => "the backend refuses the credentials (401)",
        HttpStatusCode.Forbidden => "the backend forbids this to the configured user (403)",
        HttpStatusCode.NotFound => "the backend does not know it (404)",
        HttpStatusCode.TooManyRequests => "the backend asks for fewer requests (429)",
        _ => $"the backend answered {(int)status}",
    };
}
