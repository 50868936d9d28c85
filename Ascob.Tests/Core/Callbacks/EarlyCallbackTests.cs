using Ascob.Core.Backends;
using Ascob.Core.Callbacks;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Callbacks;

/// <summary>Jobs that report before their backend has answered the submission.</summary>
public sealed class EarlyCallbackTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(RunStatus.Submitted)]
    [InlineData(RunStatus.Running)]
    public async Task Guarantee15_WhenTheJobReportsBeforeTheBackendHasAnswered_TheKeysOfTheAnswerAreKept(RunStatus reported)
    {
        await using var world = await TestWorld.StartAsync();
        var answer = HoldAnswers(world);
        var run = await world.SubmitAsync(untilSent: false);
        await TestWorld.UntilAsync(() => world.Backend.Arrived.Count == 1);

        Assert.True((await ReportAsync(world, run, reported)).IsSuccess);
        Assert.Equal(reported, (await world.RunAsync(run.Id)).Status);
        answer.SetResult();
        await world.IdleAsync();

        Assert.Equal(run.Marker, (await world.RunAsync(run.Id)).BackendKeys!["marker"]);
        world.Backend.Set(run.Marker, BackendState.Succeeded);
        await world.UntilAsync(run.Id, RunStatus.Succeeded);
        Assert.Single(world.Backend.Arrived);
    }

    [Fact]
    public async Task Guarantee15_WhenTheJobHasEndedBeforeTheBackendAnswered_TheLateAnswerChangesNothing()
    {
        await using var world = await TestWorld.StartAsync();
        var answer = HoldAnswers(world);
        var run = await world.SubmitAsync(TestWorld.Job().WithLock("db").Build(), untilSent: false);
        await TestWorld.UntilAsync(() => world.Backend.Arrived.Count == 1);

        Assert.True((await ReportAsync(world, run, RunStatus.Succeeded)).IsSuccess);
        answer.SetResult();
        await world.IdleAsync();
        await world.PassAsync(TimeSpan.FromMinutes(5));

        Assert.Equal(RunStatus.Succeeded, (await world.RunAsync(run.Id)).Status);
        Assert.Single(await world.EventsAsync(run.Id), e => e.To.IsFinal());
        Assert.Empty(await world.Locks.ListAsync(Token));
        Assert.Single(world.Backend.Arrived);
    }

    [Fact]
    public async Task Guarantee15_WhenReportsAndAnswersRace_EveryRunEndsOnceAndIsSentOnce()
    {
        await using var world = await TestWorld.StartAsync();
        var random = new Random(15);
        using var started = new SemaphoreSlim(0);
        world.Backend.OnSubmit = async (job, _) =>
        {
            var outcome = world.Backend.Start(job);
            started.Release();
            for (var turns = random.Next(20); turns > 0; turns--)
            {
                await Task.Yield();
            }

            return outcome;
        };
        var runs = new List<Run>();
        for (var i = 0; i < 200; i++)
        {
            var run = await world.SubmitAsync(untilSent: false);
            runs.Add(run);

            // A job reports when it has started, and before or after the answer to its submission.
            await started.WaitAsync(Token);
            await Task.WhenAll(ReportAsync(world, run, RunStatus.Running), ReportAsync(world, run, RunStatus.Succeeded));
            world.Backend.Set(run.Marker, BackendState.Succeeded);
        }

        await world.IdleAsync();
        await world.PassAsync(TimeSpan.FromMinutes(2));

        foreach (var run in runs)
        {
            Assert.Equal(RunStatus.Succeeded, (await world.RunAsync(run.Id)).Status);
            Assert.Single(await world.EventsAsync(run.Id), e => e.To.IsFinal());
        }

        Assert.Equal(200, world.Backend.Arrived.Count);
        Assert.Empty(world.Backend.StartedTwice);
    }

    [Fact]
    public async Task InDoubt_WhenTheJobReportsItsKeys_TheRunIsAdoptedWithoutALookUp()
    {
        await using var world = await TestWorld.StartAsync();
        world.Backend.OnSubmit = (job, _) =>
        {
            world.Backend.Start(job);
            return Task.FromResult(SubmitOutcome.Unknown("reset"));
        };
        world.Backend.OnFind = _ => new FindOutcome(FindOutcomeKind.Failed, Reason: "502");
        var run = await world.SubmitAsync();
        Assert.Equal(RunStatus.InDoubt, run.Status);

        var report = new CallbackReport(null, ScriptedBackend.Keys(run.Marker), null, null, null, null, null);
        Assert.True((await world.Get<CallbackService>().AcceptAsync(IdOf(world, run), report, CallbackProof.None, Token)).IsSuccess);
        await world.PassAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(RunStatus.Running, (await world.RunAsync(run.Id)).Status);
        Assert.Single(world.Backend.Arrived);
    }

    private static TaskCompletionSource HoldAnswers(TestWorld world)
    {
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Backend.OnSubmit = async (job, _) =>
        {
            var outcome = world.Backend.Start(job);
            await answer.Task;
            return outcome;
        };
        return answer;
    }

    private static string IdOf(TestWorld world, Run run) => world.Get<CallbackIds>().For(run.Id, run.MarkerId);

    private static Task<Ascob.Core.Errors.Result<CallbackTaken>> ReportAsync(TestWorld world, Run run, RunStatus status) =>
        world.Get<CallbackService>().AcceptAsync(IdOf(world, run), new CallbackReport(status, null, null, null, null, null, status == RunStatus.Running ? 1 : 2), CallbackProof.None, Token);
}
