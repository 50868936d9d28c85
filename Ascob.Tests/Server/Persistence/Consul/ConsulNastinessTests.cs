using Ascob.Core.Jobs;
using Ascob.Core.Locks;
using Ascob.Server.Persistence.Locks.Consul;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence.Consul;

/// <summary>A real Consul that is restarted, forgets and loses answers, and strangers that write into our keys.</summary>
public sealed class ConsulNastinessTests(ConsulFixture consul) : ConsulTestBase(consul)
{
    [Fact]
    public async Task Restart_WhenConsulIsKilledInTheMiddleOfAHold_TheSessionAndTheLockAreJudgedAlive()
    {
        await using var agent = await ConsulFixture.OwnAsync(durable: true);
        await using var store = await OpenAsync(agent.Url, o => o.SessionTtl = TimeSpan.FromSeconds(10));
        var holder = await HoldAsync(store, "db");
        var before = store.Get<ConsulSession>().Id;

        await agent.KillAsync();
        await UntilAsync(() => Task.FromResult(store.Get<LockCondition>().Trouble?.Kind == "away"));
        await agent.StartAsync();
        var next = await HoldAsync(store, "other");

        Assert.Equal((before, 1), (store.Get<ConsulSession>().Id, store.Get<ConsulSession>().Made));
        Assert.Equal(before, await agent.HolderAsync(Prefix + "db"));
        Assert.Equal(0, (await store.Locks.CountAsync(Stop)).Quarantined);
        Assert.True((await store.Locks.VerifyAsync("db", holder.Fences!["db"], Stop)).Held);
        Assert.True(next.Fences!["other"] > holder.Fences!["db"]);
    }

    [Fact]
    public async Task Renewal_WhenItSays404Once_TheSessionIsNotGivenUp()
    {
        var agent = await SharedAsync();
        await using var proxy = await ConsulProxy.StartAsync(agent.Url);
        await using var store = await OpenAsync(proxy.Url);
        await HoldAsync(store, "db");
        var before = store.Get<ConsulSession>().Id;
        var denied = 0;
        proxy.Instead = line => line.StartsWith("PUT /v1/session/renew", StringComparison.Ordinal) && Interlocked.Increment(ref denied) == 1 ? (404, "Session id 'x' not found") : null;

        await UntilAsync(() => Task.FromResult(Volatile.Read(ref denied) >= 3));

        Assert.Equal((before, 1), (store.Get<ConsulSession>().Id, store.Get<ConsulSession>().Made));
        Assert.Equal(before, await agent.HolderAsync(Prefix + "db"));
    }

    [Fact]
    public async Task Key_WhenAStrangerDeletesIt_ItIsNoticedAndTakenBackAndNoOtherRunGetsIt()
    {
        var agent = await SharedAsync();
        await using var store = await OpenAsync(agent.Url);
        var holder = await HoldAsync(store, "db");
        var contender = await WaitingAsync(store, new LockSpec("db"));
        var before = (await agent.ListAsync(Prefix)).Single().ModifyIndex;

        await agent.DeleteAsync(Prefix + "db");
        await UntilAsync(async () =>
        {
            Assert.Equal(LockGrantOutcome.Blocked, (await GrantAsync(store, contender)).Outcome);
            return (await agent.ListAsync(Prefix)).SingleOrDefault()?.ModifyIndex > before && await AllHeldByAsync(store);
        });

        Assert.True((await store.Locks.VerifyAsync("db", holder.Fences!["db"], Stop)).Held);
    }

    [Fact]
    public async Task Session_WhenTheHolderSkipsItsRenewalsByBeingFrozen_ItLearnsAndTakesBackWhatOthersLeft()
    {
        var agent = await SharedAsync();
        await using var proxy = await ConsulProxy.StartAsync(agent.Url);
        await using var store = await OpenAsync(proxy.Url);
        await HoldAsync(store, "db");
        var before = store.Get<ConsulSession>().Id;
        proxy.Instead = _ => (500, "No cluster leader");
        await UntilAsync(async () => await agent.HolderAsync(Prefix + "db") is null);

        proxy.Instead = null;
        await UntilAsync(async () => store.Get<ConsulSession>().Id is { } now && now != before && await AllHeldByAsync(store));

        Assert.Equal(2, store.Get<ConsulSession>().Made);
    }

    [Fact]
    public async Task Answers_WhenThatToAnAcquisitionIsLost_TheLockHasOneHolderWhoKnows()
    {
        var agent = await SharedAsync();
        await using var proxy = await ConsulProxy.StartAsync(agent.Url);
        await using var store = await OpenAsync(proxy.Url);
        for (var round = 0; round < 10; round++)
        {
            var run = await WaitingAsync(store, new LockSpec("db"), new LockSpec("net"));
            var lost = 0;
            proxy.Loses = line => line == "PUT /v1/txn" && Interlocked.Increment(ref lost) == 1;

            var grant = await GrantAsync(store, run);

            Assert.Equal(LockGrantOutcome.Granted, grant.Outcome);
            Assert.True(lost >= 2);
            Assert.All(await agent.ListAsync(Prefix), k => Assert.Equal((store.Get<ConsulSession>().Id, grant.Run!.Fences![k.Key[Prefix.Length..]]), (k.Session, k.ModifyIndex)));
            proxy.Loses = null;
            await EndAsync(store, grant.Run!);
        }
    }

    [Fact]
    public async Task Index_WhenItGoesBack_NothingIsGrantedUntilAnOperatorConfirms()
    {
        await using var agent = await ConsulFixture.OwnAsync();
        for (var i = 0; i < 200; i++)
        {
            await agent.PutAsync("noise", "x");
        }

        await using var store = await OpenAsync(agent.Url);
        var holder = await HoldAsync(store, "db");
        await agent.KillAsync();
        await agent.StartAsync();
        var waiting = await WaitingAsync(store, new LockSpec("other", Policy: LockPolicy.Fail));
        var grant = default(LockGrant);
        await UntilAsync(async () => (grant = await GrantAsync(store, waiting)).Blocking.Single().Outside!.Contains("lost its memory", StringComparison.Ordinal));

        Assert.False(grant!.Blocking.Single().IsTaken);
        await UntilAsync(() => Task.FromResult(store.Get<LockCondition>().Trouble?.Kind == "rebuilt"));
        await UntilAsync(() => AllHeldByAsync(store));
        Assert.Equal(LockGrantOutcome.Blocked, (await GrantAsync(store, waiting)).Outcome);
        Assert.True(await store.Locks.ConfirmAsync("token:root", "set up anew", Stop));
        Assert.False(await store.Locks.ConfirmAsync("token:root", "again", Stop));
        await UntilGrantedAsync(store, waiting);
        Assert.Null(store.Get<LockCondition>().Trouble);

        // Never lower than the last number given, whatever Consul counts.
        await EndAsync(store, holder);
        Assert.True((await HoldAsync(store, "db")).Fences!["db"] > holder.Fences!["db"]);
    }

    [Fact]
    public async Task Stranger_WhenItHoldsALock_ItIsNamedAndItsReleaseWakesTheWaiter()
    {
        var agent = await SharedAsync();
        await using var store = await OpenAsync(agent.Url);
        var stranger = await agent.CreateSessionAsync("nightly backup");
        Assert.True(await agent.AcquireAsync(Prefix + "db", stranger));
        var waiting = await WaitingAsync(store, new LockSpec("db"), new LockSpec("net"));

        var block = (await GrantAsync(store, waiting)).Blocking.Single();
        Assert.Equal(("db", true), (block.Key, block.IsTaken));
        Assert.Equal($"lock 'db' is held in Consul by session {stranger} (nightly backup) of another system", block.Outside);
        var shown = (await store.Locks.ListAsync(Stop)).Single(l => l.Key == "db");
        Assert.Equal(new LockOutsider(stranger, "nightly backup"), shown.Outside);
        Assert.Null(await agent.HolderAsync(Prefix + "net"));

        await agent.ReleaseAsync(Prefix + "db", stranger);
        Assert.Contains("db", await store.Get<LockSignals>().TakeAsync(Stop));
        Assert.Equal(LockGrantOutcome.Granted, (await GrantAsync(store, waiting)).Outcome);
        Assert.False(await agent.AcquireAsync(Prefix + "db", stranger));
    }

    [Fact]
    public async Task Shared_WhenTwoRunsHoldALock_ConsulHoldsItOnceUntilTheLastLetsGo()
    {
        var agent = await SharedAsync();
        await using var store = await OpenAsync(agent.Url);
        await using var other = await store.OpenOtherAsync();
        var one = (await GrantAsync(store, await WaitingAsync(store, new LockSpec("db", LockMode.Shared)))).Run!;
        var two = (await GrantAsync(other, await WaitingAsync(store, new LockSpec("db", LockMode.Shared)))).Run!;
        var stranger = await agent.CreateSessionAsync();

        Assert.True(two.Fences!["db"] > one.Fences!["db"]);
        await EndAsync(store, two);
        await UntilAsync(async () => (await KeptAsync(store)).Single().RunId == one.Id);
        Assert.False(await agent.AcquireAsync(Prefix + "db", stranger));
        await EndAsync(store, one);

        await UntilAsync(() => agent.AcquireAsync(Prefix + "db", stranger));
    }

    [Fact]
    public async Task Acl_WhenTheTokenMayDoWhatLocksNeedAndNoMore_LocksWork()
    {
        await using var agent = await ConsulFixture.OwnAsync(extra: "acl { enabled = true default_policy = \"deny\" tokens { master = \"b1gs3cret\" agent = \"b1gs3cret\" } }", token: "b1gs3cret");
        await UntilAsync(async () =>
        {
            var policy = await Record.ExceptionAsync(() => agent.SendAsync(
                HttpMethod.Put, "/v1/acl/policy", $$"""{"Name":"locks","Rules":"session_prefix \"\" { policy = \"write\" } key_prefix \"{{Prefix}}\" { policy = \"write\" }"}"""));
            return policy is null;
        });
        using var made = await agent.SendAsync(HttpMethod.Put, "/v1/acl/token", """{"Policies":[{"Name":"locks"}]}""");
        var token = System.Text.Json.JsonDocument.Parse(await made.Content.ReadAsStringAsync(Stop)).RootElement.GetProperty("SecretID").GetString();
        await using var store = await OpenAsync(agent.Url, token: token);

        var run = await HoldAsync(store, "db");

        await UntilAsync(() => AllHeldByAsync(store));
        await EndAsync(store, run);
        await UntilAsync(async () => (await agent.ListAsync(Prefix)).Count == 0);
    }
}
