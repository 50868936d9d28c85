using System.Net;

namespace Ascob.Core.Client;

/// <summary>Repeats calls that do no harm twice, a bounded number of times, when the server cannot be reached or cannot answer now.</summary>
internal sealed class SafeRepetition(AscobClientOptions options)
{
    /// <summary>Calls until there is an answer, a refusal or no try left.</summary>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await OnceAsync(call, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (attempt < options.MaxAttempts && MayPass(e, cancellationToken))
            {
                await PauseAsync(attempt, (e as AscobApiException)?.RetryAfter, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Calls once, within the time of one call.</summary>
    public async Task<T> OnceAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.CallTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await call(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"Ascob did not answer within {options.CallTimeout}.", e);
        }
    }

    /// <summary>Waits before the next try: longer each time, spread out so that many clients do not come back together.</summary>
    public Task PauseAsync(int attempt, TimeSpan? wish, CancellationToken cancellationToken)
    {
        var doubled = options.FirstDelay * Math.Pow(2, Math.Min(attempt - 1, 20));
        var delay = (wish ?? TimeSpan.Zero) > doubled ? wish!.Value : doubled;
        delay = delay < options.MaxDelay ? delay : options.MaxDelay;
        return Task.Delay(delay * (0.8 + (0.4 * Random.Shared.NextDouble())), options.Time, cancellationToken);
    }

    /// <summary>Answers whether the failure may be gone at the next try.</summary>
    public static bool MayPass(Exception failure, CancellationToken cancellationToken) => !cancellationToken.IsCancellationRequested && failure switch
    {
        AscobApiException refusal => refusal.Status is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout,
        HttpRequestException or IOException or TimeoutException or TaskCanceledException => true,
        _ => false,
    };
}
