using Ascob.Core.Definitions;
using Ascob.Core.Kuroko2;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Contracts;

/// <content>Launches, what may prevent them, and what the runs of a definition tell.</content>
public abstract partial class DefinitionStoreContract
{
    [Fact]
    public async Task AddRun_WhileWorking_StoresThePreventedRunInItsPlace()
    {
        await using var store = await OpenAsync();
        var id = await AddAsync(store.Get<IDefinitionStore>(), "job", Sample("x"));
        var first = await LaunchAsync(store, id, working: true);

        var second = await NewRunAsync(store, id, working: true, key: new IdempotencyKey("portal", "k", "h"));
        Assert.Equal(new AddOutcome(second.Run.Id, AddOutcomeKind.Prevented), await store.Runs.AddAsync(second, Stop));
        var prevented = (await store.Runs.FindAsync(second.Run.Id, Stop))!;
        Assert.Equal(RunStatus.Aborted, prevented.Status);
        Assert.Equal($"prevented: run {first.Id} of this definition is PENDING_SUBMIT", prevented.StatusReason);
        Assert.Null(prevented.NextCheckAt);
        Assert.Equal(RunStatus.Aborted, Assert.Single(await store.Runs.EventsAsync(second.Run.Id, 0, 10, Stop)).To);

        // The same key answers with what it did then.
        var again = await NewRunAsync(store, id, working: true, key: new IdempotencyKey("portal", "k", "h"));
        Assert.Equal(new AddOutcome(second.Run.Id, AddOutcomeKind.Replayed), await store.Runs.AddAsync(again, Stop));

        // Another definition is not concerned, and neither is one that lets everything through.
        await LaunchAsync(store, id);
        await LaunchAsync(store, await AddAsync(store.Get<IDefinitionStore>(), "other", Sample("y")), working: true);
    }

    [Fact]
    public async Task AddRun_WhileError_IsPreventedUntilTheFailureIsAcknowledgedOrMadeGood()
    {
        await using var store = await OpenAsync();
        var definitions = store.Get<IDefinitionStore>();
        var id = await AddAsync(definitions, "job", Sample("x"));
        var failed = await LaunchAsync(store, id);
        await SampleRuns.ApplyAsync(store.Runs, failed, RunTrigger.BackendFailed);

        var prevented = await NewRunAsync(store, id, error: true);
        Assert.Equal(AddOutcomeKind.Prevented, (await store.Runs.AddAsync(prevented, Stop)).Outcome);
        Assert.Equal(failed.Id, (await definitions.StandingAsync([id], Stop))[id].FailedRun);
        await LaunchAsync(store, id, working: true, end: true);

        Assert.True(await definitions.AcknowledgeAsync(id, new Acknowledgement(failed.Id, "token:ann", SampleRuns.Start, "known"), Stop));
        Assert.Null((await definitions.StandingAsync([id], Stop))[id].FailedRun);
        Assert.Equal(new Acknowledgement(failed.Id, "token:ann", SampleRuns.Start, "known"), (await definitions.FindAsync(id, Stop))!.Acknowledged);
        var next = await LaunchAsync(store, id, error: true);

        // The next failure is another one; a resubmission that ends well makes it good.
        await SampleRuns.ApplyAsync(store.Runs, next, RunTrigger.BackendFailed, at: SampleRuns.Start.AddHours(2));
        Assert.Equal(AddOutcomeKind.Prevented, (await store.Runs.AddAsync(await NewRunAsync(store, id, error: true), Stop)).Outcome);
        var again = await SampleRuns.NewAsync(store.Runs, parentId: next.Id);
        var repaired = await SampleRuns.AddAsync(store.Runs, again with { Run = again.Run with { DefinitionId = id, DefinitionName = "job", DefinitionVersion = 1 } });
        await SampleRuns.ApplyAsync(store.Runs, repaired, RunTrigger.BackendSucceeded, at: SampleRuns.Start.AddHours(3));
        await LaunchAsync(store, id, error: true);
    }

    [Fact]
    public async Task AddRun_OfTheChainThatFailed_IsNotPreventedByItsOwnFailure()
    {
        await using var store = await OpenAsync();
        var id = await AddAsync(store.Get<IDefinitionStore>(), "job", Sample("x"));
        var failed = await LaunchAsync(store, id);
        await SampleRuns.ApplyAsync(store.Runs, failed, RunTrigger.BackendFailed);

        var foreign = await NewRunAsync(store, id, error: true);
        Assert.Equal(AddOutcomeKind.Prevented, (await store.Runs.AddAsync(foreign with { Guard = foreign.Guard! with { Chain = failed.Id + 1_000 } }, Stop)).Outcome);
        var own = await NewRunAsync(store, id, error: true);
        Assert.Equal(AddOutcomeKind.Added, (await store.Runs.AddAsync(own with { Run = own.Run with { ParentId = failed.Id }, Guard = own.Guard! with { Chain = failed.Id } }, Stop)).Outcome);
    }

    [Fact]
    public async Task AddRun_RepeatedAfterTheDefinitionWasDeleted_AnswersWhatItDidThen()
    {
        await using var store = await OpenAsync();
        var definitions = store.Get<IDefinitionStore>();
        var id = await AddAsync(definitions, "job", Sample("x"));
        var first = await NewRunAsync(store, id, key: new IdempotencyKey("portal", "k", "h"));
        await SampleRuns.ApplyAsync(store.Runs, await SampleRuns.AddAsync(store.Runs, first), RunTrigger.BackendSucceeded);
        Assert.True((await definitions.DeleteAsync(id, Stop)).Deleted);

        var again = await NewRunAsync(store, id, key: new IdempotencyKey("portal", "k", "h"));
        var other = await NewRunAsync(store, id, key: new IdempotencyKey("portal", "k", "other"));

        Assert.Equal(new AddOutcome(first.Run.Id, AddOutcomeKind.Replayed), await store.Runs.AddAsync(again, Stop));
        Assert.Equal(new AddOutcome(first.Run.Id, AddOutcomeKind.KeyReused), await store.Runs.AddAsync(other, Stop));
    }

    [Fact]
    public async Task AddRun_FiftyAtOnceOverTwoServers_ExactlyOneStarts()
    {
        await using var store = await OpenAsync();
        await using var second = IsShared ? await store.OpenOtherAsync() : null;
        var other = second ?? store;
        var id = await AddAsync(store.Get<IDefinitionStore>(), "job", Sample("x"));

        var runs = await Task.WhenAll(Enumerable.Range(0, 50).Select(async i => (Store: i % 2 == 0 ? store : other, Run: await NewRunAsync(i % 2 == 0 ? store : other, id, working: true, error: true))));
        var outcomes = await Task.WhenAll(runs.Select(r => r.Store.Runs.AddAsync(r.Run, Stop)));

        Assert.Single(outcomes, o => o.Outcome == AddOutcomeKind.Added);
        Assert.Equal(49, outcomes.Count(o => o.Outcome == AddOutcomeKind.Prevented));
        var page = await store.Runs.SearchAsync(new RunSearch { DefinitionId = id, Limit = 100 }, Stop);
        Assert.Equal(50, page.Items.Count);
        Assert.Single(page.Items, r => !r.Status.IsFinal());
    }

    [Fact]
    public async Task StandingAndDurations_TellOfTheDefinitionsOwnRunsOnly()
    {
        await using var store = await OpenAsync();
        var definitions = store.Get<IDefinitionStore>();
        var id = await AddAsync(definitions, "job", Sample("x"));
        await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        Assert.Equal(new DefinitionStanding(null, null, null), (await definitions.StandingAsync([id, id + 1_000], Stop))[id]);

        var done = await LaunchAsync(store, id);
        await SampleRuns.ApplyAsync(store.Runs, done, RunTrigger.BackendSucceeded, r => r with { StartedAt = SampleRuns.Start.AddHours(1).AddSeconds(-30) });
        var active = await LaunchAsync(store, id);

        var standing = (await definitions.StandingAsync([id], Stop))[id];
        Assert.Equal((active.Id, (long?)active.Id, (long?)null), (standing.LastRun!.Id, standing.ActiveRun, standing.FailedRun));
        Assert.Equal([TimeSpan.FromSeconds(30)], await definitions.DurationsAsync(id, 10, Stop));
    }

    [Fact]
    public async Task InstanceCounts_CountFailuresThatStand_AndWhatWaitsByQueue()
    {
        await using var store = await OpenAsync();
        var (definitions, counts) = (store.Get<IDefinitionStore>(), store.Get<IInstanceCounts>());
        await AddAsync(definitions, "never ran", Sample("x"));
        await FailAsync("stands");
        var (acknowledged, failed) = await FailAsync("acknowledged");
        Assert.True(await definitions.AcknowledgeAsync(acknowledged, new Acknowledgement(failed.Id, "token:ann", SampleRuns.Start, null), Stop));
        var (_, lost) = await FailAsync("made good");
        var again = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, parentId: lost.Id));
        await SampleRuns.ApplyAsync(store.Runs, again, RunTrigger.BackendSucceeded);
        foreach (var (queue, count) in (List<(string, int)>)[("@default", 3), ("it's \"batch\"", 2), ("unasked", 1)])
        {
            for (var i = 0; i < count; i++)
            {
                await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, labels: new Dictionary<string, string> { [ScriptSurroundings.QueueLabel] = queue }, definedAt: SampleRuns.Start.AddMinutes(i)));
            }
        }

        Assert.Equal(1, await counts.FailedDefinitionsAsync(Stop));
        var waiting = await counts.WaitingAsync(["@default", "it's \"batch\"", "empty"], SampleRuns.Start.AddMinutes(2), Stop);
        Assert.Equal((2, 2, 0), (waiting.GetValueOrDefault("@default"), waiting.GetValueOrDefault("it's \"batch\""), waiting.GetValueOrDefault("empty")));
        Assert.Equal(2, waiting.Count);

        async Task<(long Definition, Run Run)> FailAsync(string name)
        {
            var id = await AddAsync(definitions, name, Sample("x"));
            return (id, await SampleRuns.ApplyAsync(store.Runs, await LaunchAsync(store, id), RunTrigger.BackendFailed));
        }
    }

    [Fact]
    public async Task Running_TellsTheOldestOfEachDefinition_AndPagesThoseOfOneThatAreOldEnough()
    {
        await using var store = await OpenAsync();
        var definitions = store.Get<IDefinitionStore>();
        var (first, second) = (await AddAsync(definitions, "first", Sample("x")), await AddAsync(definitions, "second", Sample("y")));
        var runs = new List<long>();
        foreach (var (id, seconds) in new[] { (first, 30), (first, 10), (second, 20), (first, 20), (first, 40) })
        {
            runs.Add((await StartAsync(store, await LaunchAsync(store, id), seconds)).Id);
        }

        // Neither one that has not started nor one that has ended.
        await LaunchAsync(store, first);
        await SampleRuns.ApplyAsync(store.Runs, await StartAsync(store, await LaunchAsync(store, second), 5), RunTrigger.BackendSucceeded);

        Assert.Equal(
            [new RunningDefinition(first, SampleRuns.Start.AddSeconds(10)), new RunningDefinition(second, SampleRuns.Start.AddSeconds(20))],
            (await definitions.RunningAsync(Stop)).OrderBy(d => d.DefinitionId));
        Assert.Equal([runs[0], runs[1]], await definitions.RunningSinceAsync(first, SampleRuns.Start.AddSeconds(30), 0, 2, Stop));
        Assert.Equal([runs[3]], await definitions.RunningSinceAsync(first, SampleRuns.Start.AddSeconds(30), runs[1], 2, Stop));
        Assert.Empty(await definitions.RunningSinceAsync(first, SampleRuns.Start.AddSeconds(30), runs[3], 2, Stop));
        Assert.Empty(await definitions.RunningSinceAsync(second, SampleRuns.Start.AddSeconds(19), 0, 2, Stop));
    }

    [Fact]
    public async Task AcknowledgeAsync_WhenTheEndsOfFailuresCross_TakesTheOneThatStands()
    {
        await using var store = await OpenAsync();
        var definitions = store.Get<IDefinitionStore>();
        var id = await AddAsync(definitions, "job", Sample("x"));
        var (slow, quick) = (await LaunchAsync(store, id), await LaunchAsync(store, id));
        await SampleRuns.ApplyAsync(store.Runs, quick, RunTrigger.BackendFailed, at: SampleRuns.Start.AddHours(1));
        Assert.True(await definitions.AcknowledgeAsync(id, new Acknowledgement(quick.Id, "token:ann", SampleRuns.Start, null), Stop));
        await SampleRuns.ApplyAsync(store.Runs, slow, RunTrigger.BackendFailed, at: SampleRuns.Start.AddHours(2));
        Assert.Equal(slow.Id, (await definitions.StandingAsync([id], Stop))[id].FailedRun);

        // Somebody who looked before it had failed acknowledges what they saw, and that stands no more.
        Assert.False(await definitions.AcknowledgeAsync(id, new Acknowledgement(quick.Id, "token:ann", SampleRuns.Start, null), Stop));
        Assert.True(await definitions.AcknowledgeAsync(id, new Acknowledgement(slow.Id, "token:ann", SampleRuns.Start, null), Stop));

        Assert.Null((await definitions.StandingAsync([id], Stop))[id].FailedRun);
        Assert.Equal(slow.Id, (await definitions.FindAsync(id, Stop))!.Acknowledged!.RunId);
        await LaunchAsync(store, id, error: true);
    }

    [Fact]
    public async Task AddRun_WhenAResubmissionWithASmallerNumberEndedWellLater_IsMadeGood()
    {
        await using var store = await OpenAsync();
        var definitions = store.Get<IDefinitionStore>();
        var id = await AddAsync(definitions, "job", Sample("x"));
        var root = await LaunchAsync(store, id);
        await SampleRuns.ApplyAsync(store.Runs, root, RunTrigger.BackendFailed, at: SampleRuns.Start.AddHours(1));
        var (first, second) = (await ResubmitAsync(store, id, root.Id), await ResubmitAsync(store, id, root.Id));
        await SampleRuns.ApplyAsync(store.Runs, second, RunTrigger.BackendFailed, at: SampleRuns.Start.AddHours(2));
        Assert.Equal(second.Id, (await definitions.StandingAsync([id], Stop))[id].FailedRun);

        await SampleRuns.ApplyAsync(store.Runs, first, RunTrigger.BackendSucceeded, at: SampleRuns.Start.AddHours(3));

        Assert.Null((await definitions.StandingAsync([id], Stop))[id].FailedRun);
        await LaunchAsync(store, id, error: true);
    }

    [Fact]
    public async Task FailedRun_WhenTheGoodResubmissionEndedBeforeIt_Stands()
    {
        await using var store = await OpenAsync();
        var definitions = store.Get<IDefinitionStore>();
        var id = await AddAsync(definitions, "job", Sample("x"));
        var root = await LaunchAsync(store, id);
        await SampleRuns.ApplyAsync(store.Runs, root, RunTrigger.BackendFailed, at: SampleRuns.Start.AddHours(1));
        var (first, second) = (await ResubmitAsync(store, id, root.Id), await ResubmitAsync(store, id, root.Id));
        await SampleRuns.ApplyAsync(store.Runs, second, RunTrigger.BackendSucceeded, at: SampleRuns.Start.AddHours(2));
        await SampleRuns.ApplyAsync(store.Runs, first, RunTrigger.BackendFailed, at: SampleRuns.Start.AddHours(3));

        Assert.Equal(first.Id, (await definitions.StandingAsync([id], Stop))[id].FailedRun);
        Assert.Equal(AddOutcomeKind.Prevented, (await store.Runs.AddAsync(await NewRunAsync(store, id, error: true), Stop)).Outcome);
    }

    [Fact]
    public async Task RunningAsync_TellsOfRunsThatWaitAtTheirBackendsToo()
    {
        await using var store = await OpenAsync();
        var definitions = store.Get<IDefinitionStore>();
        var id = await AddAsync(definitions, "job", Sample("x"));
        var waiting = await LaunchAsync(store, id);
        await LaunchAsync(store, id);
        var accepted = await SampleRuns.ApplyAsync(store.Runs, waiting, RunTrigger.BackendAccepted, r => r with { SubmittedAt = SampleRuns.Start.AddMinutes(5) });

        Assert.Equal([new RunningDefinition(id, SampleRuns.Start.AddMinutes(5))], await definitions.RunningAsync(Stop));
        await SampleRuns.ApplyAsync(store.Runs, accepted, RunTrigger.BackendStarted, r => r with { StartedAt = SampleRuns.Start.AddMinutes(9) });
        Assert.Equal([new RunningDefinition(id, SampleRuns.Start.AddMinutes(9))], await definitions.RunningAsync(Stop));
    }

    [Fact]
    public async Task AddRun_OfAVersionThatIsNoLongerThePresentOne_StoresNothing()
    {
        await using var store = await OpenAsync();
        var definitions = store.Get<IDefinitionStore>();
        var id = await AddAsync(definitions, "job", Sample("one"));
        Assert.Equal(DefinitionSave.Stored, await definitions.SaveAsync(id, 1, new DefinitionUpdate { Version = Version(Sample("two")) }, Stop));
        var late = await NewRunAsync(store, id, key: new IdempotencyKey("portal", "k", "h"));

        Assert.Equal(AddOutcomeKind.DefinitionChanged, (await store.Runs.AddAsync(late with { Guard = late.Guard! with { DefinitionVersion = 1 } }, Stop)).Outcome);
        Assert.Null(await store.Runs.FindAsync(late.Run.Id, Stop));
        Assert.Null(await store.Runs.FindKeyAsync("portal", "k", Stop));

        Assert.Equal(AddOutcomeKind.Added, (await store.Runs.AddAsync(late with { Guard = late.Guard! with { DefinitionVersion = 2 } }, Stop)).Outcome);
        Assert.Equal(new UsedKey(late.Run.Id, "h"), await store.Runs.FindKeyAsync("portal", "k", Stop));
        Assert.Null(await store.Runs.FindKeyAsync("other", "k", Stop));
    }

    private static async Task<Run> StartAsync(TestStore store, Run run, int seconds)
    {
        var accepted = await SampleRuns.ApplyAsync(store.Runs, run, RunTrigger.BackendAccepted);
        return await SampleRuns.ApplyAsync(store.Runs, accepted, RunTrigger.BackendStarted, r => r with { StartedAt = SampleRuns.Start.AddSeconds(seconds) });
    }

    private static async Task<NewRun> NewRunAsync(TestStore store, long id, bool working = false, bool error = false, IdempotencyKey? key = null)
    {
        var added = await SampleRuns.NewAsync(store.Runs, key: key);
        var run = added.Run with { DefinitionId = id, DefinitionName = "job", DefinitionVersion = 1, Cause = new RunCause(RunCause.Api) };
        return added with
        {
            Run = run,
            Guard = new LaunchGuard(id, new LaunchPolicy(working, error), hindrance => new NewRun(
                run with { Status = RunStatus.Aborted, StatusReason = hindrance.Reason, EndedAt = run.DefinedAt, NextCheckAt = null },
                added.Event with { To = RunStatus.Aborted, Reason = hindrance.Reason },
                [],
                key)),
        };
    }

    private static async Task<Run> LaunchAsync(TestStore store, long id, bool working = false, bool error = false, bool end = false)
    {
        var run = await SampleRuns.AddAsync(store.Runs, await NewRunAsync(store, id, working, error));
        return end ? await SampleRuns.ApplyAsync(store.Runs, run, RunTrigger.BackendSucceeded) : run;
    }

    private static async Task<Run> ResubmitAsync(TestStore store, long id, long root)
    {
        var again = await SampleRuns.NewAsync(store.Runs, parentId: root);
        return await SampleRuns.AddAsync(store.Runs, again with { Run = again.Run with { DefinitionId = id, DefinitionName = "job", DefinitionVersion = 1 } });
    }
}
