using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Ascob.Core.Client;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;
using Ascob.Tests.Robustness;

namespace Ascob.Tests.Cluster;

/// <summary>Two servers behind a load balancer, restarted one after the other under load: nobody notices.</summary>
public sealed class RollingRestartTests(PostgresFixture postgres, ITestOutputHelper output)
{
    private const int Restarts = 4;
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(40);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Guarantee38_WhenServersAreRestartedInTurnUnderLoad_NoRequestFailsAndNoRunIsLostOrDoubled()
    {
        var database = await postgres.CreateDatabaseAsync();
        string[] Settings(string name) => Members.Settings(database, name, "--Ascob:ShutdownDelay", "00:00:02", "--Ascob:Engine:SweepInterval", "00:00:00.5", "--Ascob:Backends:dummyBackend:Poll:Initial", "00:00:00.2");
        await using var balancer = await LoadBalancer.StartAsync();
        await using var a = await RunningServer.StartAsync(Settings("a"));
        await using var b = await RunningServer.StartAsync(Settings("b"));
        var (firsts, lives) = (new[] { a, b }, new[] { a, b });
        balancer.Put("a", a.Url);
        balancer.Put("b", b.Url);
        await Http.UntilAsync(() => Task.FromResult(balancer.Uses("a") && balancer.Uses("b")), TimeSpan.FromSeconds(10));
        try
        {
            await RestartAsync(balancer, firsts, lives, Settings);
        }
        finally
        {
            foreach (var life in lives.Except(firsts))
            {
                await life.DisposeAsync();
            }
        }
    }

    private async Task RestartAsync(LoadBalancer balancer, RunningServer[] firsts, RunningServer[] lives, Func<string, string[]> settings)
    {
        using var stop = new CancellationTokenSource();
        var load = new Load(balancer.Url, stop.Token);
        var working = load.RunAsync();

        try
        {
            for (var i = 0; i < Restarts; i++)
            {
                var (which, name) = (i % 2, i % 2 == 0 ? "a" : "b");
                var (exitCode, took) = await lives[which].TerminateAsync(LongestStop);
                Assert.Equal(0, exitCode);
                output.WriteLine($"server {name} stopped in {took.TotalSeconds:0.0} s");
                var next = await firsts[which].NextLifeAsync(settings(name));
                if (!ReferenceEquals(lives[which], firsts[which]))
                {
                    await lives[which].DisposeAsync();
                }

                lives[which] = next;
                balancer.Put(name, next.Url);
                await Http.UntilAsync(() => Task.FromResult(balancer.Uses(name)), TimeSpan.FromSeconds(10));
            }
        }
        finally
        {
            await stop.CancelAsync();
            await working;
        }

        output.WriteLine($"{load.Requests} requests, {load.Runs.Count} runs, {load.Followed} followed to their end by a client, {load.Failures.Count} failures");
        foreach (var failure in balancer.Failures)
        {
            output.WriteLine(failure);
        }

        Assert.Empty(balancer.Failures);
        Assert.Empty(load.Failures);
        await CheckAsync(balancer, load);
    }

    private static async Task CheckAsync(LoadBalancer balancer, Load load)
    {
        using var client = Client(balancer.Url);
        await Http.UntilAsync(
            async () => (await client.AllRunsAsync("submitter=load&status=SUCCEEDED")).Count >= load.Runs.Count,
            TimeSpan.FromSeconds(120),
            async () => string.Join(' ', (await client.AllRunsAsync("submitter=load")).CountBy(r => r.GetProperty("status").GetString()!)));
        var stored = await client.AllRunsAsync("submitter=load");
        Assert.Equal(load.Runs.Values.Order(), stored.Select(r => r.GetProperty("id").GetInt64()).Order());
        await Parallel.ForEachAsync(load.Runs.Values, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Token }, async (id, _) =>
        {
            var statuses = (await client.EventsAsync(id)).Select(e => (From: e.GetProperty("from").GetString(), To: e.GetProperty("to").GetString())).Where(e => e.From != e.To).ToList();
            Assert.Equal(statuses.Count, statuses.Select(s => s.To).Distinct().Count());
            Assert.DoesNotContain(statuses, s => s.To == "IN_DOUBT");
        });
    }

    private static HttpClient Client(Uri url)
    {
        var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = url, Timeout = TimeSpan.FromSeconds(100) };
        client.DefaultRequestHeaders.Add("X-Api-Token", RunningServer.RootToken);
        return client;
    }

    /// <summary>Clients that submit, read, wait and follow without a pause, and write down every answer that is not the expected one. Only those that follow may repeat a request.</summary>
    private sealed class Load(Uri url, CancellationToken stop)
    {
        private int _requests;
        private int _followed;

        public ConcurrentDictionary<string, long> Runs { get; } = new(StringComparer.Ordinal);

        public ConcurrentQueue<string> Failures { get; } = new();

        public int Requests => _requests;

        public int Followed => _followed;

        public Task RunAsync() => Task.WhenAll(
            [
                .. Enumerable.Range(0, 4).Select(i => LoopAsync($"submit-{i}", SubmitAsync)),
                .. Enumerable.Range(0, 4).Select(i => LoopAsync($"read-{i}", ReadAsync)),
                .. Enumerable.Range(0, 8).Select(i => LoopAsync($"wait-{i}", WaitAsync)),
                .. Enumerable.Range(0, 4).Select(i => LoopAsync($"events-{i}", EventsAsync)),
                .. Enumerable.Range(0, 4).Select(i => LoopAsync($"follow-{i}", FollowAsync)),
            ]);

        private Task LoopAsync(string who, Func<HttpClient, string, Task> turn) => Task.Run(
            async () =>
            {
                using var client = Client(url);
                for (var i = 0; !stop.IsCancellationRequested; i++)
                {
                    try
                    {
                        await turn(client, $"{who}-{i}");
                    }
                    catch (Exception e) when (e is not OperationCanceledException || !Token.IsCancellationRequested)
                    {
                        Failures.Enqueue($"{who}-{i}: {e.GetType().Name}: {e.Message}");
                    }
                }
            },
            Token);

        private async Task<long> SubmitAsync(HttpClient client, string key, params (string, string)[] labels)
        {
            using var answer = await client.SubmitAsync(new { submitter = "load", labels = Http.Dummy(labels) }, key);
            Count(key, answer, HttpStatusCode.Created);
            return Runs[key] = System.Text.Json.JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(Token)).RootElement.GetProperty("runId").GetInt64();
        }

        private async Task SubmitAsync(HttpClient client, string key)
        {
            await SubmitAsync(client, key, ("dummy_run_ms", "300"));
            await Task.Delay(60, Token);
        }

        private async Task ReadAsync(HttpClient client, string key)
        {
            using var answer = await client.GetAsync("/api/runs?submitter=load&limit=20", Token);
            Count(key, answer, HttpStatusCode.OK);
            await Task.Delay(10, Token);
        }

        // A wait that is answered before its time because the server goes is no failure.
        private async Task WaitAsync(HttpClient client, string key)
        {
            var id = await SubmitAsync(client, key, ("dummy_run_ms", "4000"));
            string status;
            do
            {
                using var answer = await client.GetAsync($"/api/runs/{id}?waitSeconds=20", Token);
                Count(key, answer, HttpStatusCode.OK);
                status = System.Text.Json.JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(Token)).RootElement.GetProperty("status").GetString()!;
            }
            while (status != "SUCCEEDED");
        }

        // A stream that ends early ends whole: the reader comes back with the number of the last event and misses none.
        private async Task EventsAsync(HttpClient client, string key)
        {
            var id = await SubmitAsync(client, key, ("dummy_run_ms", "3000"));
            var last = 0L;
            var isFinal = false;
            while (!isFinal)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{id}/events");
                request.Headers.Accept.ParseAdd("text/event-stream");
                request.Headers.Add("Last-Event-ID", last.ToString(System.Globalization.CultureInfo.InvariantCulture));
                using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
                Count(key, answer, HttpStatusCode.OK);
                using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Token), Encoding.UTF8);
                while (await reader.ReadLineAsync(Token) is { } line)
                {
                    if (line.StartsWith("id: ", StringComparison.Ordinal))
                    {
                        var seq = long.Parse(line[4..], System.Globalization.CultureInfo.InvariantCulture);
                        Check(key, seq == last + 1, $"event {seq} came after {last}");
                        last = seq;
                    }

                    isFinal |= line.Contains("\"to\":\"SUCCEEDED\"", StringComparison.Ordinal);
                }
            }
        }

        private async Task FollowAsync(HttpClient client, string key)
        {
            using var ascob = new AscobClient(url, RunningServer.RootToken);
            var text = $"output of {key}";
            var id = await ascob.SubmitAsync(
                JobSpec.Builder("load").WithLabel("_execution_backend_id", "dummyBackend").WithLabel("dummy_run_ms", "3000").WithLabel("dummy_output", text).Build(), key, Token);
            Runs[key] = id;
            using var copy = new MemoryStream();
            await ascob.CopyOutputAsync(id, copy, cancellationToken: Token);
            var run = await ascob.WaitForCompletionAsync(id, cancellationToken: Token);
            Check(key, run.Status == RunStatus.Succeeded, $"ended {run.Status}");
            Check(key, Encoding.UTF8.GetString(copy.ToArray()).TrimEnd() == text, $"output was '{Encoding.UTF8.GetString(copy.ToArray())}'");
            Interlocked.Increment(ref _followed);
        }

        private void Count(string key, HttpResponseMessage answer, HttpStatusCode expected)
        {
            Interlocked.Increment(ref _requests);
            if (answer.StatusCode != expected)
            {
                throw new HttpRequestException($"{answer.RequestMessage?.Method} {answer.RequestMessage?.RequestUri?.PathAndQuery}: {(int)answer.StatusCode}");
            }
        }

        private void Check(string key, bool holds, string otherwise)
        {
            if (!holds)
            {
                Failures.Enqueue($"{key}: {otherwise}");
            }
        }
    }
}
