using Ascob.Core.Backends;
using Ascob.Core.Callbacks;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Callbacks;

/// <summary>Jobs of a run with retries: what an earlier attempt still says must not be taken for the present one.</summary>
public sealed class AttemptCallbackTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Claim_WhenTheNextAttemptAsks_ItGetsTheRunAndTheEarlierOneDoesNot()
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync(TestWorld.Job().WithRetry(2, TimeSpan.Zero).Build());
        var first = IdOf(world, 0);
        Assert.True((await ClaimAsync(world, first, "build-1")).IsSuccess);
        await FailFirstAttemptAsync(world, run);
        Assert.Equal("run.claimed", (await ClaimAsync(world, first, "build-1")).Error?.Code);
        await world.PassAsync(TimeSpan.FromSeconds(1));

        var second = IdOf(world, 1);
        Assert.True((await ClaimAsync(world, second, "build-2")).IsSuccess);
        Assert.True((await ClaimAsync(world, second, "build-2")).IsSuccess);
        Assert.Equal("run.claimed", (await ClaimAsync(world, second, "build-3")).Error?.Code);
        Assert.Equal("run.claimed", (await ClaimAsync(world, first, "build-1")).Error?.Code);
    }

    [Theory]
    [InlineData(true, RunStatus.Failed)]
    [InlineData(true, RunStatus.Succeeded)]
    [InlineData(false, RunStatus.Succeeded)]
    [InlineData(false, RunStatus.Running)]
    public async Task Guarantee17_WhenAnEarlierAttemptReportsLate_TheNextOneIsSentAllTheSame(bool trusted, RunStatus told)
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.TrustCallbacks = trusted);
        var run = await world.SubmitAsync(TestWorld.Job().WithRetry(2, TimeSpan.FromSeconds(60)).Build());
        await FailFirstAttemptAsync(world, run);

        var answer = await world.Get<CallbackService>().AcceptAsync(
            IdOf(world, 0), new CallbackReport(told, ScriptedBackend.Keys(run.Marker), 100, "done", "late\n", null, null), CallbackProof.None, Token);

        Assert.True(answer.IsSuccess, answer.Error?.Message);
        Assert.False(answer.Value.Changed);
        var waiting = await world.RunAsync(run.Id);
        Assert.Equal((RunStatus.PendingSubmit, 2, null), (waiting.Status, waiting.Attempt, waiting.BackendKeys));
        await world.PassAsync(TimeSpan.FromSeconds(61));
        Assert.Equal(2, world.Backend.Arrived.Count);
        Assert.Equal(waiting.Marker, (await world.RunAsync(run.Id)).BackendKeys!["marker"]);
    }

    [Fact]
    public async Task Guarantee17_TheSecondAttemptsOwnReports_AreTaken()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.TrustCallbacks = true);
        var run = await world.SubmitAsync(TestWorld.Job().WithRetry(2, TimeSpan.Zero).Build());
        await FailFirstAttemptAsync(world, run);
        await world.PassAsync(TimeSpan.FromSeconds(1));

        var answer = await world.Get<CallbackService>().AcceptAsync(
            IdOf(world, 1), new CallbackReport(RunStatus.Succeeded, null, null, "done", null, null, null), CallbackProof.None, Token);

        Assert.True(answer.IsSuccess, answer.Error?.Message);
        Assert.Equal(RunStatus.Succeeded, (await world.RunAsync(run.Id)).Status);
    }

    [Fact]
    public async Task LocksOfARunWithItsNumberInTheirName_StayTheSameInEveryAttempt()
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync(TestWorld.Job().WithRetry(2, TimeSpan.Zero).WithLock("own-%%RUNID%%").EnableRuntimeVariables().Build());
        var before = world.Get<Ascob.Core.Dispatch.JobMaker>().LocksOf(run);

        await FailFirstAttemptAsync(world, run);

        Assert.Equal(before, world.Get<Ascob.Core.Dispatch.JobMaker>().LocksOf(await world.RunAsync(run.Id)));
    }

    private static async Task FailFirstAttemptAsync(TestWorld world, Run run)
    {
        world.Backend.Set(run.Marker, BackendState.Failed);
        await TestWorld.UntilAsync(async () => (await world.RunAsync(run.Id)).Attempt == 2);
    }

    private static string IdOf(TestWorld world, int submission) => world.Backend.Arrived.ElementAt(submission).CallbackUrl!.Split('/')[^1];

    private static Task<Ascob.Core.Errors.Result<bool>> ClaimAsync(TestWorld world, string id, string execution) =>
        world.Get<CallbackService>().ClaimAsync(id, execution, CallbackProof.None, Token);
}
