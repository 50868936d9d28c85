using System.Net;
using System.Security.Authentication;
using Ascob.Core.Backends;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace Ascob.Backends.Http;

/// <summary>
/// Repeats a read that failed on the way, twice at most and with growing, jittered pauses. A <c>429</c> is never repeated here: it is the backend's wish, and the whole backend is left alone for as long as it
/// asks.
/// </summary>
internal sealed class ReadRetryHandler : DelegatingHandler
{
    private const int Repeats = 2;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private readonly ResiliencePipeline<HttpResponseMessage> _pipeline;

    public ReadRetryHandler(BackendResilienceOptions options, TimeProvider time) => _pipeline = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
        {
            MaxRetryAttempts = Repeats,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = FirstPause,
            ShouldHandle = arguments => ValueTask.FromResult(IsWorthRepeating(arguments.Outcome)),
            OnRetry = arguments =>
            {
                arguments.Outcome.Result?.Dispose();
                return default;
            },
        })
        .AddTimeout(options.Timeout / (Repeats + 1))
        .Build();

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        request.Method == HttpMethod.Get || request.Method == HttpMethod.Head
            ? _pipeline.ExecuteAsync(token => new ValueTask<HttpResponseMessage>(base.SendAsync(request, token)), cancellationToken).AsTask()
            : throw new InvalidOperationException($"A {request.Method} is no read; it goes out by the client for orders.");

    private static bool IsWorthRepeating(Outcome<HttpResponseMessage> outcome) => outcome switch
    {

        // A certificate that was refused is refused again; the other faults of a way may be gone in a moment.
        { Exception: HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: AuthenticationException } } => false,
        { Exception: HttpRequestException or TimeoutRejectedException } => true,
        { Result.StatusCode: HttpStatusCode.RequestTimeout or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout } => true,
        { Result: { StatusCode: HttpStatusCode.ServiceUnavailable } answer } => answer.Headers.RetryAfter is null,
        _ => false,
    };
}
