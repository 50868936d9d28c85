using System.Collections.Concurrent;
using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Core.Monitoring;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Monitoring;

/// <summary>How politely backends are asked, and how little one of them concerns the others.</summary>
public sealed class PollingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Hang_OfOneBackend_DelaysNeitherPollsNorHintsNorLookUpsOfAnother()
    {
        var good = new ScriptedBackend("good");
        await using var world = await TestWorld.StartAsync(
            backend: o => o.Resilience.FailuresBeforeBreak = 10_000, others: [(good, new BackendOptions { Type = "Scripted" })]);
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            // Everything that can hang on the bad one hangs: look-ups of lost answers, status questions, hints.
            world.Backend.OnSubmit = (_, _) => Task.FromResult(SubmitOutcome.Unknown("reset"));
            world.Backend.BeforeAnswer = released.Task.WaitAsync;
            for (var i = 0; i < 250; i++)
            {
                await world.SubmitAsync(untilSent: false);
            }

            await world.IdleAsync();
            world.Backend.OnSubmit = null;
            for (var i = 0; i < 20; i++)
            {
                var followed = await world.SubmitAsync();
                world.Backend.Set(followed.Marker, BackendState.Succeeded);
            }

            good.OnSubmit = (job, _) =>
            {
                good.Start(job);
                return Task.FromResult(SubmitOutcome.Unknown("reset"));
            };
            var lost = await world.SubmitAsync(To("good"));
            good.OnSubmit = null;
            var hinted = await world.SubmitAsync(To("good"), untilSent: false);
            await TestWorld.UntilAsync(() => good.Jobs.Count == 2);
            world.Time.Advance(TimeSpan.FromSeconds(5));

            // More than a page of doubts that hang, all of them older than the one of the other backend.
            await TestWorld.UntilAsync(async () => await world.Get<Sweeper>().SweepAsync(Token).WaitAsync(TimeSpan.FromSeconds(10), Token) == 0);
            good.Set(hinted.Marker, BackendState.Succeeded);
            await world.UntilAsync(hinted.Id, RunStatus.Succeeded);
            await TestWorld.UntilAsync(async () => (await world.RunAsync(lost.Id)).Status is RunStatus.Submitted or RunStatus.Running);
            await world.Get<RunFollower>().FollowDueAsync(world.EntryOf("good"), Token).WaitAsync(TimeSpan.FromSeconds(10), Token);
        }
        finally
        {
            released.SetResult();
        }
    }

    [Fact]
    public async Task Guarantee10_WhenTheBackendAsksForFewerRequests_NoneIsSentBeforeTheTimeAndNoneFails()
    {
        const int Allowed = 10;
        await using var world = await TestWorld.StartAsync(backend: o => o.Resilience.MaxConcurrentCalls = 1);
        var allowedFrom = world.Time.GetUtcNow();
        var inWindow = 0;
        var tooEarly = 0;
        world.Backend.OnSubmit = (job, _) =>
        {
            var now = world.Time.GetUtcNow();
            if (now < allowedFrom)
            {
                tooEarly++;
            }

            if (inWindow++ < Allowed)
            {
                return Task.FromResult(world.Backend.Start(job));
            }

            (inWindow, allowedFrom) = (0, now + TimeSpan.FromSeconds(1));
            return Task.FromResult(SubmitOutcome.NotNow("the backend asks for fewer requests (429)", TimeSpan.FromSeconds(1)));
        };
        var runs = new List<Run>();
        for (var i = 0; i < 200; i++)
        {
            runs.Add(await world.SubmitAsync(untilSent: false));
        }

        await world.IdleAsync();
        for (var seconds = 0; seconds < 120 && world.Backend.Jobs.Count < runs.Count; seconds++)
        {
            await world.PassAsync(TimeSpan.FromSeconds(1.2));
        }

        Assert.Equal(0, tooEarly);
        Assert.Equal(runs.Count, world.Backend.Jobs.Count);
        Assert.Equal(CircuitState.Closed, world.Entry.Condition.Circuit);
        Assert.Empty(world.Backend.StartedTwice);
        foreach (var run in runs)
        {
            Assert.NotEqual(RunStatus.Failed, (await world.RunAsync(run.Id)).Status);
        }
    }

    [Fact]
    public async Task RetryAfter_OfAStatusQuestion_PausesThisBackendAlone()
    {
        var other = new ScriptedBackend("other");
        await using var world = await TestWorld.StartAsync(others: [(other, new BackendOptions { Type = "Scripted" })]);
        for (var i = 0; i < 5; i++)
        {
            await world.SubmitAsync();
            await world.SubmitAsync(To("other"));
        }

        world.Backend.OnStatus = r => new BackendReport { Marker = r.Marker, State = BackendState.Unreachable, Reason = "429", RetryAfter = TimeSpan.FromMinutes(2) };
        await world.PassAsync(TimeSpan.FromSeconds(5));
        var (asked, othersAsked) = (world.Backend.StatusQuestions, other.StatusQuestions);
        for (var i = 0; i < 11; i++)
        {
            await world.PassAsync(TimeSpan.FromSeconds(10));
        }

        var held = await world.SubmitAsync();

        Assert.Equal(1, asked);
        Assert.Equal(asked, world.Backend.StatusQuestions);
        Assert.True(other.StatusQuestions > othersAsked + 3);
        Assert.Equal("backend 'scripted' asks for fewer requests", held.StatusReason);
        world.Backend.OnStatus = null;
        await world.PassAsync(TimeSpan.FromSeconds(30));
        Assert.True(world.Backend.StatusQuestions > asked);
        Assert.Contains(world.Backend.Arrived, j => j.Marker == held.Marker);
    }

    [Fact]
    public async Task Errors_AreAskedAboutRarerAndNotAllAtTheSameMoment()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.Poll.BatchSize = 1);
        var asked = new ConcurrentDictionary<string, List<DateTimeOffset>>(StringComparer.Ordinal);
        world.Backend.OnStatus = r =>
        {
            asked.GetOrAdd(r.Marker, _ => []).Add(world.Time.GetUtcNow());
            return new BackendReport { Marker = r.Marker, State = BackendState.Unreachable, Reason = "502" };
        };
        for (var i = 0; i < 10; i++)
        {
            await world.SubmitAsync();
        }

        for (var i = 0; i < 900; i++)
        {
            await world.PassAsync(TimeSpan.FromMilliseconds(200));
        }

        Assert.All(asked.Values, times => Assert.InRange(times.Count, 5, 12));
        Assert.True(asked.Values.Select(t => t[^1]).Distinct().Count() >= 5, "they come back at the same moment");
        Assert.All(asked.Values, times => Assert.True(times[^1] - times[^2] > (times[1] - times[0]) * 3));
    }

    [Fact]
    public async Task Loop_WhenManyRunsComeDueOneAfterTheOther_AsksForManyAtOnce()
    {
        await using var world = await TestWorld.StartAsync(backend: o => (o.Poll.Initial, o.Poll.Max) = (TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10)));
        for (var i = 0; i < 2000; i++)
        {
            await world.SubmitAsync(untilSent: false);
        }

        await world.IdleAsync();
        var perQuestion = new ConcurrentQueue<int>();
        world.Backend.OnStatuses = perQuestion.Enqueue;
        var loop = world.Get<EngineLoops>().DriveAsync("scripted", TimeSpan.FromMinutes(2), Token);
        while (!loop.IsCompleted)
        {
            world.Time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Delay(1, Token);
        }

        await loop;

        // The first round finds the runs as they were accepted, all at once; after it they are spread over the interval.
        var steady = perQuestion.Skip(40).ToList();
        Assert.True(steady.Count > 10, $"{steady.Count} questions");
        Assert.True(steady.Average() >= 100, $"{steady.Average():0} runs for each question");
    }

    private static JobSpec To(string backend) => JobSpec.Builder("ann").WithLabel("_execution_backend_id", backend).Build();
}
