using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Ascob.Core.Callbacks;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Writing;
using Ascob.Tests.Server.Api;
using Hangfire;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Robustness;

/// <summary>Promises about faults, seen as a client sees them: over HTTP, on the whole server.</summary>
public sealed class ServerGuaranteeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Guarantee24_WhenTheDiskIsFull_SubmissionsAnswer503WithRetryAfterAndGoOnWhenThereIsRoomAgain()
    {
        // A submission whose answer could not be stored is looked up when its lease is over.
        await using var server = await ApiServer.StartWithDummyAsync("--Ascob:Engine:Lease", "00:00:02", "--Ascob:Backends:dummyBackend:Resilience:Timeout", "00:00:02");
        using var client = server.Client();
        await client.EndAsync(await client.AcceptedAsync(Job("before")));
        var underWay = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => client.AcceptedAsync(Job("under-way", ("dummy_run_ms", "2500")))));
        var begun = Stopwatch.GetTimestamp();
        var pages = await PragmaAsync(server, "PRAGMA page_count");
        await PragmaAsync(server, $"PRAGMA max_page_count = {pages + 20}");

        var created = 0;
        var refused = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 1_000), new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Token }, async (_, _) =>
        {
            using var answer = await client.SubmitAsync(Job("full"));
            if (answer.StatusCode == HttpStatusCode.Created)
            {
                Interlocked.Increment(ref created);
                return;
            }

            await AssertUnavailableAsync(answer);
            Interlocked.Increment(ref refused);
        });
        Assert.NotEqual(0, refused);
        Assert.Equal(created, (await client.AllRunsAsync("submitter=full")).Count);
        using (var keyed = await client.SubmitAsync(Job("full"), "full"))
        {
            await AssertUnavailableAsync(keyed);
        }

        // Jobs end while nothing can be stored: what they became stays with the backend, and is not lost.
        await Http.UntilAsync(() => Task.FromResult(Stopwatch.GetElapsedTime(begun) > TimeSpan.FromSeconds(4)), TimeSpan.FromSeconds(10));
        Assert.NotEmpty(await client.AllRunsAsync("submitter=under-way&status=RUNNING"));

        await PragmaAsync(server, "PRAGMA max_page_count = 1000000");
        Assert.Equal("SUCCEEDED", await client.EndAsync(await client.AcceptedAsync(Job("after"))));
        Assert.All(await Task.WhenAll(underWay.Select(id => client.EndAsync(id))), status => Assert.Equal("SUCCEEDED", status));
        Assert.Equal(await client.AcceptedAsync(Job("full"), "full"), await client.AcceptedAsync(Job("full"), "full"));
        Assert.Equal(created + 1, (await client.AllRunsAsync("submitter=full")).Count);
        foreach (var run in await client.AllRunsAsync("submitter=full"))
        {
            Assert.Equal("SUCCEEDED", await client.EndAsync(run.GetProperty("id").GetInt64()));
        }
    }

    [Fact]
    public async Task Guarantee25_WhenTheDatabaseIsLocked_SubmissionsAnswer503InTimeAndGoOnAfterwards()
    {
        await using var server = await ApiServer.StartWithDummyAsync();
        using var client = server.Client();
        var waiting = await client.AcceptedAsync(Job("waiting", ("dummy_run_ms", "1000")));
        await using var other = new SqliteConnection($"Data Source={Path.Combine(server.DataDirectory, "ascob.db")};Pooling=False");
        await other.OpenAsync(Token);
        await ExecuteAsync(other, "BEGIN EXCLUSIVE");

        var begun = Stopwatch.GetTimestamp();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.SubmitAsync(Job("locked"))));
        var took = Stopwatch.GetElapsedTime(begun);
        foreach (var answer in answers)
        {
            await AssertUnavailableAsync(answer);
            answer.Dispose();
        }

        // Five seconds of patience with the lock, and what a busy machine adds to it.
        Assert.InRange(took, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(15));
        await ExecuteAsync(other, "ROLLBACK");
        Assert.Equal("SUCCEEDED", await client.EndAsync(await client.AcceptedAsync(Job("after"))));
        Assert.Equal("SUCCEEDED", await client.EndAsync(waiting));
        Assert.Empty(await client.AllRunsAsync("submitter=locked"));
    }

    // A sender that is told 4xx for our own trouble drops what it has to say for good.
    [Fact]
    public async Task Pitfall36_CallbackWhileTheDatabaseIsLocked_Answers503AndIsTakenWhenItIsRepeated()
    {
        await using var server = await ApiServer.StartWithDummyAsync();
        using var client = server.Client();
        var id = await client.AcceptedAsync(Job("telling", ("dummy_run_ms", "600000")));
        var run = await server.Get<IRunStore>().FindAsync(id, Token);
        var callback = $"/api/webhooks/runs/{server.Get<CallbackIds>().For(id, run!.MarkerId)}";
        await using var other = new SqliteConnection($"Data Source={Path.Combine(server.DataDirectory, "ascob.db")};Pooling=False");
        await other.OpenAsync(Token);
        await ExecuteAsync(other, "BEGIN EXCLUSIVE");

        using (var answer = await client.PostAsJsonAsync(callback, new { progress = 40 }, Token))
        {
            await AssertUnavailableAsync(answer);
        }

        await ExecuteAsync(other, "ROLLBACK");
        using var again = await client.PostAsJsonAsync(callback, new { progress = 40 }, Token);
        var info = await client.GetFromJsonAsync<JsonElement>($"/api/runs/{id}", Token);

        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal(40, info.GetProperty("progress").GetDouble());
    }

    [Fact]
    public async Task Guarantee28_WhenManyClientsAreSlow_OthersAreServedAsBefore()
    {
        await using var server = await ApiServer.StartWithDummyAsync();
        using var client = server.Client();
        var held = await client.AcceptedAsync(new { submitter = "files", labels = Http.Dummy(), manualStart = true });
        using (var put = await client.PutAsync($"/api/runs/{held}/files/large", new ByteArrayContent(new byte[8 << 20]), Token))
        {
            Assert.True(put.IsSuccessStatusCode, put.StatusCode.ToString());
        }

        var run = await server.Get<IRunStore>().FindAsync(held, Token);
        var download = $"/api/webhooks/runs/{server.Get<CallbackIds>().For(held, run!.MarkerId)}/files/large";
        var alone = await LatenciesAsync(client, 100);

        // Half of them send a body that never ends, half ask for a large file and never read it.
        var slow = new List<Socket>();
        try
        {
            for (var i = 0; i < 100; i++)
            {
                slow.Add(await ConnectAsync(server, i % 2 == 0
                    ? $"POST /api/runs HTTP/1.1\r\nHost: a\r\nX-Api-Token: {ApiServer.RootToken}\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{{"
                    : $"GET {download} HTTP/1.1\r\nHost: a\r\n\r\n"));
            }

            var among = await LatenciesAsync(client, 300);

            Assert.True(
                Percentile(among, 0.5) < Math.Max(50, 4 * Percentile(alone, 0.5)) && Percentile(among, 0.99) < Math.Max(500, 4 * Percentile(alone, 0.99)),
                $"alone p50 {Percentile(alone, 0.5):0} p99 {Percentile(alone, 0.99):0} ms, among slow clients p50 {Percentile(among, 0.5):0} p99 {Percentile(among, 0.99):0} ms");
        }
        finally
        {
            slow.ForEach(s => s.Dispose());
        }
    }

    [Fact]
    public async Task Guarantee36_WhenHangfiresStorageIsLost_RunsAreAcceptedFollowedAndHealedAllTheSame()
    {
        var storage = new BrokenJobStorage();
        await using var server = await ApiServer.StartAsync(
            builder => builder.Services.AddSingleton<JobStorage>(storage),
            "--Ascob:Backends:dummyBackend:Type", "Dummy");
        using var client = server.Client();
        var runs = new List<(long Id, string End)>();
        for (var i = 0; i < 30; i++)
        {
            // An answer that was lost can be healed by the loops alone.
            runs.Add((await client.AcceptedAsync(Job("nowhere", ("dummy_result", "unknown"), ("dummy_run_ms", "200"))), "SUCCEEDED"));
            runs.Add((await client.AcceptedAsync(Job("nowhere", ("dummy_result", "failure"), ("dummy_run_ms", "1500"))), "FAILED"));
        }

        foreach (var (id, end) in runs)
        {
            Assert.Equal(end, await client.EndAsync(id));
        }

        Assert.NotEqual(0, storage.Asked);
    }

    private static object Job(string submitter, params (string Key, string Value)[] labels) => new { submitter, labels = Http.Dummy(labels) };

    private static async Task AssertUnavailableAsync(HttpResponseMessage answer)
    {
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.NotNull(answer.Headers.RetryAfter);
        var problem = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(Token)).RootElement;
        Assert.Equal("store.unavailable", problem.GetProperty("code").GetString());
    }

    private static async Task<List<double>> LatenciesAsync(HttpClient client, int requests)
    {
        var all = new List<double>();
        for (var i = 0; i < requests; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            await client.AcceptedAsync(Job("quick"));
            all.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        all.Sort();
        return all;
    }

    private static double Percentile(List<double> sorted, double part) => sorted[(int)(part * (sorted.Count - 1))];

    private static async Task<Socket> ConnectAsync(ApiServer server, string request)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.Url.Port), Token);
        await socket.SendAsync(Encoding.ASCII.GetBytes(request), Token);
        return socket;
    }

    // The setting belongs to a connection: it goes through the writer's own.
    private static Task<long> PragmaAsync(ApiServer server, string text) => server.Get<IStoreWriter>().WriteAsync(
        new DelegateOperation<long>((session, _) =>
        {
            using var command = session.Connection.CreateCommand();
            command.CommandText = text;
            return Task.FromResult((long)(command.ExecuteScalar() ?? 0L));
        }),
        Token);

    private static async Task ExecuteAsync(SqliteConnection connection, string text)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = text;
        await command.ExecuteNonQueryAsync(Token);
    }
}
