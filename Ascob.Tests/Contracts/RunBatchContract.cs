using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Contracts;

/// <summary>What every run store promises of changes that come at the same moment, and so may share a transaction or a statement.</summary>
public abstract class RunBatchContract
{
    private const int Many = 120;

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Opens an empty store, or skips the test where the database is not there.</summary>
    protected abstract Task<TestStore> OpenAsync();

    [Fact]
    public async Task AddAsync_WhenManyComeAtOnce_StoresEachWithItsOwnValues()
    {
        await using var store = await OpenAsync();
        var added = await NewRunsAsync(store, _ => null);

        var outcomes = await Task.WhenAll(added.Select(a => store.Runs.AddAsync(a, Stop)));

        Assert.All(outcomes, o => Assert.Equal(AddOutcomeKind.Added, o.Outcome));
        foreach (var run in added)
        {
            Assert.Equivalent(run.Run, await store.Runs.FindAsync(run.Run.Id, Stop), strict: true);
            Assert.Equal(run.Event.Actor, Assert.Single(await store.Runs.EventsAsync(run.Run.Id, 0, 10, Stop)).Actor);
        }
    }

    [Fact]
    public async Task Guarantee2_AddAsync_WhenKeysComeTwiceAtOnce_StoresEachKeyOnce()
    {
        await using var store = await OpenAsync();
        var added = await NewRunsAsync(store, i => i % 3 == 0 ? null : new IdempotencyKey("portal", $"key-{i / 6}", new string('a', 64)));

        var outcomes = await Task.WhenAll(added.Select(a => store.Runs.AddAsync(a, Stop)));

        foreach (var sameKey in added.Zip(outcomes).Where(p => p.First.IdempotencyKey is not null).GroupBy(p => p.First.IdempotencyKey))
        {
            var first = Assert.Single(sameKey, p => p.Second.Outcome == AddOutcomeKind.Added);
            Assert.All(sameKey, p => Assert.Equal(first.First.Run.Id, p.Second.RunId));
        }

        foreach (var (run, outcome) in added.Zip(outcomes))
        {
            var stored = outcome.Outcome == AddOutcomeKind.Added;
            Assert.Equal(stored, await store.Runs.FindAsync(run.Run.Id, Stop) is not null);
            Assert.Equal(stored ? 1 : 0, (await store.Runs.EventsAsync(run.Run.Id, 0, 10, Stop)).Count);
        }
    }

    [Fact]
    public async Task TryApplyAsync_WhenManyRunsChangeTwiceAtOnce_EachGetsOneOfItsOwnChanges()
    {
        await using var store = await OpenAsync();
        var added = await NewRunsAsync(store, _ => null);
        await Task.WhenAll(added.Select(a => store.Runs.AddAsync(a, Stop)));
        var changes = added.SelectMany(a => new[] { "one", "two" }.Select(name => SampleRuns.Change(a.Run, RunTrigger.BackendAccepted, reason: $"{name} of {a.Run.Id}"))).ToList();

        var outcomes = await Task.WhenAll(changes.Select(c => store.Runs.TryApplyAsync(c, null, Stop)));

        foreach (var ofRun in changes.Zip(outcomes).GroupBy(p => p.First.Before.Id))
        {
            var applied = Assert.Single(ofRun, p => p.Second == ApplyOutcome.Applied).First;
            Assert.Single(ofRun, p => p.Second == ApplyOutcome.Conflict);
            Assert.Equivalent(applied.After, await store.Runs.FindAsync(ofRun.Key, Stop), strict: true);
            Assert.Equal(applied.Event.Reason, (await store.Runs.EventsAsync(ofRun.Key, 1, 10, Stop)).Single().Reason);
        }
    }

    [Fact]
    public async Task TryApplyAsync_WhenManyRace_OneWinsAndOthersConflict()
    {
        await using var store = await OpenAsync();
        await using var other = await store.OpenOtherAsync();
        var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 40).Select(i =>
            (i % 2 == 0 ? store : other).Runs.TryApplyAsync(SampleRuns.Change(run, RunTrigger.BackendAccepted, reason: $"by {i}"), null, Stop)));

        Assert.Single(outcomes, ApplyOutcome.Applied);
        Assert.Equal(39, outcomes.Count(o => o == ApplyOutcome.Conflict));
        Assert.Equal(2, (await store.Runs.EventsAsync(run.Id, 0, 10, Stop)).Count);
    }

    private static async Task<List<NewRun>> NewRunsAsync(TestStore store, Func<int, IdempotencyKey?> key)
    {
        var added = new List<NewRun>();
        for (var i = 0; i < Many; i++)
        {
            var run = await SampleRuns.NewAsync(store.Runs, key: key(i));
            added.Add(run with
            {
                Run = run.Run with { StatusReason = i % 2 == 0 ? null : $"reason {i}", Progress = i % 5 == 0 ? i : null },
                Event = run.Event with { Actor = $"actor {i}" },
            });
        }

        return added;
    }
}
