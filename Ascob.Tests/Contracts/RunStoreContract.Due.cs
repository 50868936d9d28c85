using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Contracts;

/// <content>Which runs are due, and who has them in hand.</content>
public abstract partial class RunStoreContract
{
    [Fact]
    public async Task Guarantee19_ClaimDueAsync_WhenSeveralServersClaim_NoRunIsClaimedTwice()
    {
        await using var store = await OpenAsync();
        await using var second = await store.OpenOtherAsync();
        await using var third = await store.OpenOtherAsync();
        await Task.WhenAll(Enumerable.Range(0, 1_000).Select(async _ => await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.Running))));
        var now = SampleRuns.Start.AddDays(1);

        async Task<List<long>> ClaimAllAsync(TestStore server, string owner)
        {
            var claimed = new List<long>();
            while (true)
            {
                // A lease of one's own may be taken again, so what was claimed is moved on as the poller does.
                var batch = await server.Runs.ClaimDueAsync(new DueFilter(owner, now, now.AddMinutes(1), [RunStatus.Running, RunStatus.Submitted], "dummy", 50), Stop);
                if (batch.Count == 0)
                {
                    return claimed;
                }

                claimed.AddRange(batch.Select(r => r.Id));
                await server.Runs.RescheduleAsync([.. batch.Select(r => new Reschedule(r.Id, r.Version, now.AddMinutes(5), 0))], Stop);
            }
        }

        var claims = await Task.WhenAll(ClaimAllAsync(store, "a"), ClaimAllAsync(second, "b"), ClaimAllAsync(third, "c"));

        var all = claims.SelectMany(c => c).ToList();
        Assert.Equal(1_000, all.Count);
        Assert.Equal(1_000, all.Distinct().Count());
    }

    private static async Task<Run> AddAsync(TestStore store, RunStatus status, Func<Run, Run> with, string backend = "dummy")
    {
        var added = await SampleRuns.NewAsync(store.Runs, status, backend: backend);
        return await SampleRuns.AddAsync(store.Runs, added with { Run = with(added.Run) });
    }

    [Fact]
    public async Task ClaimDueAsync_OfTheLine_AnswersItsFirstWhetherTheyAreDueOrNot()
    {
        await using var store = await OpenAsync();
        var later = await AddAsync(store, RunStatus.PendingSubmit, r => r with { QueueRank = 30, NextCheckAt = SampleRuns.Start.AddDays(9) });
        var first = await AddAsync(store, RunStatus.PendingSubmit, r => r with { QueueRank = -20, NextCheckAt = SampleRuns.Start.AddDays(9) });
        await AddAsync(store, RunStatus.PendingSubmit, r => r with { QueueRank = -30 }, backend: "other");
        await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.PendingSubmit));
        await AddAsync(store, RunStatus.Aborted, r => r with { QueueRank = -40 });
        var now = SampleRuns.Start;
        var line = new DueFilter("a", now, now.AddMinutes(1), [RunStatus.PendingSubmit], "dummy", 1) { InLine = true };

        Assert.Equal(first.Id, Assert.Single(await store.Runs.ClaimDueAsync(line, Stop)).Id);
        Assert.Equal([first.Id, later.Id], (await store.Runs.ClaimDueAsync(line with { Limit = 5 }, Stop)).Select(r => r.Id));
        Assert.Empty(await store.Runs.ClaimDueAsync(line with { Owner = "b", Limit = 5 }, Stop));
    }

    [Fact]
    public async Task ClaimDueAsync_WhenFiltered_AnswersDueRunsOldestFirst()
    {
        await using var store = await OpenAsync();
        var first = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.Running));
        var second = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.Submitted));
        await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.PendingSubmit));
        await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.Running, backend: "other"));
        await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.Running, definedAt: SampleRuns.Start.AddDays(9)));
        var now = SampleRuns.Start.AddDays(1);

        Assert.Equal(first.DefinedAt, await store.Runs.NextDueAsync("dummy", [], Stop));
        Assert.Null(await store.Runs.NextDueAsync("nobody", [], Stop));
        var claimed = await store.Runs.ClaimDueAsync(new DueFilter("a", now, now.AddMinutes(1), [RunStatus.Running, RunStatus.Submitted], "dummy", 10), Stop);

        Assert.Equal([first.Id, second.Id], claimed.Select(r => r.Id));
        Assert.All(claimed, r => Assert.Equal(("a", now.AddMinutes(1), 1L), (r.LeaseOwner, r.LeaseUntil, r.Version)));
        Assert.Empty(await store.Runs.ClaimDueAsync(new DueFilter("b", now, now.AddMinutes(1), [RunStatus.Running, RunStatus.Submitted], "dummy", 10), Stop));
        Assert.Single(await store.Runs.EventsAsync(first.Id, 0, 10, Stop));
    }

    [Fact]
    public async Task ClaimDueAsync_WhenPlacesAndBackendsAreOthers_LeavesTheirRunsAlone()
    {
        await using var store = await OpenAsync();
        var now = SampleRuns.Start.AddDays(1);
        var free = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.Running));
        var mine = await AddAtAsync("here");
        var theirs = await AddAtAsync("there");
        var waiting = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.WaitingLocks, backend: "worker"));
        var pending = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.PendingSubmit, backend: "worker"));
        RunStatus[] statuses = [RunStatus.Running, RunStatus.WaitingLocks, RunStatus.PendingSubmit];

        async Task<Run> AddAtAsync(string place)
        {
            var added = await SampleRuns.NewAsync(store.Runs, RunStatus.Running);
            return await SampleRuns.AddAsync(store.Runs, added with { Run = added.Run with { IntentAt = SampleRuns.Start, IntentPlace = place } });
        }

        var next = await store.Runs.NextDueAsync("dummy", ["there", "elsewhere"], Stop);
        var claimed = await store.Runs.ClaimDueAsync(
            new DueFilter("a", now, now.AddMinutes(1), statuses, null, 10) { ExceptPlaces = ["there", "elsewhere"], ExceptBackends = ["worker"] }, Stop);
        var rest = await store.Runs.ClaimDueAsync(new DueFilter("b", now, now.AddMinutes(1), statuses, null, 10), Stop);

        Assert.NotNull(next);
        Assert.Equal([free.Id, mine.Id, waiting.Id], claimed.Select(r => r.Id).Order());
        Assert.Equal([theirs.Id, pending.Id], rest.Select(r => r.Id).Order());
    }

    [Fact]
    public async Task Guarantee23_ClaimAsync_WhenLeaseRuns_OnlyItsOwnerOrNobodyHasTheRun()
    {
        await using var store = await OpenAsync();
        var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        var now = run.DefinedAt;
        var until = now.AddSeconds(30);

        Assert.NotNull(await store.Runs.ClaimAsync(run.Id, "a", now, until, Stop));
        Assert.Null(await store.Runs.ClaimAsync(run.Id, "b", now.AddSeconds(29), until, Stop));
        Assert.NotNull(await store.Runs.ClaimAsync(run.Id, "a", now.AddSeconds(29), until, Stop));
        Assert.NotNull(await store.Runs.ClaimAsync(run.Id, "b", until, until.AddSeconds(30), Stop));
        await store.Runs.ReleaseLeasesAsync("b", Stop);
        Assert.NotNull(await store.Runs.ClaimAsync(run.Id, "c", until, until.AddSeconds(30), Stop));
        var ended = await SampleRuns.ApplyAsync(store.Runs, run, RunTrigger.BackendFailed);
        Assert.Null(await store.Runs.ClaimAsync(ended.Id, "c", until, until.AddSeconds(30), Stop));
        Assert.Null(await store.Runs.ClaimAsync(ended.Id + 999, "c", until, until, Stop));
    }

    [Fact]
    public async Task RescheduleAsync_WhenRunChangedMeanwhile_LeavesItAlone()
    {
        await using var store = await OpenAsync();
        var stays = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        var changes = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        await store.Runs.ClaimAsync(stays.Id, "a", stays.DefinedAt, stays.DefinedAt.AddMinutes(1), Stop);
        var changed = await SampleRuns.ApplyAsync(store.Runs, changes, RunTrigger.Noted);
        var next = SampleRuns.Start.AddDays(2);

        await store.Runs.RescheduleAsync([new Reschedule(changes.Id, 1, next, 4), new Reschedule(stays.Id, 1, next, 4)], Stop);

        Assert.Equivalent(stays with { NextCheckAt = next, FailedChecks = 4 }, await store.Runs.FindAsync(stays.Id, Stop), strict: true);
        Assert.Equivalent(changed, await store.Runs.FindAsync(changes.Id, Stop), strict: true);
    }
}
