using Ascob.Core.Backends;
using Ascob.Core.Monitoring;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Dispatch;

/// <summary>The capacity of a backend, whoever submits to it.</summary>
public sealed class CapacityTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task MaxConcurrentRuns_WithTwoServersOnOneDatabaseUnderLoad_IsNeverExceededAndEveryRunEnds()
    {
        const int Most = 5;
        const int Runs = 150;
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await TestWorld.StartAsync(backend: o => o.MaxConcurrentRuns = Most, postgres: database);
        await using var two = await TestWorld.StartAsync(one, o => o.MaxConcurrentRuns = Most, serverName: "two", postgres: database);
        var backend = one.Backend;
        var mostSeen = 0;
        var gate = new Lock();
        backend.OnSubmit = (job, _) =>
        {
            lock (gate)
            {
                var outcome = backend.Start(job);
                mostSeen = Math.Max(mostSeen, backend.Jobs.Values.Count(j => j.State == BackendState.Running));
                return Task.FromResult(outcome);
            }
        };

        await Task.WhenAll(Enumerable.Range(0, Runs).Select(i => Task.Run(() => (i % 2 == 0 ? one : two).SubmitAsync(untilSent: false), Token)));
        for (var rounds = 0; rounds < 2000 && backend.Jobs.Count(j => j.Value.State == BackendState.Succeeded) < Runs; rounds++)
        {
            foreach (var marker in backend.Jobs.Where(j => j.Value.State == BackendState.Running).Select(j => j.Key).Take(Most))
            {
                lock (gate)
                {
                    backend.Set(marker, BackendState.Succeeded);
                }
            }

            one.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAll(one.LookAsync(), two.LookAsync());
        }

        for (var rounds = 0; rounds < 5; rounds++)
        {
            one.Time.Advance(TimeSpan.FromMinutes(2));
            await Task.WhenAll(one.LookAsync(), two.LookAsync());
        }

        Assert.InRange(mostSeen, 2, Most);
        Assert.Equal(Runs, backend.Arrived.Count);
        Assert.Empty(backend.StartedTwice);
        Assert.Empty(await one.Store.CountActiveAsync(Token));
    }

    [Fact]
    public async Task Drain_WhileRunsWait_HoldsThemWithTheReasonUntilTheResume()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.MaxConcurrentRuns = 1);
        var first = await world.SubmitAsync();
        var second = await world.SubmitAsync();
        world.Entry.Condition.Drained = true;
        world.Backend.Set(first.Marker, BackendState.Succeeded);
        await world.UntilAsync(first.Id, RunStatus.Succeeded);
        await world.PassAsync(TimeSpan.FromMinutes(30));

        var drained = await world.RunAsync(second.Id);
        Assert.Equal(RunStatus.PendingSubmit, drained.Status);
        Assert.Contains("drained", drained.StatusReason, StringComparison.Ordinal);

        world.Entry.Condition.Drained = false;
        await world.PassAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(2, world.Backend.Arrived.Count);
    }

    [Fact]
    public async Task WhenASlotIsFreed_ARetryStillWaitsForItsDelay()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.MaxConcurrentRuns = 2);
        var retried = await world.SubmitAsync(TestWorld.Job().WithRetry(2, TimeSpan.FromSeconds(8)).Build());
        var other = await world.SubmitAsync();
        world.Backend.Set(retried.Marker, BackendState.Failed);
        await TestWorld.UntilAsync(async () => (await world.RunAsync(retried.Id)).Attempt == 2);

        await world.Get<Sweeper>().CapacityFreedAsync("scripted", 1, Token);
        await world.IdleAsync();

        Assert.Equal(2, world.Backend.Arrived.Count);
        world.Backend.Set(other.Marker, BackendState.Succeeded);
        await world.UntilAsync(other.Id, RunStatus.Succeeded);
        await world.PassAsync(TimeSpan.FromSeconds(9));
        Assert.Equal(3, world.Backend.Arrived.Count);
        Assert.Equal((await world.RunAsync(retried.Id)).Marker, world.Backend.Arrived.Last().Marker);
    }
}
