using System.Collections.Concurrent;
using System.Diagnostics;
using Ascob.Core.Backends;
using Ascob.Core.Timing;
using Ascob.Tests.Fixtures;
using Ascob.Tests.Robustness;
using Npgsql;

namespace Ascob.Tests.Cluster;

/// <summary>Two servers on one database, on machines whose clocks are minutes apart.</summary>
public sealed class ClockDifferenceTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Off = TimeSpan.FromMinutes(7);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(7, 0)]
    [InlineData(0, 7)]
    public async Task Guarantee23_WhenAServerDiesWhoseClockIsSevenMinutesOff_ItsRunIsTakenOverWhenItIsMissedAndNotBefore(int deadIsAhead, int otherIsAhead)
    {
        // A lease on a submission lasts as long as the call may, and the lease besides; a server that is missed for the lease time gives it up earlier, and its last heartbeat may be a fifth of that old.
        var lease = TimeSpan.FromSeconds(5);
        var missed = TimeSpan.FromSeconds(3) * 0.8;
        string[] settings = ["--Ascob:Engine:Lease", "00:00:03", "--Ascob:Backends:scripted:Resilience:Timeout", "00:00:02", "--Ascob:Backends:scripted:DoubtWait", "00:00:01"];
        var database = new NpgsqlConnectionStringBuilder(await postgres.CreateDatabaseAsync());
        await using var gate = new TcpGate(database.Port);
        var behindGate = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Port = gate.Port }.ConnectionString;
        var backend = new ScriptedBackend();
        var looked = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        backend.OnSubmit = async (job, stop) =>
        {
            // The job has started and the answer never comes: only the marker tells of it.
            backend.Start(job);
            await Task.Delay(Timeout.InfiniteTimeSpan, stop);
            throw new UnreachableException();
        };
        backend.OnFind = job =>
        {
            looked.TrySetResult(Stopwatch.GetTimestamp());
            return new FindOutcome(FindOutcomeKind.Found, ScriptedBackend.Keys(job.Marker));
        };
        await using var dead = await Members.StartAsync(behindGate, "dead", backend, TimeSpan.FromMinutes(deadIsAhead), settings);
        await using var other = await Members.StartAsync(database.ConnectionString, "other", backend, TimeSpan.FromMinutes(otherIsAhead), settings);
        using var client = dead.Client();

        var before = Stopwatch.GetTimestamp();
        var id = await client.AcceptedAsync(Members.Job("ann"));
        var after = Stopwatch.GetTimestamp();
        await Http.UntilAsync(() => Task.FromResult(!backend.Arrived.IsEmpty), TimeSpan.FromSeconds(5));
        gate.Shut();
        var lookedAt = await looked.Task.WaitAsync(TimeSpan.FromSeconds(40), Token);

        Assert.InRange(Stopwatch.GetElapsedTime(before, lookedAt), missed, TimeSpan.FromDays(1));
        Assert.InRange(Stopwatch.GetElapsedTime(after, lookedAt), TimeSpan.Zero, lease + TimeSpan.FromSeconds(10));
        using var survivor = other.Client();
        await Http.UntilAsync(async () => await survivor.StatusAsync(id) == "RUNNING", TimeSpan.FromSeconds(20));
        backend.Set(Assert.Single(backend.Arrived).Marker, BackendState.Succeeded);
        Assert.Equal("SUCCEEDED", await survivor.EndAsync(id));
        Assert.Empty(backend.StartedTwice);
        await AssertOrderedAsync(survivor, id);
        gate.Open();
    }

    [Fact]
    public async Task Guarantee19_23_WhenClocksAreFourteenMinutesApart_NoRunIsSubmittedTwiceAndTimelinesAreInOrder()
    {
        const int runs = 200;
        var database = await postgres.CreateDatabaseAsync();
        var backend = new ScriptedBackend();
        backend.OnStatus = r => backend.Jobs.ContainsKey(r.Marker) ? new BackendReport { Marker = r.Marker, State = BackendState.Succeeded, Keys = ScriptedBackend.Keys(r.Marker) } : null;
        string[] settings =
        [
            "--Ascob:Engine:Lease", "00:00:02", "--Ascob:Engine:SweepInterval", "00:00:00.2", "--Ascob:Backends:scripted:Poll:Initial", "00:00:00.1", "--Ascob:Backends:scripted:Resilience:Timeout", "00:00:02",
        ];
        await using var one = await Members.StartAsync(database, "one", backend, Off, settings);
        await using var two = await Members.StartAsync(database, "two", backend, -Off, settings);
        Assert.InRange(one.Get<MonotonicClock>().Now - two.Get<MonotonicClock>().Now, TimeSpan.FromSeconds(-0.5), TimeSpan.FromSeconds(0.5));
        using var first = one.Client();
        using var second = two.Client();
        var ids = new ConcurrentBag<long>();

        await Parallel.ForEachAsync(Enumerable.Range(0, runs), new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Token }, async (i, _) =>
        {
            // Each is held at one server and released at the other, so that both write its timeline.
            var (here, there) = i % 2 == 0 ? (first, second) : (second, first);
            var id = await here.AcceptedAsync(new { submitter = "ann", labels = new Dictionary<string, string> { ["_execution_backend_id"] = "scripted" }, manualStart = true });
            using var started = await there.PostAsync($"/api/runs/{id}/start", null, Token);
            Assert.True(started.IsSuccessStatusCode, started.StatusCode.ToString());
            Assert.Equal("SUCCEEDED", await here.EndAsync(id));
            ids.Add(id);
        });

        Assert.Equal(runs, ids.Distinct().Count());
        Assert.Equal(runs, backend.Arrived.Select(j => j.Marker).Distinct().Count());
        Assert.Equal(runs, backend.Arrived.Count);
        Assert.Empty(backend.StartedTwice);
        foreach (var id in ids)
        {
            await AssertOrderedAsync(first, id);
            var run = await first.JsonAsync($"/api/runs/{id}");
            Assert.InRange(run.GetProperty("endTime").GetDateTimeOffset() - run.GetProperty("definedTime").GetDateTimeOffset(), TimeSpan.Zero, TimeSpan.FromSeconds(60));
            Assert.InRange(TimeProvider.System.GetUtcNow() - run.GetProperty("definedTime").GetDateTimeOffset(), TimeSpan.FromSeconds(-2), TimeSpan.FromMinutes(3));
        }
    }

    [Fact]
    public async Task Token_MadeAtAServerWhoseClockIsAhead_LivesAsLongEverywhere()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var ahead = await Members.StartAsync(database, "ahead", new ScriptedBackend(), Off);
        await using var behind = await Members.StartAsync(database, "behind", new ScriptedBackend(), -Off);
        using var root = ahead.Client();
        using var answer = await root.PostAsync(
            "/api/security/tokens/short", System.Net.Http.Json.JsonContent.Create(new { permissions = new[] { "job_run_read" }, expirySeconds = 4 }), Token);
        var made = Stopwatch.GetTimestamp();
        var secret = System.Text.Json.JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(Token)).RootElement.GetProperty("secret").GetString();
        using var there = behind.Client(secret);
        using var here = ahead.Client(secret);

        foreach (var client in (HttpClient[])[here, there])
        {
            using var whoami = await client.GetAsync("/api/security/whoami", Token);
            Assert.Equal(System.Net.HttpStatusCode.OK, whoami.StatusCode);
        }

        foreach (var client in (HttpClient[])[here, there])
        {
            await Http.UntilAsync(
                async () =>
                {
                    using var whoami = await client.GetAsync("/api/security/whoami", Token);
                    return whoami.StatusCode == System.Net.HttpStatusCode.Unauthorized;
                },
                TimeSpan.FromSeconds(10));
            Assert.InRange(Stopwatch.GetElapsedTime(made), TimeSpan.FromSeconds(3.5), TimeSpan.FromSeconds(8));
        }
    }

    private static async Task AssertOrderedAsync(HttpClient client, long id)
    {
        var times = (await client.EventsAsync(id)).Select(e => e.GetProperty("at").GetDateTimeOffset()).ToList();
        Assert.Equal(times.Order(), times);
    }
}
