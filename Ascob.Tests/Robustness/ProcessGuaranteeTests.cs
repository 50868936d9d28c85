using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Robustness;

/// <summary>Promises that only a process which really dies can prove. <c>scripts/chaos.sh</c> does the same in hundreds of rounds.</summary>
public sealed class ProcessGuaranteeTests
{
    private const int Rounds = 4;
    private const int Clients = 12;
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(15);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Guarantee01_02_03_WhenKilledAroundASubmission_TheSameKeyMakesExactlyOneRunAndItEnds()
    {
        var random = new Random(20_260_101);
        await using var first = await RunningServer.StartAsync();
        var server = first;
        try
        {
            var answered = 0;
            for (var round = 0; round < Rounds; round++)
            {
                answered += await KillWhileSubmittingAsync(server, round, random);
                await server.DisposeUnlessAsync(first);
                server = await first.NextLifeAsync();
                await CheckRoundAsync(server, round);
            }

            // A kill that always came before or always after the answers would prove only half.
            Assert.InRange(answered, 0, (Rounds * Clients) - 1);
        }
        finally
        {
            await server.DisposeUnlessAsync(first);
        }
    }

    [Fact]
    public async Task Guarantee29_36_WhenKilledWithAThousandActiveRuns_TheNextLifeIsReadySoonAndFollowsAllToTheirEnd()
    {
        const int runs = 1_000;
        await using var first = await RunningServer.StartAsync();
        using (var client = first.Client())
        {
            await Parallel.ForEachAsync(Enumerable.Range(0, runs), new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = Token }, async (i, _) =>
                await client.AcceptedAsync(new { submitter = "crowd", labels = Http.Dummy(("dummy_run_ms", "30000")) }));
            await Http.UntilAsync(async () => (await client.AllRunsAsync("submitter=crowd&status=RUNNING")).Count == runs, TimeSpan.FromSeconds(25));
        }

        await first.KillAsync();
        await using var next = await first.NextLifeAsync();
        using var again = next.Client();
        await Http.UntilAsync(
            async () => (await again.AllRunsAsync("submitter=crowd&status=SUCCEEDED")).Count == runs,
            TimeSpan.FromSeconds(120),
            async () => string.Join(' ', (await again.AllRunsAsync("submitter=crowd")).CountBy(r => r.GetProperty("status").GetString()!)));

        Assert.InRange(next.ReadyAfter, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.DoesNotContain("\"Exception\"", next.Log(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Guarantee38_WhenAskedToStopUnderLoad_ItEndsCleanlyInTimeAndCausesNoDoubt()
    {
        await using var first = await RunningServer.StartAsync();
        var server = first;
        try
        {
            for (var round = 0; round < 3; round++)
            {
                var accepted = new HashSet<long>();
                using var stop = new CancellationTokenSource();
                using var client = server.Client();
                var load = Enumerable.Range(0, 8).Select(_ => Task.Run(() => SubmitUntilRefusedAsync(client, accepted, stop.Token), Token)).ToList();
                await Http.UntilAsync(() => Task.FromResult(CountOf(accepted) > 100), TimeSpan.FromSeconds(30));
                var (exitCode, took) = await server.TerminateAsync(LongestStop);
                await stop.CancelAsync();
                await Task.WhenAll(load);
                Assert.Equal(0, exitCode);
                Assert.InRange(took, TimeSpan.Zero, LongestStop);
                await server.DisposeUnlessAsync(first);

                server = await first.NextLifeAsync();
                await CheckNoDoubtAsync(server, accepted);
            }
        }
        finally
        {
            await server.DisposeUnlessAsync(first);
        }
    }

    [Fact]
    public async Task Guarantee38_WhenAskedToStop_ReadinessSays503WhileARequestUnderWayIsStillAnswered()
    {
        await using var server = await RunningServer.StartAsync("--Ascob:ShutdownDelay", "00:00:04");
        using var client = server.Client();
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/healthz/ready", Token)).StatusCode);
        var body = Encoding.ASCII.GetBytes("""{"jobSpec":{"submitter":"half","labels":{"_execution_backend_id":"dummyBackend"}}}""");
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, server.Url.Port, Token);
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"POST /api/runs HTTP/1.1\r\nHost: a\r\nX-Api-Token: {RunningServer.RootToken}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n"), Token);
        await socket.SendAsync(body.AsMemory(0, 20), Token);

        var ending = server.TerminateAsync(LongestStop);
        await Http.UntilAsync(async () => (await client.GetAsync("/healthz/ready", Token)).StatusCode == HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(3));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/healthz/live", Token)).StatusCode);
        await socket.SendAsync(body.AsMemory(20), Token);
        var answer = new byte[4096];
        var read = await socket.ReceiveAsync(answer, Token);

        Assert.StartsWith("HTTP/1.1 201 ", Encoding.ASCII.GetString(answer, 0, read), StringComparison.Ordinal);
        Assert.Equal(0, (await ending).ExitCode);
    }

    /// <summary>Many clients submit at once with a key each, and the server dies among their submissions; answers how many got an answer.</summary>
    private static async Task<int> KillWhileSubmittingAsync(RunningServer server, int round, Random random)
    {
        using var client = server.Client();
        await client.JsonAsync("/api/security/whoami");
        var sends = Enumerable.Range(0, Clients).Select(async i =>
        {
            try
            {
                using var answer = await client.SubmitAsync(Job(round, i), Key(round, i));
                return answer.StatusCode == HttpStatusCode.Created;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }).ToList();
        var patience = random.Next(0, 30);
        await Task.WhenAny(Task.WhenAll(sends), Task.Delay(patience, Token));
        await server.KillAsync();
        return (await Task.WhenAll(sends)).Count(created => created);
    }

    private static async Task CheckRoundAsync(RunningServer server, int round)
    {
        using var client = server.Client();
        var numbers = new List<long>();
        for (var i = 0; i < Clients; i++)
        {
            var id = await client.AcceptedAsync(Job(round, i), Key(round, i));
            Assert.Equal(id, await client.AcceptedAsync(Job(round, i), Key(round, i)));
            numbers.Add(id);
        }

        var stored = await client.AllRunsAsync($"submitter=round-{round}");
        Assert.Equal(numbers.Order(), stored.Select(r => r.GetProperty("id").GetInt64()).Order());
        foreach (var id in numbers)
        {
            Assert.Equal("SUCCEEDED", await client.EndAsync(id));
        }
    }

    private static string Key(int round, int i) => $"round-{round}-client-{i}";

    // Half of them want the same lock, so that some are stored and wait when the server dies.
    private static object Job(int round, int i) => i % 2 == 0
        ? new { submitter = $"round-{round}", labels = Http.Dummy(), locks = new[] { new { key = "one-at-a-time" } } }
        : new { submitter = $"round-{round}", labels = Http.Dummy() };

    private static async Task SubmitUntilRefusedAsync(HttpClient client, HashSet<long> accepted, CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                using var answer = await client.SubmitAsync(new { submitter = "load", labels = Http.Dummy() });
                if (answer.StatusCode != HttpStatusCode.Created)
                {
                    Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
                    return;
                }

                var id = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(Token)).RootElement.GetProperty("runId").GetInt64();
                lock (accepted)
                {
                    accepted.Add(id);
                }
            }
        }
        catch (HttpRequestException)
        {
            // The server has gone.
        }
    }

    private static int CountOf(HashSet<long> accepted)
    {
        lock (accepted)
        {
            return accepted.Count;
        }
    }

    private static async Task CheckNoDoubtAsync(RunningServer server, HashSet<long> accepted)
    {
        using var client = server.Client();
        foreach (var id in accepted)
        {
            Assert.Equal("SUCCEEDED", await client.EndAsync(id));
        }

        // Also those whose answer did not reach the client.
        foreach (var run in await client.AllRunsAsync("submitter=load"))
        {
            var id = run.GetProperty("id").GetInt64();
            Assert.Equal("SUCCEEDED", await client.EndAsync(id));
            Assert.DoesNotContain(await client.EventsAsync(id), e => e.GetProperty("to").GetString() == "IN_DOUBT");
        }
    }
}

/// <summary>The first life owns the directory, so it is disposed of last.</summary>
file static class Lives
{
    public static ValueTask DisposeUnlessAsync(this RunningServer server, RunningServer first) =>
        ReferenceEquals(server, first) ? ValueTask.CompletedTask : server.DisposeAsync();
}
