using Ascob.Core.Backends;
using Ascob.Core.Callbacks;
using Ascob.Core.Monitoring;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Monitoring;

/// <summary>When a job counts as lost, and what does not make it so.</summary>
public sealed class LostJobTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Guarantee13_WhenTheJobWasKnownAgainInBetween_TheSightingsBeginAnew()
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync();
        Answer(world, BackendState.NotFound);
        await world.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Contains("does not know", (await world.RunAsync(run.Id)).StatusReason, StringComparison.Ordinal);

        Answer(world, BackendState.Running);
        await PassAsync(world, minutes: 15);
        var known = await world.RunAsync(run.Id);
        Assert.DoesNotContain("does not know", known.StatusReason ?? string.Empty, StringComparison.Ordinal);

        // A restart of the backend: many sightings, but over two minutes only.
        Answer(world, BackendState.NotFound);
        await PassAsync(world, minutes: 2, step: TimeSpan.FromSeconds(5));

        Assert.Equal(RunStatus.Running, (await world.RunAsync(run.Id)).Status);
    }

    [Fact]
    public async Task Guarantee13_QuestionsWithoutAnAnswer_AreNoSightings()
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync();
        Answer(world, BackendState.Unreachable);
        await PassAsync(world, minutes: 5);
        Answer(world, BackendState.NotFound);
        await world.PassAsync(TimeSpan.FromMinutes(2));
        Assert.Contains("seen 1 times", (await world.RunAsync(run.Id)).StatusReason, StringComparison.Ordinal);
        Answer(world, BackendState.Unreachable);
        await PassAsync(world, minutes: 20);

        Answer(world, BackendState.NotFound);
        await world.PassAsync(TimeSpan.FromMinutes(2));

        Assert.False((await world.RunAsync(run.Id)).Status.IsFinal());
    }

    [Fact]
    public async Task Guarantee13_WhileAStopIsRepeated_TheSightingsAreCountedApart()
    {
        await using var world = await TestWorld.StartAsync();
        world.Backend.StopEnds = false;
        var run = await world.SubmitAsync();
        Answer(world, BackendState.Running);
        await world.Jobs.StopAsync(run.Id, false, TestWorld.Root, Token);
        Answer(world, BackendState.NotFound);
        await world.PassAsync(TimeSpan.FromMinutes(2));
        Answer(world, BackendState.Running);
        await PassAsync(world, minutes: 15);

        Answer(world, BackendState.NotFound);
        await world.PassAsync(TimeSpan.FromMinutes(2));

        Assert.Equal(RunStatus.Aborting, (await world.RunAsync(run.Id)).Status);
    }

    [Fact]
    public async Task Guarantee13_WhenAReportHealedALongDoubt_TheLookUpsOfItAreNoSightings()
    {
        await using var world = await TestWorld.StartAsync();
        world.Backend.OnSubmit = (_, _) => Task.FromResult(SubmitOutcome.Unknown("connection reset"));
        world.Backend.OnFind = _ => new FindOutcome(FindOutcomeKind.Undecided, Reason: "two look alike");
        var run = await world.SubmitAsync();
        await PassAsync(world, minutes: 30, step: TimeSpan.FromMinutes(3));
        Assert.Equal(RunStatus.InDoubt, (await world.RunAsync(run.Id)).Status);
        var questions = world.Backend.StatusQuestions;

        var answer = await world.Get<CallbackService>().AcceptAsync(
            world.Backend.Arrived.First().CallbackUrl!.Split('/')[^1],
            new CallbackReport(null, ScriptedBackend.Keys(run.Marker), null, "here I am", null, null, null),
            CallbackProof.None,
            Token);

        Assert.True(answer.IsSuccess, answer.Error?.Message);
        Assert.Equal(RunStatus.Submitted, (await world.RunAsync(run.Id)).Status);
        await world.PassAsync(TimeSpan.FromSeconds(2));
        Assert.True(world.Backend.StatusQuestions > questions, "an adopted run is asked for at once");
        Assert.False((await world.RunAsync(run.Id)).Status.IsFinal());
        world.Backend.Set(run.Marker, BackendState.Succeeded);
        await world.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(RunStatus.Succeeded, (await world.RunAsync(run.Id)).Status);
    }

    [Fact]
    public async Task WhenAJobReportsItselfButIsNotFound_ItIsLookedForEverMoreRarely()
    {
        await using var world = await TestWorld.StartAsync();
        var answer = new TaskCompletionSource();
        world.Backend.OnSubmit = async (_, _) =>
        {
            await answer.Task;
            return SubmitOutcome.Unknown("connection reset");
        };
        var lookUps = 0;
        world.Backend.OnFind = _ =>
        {
            Interlocked.Increment(ref lookUps);
            return new FindOutcome(FindOutcomeKind.NotFound);
        };
        var run = await world.SubmitAsync(untilSent: false);
        await TestWorld.UntilAsync(() => world.Backend.Arrived.Count == 1);
        var id = world.Backend.Arrived.First().CallbackUrl!.Split('/')[^1];
        Assert.True((await world.Get<CallbackService>().AcceptAsync(
            id, new CallbackReport(RunStatus.Running, null, null, null, null, null, null), CallbackProof.None, Token)).IsSuccess);
        answer.SetResult();
        await world.IdleAsync();

        await PassAsync(world, minutes: 30);

        Assert.Equal(RunStatus.Running, (await world.RunAsync(run.Id)).Status);
        Assert.InRange(lookUps, 2, 40);
        Assert.Single(world.Backend.Arrived);
        Assert.True((await world.Get<CallbackService>().AcceptAsync(
            id, new CallbackReport(RunStatus.Succeeded, null, null, null, null, null, null), CallbackProof.None, Token)).IsSuccess);
        Assert.Equal(RunStatus.Succeeded, (await world.RunAsync(run.Id)).Status);
    }

    [Fact]
    public async Task WhenTheAnswerOfAnEarlierAttemptIsLostLate_TheNextOneIsNotInDoubt()
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync(TestWorld.Job().WithRetry(2, TimeSpan.FromMinutes(1)).Build());
        world.Backend.Set(run.Marker, BackendState.Failed);
        await TestWorld.UntilAsync(async () => (await world.RunAsync(run.Id)).Attempt == 2);

        await world.Get<RunFinisher>().LostAnswerAsync(run, "connection reset", Token);
        await world.Get<RunFollower>().TakeAsync(run, world.Entry, new BackendReport { Marker = run.Marker, State = BackendState.NotFound }, Token);

        var waiting = await world.RunAsync(run.Id);
        Assert.Equal((RunStatus.PendingSubmit, null, 0), (waiting.Status, waiting.WaitingSince, waiting.FailedChecks));
    }

    private static void Answer(TestWorld world, BackendState state) =>
        world.Backend.OnStatus = r => new BackendReport { Marker = r.Marker, State = state, Reason = state == BackendState.Unreachable ? "502" : null };

    private static async Task PassAsync(TestWorld world, int minutes, TimeSpan? step = null)
    {
        var each = step ?? TimeSpan.FromMinutes(1);
        for (var passed = TimeSpan.Zero; passed < TimeSpan.FromMinutes(minutes); passed += each)
        {
            await world.PassAsync(each);
        }
    }
}
