using Ascob.Core.Backends;
using Ascob.Core.Monitoring;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Dispatch;

/// <summary>Stops of runs of which nobody knows (yet) whether their backend has them.</summary>
public sealed class StopInDoubtTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhenTheSubmissionIsStillOnItsWay_ARefreshDoesNotTakeTheJobForNotStarted()
    {
        await using var world = await TestWorld.StartAsync();
        var answer = new TaskCompletionSource();
        world.Backend.OnSubmit = async (job, _) =>
        {
            await answer.Task;
            return world.Backend.Start(job);
        };
        world.Backend.OnFind = job => new FindOutcome(FindOutcomeKind.NotFound) { Certain = true };
        var run = await world.SubmitAsync(untilSent: false);
        await TestWorld.UntilAsync(() => world.Backend.Arrived.Count == 1);
        await world.Jobs.StopAsync(run.Id, false, TestWorld.Root, Token);

        var refreshed = await world.Jobs.RefreshAsync(run.Id, TestWorld.Root, Token);

        Assert.Equal(RunStatus.Aborting, refreshed.Value!.Status);
        var verdict = await world.Jobs.ResolveAsync(run.Id, new Resolution(ResolutionVerdict.NotStarted, null, "guess"), TestWorld.Root, Token);
        Assert.Equal("run.being_submitted", verdict.Error?.Code);
        answer.SetResult();
        await world.UntilAsync(run.Id, RunStatus.Aborted);
        Assert.Single(world.Backend.Stops);
    }

    [Fact]
    public async Task WhenAnotherServerIsAskedToLookWhileTheSubmissionIsOnItsWay_ItSaysNothingOfTheJob()
    {
        await using var world = await TestWorld.StartAsync();
        var answer = new TaskCompletionSource();
        world.Backend.OnSubmit = async (job, _) =>
        {
            await answer.Task;
            return world.Backend.Start(job);
        };
        var looked = 0;
        world.Backend.OnFind = _ =>
        {
            Interlocked.Increment(ref looked);
            return new FindOutcome(FindOutcomeKind.NotFound) { Certain = true };
        };
        var run = await world.SubmitAsync(untilSent: false);
        await TestWorld.UntilAsync(() => world.Backend.Arrived.Count == 1);
        await world.Jobs.StopAsync(run.Id, false, TestWorld.Root, Token);
        await using var other = await TestWorld.StartAsync(world, serverName: "two");

        await other.Get<Sweeper>().AttendAsync(run.Id, Token);
        await other.IdleAsync();

        Assert.Equal((RunStatus.Aborting, 0), ((await other.RunAsync(run.Id)).Status, Volatile.Read(ref looked)));
        answer.SetResult();
        await world.UntilAsync(run.Id, RunStatus.Aborted);
        Assert.Single(world.Backend.Stops);
    }

    [Theory]
    [InlineData(ResolutionVerdict.Failed, RunStatus.Failed)]
    [InlineData(ResolutionVerdict.NotStarted, RunStatus.Aborted)]
    [InlineData(ResolutionVerdict.Adopt, RunStatus.Aborted)]
    public async Task WhenAStoppedRunCannotBeLookedUp_APersonsVerdictEndsIt(ResolutionVerdict verdict, RunStatus end)
    {
        await using var world = await TestWorld.StartAsync();
        world.Backend.OnSubmit = (job, _) =>
        {
            world.Backend.Start(job);
            return Task.FromResult(SubmitOutcome.Unknown("connection reset"));
        };
        world.Backend.OnFind = _ => new FindOutcome(FindOutcomeKind.Undecided, Reason: "the job declares no marker");
        var run = await world.SubmitAsync(TestWorld.Job().WithLock("db").Build());
        await world.PassAsync(TimeSpan.FromMinutes(1));
        await world.Jobs.StopAsync(run.Id, false, TestWorld.Root, Token);
        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal(RunStatus.Aborting, (await world.RunAsync(run.Id)).Status);

        var keys = verdict == ResolutionVerdict.Adopt ? ScriptedBackend.Keys(run.Marker) : null;
        var resolved = await world.Jobs.ResolveAsync(run.Id, new Resolution(verdict, keys, "seen there"), TestWorld.Root, Token);

        Assert.True(resolved.IsSuccess, resolved.Error?.Message);
        await world.PassAsync(TimeSpan.FromMinutes(1));
        await world.UntilAsync(run.Id, end);
        Assert.Equal(verdict == ResolutionVerdict.Adopt, !world.Backend.Stops.IsEmpty);
        Assert.Single(world.Backend.Arrived);
        Assert.Empty(await world.Locks.ListAsync(Token));
    }
}
