using System.Net;
using Ascob.Backends.Http;
using Ascob.Core.Backends;
using Polly.Timeout;
using Refit;

namespace Ascob.Backends.Rundeck;

/// <summary>
/// The two ways to one Rundeck: reads, which are repeated a little, and orders, which go out once. The version of the API is agreed on with the first answer that complains about it and remembered from
/// then on; such a complaint comes before anything was done, so even an order may go out again in the right version.
/// </summary>
internal sealed class RundeckCalls : IDisposable
{
    private readonly HttpClient _readsHttp;
    private readonly HttpClient _ordersHttp;
    private readonly IRundeckApi _reads;
    private readonly IRundeckApi _orders;
    private readonly TimeProvider _time;
    private readonly TimeSpan _longestBody;
    private volatile int _version;

    public RundeckCalls(BackendContext context, RundeckSettings settings)
    {
        void Authorize(System.Net.Http.Headers.HttpRequestHeaders headers)
        {
            headers.TryAddWithoutValidation("X-Rundeck-Auth-Token", settings.AuthToken);
            headers.Accept.ParseAdd("application/json");
        }

        _time = context.Time;
        _longestBody = context.Options.Resilience.Timeout;
        _version = settings.ApiVersion;
        _readsHttp = BackendHttp.ForReads(context, settings.Url, Authorize);
        _ordersHttp = BackendHttp.ForOrders(settings.Url, Authorize);
        _reads = RestService.For<IRundeckApi>(_readsHttp);
        _orders = RestService.For<IRundeckApi>(_ordersHttp);
    }

    /// <summary>Gets the version of the API that is spoken now.</summary>
    public int Version => _version;

    public Task<RundeckAnswer> ReadAsync(Func<IRundeckApi, int, Task<HttpResponseMessage>> call, CancellationToken cancellationToken, int limit = RundeckAnswer.Small) =>
        SendAsync(_reads, call, limit, cancellationToken);

    public Task<RundeckAnswer> OrderAsync(Func<IRundeckApi, int, Task<HttpResponseMessage>> call, CancellationToken cancellationToken) =>
        SendAsync(_orders, call, RundeckAnswer.Small, cancellationToken);

    public void Dispose()
    {
        _readsHttp.Dispose();
        _ordersHttp.Dispose();
    }

    private async Task<RundeckAnswer> SendAsync(IRundeckApi api, Func<IRundeckApi, int, Task<HttpResponseMessage>> call, int limit, CancellationToken cancellationToken)
    {
        var version = _version;
        var answer = await OnceAsync(api, call, version, limit, cancellationToken).ConfigureAwait(false);
        if (answer is { Status: HttpStatusCode.BadRequest, ErrorCode: "api.error.api-version.unsupported" }
            && RundeckJson.Number(answer.Json, "apiversion") is { } theirs and >= RundeckSettings.OldestVersion and < 1000
            && theirs != version)
        {
            _version = (int)theirs;
            answer = await OnceAsync(api, call, (int)theirs, limit, cancellationToken).ConfigureAwait(false);
        }

        return answer;
    }

    private async Task<RundeckAnswer> OnceAsync(
        IRundeckApi api, Func<IRundeckApi, int, Task<HttpResponseMessage>> call, int version, int limit, CancellationToken cancellationToken)
    {
        using var answer = await HttpFault.UnwrappedAsync(call(api, version)).ConfigureAwait(false);
        return await ReadAsync(answer, limit, cancellationToken).ConfigureAwait(false);
    }

    // A body that trickles in for ever is bounded here; whoever calls may have no limit of its own.
    private async Task<RundeckAnswer> ReadAsync(HttpResponseMessage answer, int limit, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_longestBody, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await RundeckAnswer.ReadAsync(answer, limit, _time, both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutRejectedException("The answer did not come to its end in time.", _longestBody);
        }
    }
}
