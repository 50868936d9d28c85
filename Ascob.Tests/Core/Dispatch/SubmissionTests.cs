using Ascob.Core.Backends;
using Ascob.Core.Monitoring;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Dispatch;

public sealed class SubmissionTests
{
    [Fact]
    public async Task Submit_WhenNothingStandsInTheWay_SendsOnceAndFollowsToTheEnd()
    {
        await using var world = await TestWorld.StartAsync();

        var run = await world.SubmitAsync();
        world.Backend.Set(run.Marker, BackendState.Succeeded);
        var ended = await world.UntilAsync(run.Id, RunStatus.Succeeded);

        Assert.Single(world.Backend.Arrived);
        Assert.NotNull(ended.EndedAt);
        Assert.Equal(ended.Version, (await world.EventsAsync(run.Id))[^1].Seq);
    }

    [Fact]
    public async Task Submit_WhileSubmissionsAreHeld_WaitsAndIsGivenBackAtAStop()
    {
        await using var world = await TestWorld.StartAsync();
        var ready = new TaskCompletionSource();
        world.Get<Ascob.Core.Dispatch.Dispatcher>().HoldUntil(ready.Task);
        var sent = await world.SubmitAsync(untilSent: false);
        Assert.Empty(world.Backend.Arrived);

        ready.SetResult();
        await world.IdleAsync();
        Assert.Equal(RunStatus.Submitted, (await world.RunAsync(sent.Id)).Status);

        world.Get<Ascob.Core.Dispatch.Dispatcher>().HoldUntil(new TaskCompletionSource().Task);
        var held = await world.SubmitAsync(untilSent: false);
        await world.Get<Ascob.Core.Dispatch.Dispatcher>().StopAsync(TestContext.Current.CancellationToken);
        Assert.Null((await world.RunAsync(held.Id)).IntentAt);
        Assert.Single(world.Backend.Arrived);
    }

    [Fact]
    public async Task DefectD1_WhenASweepComesDuringASlowSubmission_ARunWithLocksIsSentOnce()
    {
        await using var world = await TestWorld.StartAsync();
        var answer = new TaskCompletionSource();
        world.Backend.OnSubmit = async (job, _) =>
        {
            await answer.Task;
            return world.Backend.Start(job);
        };

        var run = await world.SubmitAsync(TestWorld.Job().WithLock("db").Build(), untilSent: false);
        await TestWorld.UntilAsync(() => world.Backend.Arrived.Count == 1);
        await world.Get<Sweeper>().SweepAsync(TestContext.Current.CancellationToken);
        world.Time.Advance(TimeSpan.FromSeconds(14));
        await world.Get<Sweeper>().SweepAsync(TestContext.Current.CancellationToken);
        answer.SetResult();
        await world.IdleAsync();

        Assert.Single(world.Backend.Arrived);
        Assert.Equal(RunStatus.Submitted, (await world.RunAsync(run.Id)).Status);
    }

    [Fact]
    public async Task DefectD2_WhenManyStartAManualRunAtOnce_ExactlyOneWinsAndItIsSentOnce()
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync(TestWorld.Job().WithLock("db").WithManualStart().Build());

        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() =>
            world.Jobs.StartAsync(run.Id, TestWorld.Root, TestContext.Current.CancellationToken))));
        await world.IdleAsync();

        Assert.Single(answers, a => a.IsSuccess);
        Assert.Single(world.Backend.Arrived);
    }

    [Fact]
    public async Task DefectD3_WhenAStopComesDuringTheSubmission_TheJobIsStoppedAndLocksAreHeldUntilThen()
    {
        await using var world = await TestWorld.StartAsync();
        world.Backend.StopEnds = false;
        var answer = new TaskCompletionSource();
        world.Backend.OnSubmit = async (job, _) =>
        {
            await answer.Task;
            return world.Backend.Start(job);
        };
        var run = await world.SubmitAsync(TestWorld.Job().WithLock("db").Build(), untilSent: false);
        await TestWorld.UntilAsync(() => world.Backend.Arrived.Count == 1);

        var stopped = await world.Jobs.StopAsync(run.Id, false, TestWorld.Root, TestContext.Current.CancellationToken);
        answer.SetResult();
        await TestWorld.UntilAsync(() => !world.Backend.Stops.IsEmpty);

        Assert.Equal(RunStatus.Aborting, stopped.Value!.Status);
        Assert.Single((await world.Locks.ListAsync(TestContext.Current.CancellationToken)).Single().Holders);
        world.Backend.Set(run.Marker, BackendState.Aborted);
        await world.UntilAsync(run.Id, RunStatus.Aborted);
        Assert.Empty(await world.Locks.ListAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task DefectD5_WhenAVariableIsUnknown_TheSubmissionIsRefusedAndNothingIsStored()
    {
        await using var world = await TestWorld.StartAsync();

        var error = await world.RefusedAsync(TestWorld.Job().WithParameter("p", "%%NOPE%%").EnableRuntimeVariables().Build());
        await world.PassAsync(TimeSpan.FromMinutes(1));

        Assert.Contains("jobSpec.parameters.p", error.Fields!.Keys);
        Assert.Empty((await world.Store.SearchAsync(new RunSearch(), TestContext.Current.CancellationToken)).Items);
        Assert.Empty(world.Backend.Arrived);
    }

    [Fact]
    public async Task Guarantee06_WhenTheServerDiesAfterTheBackendAccepted_TheNextLifeAdoptsTheJob()
    {
        await using var first = await TestWorld.StartAsync();
        first.Backend.OnSubmit = async (job, ct) =>
        {
            first.Backend.Start(job);
            await Task.Delay(Timeout.Infinite, ct);
            throw new InvalidOperationException("not reached");
        };
        var run = await first.SubmitAsync(untilSent: false);
        await TestWorld.UntilAsync(() => first.Backend.Arrived.Count == 1);
        await first.KillAsync();
        first.Backend.OnSubmit = null;

        await using var second = await TestWorld.StartAsync(first);
        await second.Store.TakeOverAbandonedLeasesAsync(TestContext.Current.CancellationToken);
        await second.PassAsync(TimeSpan.FromSeconds(3));

        var adopted = await second.RunAsync(run.Id);
        Assert.True(adopted.Status is RunStatus.Submitted or RunStatus.Running, adopted.Status.ToString());
        Assert.Single(second.Backend.Arrived);
        Assert.Contains(await second.EventsAsync(run.Id), e => e.To == RunStatus.InDoubt);
    }

    [Fact]
    public async Task Guarantee06_WhenTheServerDiesBeforeTheBackendGotIt_TheNextLifeSendsTheSameMarkerAfterTheDoubtWait()
    {
        await using var first = await TestWorld.StartAsync();
        first.Backend.OnSubmit = async (_, ct) =>
        {
            await Task.Delay(Timeout.Infinite, ct);
            throw new InvalidOperationException("not reached");
        };
        var run = await first.SubmitAsync(untilSent: false);
        await TestWorld.UntilAsync(() => first.Backend.Arrived.Count == 1);
        await first.KillAsync();
        first.Backend.OnSubmit = null;

        await using var second = await TestWorld.StartAsync(first);
        await second.Store.TakeOverAbandonedLeasesAsync(TestContext.Current.CancellationToken);
        await second.PassAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(RunStatus.InDoubt, (await second.RunAsync(run.Id)).Status);
        Assert.Single(second.Backend.Arrived);
        for (var minutes = 0; minutes < 3; minutes++)
        {
            await second.PassAsync(TimeSpan.FromMinutes(1));
        }

        Assert.Equal([run.Marker, run.Marker], second.Backend.Arrived.Select(j => j.Marker));
        Assert.Empty(second.Backend.StartedTwice);
        Assert.Equal(RunStatus.Running, (await second.RunAsync(run.Id)).Status);
    }

    [Fact]
    public async Task Guarantee08_WhenTheAnswerIsLostAfterTheBackendAccepted_EveryRunIsAdoptedAndNoneSentAgain()
    {
        await using var world = await TestWorld.StartAsync();
        world.Backend.OnSubmit = (job, _) =>
        {
            world.Backend.Start(job);
            return Task.FromResult(SubmitOutcome.Unknown("timeout"));
        };

        var runs = new List<Run>();
        for (var i = 0; i < 100; i++)
        {
            runs.Add(await world.SubmitAsync());
        }

        for (var rounds = 0; rounds < 30; rounds++)
        {
            await world.PassAsync(TimeSpan.FromSeconds(10));
        }

        Assert.Equal(100, world.Backend.Arrived.Count);
        Assert.Empty(world.Backend.StartedTwice);
        Assert.All(runs, r => Assert.Equal(RunStatus.Running, world.RunAsync(r.Id).Result.Status));
    }

    [Fact]
    public async Task InDoubt_WhenLookUpsFail_StaysInDoubtWithEvidenceAndKeepsItsLocks()
    {
        await using var world = await TestWorld.StartAsync();
        world.Backend.OnSubmit = (_, _) => Task.FromResult(SubmitOutcome.Unknown("reset"));
        world.Backend.OnFind = _ => new FindOutcome(FindOutcomeKind.Failed, Reason: "502");

        var run = await world.SubmitAsync(TestWorld.Job().WithLock("db").Build());
        await world.PassAsync(TimeSpan.FromHours(1));

        var doubted = await world.RunAsync(run.Id);
        Assert.Equal(RunStatus.InDoubt, doubted.Status);
        Assert.Contains("502", doubted.StatusReason, StringComparison.Ordinal);
        Assert.Single((await world.Locks.ListAsync(TestContext.Current.CancellationToken)).Single().Holders);
        Assert.Single(world.Backend.Arrived);
    }

    [Theory]
    [InlineData(ResolutionVerdict.Adopt, RunStatus.Submitted)]
    [InlineData(ResolutionVerdict.Failed, RunStatus.Failed)]
    public async Task Resolve_WhenInDoubt_TakesTheOperatorsVerdict(ResolutionVerdict verdict, RunStatus expected)
    {
        await using var world = await TestWorld.StartAsync();
        world.Backend.OnSubmit = (_, _) => Task.FromResult(SubmitOutcome.Unknown("reset"));
        world.Backend.OnFind = _ => new FindOutcome(FindOutcomeKind.Failed);
        world.Backend.OnStatus = r => new BackendReport { Marker = r.Marker, State = BackendState.Queued };
        var run = await world.SubmitAsync();
        await world.UntilAsync(run.Id, RunStatus.InDoubt);

        var keys = verdict == ResolutionVerdict.Adopt ? ScriptedBackend.Keys(run.Marker) : null;
        var resolved = await world.Jobs.ResolveAsync(run.Id, new Resolution(verdict, keys, "seen there"), TestWorld.Root, TestContext.Current.CancellationToken);

        Assert.Equal(expected, resolved.Value!.Status);
        Assert.Contains("seen there", (await world.EventsAsync(run.Id)).Last(e => e.Type == RunEventTypes.Operator).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resolve_WhenTheRunIsNotInDoubt_IsAConflict()
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync();

        var answer = await world.Jobs.ResolveAsync(
            run.Id, new Resolution(ResolutionVerdict.Failed, null, "guess"), TestWorld.Root, TestContext.Current.CancellationToken);

        Assert.Equal("run.not_in_doubt", answer.Error!.Code);
    }

    [Fact]
    public async Task NotNow_WhenTheBackendRecovers_TheRunGoesOnByItself()
    {
        await using var world = await TestWorld.StartAsync();
        world.Backend.OnSubmit = (_, _) => Task.FromResult(SubmitOutcome.NotNow("connection refused"));
        var run = await world.SubmitAsync();
        var waiting = await world.RunAsync(run.Id);
        Assert.Equal(RunStatus.PendingSubmit, waiting.Status);
        Assert.Equal("connection refused", waiting.StatusReason);

        world.Backend.OnSubmit = null;
        await world.PassAsync(TimeSpan.FromMinutes(2));

        Assert.Equal(RunStatus.Submitted, (await world.RunAsync(run.Id)).Status);
    }

    [Fact]
    public async Task NotNow_WhenTheDeadlinePasses_TheRunFailsWithTheReason()
    {
        await using var world = await TestWorld.StartAsync();
        world.Backend.OnSubmit = (_, _) => Task.FromResult(SubmitOutcome.NotNow("connection refused"));
        var run = await world.SubmitAsync();

        for (var minutes = 0; minutes < 20; minutes++)
        {
            await world.PassAsync(TimeSpan.FromMinutes(1));
        }

        var failed = await world.RunAsync(run.Id);
        Assert.Equal(RunStatus.Failed, failed.Status);
        Assert.Contains("connection refused", failed.StatusReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rejected_WhenTheBackendRefusesForGood_TheRunFailsAtOnceAndReleasesItsLocks()
    {
        await using var world = await TestWorld.StartAsync();
        world.Backend.OnSubmit = (_, _) => Task.FromResult(SubmitOutcome.Rejected("unknown job"));

        var run = await world.SubmitAsync(TestWorld.Job().WithLock("db").Build());

        Assert.Equal((RunStatus.Failed, "unknown job"), (run.Status, run.StatusReason));
        Assert.Empty(await world.Locks.ListAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Capacity_WhenAllSlotsAreTaken_RunsWaitWithTheReasonAndAFreedSlotWakesTheNext()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.MaxConcurrentRuns = 2);
        var runs = new List<Run>();
        for (var i = 0; i < 5; i++)
        {
            runs.Add(await world.SubmitAsync());
        }

        Assert.Equal(2, world.Backend.Jobs.Count);
        Assert.Contains("waiting for capacity", (await world.RunAsync(runs[2].Id)).StatusReason, StringComparison.Ordinal);

        for (var done = 0; done < 5; done++)
        {
            world.Backend.Set(runs[done].Marker, BackendState.Succeeded);
            await world.UntilAsync(runs[done].Id, RunStatus.Succeeded);
            var expected = Math.Min(5, done + 3);
            await TestWorld.UntilAsync(() => world.Backend.Jobs.Count == expected);
            Assert.True(world.Backend.Jobs.Values.Count(j => j.State == BackendState.Running) <= 2);
        }
    }

    [Fact]
    public async Task Retry_WhenAnAttemptFails_AnotherFollowsUnderItsOwnMarkerUntilTheLast()
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync(TestWorld.Job().WithLock("db").WithRetry(3, TimeSpan.FromSeconds(10)).Build());
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            var current = await world.RunAsync(run.Id);
            Assert.Equal(attempt, current.Attempt);
            world.Backend.Set(current.Marker, BackendState.Failed, $"exit code {attempt}");
            await TestWorld.UntilAsync(async () => (await world.RunAsync(run.Id)).Marker != current.Marker || (await world.RunAsync(run.Id)).Status.IsFinal());
            await world.PassAsync(TimeSpan.FromSeconds(11));
        }

        var failed = await world.RunAsync(run.Id);
        Assert.Equal((RunStatus.Failed, "exit code 3"), (failed.Status, failed.StatusReason));
        Assert.Equal(3, world.Backend.Arrived.Select(j => j.Marker).Distinct().Count());
        Assert.Single(await world.EventsAsync(run.Id), e => e.Type == RunEventTypes.LocksGranted);
    }

    [Fact]
    public async Task Drain_WhenTheBackendIsDrained_NewRunsWaitAndGoOnAfterTheResume()
    {
        await using var world = await TestWorld.StartAsync();
        world.Entry.Condition.Drained = true;
        var run = await world.SubmitAsync();
        Assert.Contains("drained", (await world.RunAsync(run.Id)).StatusReason, StringComparison.Ordinal);
        Assert.Empty(world.Backend.Arrived);

        world.Entry.Condition.Drained = false;
        await world.PassAsync(TimeSpan.FromSeconds(10));

        Assert.Single(world.Backend.Arrived);
    }

    [Fact]
    public async Task Secrets_WhenStored_AreEncryptedAndReachTheJobInClear()
    {
        await using var world = await TestWorld.StartAsync();

        var run = await world.SubmitAsync(TestWorld.Job().WithSecretParameter("TOKEN_X", "hunter2-canary").Build());

        Assert.Equal("hunter2-canary", world.Backend.Arrived.Single().Secrets["TOKEN_X"]);
        Assert.Equal("***", run.Spec.SecretParameters!["TOKEN_X"]);
        Assert.DoesNotContain("hunter2-canary", run.ProtectedSecrets!, StringComparison.Ordinal);
    }
}
