using Ascob.Core.Backends;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Monitoring;

public sealed class FollowingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Follow_WhenManyRunsAreDue_AsksForThemTogether()
    {
        await using var world = await TestWorld.StartAsync();
        for (var i = 0; i < 150; i++)
        {
            await world.SubmitAsync();
        }

        var before = world.Backend.StatusQuestions;
        await world.PassAsync(TimeSpan.FromSeconds(30));

        Assert.InRange(world.Backend.StatusQuestions - before, 1, 2);
    }

    [Fact]
    public async Task Follow_WhenNothingChanged_WritesNoEvent()
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync();
        world.Backend.OnStatus = r => new BackendReport { Marker = r.Marker, State = BackendState.Running, Word = "BUSY", Keys = ScriptedBackend.Keys(r.Marker) };
        await world.PassAsync(TimeSpan.FromSeconds(10));
        var before = (await world.EventsAsync(run.Id)).Count;

        for (var i = 0; i < 20; i++)
        {
            await world.PassAsync(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(before, (await world.EventsAsync(run.Id)).Count);
    }

    [Fact]
    public async Task Follow_AsARunAges_AsksRarerDownToTheConfiguredMaximum()
    {
        await using var world = await TestWorld.StartAsync();
        await world.SubmitAsync();

        var perMinute = new List<int>();
        for (var minute = 0; minute < 30; minute++)
        {
            var before = world.Backend.StatusQuestions;
            for (var second = 0; second < 60; second++)
            {
                await world.PassAsync(TimeSpan.FromSeconds(1));
            }

            perMinute.Add(world.Backend.StatusQuestions - before);
        }

        Assert.InRange(perMinute[0], 12, 40);
        Assert.InRange(perMinute[^1], 0, 2);
    }

    [Fact]
    public async Task Guarantee12_Unreachable_HoweverLong_NeverEndsARun()
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync();
        world.Backend.OnStatus = r => new BackendReport { Marker = r.Marker, State = BackendState.Unreachable, Reason = "502" };

        for (var i = 0; i < 48; i++)
        {
            await world.PassAsync(TimeSpan.FromMinutes(30));
        }

        Assert.False((await world.RunAsync(run.Id)).Status.IsFinal());
        world.Backend.OnStatus = null;
        world.Backend.Set(run.Marker, BackendState.Succeeded);
        await world.PassAsync(TimeSpan.FromMinutes(5));
        Assert.Equal(RunStatus.Succeeded, (await world.RunAsync(run.Id)).Status);
    }

    [Fact]
    public async Task Elsewhere_HoweverOften_NeverEndsARunTellsWhereItIsAndSaysNothingOfTheBackend()
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync();
        world.Backend.OnStatus = r => r.Marker != run.Marker
            ? null
            : new BackendReport { Marker = r.Marker, State = BackendState.Unreachable, Elsewhere = true, Reason = "the job is on the host of server 'two'" };

        for (var i = 0; i < 40; i++)
        {
            await world.PassAsync(TimeSpan.FromSeconds(10));
        }

        var waiting = await world.RunAsync(run.Id);
        Assert.False(waiting.Status.IsFinal());
        Assert.Equal("the job is on the host of server 'two'", waiting.StatusReason);
        Assert.Single(await world.EventsAsync(run.Id), e => e.Reason == waiting.StatusReason);
        var next = await world.SubmitAsync();
        Assert.NotNull((await world.RunAsync(next.Id)).BackendKeys);
    }

    [Fact]
    public async Task Guarantee13_NotFound_WhenItFlaps_IsNotLost()
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync();
        var turn = 0;
        world.Backend.OnStatus = r => turn++ % 2 == 0
            ? new BackendReport { Marker = r.Marker, State = BackendState.NotFound }
            : new BackendReport { Marker = r.Marker, State = BackendState.Running };

        for (var i = 0; i < 60; i++)
        {
            await world.PassAsync(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(RunStatus.Running, (await world.RunAsync(run.Id)).Status);
    }

    [Fact]
    public async Task Guarantee13_NotFound_SeenOftenAndLong_EndsTheRunAsLost()
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync();
        world.Backend.Jobs.Clear();

        for (var i = 0; i < 14; i++)
        {
            await world.PassAsync(TimeSpan.FromMinutes(1));
        }

        var lost = await world.RunAsync(run.Id);
        Assert.Equal(RunStatus.Failed, lost.Status);
        Assert.StartsWith("lost:", lost.StatusReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Timeout_WhenTheTimeIsOver_StopsTheJobAndFailsTheRun()
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync(TestWorld.Job().WithTimeout(TimeSpan.FromSeconds(60)).Build());
        await world.PassAsync(TimeSpan.FromSeconds(5));
        Assert.Empty(world.Backend.Stops);

        await world.PassAsync(TimeSpan.FromSeconds(61));
        var failed = await world.UntilAsync(run.Id, RunStatus.Failed);

        Assert.Single(world.Backend.Stops);
        Assert.Contains("60 s", failed.StatusReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DefectD11_WhileStopping_ARunningReportDoesNotBringTheRunBackAndTheStopGetsHarder()
    {
        await using var world = await TestWorld.StartAsync();
        world.Backend.StopEnds = false;
        var run = await world.SubmitAsync();
        await world.Jobs.StopAsync(run.Id, false, TestWorld.Root, Token);

        await world.PassAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(RunStatus.Aborting, (await world.RunAsync(run.Id)).Status);
        Assert.DoesNotContain(world.Backend.Stops, s => s.Mode == StopMode.Hard);
        await world.PassAsync(TimeSpan.FromSeconds(40));

        await world.UntilAsync(run.Id, RunStatus.Aborted);
        Assert.Contains(world.Backend.Stops, s => s.Mode == StopMode.Hard);
    }

    [Theory]
    [InlineData(BackendState.Succeeded)]
    [InlineData(BackendState.Failed)]
    public async Task DefectD10_WhenTheRunIsFinal_AStopIsAConflictAndHistoryStays(BackendState end)
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync();
        world.Backend.Set(run.Marker, end);
        await TestWorld.UntilAsync(async () => (await world.RunAsync(run.Id)).Status.IsFinal());
        var before = await world.RunAsync(run.Id);

        var answer = await world.Jobs.StopAsync(run.Id, true, TestWorld.Root, Token);

        Assert.Equal("run.final", answer.Error!.Code);
        Assert.Equal(before.Version, (await world.RunAsync(run.Id)).Version);
    }

    [Fact]
    public async Task Stop_WhenNothingWasSentYet_EndsTheRunAtOnce()
    {
        await using var world = await TestWorld.StartAsync();
        world.Backend.OnSubmit = (_, _) => Task.FromResult(SubmitOutcome.NotNow("refused"));
        var run = await world.SubmitAsync();

        var stopped = await world.Jobs.StopAsync(run.Id, false, TestWorld.Root, Token);

        Assert.Equal(RunStatus.Aborted, stopped.Value!.Status);
    }

    [Fact]
    public async Task Guarantee19_WhenTwoServersFollowOneDatabase_NoTransitionHappensTwice()
    {
        await using var one = await TestWorld.StartAsync();
        await using var two = await TestWorld.StartAsync(one, serverName: "two");
        var runs = new List<Run>();
        for (var i = 0; i < 60; i++)
        {
            runs.Add(await one.SubmitAsync());
        }

        foreach (var run in runs)
        {
            one.Backend.Jobs[run.Marker] = new BackendReport { Marker = run.Marker, State = BackendState.Succeeded };
        }

        one.Time.Advance(TimeSpan.FromMinutes(5));
        await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(() => (i % 2 == 0 ? one : two).LookAsync(), Token)));

        foreach (var run in runs)
        {
            Assert.Single(await one.EventsAsync(run.Id), e => e.To.IsFinal());
        }
    }

    [Fact]
    public async Task Guarantee23_WhenTheWallClockJumpsAnHour_NoRunChanges()
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync(TestWorld.Job().WithTimeout(TimeSpan.FromMinutes(10)).Build());
        await world.PassAsync(TimeSpan.FromSeconds(5));
        var before = await world.RunAsync(run.Id);

        world.WallClock.Offset = TimeSpan.FromHours(1);
        await world.PassAsync(TimeSpan.FromSeconds(30));
        world.WallClock.Offset = TimeSpan.FromHours(-1);
        await world.PassAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(before.Version, (await world.RunAsync(run.Id)).Version);
        Assert.Empty(world.Backend.Stops);
    }

    [Fact]
    public async Task Guarantee37_WhenEveryLoopTurnsManyTimes_TheTimelineIsAsIfItHadTurnedOnce()
    {
        async Task<string> TimelineAsync(int turns)
        {
            await using var world = await TestWorld.StartAsync();
            var run = await world.SubmitAsync(TestWorld.Job().WithLock("db").Build());
            world.Time.Advance(TimeSpan.FromSeconds(30));
            await Task.WhenAll(Enumerable.Range(0, turns).Select(_ => Task.Run(world.LookAsync, Token)));
            world.Backend.Jobs[run.Marker] = new BackendReport { Marker = run.Marker, State = BackendState.Succeeded };
            world.Time.Advance(TimeSpan.FromSeconds(90));
            await Task.WhenAll(Enumerable.Range(0, turns).Select(_ => Task.Run(world.LookAsync, Token)));
            return string.Join(" > ", (await world.EventsAsync(run.Id)).Select(e => $"{e.Seq}:{e.Type}:{e.To}"));
        }

        Assert.Equal(await TimelineAsync(1), await TimelineAsync(5));
    }

    [Theory]
    [InlineData(-420)]
    [InlineData(420)]
    [InlineData(0)]
    public async Task End_WhenTheClockOfTheBackendIsOff_IsAfterTheStartByAsMuchAsTheJobTook(int secondsOff)
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync();
        var begun = world.Time.GetUtcNow();
        world.Backend.Jobs[run.Marker] = new BackendReport { Marker = run.Marker, State = BackendState.Running, StartedAt = begun.AddSeconds(secondsOff) };
        await world.PassAsync(TimeSpan.FromSeconds(2));
        world.Backend.Jobs[run.Marker] = new BackendReport
        {
            Marker = run.Marker,
            State = BackendState.Succeeded,
            StartedAt = begun.AddSeconds(secondsOff),
            EndedAt = begun.AddSeconds(secondsOff + 60),
        };

        await world.PassAsync(TimeSpan.FromSeconds(61));
        var ended = await world.UntilAsync(run.Id, RunStatus.Succeeded);

        Assert.InRange(ended.EndedAt!.Value - begun, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(64));
    }

    [Fact]
    public async Task ManualRun_WhenNobodyStartsIt_EndsAbortedAtItsDeadline()
    {
        await using var world = await TestWorld.StartAsync(engine: o => o.ManualStartDeadline = TimeSpan.FromHours(1));
        var run = await world.SubmitAsync(TestWorld.Job().WithManualStart().Build());

        await world.PassAsync(TimeSpan.FromMinutes(59));
        Assert.Equal(RunStatus.Defined, (await world.RunAsync(run.Id)).Status);
        await world.PassAsync(TimeSpan.FromMinutes(2));

        Assert.Equal(RunStatus.Aborted, (await world.RunAsync(run.Id)).Status);
    }
}
