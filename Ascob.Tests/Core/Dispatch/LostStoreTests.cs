using Ascob.Core.Backends;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Dispatch;

/// <summary>What becomes of a submission whose answer the store does not take.</summary>
public sealed class LostStoreTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(3)]
    [InlineData(600)]
    public async Task Guarantee24_WhenTheStoreComesBack_TheAcceptedRunGoesOnAtOnce(int secondsAway)
    {
        await using var world = await TestWorld.StartAsync(configure: FlakyRunStore.Use);
        var run = await SubmitIntoTroubleAsync(world, job => world.Backend.Start(job));

        await AwayAsync(world, TimeSpan.FromSeconds(secondsAway));
        var back = world.Time.GetUtcNow();
        StoreOf(world).IsAway = false;
        await PassUntilAsync(world, async () => (await world.RunAsync(run)).Status == RunStatus.Submitted);

        // The engine's default lease would have been 45 seconds.
        Assert.InRange(world.Time.GetUtcNow() - back, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        Assert.Single(world.Backend.Arrived);
        Assert.DoesNotContain(await world.EventsAsync(run), e => e.To == RunStatus.InDoubt);
        Assert.Equal(world.Backend.Arrived.Single().Marker, (await world.RunAsync(run)).BackendKeys!["marker"]);
    }

    [Fact]
    public async Task Guarantee24_WhenTheStoreComesBack_ARejectedRunEnds()
    {
        await using var world = await TestWorld.StartAsync(configure: FlakyRunStore.Use);
        var run = await SubmitIntoTroubleAsync(world, _ => SubmitOutcome.Rejected("unknown job"));

        StoreOf(world).IsAway = false;
        await PassUntilAsync(world, async () => (await world.RunAsync(run)).Status == RunStatus.Failed);

        Assert.Equal("unknown job", (await world.RunAsync(run)).StatusReason);
    }

    [Fact]
    public async Task WhenTheCommitsAnswerIsLost_TheRunIsAcceptedOnceAndFollowed()
    {
        await using var world = await TestWorld.StartAsync(configure: FlakyRunStore.Use);
        world.Backend.OnSubmit = (job, _) =>
        {
            StoreOf(world).LosesNextAnswer = true;
            return Task.FromResult(world.Backend.Start(job));
        };
        var run = (await world.SubmitAsync(untilSent: false)).Id;
        await TestWorld.UntilAsync(() => StoreOf(world).Refused > 0);
        await PassUntilAsync(world, () => Task.FromResult(world.Get<Ascob.Core.Dispatch.Dispatcher>().InHand == 0));

        var marker = world.Backend.Arrived.Single().Marker;
        world.Backend.Set(marker, BackendState.Succeeded);
        await world.UntilAsync(run, RunStatus.Succeeded);
        Assert.Single(await world.EventsAsync(run), e => e.To == RunStatus.Submitted && e.From == RunStatus.PendingSubmit);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhenAnotherServerHasTakenTheRun_ItsWordCounts(bool accepted)
    {
        await using var one = await TestWorld.StartAsync(configure: FlakyRunStore.Use);
        var run = await SubmitIntoTroubleAsync(one, job => accepted ? one.Backend.Start(job) : SubmitOutcome.Rejected("not now, not ever"));
        one.Backend.OnSubmit = null;
        await using var two = await TestWorld.StartAsync(one, serverName: "two");
        for (var minutes = 0; minutes < 5; minutes++)
        {
            await two.PassAsync(TimeSpan.FromMinutes(1));
        }

        var taken = await two.RunAsync(run);
        Assert.Contains(await two.EventsAsync(run), e => e.To == RunStatus.InDoubt);
        Assert.Contains(taken.Status, (RunStatus[])[RunStatus.Submitted, RunStatus.Running]);
        StoreOf(one).IsAway = false;
        await PassUntilAsync(one, () => Task.FromResult(one.Get<Ascob.Core.Dispatch.Dispatcher>().InHand == 0));

        Assert.Equal(taken.Status, (await two.RunAsync(run)).Status);
        Assert.Equal(accepted ? 1 : 2, one.Backend.Arrived.Count);
        Assert.Empty(one.Backend.StartedTwice);
    }

    [Fact]
    public async Task WhenTheServerStops_TheRepetitionsEnd()
    {
        await using var world = await TestWorld.StartAsync(configure: FlakyRunStore.Use);
        await SubmitIntoTroubleAsync(world, job => world.Backend.Start(job));

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        await world.Get<Ascob.Core.Dispatch.Dispatcher>().StopAsync(limit.Token);

        Assert.Equal(0, world.Get<Ascob.Core.Dispatch.Dispatcher>().InHand);
    }

    private static FlakyRunStore StoreOf(TestWorld world) => (FlakyRunStore)world.Store;

    /// <summary>Submits a run whose backend answers at the moment in which the store goes away.</summary>
    private static async Task<long> SubmitIntoTroubleAsync(TestWorld world, Func<BackendJob, SubmitOutcome> answer)
    {
        world.Backend.OnSubmit = (job, _) =>
        {
            StoreOf(world).IsAway = true;
            return Task.FromResult(answer(job));
        };
        var submitted = await world.Jobs.SubmitAsync(new SubmitRequest(TestWorld.Job().Build()), TestWorld.Root, Token);
        await TestWorld.UntilAsync(() => StoreOf(world).Refused > 0);
        return submitted.Value!.RunId;
    }

    private static async Task AwayAsync(TestWorld world, TimeSpan time)
    {
        var refused = StoreOf(world).Refused;
        world.Time.Advance(time);
        await PassUntilAsync(world, () => Task.FromResult(StoreOf(world).Refused > refused));
    }

    private static Task PassUntilAsync(TestWorld world, Func<Task<bool>> condition) => TestWorld.UntilAsync(async () =>
    {
        world.Time.Advance(Step);
        return await condition();
    });
}
