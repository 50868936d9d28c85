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
    public async Task WhenSlotsAreFreed_RunsStartByPriorityAndAmongEqualsByAge()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.MaxConcurrentRuns = 1);
        var running = await world.SubmitAsync();
        var waiting = new Dictionary<string, Run>(StringComparer.Ordinal);
        foreach (var (name, priority) in new[] { ("low", -5), ("first", 0), ("second", 0), ("high", 7) })
        {
            waiting[name] = await world.SubmitAsync(TestWorld.Job().WithPriority(priority).Build(), untilSent: false);
            await world.IdleAsync();
            world.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(["high", "first", "second", "low"], await StartedInOrderAsync(world, running, waiting));
    }

    [Fact]
    public async Task AnOldRunOfLowPriority_GoesBeforeANewOneOfHighPriority()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.MaxConcurrentRuns = 1);
        var running = await world.SubmitAsync();
        var waiting = new Dictionary<string, Run>(StringComparer.Ordinal) { ["old"] = await world.SubmitAsync(TestWorld.Job().WithPriority(0).Build(), untilSent: false) };
        await world.PassAsync(TimeSpan.FromMinutes(11));
        waiting["new"] = await world.SubmitAsync(TestWorld.Job().WithPriority(10).Build(), untilSent: false);
        await world.IdleAsync();

        Assert.Equal(["old", "new"], await StartedInOrderAsync(world, running, waiting));
    }

    [Fact]
    public async Task ANewRun_DoesNotOvertakeThoseInLineWhenItComesJustAsASlotIsFreed()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.MaxConcurrentRuns = 1);
        await world.SubmitAsync();
        var first = await world.SubmitAsync(untilSent: false);
        await world.IdleAsync();
        Assert.NotNull((await world.RunAsync(first.Id)).QueueRank);

        // The slot is free, and nobody has been called up yet.
        world.Entry.Options.MaxConcurrentRuns = 2;
        var late = await world.SubmitAsync(untilSent: false);
        await world.IdleAsync();
        Assert.Single(world.Backend.Arrived);

        await world.Get<Sweeper>().CapacityFreedAsync("scripted", 1, Token);
        await world.IdleAsync();
        Assert.Equal(first.Marker, world.Backend.Arrived.Last().Marker);
        Assert.NotNull((await world.RunAsync(late.Id)).QueueRank);
    }

    [Fact]
    public async Task ARunInLine_ThatIsStopped_LeavesTheLine()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.MaxConcurrentRuns = 1);
        await world.SubmitAsync();
        var waiting = await world.SubmitAsync(untilSent: false);
        await world.IdleAsync();

        Assert.True((await world.Jobs.StopAsync(waiting.Id, false, TestWorld.Root, Token)).IsSuccess);

        Assert.Null((await world.RunAsync(waiting.Id)).QueueRank);
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

    private static async Task<List<string>> StartedInOrderAsync(TestWorld world, Run running, Dictionary<string, Run> waiting)
    {
        var order = new List<string>();
        var marker = running.Marker;
        for (var i = 0; i < waiting.Count; i++)
        {
            world.Backend.Set(marker, BackendState.Succeeded);
            var before = world.Backend.Arrived.Count;
            await TestWorld.UntilAsync(async () =>
            {
                await world.LookAsync();
                return world.Backend.Arrived.Count > before;
            });
            marker = world.Backend.Arrived.Last().Marker;
            order.Add(waiting.Single(w => w.Value.Marker == marker).Key);
        }

        return order;
    }
}
