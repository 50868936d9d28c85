using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Ascob.Tests.Fixtures;

/// <summary>
/// A real Consul agent on free loopback ports, and the hands of a stranger in it. In memory, or with a directory that outlives its process. Sessions may live for a second only, which keeps tests short.
/// </summary>
internal sealed class ConsulAgent : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly string _binary;
    private readonly string _directory = Directory.CreateTempSubdirectory("ascob-consul-").FullName;
    private readonly string[] _arguments;
    private readonly HttpClient _http;
    private Process? _process;

    private ConsulAgent(string binary, bool durable, string? extra)
    {
        _binary = binary;
        var ports = FreePorts(4);
        Url = new Uri($"http://127.0.0.1:{ports[0]}");
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(10) };
        _arguments =
        [
            "agent",
            .. durable ? (string[])["-server", "-bootstrap-expect=1", $"-data-dir={Path.Combine(_directory, "data")}", "-disable-host-node-id"] : ["-dev"],
            "-node=ascob-test", "-bind=127.0.0.1", "-client=127.0.0.1", $"-http-port={ports[0]}", "-dns-port=-1", "-grpc-port=-1",
            $"-server-port={ports[1]}", $"-serf-lan-port={ports[2]}", $"-serf-wan-port={ports[3]}",
            "-hcl", "disable_update_check = true", "-hcl", "performance { raft_multiplier = 1 }", "-hcl", "session_ttl_min = \"1s\"",
            .. extra is null ? (string[])[] : ["-hcl", extra],
        ];
    }

    public Uri Url { get; }

    /// <summary>Gets or sets the token of the stranger.</summary>
    public string? Token { get; set; }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<ConsulAgent> StartAsync(string binary, bool durable = false, string? extra = null, string? token = null)
    {
        var agent = new ConsulAgent(binary, durable, extra) { Token = token };
        try
        {
            await agent.StartAsync();
            return agent;
        }
        catch
        {
            await agent.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it, again on the same ports.</summary>
    public async Task StartAsync()
    {
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = _directory };
        foreach (var word in (string[])["-c", "exec \"$0\" \"$@\" >>\"$CONSUL_LOG\" 2>&1 </dev/null", _binary, .. _arguments])
        {
            start.ArgumentList.Add(word);
        }

        start.Environment["CONSUL_LOG"] = Path.Combine(_directory, "log");
        _process = Process.Start(start)!;
        var begun = Stopwatch.GetTimestamp();
        while (!await IsReadyAsync())
        {
            if (_process.HasExited)
            {
                Assert.Fail("consul ended: " + await File.ReadAllTextAsync(Path.Combine(_directory, "log"), Stop));
            }

            Assert.True(Stopwatch.GetElapsedTime(begun) < StartLimit, "consul was not ready in time");
            await Task.Delay(25, Stop);
        }
    }

    /// <summary>Ends it as a power cut would.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            _process = null;
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }
    }

    public Task FreezeAsync() => SignalAsync("-STOP");

    public Task ThawAsync() => SignalAsync("-CONT");

    public async Task<string> CreateSessionAsync(string name = "stranger", string lockDelay = "0s", string ttl = "60s")
    {
        using var answer = await SendAsync(HttpMethod.Put, "/v1/session/create", JsonSerializer.Serialize(new { Name = name, TTL = ttl, LockDelay = lockDelay, Checks = Array.Empty<string>() }));
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Stop)).RootElement.GetProperty("ID").GetString()!;
    }

    public Task DestroySessionAsync(string id) => SendAsync(HttpMethod.Put, "/v1/session/destroy/" + id, string.Empty);

    public async Task<bool> AcquireAsync(string key, string session) =>
        (await (await SendAsync(HttpMethod.Put, $"/v1/kv/{key}?acquire={session}", "stranger")).Content.ReadAsStringAsync(Stop)).Trim() == "true";

    public Task ReleaseAsync(string key, string session) => SendAsync(HttpMethod.Put, $"/v1/kv/{key}?release={session}", string.Empty);

    public Task PutAsync(string key, string value) => SendAsync(HttpMethod.Put, "/v1/kv/" + key, value);

    public Task DeleteAsync(string key) => SendAsync(HttpMethod.Delete, "/v1/kv/" + key, null);

    /// <summary>Reads the keys below a prefix, as all servers agree: key, session, LockIndex, ModifyIndex, value.</summary>
    public async Task<IReadOnlyList<ConsulSeen>> ListAsync(string prefix)
    {
        using var request = Request(HttpMethod.Get, $"/v1/kv/{prefix}?recurse=true&consistent=true", null);
        using var answer = await _http.SendAsync(request, Stop);
        return answer.StatusCode == HttpStatusCode.NotFound ? [] : await answer.Content.ReadFromJsonAsync<List<ConsulSeen>>(Stop) ?? [];
    }

    public async Task<string?> HolderAsync(string key) => (await ListAsync(key)).FirstOrDefault(k => k.Key == key)?.Session;

    public async Task<int> CountSessionsAsync(string prefix)
    {
        using var answer = await SendAsync(HttpMethod.Get, "/v1/session/list", null);
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Stop)).RootElement.EnumerateArray().Count(s => s.GetProperty("Name").GetString()!.StartsWith(prefix, StringComparison.Ordinal));
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? body)
    {
        using var request = Request(method, path, body);
        var answer = await _http.SendAsync(request, Stop);
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync(Stop)}");
        return answer;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await ThawAsync();
        }

        await KillAsync();
        _http.Dispose();
        await TestDirectories.DeleteAsync(_directory);
    }

    private HttpRequestMessage Request(HttpMethod method, string path, string? body)
    {
        var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8) };
        if (Token is not null)
        {
            request.Headers.Add("X-Consul-Token", Token);
        }

        return request;
    }

    // Sessions cannot be made before the node has its health check.
    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var request = Request(HttpMethod.Get, "/v1/health/node/ascob-test", null);
            using var answer = await _http.SendAsync(request, Stop);
            return (await answer.Content.ReadAsStringAsync(Stop)).Contains("serfHealth", StringComparison.Ordinal);
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [signal, _process!.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(CancellationToken.None);
    }

    private static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(l => l.Start());
        var ports = listeners.Select(l => ((IPEndPoint)l.LocalEndpoint).Port).ToArray();
        listeners.ForEach(l => l.Dispose());
        return ports;
    }
}

/// <summary>A key as a stranger sees it.</summary>
internal sealed record ConsulSeen(string Key, string? Session, long LockIndex, long ModifyIndex, string? Value);
