using System.Globalization;
using System.Net.Http.Json;
using Ascob.Core.Client;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;

namespace Ascob.Bench.Servers;

/// <summary>The calls around a measurement. It repeats nothing by itself: what is lost is to be seen.</summary>
internal sealed class BenchClient : IDisposable
{
    private static readonly string OpenRuns = "api/runs?limit=1&" + string.Join('&', Enum.GetValues<RunStatus>().Where(s => !s.IsFinal()).Select(s => $"status={s.ToWire()}"));

    private readonly HttpClient _http;

    public BenchClient(Uri server, TimeSpan timeout)
    {
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = 64, ConnectTimeout = TimeSpan.FromSeconds(2) }) { BaseAddress = server, Timeout = timeout };
        _http.DefaultRequestHeaders.Add("X-Api-Token", AscobServer.Token);
    }

    /// <summary>Submits once; the answer's status and the run's number, 0 where the answer holds none.</summary>
    public async Task<(int Status, long RunId, string Text)> SubmitAsync(JobSpec spec, string? key, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "api/runs") { Content = JsonContent.Create(new SubmitRunRequest(spec), options: AscobJson.Options) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        using var answer = await _http.SendAsync(request, cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            return ((int)answer.StatusCode, 0, await answer.Content.ReadAsStringAsync(cancellationToken));
        }

        var body = await answer.Content.ReadFromJsonAsync<SubmitRunResponse>(AscobJson.Options, cancellationToken);
        return ((int)answer.StatusCode, body!.RunId, string.Empty);
    }

    public Task<RunInfo> RunAsync(long id, int waitSeconds, CancellationToken cancellationToken) =>
        ReadAsync<RunInfo>(string.Create(CultureInfo.InvariantCulture, $"api/runs/{id}?waitSeconds={waitSeconds}"), cancellationToken);

    public async Task<IReadOnlyList<RunEventInfo>> EventsAsync(long id, CancellationToken cancellationToken) =>
        (await ReadAsync<RunEventList>(string.Create(CultureInfo.InvariantCulture, $"api/runs/{id}/events"), cancellationToken)).Items;

    public Task<RunList> ListAsync(string query, CancellationToken cancellationToken) => ReadAsync<RunList>("api/runs?" + query, cancellationToken);

    public Task<LockListResponse> LocksAsync(CancellationToken cancellationToken) => ReadAsync<LockListResponse>("api/locks", cancellationToken);

    public async Task<IReadOnlyList<WorkerInfo>> WorkersAsync(CancellationToken cancellationToken) => (await ReadAsync<WorkerList>("api/workers", cancellationToken)).Items;

    public async Task<IReadOnlyList<ServerInfo>> ServersAsync(CancellationToken cancellationToken) => (await ReadAsync<ServerList>("api/servers", cancellationToken)).Items;

    public Task<string> OutputAsync(long id, CancellationToken cancellationToken) =>
        _http.GetStringAsync(new Uri(string.Create(CultureInfo.InvariantCulture, $"api/runs/{id}/output.txt"), UriKind.Relative), cancellationToken);

    public async Task<int> StopAsync(long id, CancellationToken cancellationToken)
    {
        using var answer = await _http.DeleteAsync(new Uri(string.Create(CultureInfo.InvariantCulture, $"api/runs/{id}"), UriKind.Relative), cancellationToken);
        return (int)answer.StatusCode;
    }

    /// <summary>Waits until no run is open; throws where one still is after <paramref name="longest"/>.</summary>
    public async Task WaitUntilDrainedAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(longest);
        RunList? open = null;
        try
        {
            while ((open = await ReadAsync<RunList>(OpenRuns, late.Token)).Items.Count > 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), late.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var one = open is { Items: [var first, ..] } ? first : null;
            throw new BenchException(
                $"Runs are still open after {longest.TotalSeconds:0} s, such as {one?.Id} ({one?.Status.ToWire()}: {one?.StatusReason}).");
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<T> ReadAsync<T>(string path, CancellationToken cancellationToken) =>
        await _http.GetFromJsonAsync<T>(new Uri(path, UriKind.Relative), AscobJson.Options, cancellationToken)
        ?? throw new BenchException($"{path} answered nothing.");
}
