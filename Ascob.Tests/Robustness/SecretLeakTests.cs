using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Ascob.Core.Callbacks;
using Ascob.Core.Runs;
using Ascob.Server.Security;
using Ascob.Tests.Server.Api;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ascob.Tests.Robustness;

/// <summary>
/// Secret leak: canaries go through every feature that takes a secret; afterwards none is found in the data directory, the log, any answer, or the command line of any process.
/// </summary>
public sealed partial class SecretLeakTests : IAsyncLifetime
{
    private readonly Dictionary<string, string> _canaries = new(StringComparer.Ordinal);
    private readonly LogCapture _log = new();
    private readonly AnswerCapture _answers = new();
    private readonly List<long> _runs = [];
    private readonly List<string> _hits = [];
    private ApiServer _server = null!;
    private HttpClient _client = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ApiServer.StartAsync(
            builder =>
            {
                builder.Logging.ClearProviders();
                builder.Logging.AddProvider(_log);
                builder.Services.AddSingleton<ILoggerProvider>(_log);
            },
            "--Logging:LogLevel:Default", "Debug",
            "--Logging:LogLevel:Microsoft.AspNetCore", "Warning",
            "--Ascob:Backends:dummyBackend:Type", "Dummy",
            "--Ascob:Backends:shell:Type", "Shell",
            "--Ascob:Backends:shell:HostIdleExit", "00:00:02",
            "--Ascob:Notifications:AllowedInternal:0", "127.0.0.1",
            "--Ascob:Notifications:FirstRetry", "00:00:00.1",
            "--Ascob:Notifications:Mail:Host", "127.0.0.1",
            "--Ascob:Notifications:Mail:Port", "1",
            "--Ascob:Notifications:Mail:From", "ascob@example.org",
            "--Ascob:Notifications:Mail:UserName", "ascob",
            "--Ascob:Notifications:Mail:Password", Canary("mail password"),
            $"--Ascob:Kuroko2:Applications:{Kuroko2Application}", Canary("key of an application"),
            "--Ascob:PublicUrl", "http://127.0.0.1");
        _client = new HttpClient(_answers) { BaseAddress = _server.Url };
        _client.DefaultRequestHeaders.Add(AccessMiddleware.Header, ApiServer.RootToken);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task SecretLeak_CanariesThroughEveryFeature_AreFoundNowhere()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The shell backend runs on Linux only.");
        _canaries["root token"] = ApiServer.RootToken;
        await SubscribeAsync();
        await RunShellJobsAsync();
        await RunDummyJobsAsync();
        await RefuseAsync();
        await RunDefinitionsAsync();
        var held = await CallBackAsync();
        var issued = await IssueTokenAsync();
        await ReadEverythingAsync();
        await ReadDefinitionsAsync();
        var commandLines = CommandLines();
        Assert.Equal(202, (int)(await _client.DeleteAsync($"/api/runs/{held}?force=true", Token)).StatusCode);
        await _client.EndAsync(held);

        // Tests beside this one hand their servers the root token of the tests as an argument; nothing here does.
        Search("a command line", Encoding.UTF8.GetBytes(commandLines.Replace(ApiServer.RootToken, string.Empty, StringComparison.Ordinal)));
        SearchFiles("while it runs");
        await _server.App.StopAsync(Token);
        SearchFiles("after it stopped");
        foreach (var line in _log.Lines)
        {
            Search($"the log: {line}", Encoding.UTF8.GetBytes(line));
        }

        foreach (var (request, answer) in _answers.Answers.Where(a => a.Request != issued))
        {
            Search($"the answer to {request}", Encoding.UTF8.GetBytes(answer));
        }

        Assert.True(_hits.Count == 0, $"{_hits.Count} hits\n{string.Join('\n', _hits.Distinct())}");
        Assert.True(_canaries.Count >= 50, $"only {_canaries.Count} canaries flew");
        Assert.Contains("***", string.Concat(_answers.Answers.Select(a => a.Answer)), StringComparison.Ordinal);
        Assert.NotEmpty(_log.Lines);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SecretLeak_WhenAReportFails_ItsAddressIsNotLogged(bool isBroken)
    {
        var log = new LogCapture();
        await using var server = await ApiServer.StartWithoutStoreAsync(
            builder =>
            {
                if (isBroken)
                {
                    BrokenStore.Use(builder.Services);
                }

                builder.Logging.ClearProviders().AddProvider(log);
            },
            "--Logging:LogLevel:Default", "Information");
        using var client = server.Client(null);

        using var answer = await client.PostAsJsonAsync("/api/webhooks/runs/1-the-secret-of-the-address", new { progress = 1 }, Token);

        Assert.Equal(isBroken ? 500 : 503, (int)answer.StatusCode);
        Assert.Contains(log.Lines, l => l.Contains("/api/webhooks/runs/{webhookId}", StringComparison.Ordinal));
        Assert.DoesNotContain(log.Lines, l => l.Contains("the-secret-of-the-address", StringComparison.Ordinal));
    }

    private async Task RunShellJobsAsync()
    {
        await EndAsync("SUCCEEDED", Shell("echo \"out $SECRET\"; echo \"err $SECRET\" >&2; printf %s \"$SECRET\" | base64", "shell output"));
        await EndAsync("FAILED", Shell("echo \"$SECRET\" >&2; exit 3", "shell failure"));
        await EndAsync("FAILED", Shell("echo $SECRET; exit 1", "shell retry", retry: new { maxAttempts = 2, delaySeconds = 0, on = new[] { "failed" } }));
        await EndAsync("FAILED", Shell("echo $SECRET; sleep 60", "shell time limit", timeoutSeconds: 1));
        await EndAsync("SUCCEEDED", Shell("echo $SECRET", "shell variables", parameters: Map("PLAIN", "%%RUNID%%")));

        // The file holds what the environment holds: it is the job's own doing that it prints it to its own file.
        var first = await EndAsync("SUCCEEDED", Shell("echo \"$SECRET\" | tr a-z A-Z >/dev/null; echo done", "shell resubmitted"));
        using var again = await _client.PostAsJsonAsync($"/api/runs/{first}/resubmit", new { parameters = Secret("shell override") }, Token);
        Assert.Equal(201, (int)again.StatusCode);
        var second = (await again.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("runId").GetInt64();
        _runs.Add(second);
        Assert.Equal("SUCCEEDED", await _client.EndAsync(second));
    }

    private async Task RunDummyJobsAsync()
    {
        await EndAsync("SUCCEEDED", Dummy("dummy success"));
        await EndAsync("FAILED", Dummy("dummy failure", ("dummy_result", "failure")));
        await EndAsync("FAILED", Dummy("dummy rejection", ("dummy_result", "reject")));
        await EndAsync("SUCCEEDED", Dummy("dummy doubt", ("dummy_result", "unknown")));
        var manual = await _client.AcceptedAsync(new { submitter = "ann", labels = Http.Dummy(), manualStart = true, secretParameters = Secret("manual start") }, "key-of-manual");
        _runs.Add(manual);
        Assert.Equal(200, (int)(await _client.PostAsync($"/api/runs/{manual}/start", null, Token)).StatusCode);
        Assert.Equal("SUCCEEDED", await _client.EndAsync(manual));

        using var form = new MultipartFormDataContent
        {
            { JsonContent.Create(new { jobSpec = Dummy("multipart") }), "request" },
            { new StringContent("content of the file"), "input" },
        };
        using var posted = await _client.PostAsync("/api/runs", form, Token);
        Assert.Equal(201, (int)posted.StatusCode);
        _runs.Add((await posted.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("runId").GetInt64());
    }

    /// <summary>Everything that is refused, with a secret in it.</summary>
    private async Task RefuseAsync()
    {
        await RefusedAsync(422, new { labels = new { _execution_backend_id = "nowhere" }, secretParameters = Secret("no backend") });
        await RefusedAsync(422, new { labels = new { shell_command = "true" }, secretParameters = Map("LD_PRELOAD", Canary("forbidden name")) });
        await RefusedAsync(422, new { submitter = "ann", labels = Http.Dummy(), secretParameters = Secret("key used again") }, "key-of-manual");
        await RefusedAsync(400, new { parameters = Map("SECRET", "1"), labels = Http.Dummy(), secretParameters = Secret("name twice") });
        await RefusedAsync(400, new { labels = Http.Dummy(), secretParameters = new { SECRET = new[] { Canary("wrong type") } } });
        await RefusedAsync(400, new { labels = Http.Dummy(), secretParameters = Canary("no map") });
        await RefusedAsync(400, new { labels = Http.Dummy(), secretParameters = Map("SECRET", string.Concat(Enumerable.Repeat(Canary("too long"), 2_000))) });
        await RefusedAsync(400, new { labels = Http.Dummy(), secretParameters = Map("SECRET", Canary("control characters") + "\0") });
        await RefusedAsync(400, new { labels = Http.Dummy(), runtimeVariables = true, secretParameters = Map("SECRET", $"%%{Canary("unknown variable").ToUpperInvariant()}%%") });
        using var cut = new StringContent($"{{\"jobSpec\":{{\"secretParameters\":{{\"SECRET\":\"{Canary("cut JSON")}\"", Encoding.UTF8, "application/json");
        Assert.Equal(400, (int)(await _client.PostAsync("/api/runs", cut, Token)).StatusCode);
        using var explained = await _client.PostAsJsonAsync("/api/routing/explain", new { jobSpec = Dummy("explain") }, Token);
        Assert.Equal(200, (int)explained.StatusCode);
        using var wrong = new HttpRequestMessage(HttpMethod.Get, "/api/runs");
        wrong.Headers.Add(AccessMiddleware.Header, Canary("wrong token"));
        using var plain = new HttpClient(new SocketsHttpHandler()) { BaseAddress = _server.Url };
        Assert.Equal(401, (int)(await plain.SendAsync(wrong, Token)).StatusCode);
    }

    /// <summary>A job that reports, and whose message holds the URL's secret and its own; it goes on running.</summary>
    private async Task<long> CallBackAsync()
    {
        var id = await _client.AcceptedAsync(Shell("echo $SECRET; echo ready; sleep 300", "running job"));
        _runs.Add(id);
        await Http.UntilAsync(async () => (await _client.GetStringAsync($"/api/runs/{id}/output.txt", Token)).Contains("ready", StringComparison.Ordinal), TimeSpan.FromSeconds(30));
        var run = await _server.Get<IRunStore>().FindAsync(id, Token);
        var url = _server.Get<CallbackIds>().For(id, run!.MarkerId);
        _canaries["callback URL"] = url[(url.IndexOf('-', StringComparison.Ordinal) + 1)..];

        using var plain = new HttpClient(new SocketsHttpHandler()) { BaseAddress = _server.Url };
        foreach (var body in new object[]
        {
            new { progress = 10, message = $"with {_canaries["running job"]} inside" },
            new { identificationKeys = new { note = _canaries["running job"] } },
            new { status = "DEFINED", message = _canaries["running job"] },
            new { output = _canaries["running job"] },
            new { progress = _canaries["running job"] },
        })
        {
            using var answer = await plain.PostAsJsonAsync($"/api/webhooks/runs/{url}", body, Token);
            Search("the answer to a report", Encoding.UTF8.GetBytes(await answer.Content.ReadAsStringAsync(Token)));
        }

        using var claim = await plain.PostAsJsonAsync($"/api/webhooks/runs/{url}/claim", new { executionId = "one" }, Token);
        Assert.Equal(200, (int)claim.StatusCode);
        return id;
    }

    private async Task<string> IssueTokenAsync()
    {
        using var made = await _client.PostAsJsonAsync("/api/security/tokens/portal", new { permissions = new[] { "job_run_read" } }, Token);
        _canaries["issued token"] = (await made.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("secret").GetString()!;
        using var plain = new HttpClient(new SocketsHttpHandler()) { BaseAddress = _server.Url };
        plain.DefaultRequestHeaders.Add(AccessMiddleware.Header, _canaries["issued token"]);
        Assert.Equal("portal", (await plain.JsonAsync("/api/security/whoami")).GetProperty("identifier").GetString());
        Assert.Equal(403, (int)(await plain.GetAsync("/api/locks", Token)).StatusCode);
        return "POST /api/security/tokens/portal";
    }

    /// <summary>Receivers that nobody answers for, so that there is much to complain about.</summary>
    private async Task SubscribeAsync()
    {
        foreach (var request in (object[])[
            new { name = "w", kind = "webhook", url = $"http://127.0.0.1:1/?key={Canary("webhook address")}" },
            new { name = "k", kind = "kuroko2", url = "http://127.0.0.1:1/", secret = Canary("webhook secret"), notifyAll = true },
            new { name = "s", kind = "slack", url = $"http://127.0.0.1:1/services/{Canary("Slack address")}", notifyAll = true },
            new { name = "p", kind = "pagerduty", url = "http://127.0.0.1:1/", secret = Canary("routing key") },
            new { name = "m", kind = "mail", to = new[] { "ops@example.org" }, notifyAll = true },
        ])
        {
            using var made = await _client.PostAsJsonAsync("/api/notifications/subscriptions", request, Token);
            Assert.Equal(201, (int)made.StatusCode);
        }

        using var refused = await _client.PostAsJsonAsync("/api/notifications/subscriptions", new { name = "r", kind = "webhook", url = "ftp://x", secret = Canary("bad secret") }, Token);
        Assert.Equal(400, (int)refused.StatusCode);
        using var test = await _client.PostAsync("/api/notifications/subscriptions/2/test", null, Token);
        Assert.Equal(200, (int)test.StatusCode);
    }

    private async Task ReadEverythingAsync()
    {
        foreach (var id in _runs)
        {
            foreach (var path in (string[])["", "/events", "/output.txt", "/output/stdout.txt", "/output/stderr.txt", "/files"])
            {
                using var read = await _client.GetAsync(string.Create(CultureInfo.InvariantCulture, $"/api/runs/{id}{path}"), Token);
            }
        }

        foreach (var path in (string[])["/api/runs?limit=500", "/api/security/tokens", "/api/security/whoami", "/api/backends", "/api/locks", "/api/notifications/subscriptions", "/api/notifications/deliveries", "/healthz/ready", "/metrics", "/swagger/v1/swagger.json"])
        {
            using var read = await _client.GetAsync(path, Token);
        }

        using var search = await _client.PostAsJsonAsync("/api/search/runs", new { submitterFilter = "ann" }, Token);
        Assert.Equal(200, (int)search.StatusCode);
    }

    private async Task<long> EndAsync(string status, object jobSpec)
    {
        var id = await _client.AcceptedAsync(jobSpec);
        _runs.Add(id);
        Assert.Equal(status, await _client.EndAsync(id));
        return id;
    }

    private async Task RefusedAsync(int status, object jobSpec, string? key = null)
    {
        using var answer = await _client.SubmitAsync(jobSpec, key);
        Assert.True(status == (int)answer.StatusCode, $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync(Token)}");
    }

    private object Shell(string command, string canary, object? retry = null, int? timeoutSeconds = null, object? parameters = null) => new
    {
        submitter = "ann",
        labels = new { shell_command = command },
        parameters,
        secretParameters = Secret(canary),
        retry,
        timeoutSeconds,
        runtimeVariables = parameters is not null,
    };

    private object Dummy(string canary, params (string Key, string Value)[] labels) =>
        new { submitter = "ann", description = canary, labels = Http.Dummy(labels), secretParameters = Secret(canary) };

    private Dictionary<string, string> Secret(string canary) => Map("SECRET", Canary(canary));

    // Names of anonymous members would be turned to camel case.
    private static Dictionary<string, string> Map(string name, string value) => new(StringComparer.Ordinal) { [name] = value };

    private string Canary(string name) => _canaries[name] = $"canary{_canaries.Count:00}{Guid.NewGuid():N}";

    private void SearchFiles(string when)
    {
        // Locks and sockets have no content.
        foreach (var path in Directory.EnumerateFiles(_server.DataDirectory, "*", SearchOption.AllDirectories)
            .Where(p => !p.EndsWith(".lock", StringComparison.Ordinal) && !p.EndsWith(".sock", StringComparison.Ordinal)))
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var all = new MemoryStream();
            file.CopyTo(all);
            Search($"{Path.GetRelativePath(_server.DataDirectory, path)} {when}", all.ToArray());
        }
    }

    private void Search(string place, byte[] content)
    {
        foreach (var (name, canary) in _canaries)
        {
            var bytes = Encoding.UTF8.GetBytes(canary);
            byte[][] forms =
            [
                bytes, Encoding.Unicode.GetBytes(canary), Encoding.UTF8.GetBytes(canary.ToUpperInvariant()),
                Encoding.ASCII.GetBytes(Convert.ToBase64String(bytes)[..^4]), Encoding.ASCII.GetBytes(Convert.ToHexStringLower(bytes)),
            ];
            if (forms.Any(f => content.AsSpan().IndexOf(f) >= 0))
            {
                _hits.Add($"{name} in {place}");
            }
        }
    }

    private static string CommandLines()
    {
        var all = new StringBuilder();
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(d => char.IsAsciiDigit(Path.GetFileName(d)[0])))
        {
            try
            {
                all.AppendLine(File.ReadAllText(Path.Combine(process, "cmdline")));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It has ended meanwhile, or is another user's.
            }
        }

        return all.ToString();
    }
}
