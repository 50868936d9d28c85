using Ascob.Core.Jobs;
using Ascob.Core.Locks;
using Ascob.Server.Persistence.Locks.Consul;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence.Consul;

/// <summary>Time passes between the grant of locks and the start of the job; what Consul loses meanwhile must be noticed.</summary>
public sealed class ConsulStartTests(ConsulFixture consul) : ConsulTestBase(consul)
{
    [Fact]
    public async Task WhyNotStart_WhenTheSessionCouldNotBeRenewed_TheJobWaitsAndVerifyPromisesNothing()
    {
        var agent = await SharedAsync();
        await using var proxy = await ConsulProxy.StartAsync(agent.Url);
        await using var store = await OpenAsync(proxy.Url);
        var run = await HoldAsync(store, "db");
        Assert.Null(await store.Locks.WhyNotStartAsync(run, Stop));

        proxy.Instead = _ => (500, "No cluster leader");
        await UntilAsync(async () => await store.Locks.WhyNotStartAsync(run, Stop) is not null);

        Assert.Equal(new LockVerification(false, run.Id, Quarantined: true), await store.Locks.VerifyAsync("db", run.Fences!["db"], Stop));
        proxy.Instead = null;
        await UntilAsync(async () => await store.Locks.WhyNotStartAsync(run, Stop) is null);
        Assert.True((await store.Locks.VerifyAsync("db", run.Fences!["db"], Stop)).Held);
        Assert.Equal(store.Get<ConsulSession>().Id, await agent.HolderAsync(Prefix + "db"));
    }

    [Fact]
    public async Task WhyNotStart_WhenAnotherSystemTookTheLock_TheJobWaitsUntilItIsBack()
    {
        var agent = await SharedAsync();
        await using var proxy = await ConsulProxy.StartAsync(agent.Url);
        await using var store = await OpenAsync(proxy.Url);
        var run = await HoldAsync(store, "db");
        proxy.Instead = line => line == "PUT /v1/txn" ? (500, "No cluster leader") : null;

        await agent.DeleteAsync(Prefix + "db");
        var stranger = await agent.CreateSessionAsync("nightly backup");
        Assert.True(await agent.AcquireAsync(Prefix + "db", stranger));
        await UntilAsync(async () => await store.Locks.WhyNotStartAsync(run, Stop) is not null);
        proxy.Instead = null;
        await UntilAsync(async () => (await KeptAsync(store)).Single().QuarantinedAt is not null);
        Assert.NotNull(await store.Locks.WhyNotStartAsync(run, Stop));
        await agent.ReleaseAsync(Prefix + "db", stranger);

        await UntilAsync(async () => await store.Locks.WhyNotStartAsync(run, Stop) is null);
        Assert.Equal(store.Get<ConsulSession>().Id, await agent.HolderAsync(Prefix + "db"));
    }

    [Fact]
    public async Task Key_WhenItsSessionEndedAndTheRunEndedBeforeItWasTakenBack_IsRemoved()
    {
        var agent = await SharedAsync();
        await using var store = await OpenAsync(agent.Url);
        var run = await HoldAsync(store, "db");

        await agent.DestroySessionAsync(store.Get<ConsulSession>().Id!);
        await EndAsync(store, run);

        await UntilAsync(async () => (await agent.ListAsync(Prefix)).Count == 0 && (await KeptAsync(store)).Count == 0);
    }

    [Fact]
    public async Task Trouble_WhenATokenIsMendedAndNobodyWantsALock_IsOverByItself()
    {
        var agent = await SharedAsync();
        await using var proxy = await ConsulProxy.StartAsync(agent.Url);
        await using var store = await OpenAsync(proxy.Url);
        proxy.Instead = line => line == "PUT /v1/txn" ? (403, "Permission denied") : null;
        await GrantAsync(store, await WaitingAsync(store, new LockSpec("db")));
        await UntilAsync(() => Task.FromResult(store.Get<LockCondition>().Trouble?.Kind == "denied"));

        proxy.Instead = null;

        await UntilAsync(() => Task.FromResult(store.Get<LockCondition>().Trouble is null));
        Assert.DoesNotContain(await agent.ListAsync(Prefix), k => k.Key.Contains(".probe", StringComparison.Ordinal));
    }
}
