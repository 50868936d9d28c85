using System.Text;
using Ascob.Core.Jobs;
using Ascob.Core.Locks;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Locks.Consul;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence.Consul;

/// <summary>What others fell into with Consul, by the numbers of the list of pitfalls.</summary>
public sealed class ConsulPitfallTests(ConsulFixture consul) : ConsulTestBase(consul)
{
    [Fact]
    public async Task Pitfall38_WhenAStrangersWriteSetsTheLockIndexBack_FencingNumbersGrowAllTheSame()
    {
        var agent = await SharedAsync();
        await using var store = await OpenAsync(agent.Url);
        var first = await HoldAsync(store, "db");
        await agent.PutAsync(Prefix + "db", "scribble");
        Assert.Equal(0, (await agent.ListAsync(Prefix)).Single().LockIndex);
        Assert.True((await store.Locks.VerifyAsync("db", first.Fences!["db"], Stop)).Held);
        await SampleRuns.ApplyAsync(store.Runs, first, RunTrigger.BackendFailed);

        var second = await HoldAsync(store, "db");

        Assert.True(second.Fences!["db"] > first.Fences!["db"]);
        Assert.Equal((await agent.ListAsync(Prefix)).Single().ModifyIndex, second.Fences!["db"]);
    }

    [Fact]
    public async Task Pitfall39_WhenTheSessionIsInvalid_OneNewSessionIsMadeAndNothingIsRepeatedWithTheOld()
    {
        var agent = await SharedAsync();
        await using var proxy = await ConsulProxy.StartAsync(agent.Url);
        await using var store = await OpenAsync(proxy.Url, o => o.SessionTtl = TimeSpan.FromSeconds(60));
        await HoldAsync(store, "one");
        await agent.DestroySessionAsync(store.Get<ConsulSession>().Id!);
        var runs = new List<Run>();
        for (var i = 0; i < 8; i++)
        {
            runs.Add(await WaitingAsync(store, new LockSpec($"own/{i}")));
        }

        var grants = await Task.WhenAll(runs.Select(r => GrantAsync(store, r)));

        Assert.All(grants, g => Assert.Equal(LockGrantOutcome.Granted, g.Outcome));
        Assert.Equal(2, store.Get<ConsulSession>().Made);
        Assert.Equal(2, proxy.Count("PUT /v1/session/create"));
    }

    [Fact]
    public async Task Pitfall40_WhenAnswersEndWithALineBreak_TheyMeanTheSame()
    {
        var agent = await SharedAsync();
        await using var proxy = await ConsulProxy.StartAsync(agent.Url);
        proxy.Edits = text => text + "\n";
        await using var store = await OpenAsync(proxy.Url);

        var run = await HoldAsync(store, "db");
        await EndAsync(store, run);

        await UntilAsync(async () => (await agent.ListAsync(Prefix)).Count == 0);
    }

    [Fact]
    public async Task Pitfall41_WhenNoRenewalSucceededForTheTtl_NothingIsGrantedThoughConsulStillHasTheSession()
    {
        var agent = await SharedAsync();
        await using var proxy = await ConsulProxy.StartAsync(agent.Url);
        await using var store = await OpenAsync(proxy.Url);
        await HoldAsync(store, "db");
        var session = store.Get<ConsulSession>();
        var own = session.Id!;
        proxy.Instead = line => line.StartsWith("PUT /v1/session/renew", StringComparison.Ordinal) ? (429, "busy") : null;

        await UntilAsync(() => Task.FromResult(!session.IsLive(own)));
        var grant = await GrantAsync(store, await WaitingAsync(store, new LockSpec("other")));

        Assert.Equal((LockGrantOutcome.Blocked, false), (grant.Outcome, grant.Blocking.Single().IsTaken));
        Assert.Null(await agent.HolderAsync(Prefix + "other"));
        proxy.Instead = null;
        await HoldAsync(store, "third");
    }

    [Fact]
    public async Task Pitfall42_WhenALockIsInLockDelay_NobodyIsBlamedAndTheWaiterGetsItWithoutAnEvent()
    {
        var agent = await SharedAsync();
        await using var store = await OpenAsync(agent.Url);
        var stranger = await agent.CreateSessionAsync(lockDelay: "1s");
        Assert.True(await agent.AcquireAsync(Prefix + "db", stranger));
        await agent.DestroySessionAsync(stranger);
        var waiting = await WaitingAsync(store, new LockSpec("db", Policy: LockPolicy.Fail));

        var block = (await GrantAsync(store, waiting)).Blocking.Single();
        Assert.False(block.IsTaken);
        Assert.Contains("keeps it from everybody for a moment", block.Outside, StringComparison.Ordinal);
        var outcome = block.IsTaken ? LockGrantOutcome.NotWaiting : LockGrantOutcome.Blocked;
        while (outcome == LockGrantOutcome.Blocked)
        {
            Assert.Contains("db", await store.Get<LockSignals>().TakeAsync(Stop));
            outcome = (await GrantAsync(store, waiting)).Outcome;
        }

        Assert.Equal(LockGrantOutcome.Granted, outcome);
    }

    [Fact]
    public async Task Pitfall43_WhenNothingChanges_AWatchLastsAsLongAsConsulLetsItAndNobodyIsCalledAway()
    {
        var agent = await SharedAsync();
        await using var proxy = await ConsulProxy.StartAsync(agent.Url);
        await using var store = await OpenAsync(proxy.Url, o => o.WatchWait = TimeSpan.FromSeconds(2));
        await HoldAsync(store, "db");
        await UntilAsync(() => Task.FromResult(proxy.Count($"GET /v1/kv/{Prefix}?recurse=true&index=") >= 4));

        Assert.Null(store.Get<LockCondition>().Trouble);
        Assert.InRange(proxy.Count($"GET /v1/kv/{Prefix}"), 4, 12);
        Assert.DoesNotContain(proxy.Requests, r => r.Contains("index=0", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pitfall44_WhenALockIsHandedToTheNextRun_ItsValueIsChangedByLockingAgainAndNeverByAWrite()
    {
        var agent = await SharedAsync();
        await using var proxy = await ConsulProxy.StartAsync(agent.Url);
        await using var store = await OpenAsync(proxy.Url);
        var first = await HoldAsync(store, "db");
        await SampleRuns.ApplyAsync(store.Runs, first, RunTrigger.BackendFailed);
        var second = await HoldAsync(store, "db");

        var value = Encoding.UTF8.GetString(Convert.FromBase64String((await agent.ListAsync(Prefix)).Single().Value!));

        Assert.Contains($"\"Run\":{second.Id}", value, StringComparison.Ordinal);
        Assert.Equal(0, proxy.Count("PUT /v1/kv"));
    }

    [Fact]
    public async Task Pitfall45_WhenTheTokenLacksRights_NoLockIsBelievedLostAndNobodyIsBlamed()
    {
        var agent = await SharedAsync();
        await using var proxy = await ConsulProxy.StartAsync(agent.Url);
        await using var store = await OpenAsync(proxy.Url);
        var holder = await HoldAsync(store, "db");
        proxy.Instead = line => line.StartsWith("PUT /v1/txn", StringComparison.Ordinal)
            ? (409, """{"Results":null,"Errors":[{"OpIndex":0,"What":"Permission denied"}]}""")
            : line.StartsWith("GET /v1/kv", StringComparison.Ordinal) ? (404, string.Empty) : null;
        var lists = proxy.Count("GET /v1/kv");

        var grant = await GrantAsync(store, await WaitingAsync(store, new LockSpec("other", Policy: LockPolicy.Fail)));
        await UntilAsync(() => Task.FromResult(proxy.Count("GET /v1/kv") > lists + 2));

        Assert.Equal((LockGrantOutcome.Blocked, false), (grant.Outcome, grant.Blocking.Single().IsTaken));
        Assert.Contains("denies the token", grant.Blocking.Single().Outside, StringComparison.Ordinal);
        Assert.Equal("denied", store.Get<LockCondition>().Trouble?.Kind);
        Assert.True((await store.Locks.VerifyAsync("db", holder.Fences!["db"], Stop)).Held);
        Assert.Equal(0, (await store.Locks.CountAsync(Stop)).Quarantined);
    }

    [Fact]
    public async Task Pitfall46_WhenSeveralLocksAreTaken_ItIsOneTransaction()
    {
        var agent = await SharedAsync();
        await using var proxy = await ConsulProxy.StartAsync(agent.Url);
        await using var store = await OpenAsync(proxy.Url);
        await HoldAsync(store, "warm");
        var run = await WaitingAsync(store, [.. Enumerable.Range(0, 64).Select(i => new LockSpec($"many/{i}"))]);
        var before = proxy.Requests.Count(r => r == "PUT /v1/txn");

        var grant = await GrantAsync(store, run);

        Assert.Equal(1, proxy.Requests.Count(r => r == "PUT /v1/txn") - before);
        Assert.Single(grant.Run!.Fences!.Values.Distinct());
    }
}
