using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Ascob.Backends.Http;
using Ascob.Core.Backends;
using Refit;

namespace Ascob.Backends.PagerDuty;

/// <summary>Sends calls, keeps to the rate limit, and reads what comes back: reads may be repeated, orders leave once.</summary>
internal sealed class PagerDutyCalls : IDisposable
{
    // The longest list that PagerDuty sends holds 25 invocations with their scripts.
    private const int LargestAnswer = 4 * 1024 * 1024;

    private static readonly RefitSettings Refit = new(new SystemTextJsonContentSerializer(new JsonSerializerOptions(JsonSerializerDefaults.Web)))
    {
        TransportExceptionFactory = (_, cause, _) => cause,
    };

    private readonly HttpClient _readClient;
    private readonly HttpClient _orderClient;
    private readonly IPagerDutyApi _reads;
    private readonly IPagerDutyApi _orders;
    private readonly PagerDutyPace _pace;

    public PagerDutyCalls(BackendContext context, PagerDutySettings settings)
    {
        void Authorize(HttpRequestHeaders headers)
        {
            headers.TryAddWithoutValidation("Authorization", settings.OAuth ? $"Bearer {settings.ApiToken}" : $"Token token={settings.ApiToken}");
            headers.TryAddWithoutValidation("Accept", "application/vnd.pagerduty+json;version=2");
        }

        _pace = new PagerDutyPace(context.Time);
        _readClient = BackendHttp.ForReads(context, settings.Url, Authorize);
        _orderClient = BackendHttp.ForOrders(settings.Url, Authorize);
        _reads = RestService.For<IPagerDutyApi>(_readClient, Refit);
        _orders = RestService.For<IPagerDutyApi>(_orderClient, Refit);
    }

    public Task<PagerDutyAnswer> ReadAsync(Func<IPagerDutyApi, Task<HttpResponseMessage>> call, CancellationToken cancellationToken) => SendAsync(_reads, call, cancellationToken);

    public Task<PagerDutyAnswer> OrderAsync(Func<IPagerDutyApi, Task<HttpResponseMessage>> call, CancellationToken cancellationToken) => SendAsync(_orders, call, cancellationToken);

    public void Dispose()
    {
        _readClient.Dispose();
        _orderClient.Dispose();
    }

    private async Task<PagerDutyAnswer> SendAsync(IPagerDutyApi api, Func<IPagerDutyApi, Task<HttpResponseMessage>> call, CancellationToken cancellationToken)
    {
        if (_pace.Wait() is { } wait)
        {
            return new PagerDutyAnswer(HttpStatusCode.TooManyRequests, null, "no request was sent, the limit of the API key is used up", null, wait);
        }

        try
        {
            using var answer = await HttpFault.UnwrappedAsync(call(api)).ConfigureAwait(false);
            _pace.Note(answer);
            return await ReadAsync(answer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (HttpFault.IsExpected(e))
        {
            return new PagerDutyAnswer(null, null, string.Empty, e, null);
        }
    }

    private async Task<PagerDutyAnswer> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var pause = answer.StatusCode == HttpStatusCode.TooManyRequests ? _pace.Wait() : null;
        var body = await BodyAsync(answer, cancellationToken).ConfigureAwait(false);
        if (!AnswerText.IsJson(answer))
        {
            return new PagerDutyAnswer(answer.StatusCode, null, AnswerText.OneLine(Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 4096)))), null, pause);
        }

        try
        {
            using var document = JsonDocument.Parse(body);
            var json = document.RootElement.Clone();
            return new PagerDutyAnswer(answer.StatusCode, json, answer.IsSuccessStatusCode ? string.Empty : PagerDutyJson.Error(json), null, pause);
        }
        catch (JsonException e) when (answer.IsSuccessStatusCode)
        {
            return new PagerDutyAnswer(null, null, string.Empty, e, null);
        }
        catch (JsonException)
        {
            return new PagerDutyAnswer(answer.StatusCode, null, string.Empty, null, pause);
        }
    }

    // A refusal is one whatever its body; of a good answer every byte counts.
    private static async Task<byte[]> BodyAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        try
        {
            await answer.Content.LoadIntoBufferAsync(LargestAnswer, cancellationToken).ConfigureAwait(false);
            return await answer.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!answer.IsSuccessStatusCode && HttpFault.IsExpected(e))
        {
            return [];
        }
    }
}
