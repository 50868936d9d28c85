using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Core.Client;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Api;

/// <summary>The whole server with its locks in a real Consul. Waiters look by themselves once a minute only, so that what wakes them is an event.</summary>
public sealed class ConsulLockApiTests(ConsulFixture consul)
{
    private readonly string _prefix = consul.NewPrefix();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Waiting_WhenAnotherSystemHoldsTheLock_SaysSoAndGoesOnAtItsRelease()
    {
        var agent = await consul.SharedAsync();
        var stranger = await agent.CreateSessionAsync("nightly backup");
        Assert.True(await agent.AcquireAsync(_prefix + "db/main", stranger));
        await using var server = await StartAsync(agent.Url);
        using var client = Client(server);
        var id = await client.SubmitAsync(Job("db/main"), cancellationToken: Stop);

        var waiting = await UntilAsync(client, id, r => r.StatusReason is not null);
        Assert.Equal(RunStatus.WaitingLocks, waiting.Status);
        Assert.Equal($"lock 'db/main' is held in Consul by session {stranger} (nightly backup) of another system", waiting.StatusReason);
        var board = await client.LocksAsync(Stop);
        Assert.Equal(("consul", "ok"), (board.Keeper!.Provider, board.Keeper.State));
        Assert.Equal((stranger, "nightly backup"), (board.Items.Single().Outside!.Session, board.Items.Single().Outside!.Name));
        Assert.Equal(id, board.Items.Single().Waiters.Single().RunId);

        await agent.ReleaseAsync(_prefix + "db/main", stranger);
        var done = await UntilAsync(client, id, r => r.Status.IsFinal());

        Assert.Equal(RunStatus.Succeeded, done.Status);
        Assert.True(await UntilFreeAsync(agent));
    }

    [Fact]
    public async Task Waiting_WhenTheOtherSystemsSessionIsLost_GoesOnAfterTheLockDelay()
    {
        var agent = await consul.SharedAsync();
        var stranger = await agent.CreateSessionAsync(lockDelay: "1s");
        Assert.True(await agent.AcquireAsync(_prefix + "db", stranger));
        await using var server = await StartAsync(agent.Url);
        using var client = Client(server);
        var id = await client.SubmitAsync(Job("db"), cancellationToken: Stop);
        await UntilAsync(client, id, r => r.StatusReason is not null);

        await agent.DestroySessionAsync(stranger);

        Assert.Equal(RunStatus.Succeeded, (await UntilAsync(client, id, r => r.Status.IsFinal())).Status);
    }

    [Theory]
    [InlineData(LockPolicy.Fail, RunStatus.Failed)]
    [InlineData(LockPolicy.Skip, RunStatus.Aborted)]
    public async Task Policy_WhenAnotherSystemHoldsTheLock_DecidesTheRun(LockPolicy policy, RunStatus expected)
    {
        var agent = await consul.SharedAsync();
        Assert.True(await agent.AcquireAsync(_prefix + "db", await agent.CreateSessionAsync()));
        await using var server = await StartAsync(agent.Url);
        using var client = Client(server);

        var id = await client.SubmitAsync(Job(new LockSpec("db", LockMode.Exclusive, policy)), cancellationToken: Stop);
        var ended = await UntilAsync(client, id, r => r.Status.IsFinal());

        Assert.Equal(expected, ended.Status);
        Assert.Contains("of another system", ended.StatusReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Line_WhenManyRunsWantOneLock_OneRunsAtATimeInOrderAndTheKeyIsGoneAtTheEnd()
    {
        var agent = await consul.SharedAsync();
        await using var server = await StartAsync(agent.Url);
        using var client = Client(server);
        var ids = new List<long>();
        for (var i = 0; i < 20; i++)
        {
            ids.Add(await client.SubmitAsync(Job("db", "net"), cancellationToken: Stop));
        }

        var runs = new List<RunInfo>();
        foreach (var id in ids)
        {
            runs.Add(await UntilAsync(client, id, r => r.Status.IsFinal()));
        }

        Assert.All(runs, r => Assert.Equal(RunStatus.Succeeded, r.Status));
        Assert.All(runs.Zip(runs.Skip(1)), p => Assert.True(p.First.EndTime <= p.Second.SubmissionTime));
        Assert.All(runs.Zip(runs.Skip(1)), p => Assert.True(p.First.Locks![0].Fence < p.Second.Locks![0].Fence));
        Assert.True(await UntilFreeAsync(agent));
        using var root = server.Client();
        var metrics = await root.GetStringAsync("/metrics", Stop);
        Assert.All(
            (string[])["ascob_lock_held", "ascob_lock_waiting", "ascob_lock_quarantined", "ascob_lock_keeper_up", "ascob_lock_wait_seconds_count", "ascob_lock_hold_seconds_count", "ascob_lock_hand_over_seconds_count"],
            name => Assert.Contains(name, metrics, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Consul_WhenItIsAwayFromTheStart_TheServerServesSaysSoAndGoesOnWhenItIsThere()
    {
        await using var agent = await ConsulFixture.OwnAsync();
        await agent.KillAsync();
        await using var server = await StartAsync(agent.Url);
        using var client = Client(server);
        var free = await client.SubmitAsync(Job(), cancellationToken: Stop);
        var patient = await client.SubmitAsync(Job(new LockSpec("db", LockMode.Exclusive, LockPolicy.Fail)), cancellationToken: Stop);
        var hasty = await client.SubmitAsync(Job("other") with { LockWaitSeconds = 1 }, cancellationToken: Stop);

        Assert.Equal(RunStatus.Succeeded, (await UntilAsync(client, free, r => r.Status.IsFinal())).Status);
        Assert.Contains("Consul does not answer", (await UntilAsync(client, patient, r => r.StatusReason is not null)).StatusReason, StringComparison.Ordinal);
        var late = await UntilAsync(client, hasty, r => r.Status.IsFinal());
        Assert.Equal((RunStatus.Failed, "waited 1 s in vain: Consul does not answer; locks are granted again when it does"), (late.Status, late.StatusReason));
        using var root = server.Client();
        Assert.StartsWith("ready\nlocks: Consul does not answer", await root.GetStringAsync("/healthz/ready", Stop), StringComparison.Ordinal);
        Assert.Equal("away", (await root.GetFromJsonAsync<JsonElement>("/api/locks", Stop)).GetProperty("keeper").GetProperty("state").GetString());

        await agent.StartAsync();

        Assert.Equal(RunStatus.Succeeded, (await UntilAsync(client, patient, r => r.Status.IsFinal())).Status);
        Assert.Equal("ready\n", await root.GetStringAsync("/healthz/ready", Stop));
    }

    private static JobSpec Job() => Job(Array.Empty<LockSpec>());

    private static JobSpec Job(params string[] locks) => Job([.. locks.Select(l => new LockSpec(l))]);

    private static JobSpec Job(params LockSpec[] locks) => new()
    {
        Submitter = "ann",
        Labels = new Dictionary<string, string> { ["_execution_backend_id"] = "dummyBackend", ["dummy_run_ms"] = "20" },
        Locks = locks,
    };

    private static AscobClient Client(ApiServer server) => new(server.Url, ApiServer.RootToken);

    private static async Task<RunInfo> UntilAsync(AscobClient client, long id, Func<RunInfo, bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limit.CancelAfter(TimeSpan.FromSeconds(40));
        while (true)
        {
            var run = await client.Api.GetRunAsync(id, null, limit.Token);
            if (condition(run))
            {
                return run;
            }

            await Task.Delay(20, limit.Token);
        }
    }

    private async Task<bool> UntilFreeAsync(ConsulAgent agent)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        while ((await agent.ListAsync(_prefix)).Any(k => k.Session is not null))
        {
            await Task.Delay(20, limit.Token);
        }

        return true;
    }

    private Task<ApiServer> StartAsync(Uri url) => ApiServer.StartWithDummyAsync(
        "--Ascob:Locks:Provider", "Consul",
        "--Ascob:Locks:Consul:Url", url.ToString(),
        "--Ascob:Locks:Consul:KeyPrefix", _prefix,
        "--Ascob:Locks:Consul:SessionTtl", "00:00:02",
        "--Ascob:Locks:Consul:LockDelay", "00:00:00.5",
        "--Ascob:Engine:WaitRecheck", "00:01:00");
}
