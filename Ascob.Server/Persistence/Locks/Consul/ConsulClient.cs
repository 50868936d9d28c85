using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Ascob.Core.Telemetry;
using Microsoft.Extensions.Options;
using Refit;

namespace Ascob.Server.Persistence.Locks.Consul;

/// <summary>
/// Talks to Consul and says what its answers mean. Consul answers 500 to wrong settings, dead sessions and its own troubles alike, so the text decides. Every call here may be repeated: taking a lock again with the same session and
/// value changes nothing.
/// </summary>
internal sealed class ConsulClient : IDisposable
{
    private const int LongestText = 300;
    private readonly HttpClient _http;
    private readonly IConsulApi _api;
    private readonly ConsulOptions _options;
    private readonly ConsulLink _link;
    private readonly AscobMetrics _metrics;
    private readonly TimeProvider _time;

    public ConsulClient(IOptions<ConsulOptions> options, ConsulLink link, AscobMetrics metrics, TimeProvider time)
    {
        _options = options.Value;
        _link = link;
        _metrics = metrics;
        _time = time;
        _http = ConsulHttp.Create(_options);
        _api = RestService.For<IConsulApi>(_http);
    }

    /// <summary>Makes a session and answers its id.</summary>
    public async Task<ConsulAnswer<string>> CreateSessionAsync(string name, CancellationToken cancellationToken)
    {
        var request = new ConsulSessionRequest(name, Text(_options.SessionTtl), Text(_options.LockDelay), "release", [], []);
        var answer = await CallAsync(
            stop => _api.CreateSessionAsync(Json(request, ConsulJson.Default.ConsulSessionRequest), stop),
            (_, body) => Read(body, ConsulJson.Default.ConsulSessionInfo)?.Id,
            _options.Timeout,
            cancellationToken);
        return answer is { IsValue: true, Value: { Length: > 0 } id } ? id : new ConsulAnswer<string>(null, answer.Fault ?? ConsulFault.Refused, answer.Text ?? "Consul made a session without an id");
    }

    /// <summary>Renews a session; false where Consul says that it does not know it, which is not proof yet.</summary>
    public Task<ConsulAnswer<bool>> RenewSessionAsync(string id, CancellationToken cancellationToken) => CallAsync(
        stop => _api.RenewSessionAsync(id, new ByteArrayContent([]), stop), (status, _) => status == HttpStatusCode.OK, _options.Timeout, cancellationToken, HttpStatusCode.NotFound);

    /// <summary>Ends a session.</summary>
    public Task<ConsulAnswer<bool>> DestroySessionAsync(string id, CancellationToken cancellationToken) =>
        CallAsync(stop => _api.DestroySessionAsync(id, new ByteArrayContent([]), stop), (_, _) => true, _options.Timeout, cancellationToken);

    /// <summary>Reads a session, as all of Consul's servers agree; a value without a session where there is none.</summary>
    public Task<ConsulAnswer<ConsulSessionInfo?>> FindSessionAsync(string id, CancellationToken cancellationToken) => CallAsync(
        stop => _api.FindSessionAsync(id, stop),
        (_, body) => Read(body, ConsulJson.Default.ListConsulSessionInfo)?.FirstOrDefault(),
        _options.Timeout,
        cancellationToken);

    /// <summary>Carries out all steps or none. A value with errors says which steps stood in the way.</summary>
    public async Task<ConsulAnswer<ConsulTransaction>> SendAsync(IReadOnlyList<ConsulOperation> operations, bool reads, CancellationToken cancellationToken)
    {
        var answer = await CallAsync(
            stop => reads ? _api.ReadAsync(Json([.. operations], ConsulJson.Default.ListConsulOperation), stop) : _api.WriteAsync(Json([.. operations], ConsulJson.Default.ListConsulOperation), stop),
            (_, body) => Read(body, ConsulJson.Default.ConsulTransaction),
            _options.Timeout,
            cancellationToken,
            HttpStatusCode.Conflict);
        if (!answer.IsValue || answer.Value is not { } transaction)
        {
            return new ConsulAnswer<ConsulTransaction>(null, answer.Fault ?? ConsulFault.Refused, answer.Text ?? "Consul answered nothing");
        }

        // A transaction says 409 to everything, also to what no waiting mends.
        foreach (var error in transaction.Errors ?? [])
        {
            if (Judge(error.What) is (ConsulFault.Denied or ConsulFault.InvalidSession) and var fault)
            {
                return Failed<ConsulTransaction>(fault, error.What ?? string.Empty);
            }
        }

        return transaction;
    }

    /// <summary>Lists all locks: at once, or when something has changed since the index.</summary>
    public async Task<ConsulAnswer<ConsulListing>> ListAsync(long index, CancellationToken cancellationToken)
    {
        var (at, wait) = index > 0 ? (index.ToString(CultureInfo.InvariantCulture), Text(_options.WatchWait)) : (null, null);

        // Consul answers up to a sixteenth later than it was told.
        var limit = index > 0 ? (_options.WatchWait * 17 / 16) + _options.Timeout : _options.Timeout;
        var answered = 0L;
        var answer = await CallAsync(
            async stop =>
            {
                var response = await _api.ListAsync(_options.KeyPrefix, at, wait, stop);
                answered = IndexOf(response.Headers);
                return response;
            },
            (status, body) => status == HttpStatusCode.NotFound ? [] : Read(body, ConsulJson.Default.ListConsulKey),
            limit,
            cancellationToken,
            HttpStatusCode.NotFound);
        return answer.IsValue ? new ConsulListing(answer.Value ?? [], answered) : new ConsulAnswer<ConsulListing>(null, answer.Fault, answer.Text);
    }

    public void Dispose() => _http.Dispose();

    private static long IndexOf(HttpResponseHeaders headers) =>
        headers.TryGetValues("X-Consul-Index", out var values) && long.TryParse(values.FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : 0;

    private static string Text(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMilliseconds:F0}ms");

    private static ByteArrayContent Json<T>(T value, JsonTypeInfo<T> type)
    {
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(value, type));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }

    private static T? Read<T>(string body, JsonTypeInfo<T> type) => JsonSerializer.Deserialize(body, type);

    private async Task<ConsulAnswer<T>> CallAsync<T>(
        Func<CancellationToken, Task<HttpResponseMessage>> send,
        Func<HttpStatusCode, string, T> read,
        TimeSpan limit,
        CancellationToken cancellationToken,
        HttpStatusCode? alsoGood = null)
    {
        using var patience = new CancellationTokenSource(limit, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            using var response = await send(both.Token);
            var body = await response.Content.ReadAsStringAsync(both.Token);
            if (response.StatusCode != HttpStatusCode.OK && response.StatusCode != alsoGood)
            {
                return Failed<T>(Judge(response.StatusCode, body), $"{(int)response.StatusCode} {body}");
            }

            var value = read(response.StatusCode, body);
            _link.Answered();
            return new ConsulAnswer<T>(value, null, null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failed<T>(ConsulFault.Away, string.Create(CultureInfo.InvariantCulture, $"no answer within {limit.TotalSeconds:0.#} s"));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or ApiRequestException)
        {
            return Failed<T>(ConsulFault.Away, (e.InnerException ?? e).Message);
        }
        catch (JsonException)
        {
            return Failed<T>(ConsulFault.Refused, "the answer is not one of Consul's");
        }
    }

    private static ConsulFault Judge(HttpStatusCode status, string body) => status switch
    {
        HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized => ConsulFault.Denied,
        HttpStatusCode.TooManyRequests => ConsulFault.Away,
        >= HttpStatusCode.InternalServerError => Judge(body),
        _ => ConsulFault.Refused,
    };

    private static ConsulFault Judge(string? text) => text switch
    {
        null => ConsulFault.Away,

        // Before the next line: what is said of a wrong TTL begins with the same words.
        _ when text.Contains("must be between", StringComparison.Ordinal) || text.Contains("Unknown behavior", StringComparison.OrdinalIgnoreCase) => ConsulFault.Refused,
        _ when text.Contains("invalid session", StringComparison.OrdinalIgnoreCase) || text.Contains("session check", StringComparison.OrdinalIgnoreCase) => ConsulFault.InvalidSession,
        _ when text.Contains("Permission denied", StringComparison.OrdinalIgnoreCase) || text.Contains("ACL not found", StringComparison.OrdinalIgnoreCase) => ConsulFault.Denied,
        _ => ConsulFault.Away,
    };

    private ConsulAnswer<T> Failed<T>(ConsulFault fault, string text)
    {
        var plain = new string([.. text.Take(LongestText).Select(c => char.IsControl(c) ? ' ' : c)]).Trim();
        _metrics.ConsulError(fault switch
        {
            ConsulFault.Away => "away",
            ConsulFault.Denied => "denied",
            ConsulFault.InvalidSession => "invalid_session",
            ConsulFault.Refused => "refused",
        });
        _link.Failed(fault, plain);
        return new ConsulAnswer<T>(default, fault, plain);
    }
}
