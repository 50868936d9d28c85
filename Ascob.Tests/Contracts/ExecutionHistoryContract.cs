using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Contracts;

/// <summary>What every database must do for the history of executions.</summary>
public abstract class ExecutionHistoryContract
{
    private static readonly DateTimeOffset Start = SampleRuns.Start;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    protected abstract Task<TestStore> OpenAsync();

    [Fact]
    public async Task EndedAsync_AnswersWhatWasStartedAndEndedInThePeriod_LastFirst()
    {
        await using var store = await OpenAsync();
        var early = await AddAsync(store, ended: 0);
        var edge = await AddAsync(store, ended: 60);
        var late = await AddAsync(store, ended: 119);
        await AddAsync(store, ended: 120);
        await AddAsync(store, ended: 90, started: false);
        await AddAsync(store, ended: null);

        var page = await History(store).EndedAsync(Period(60, 120), Stop);
        var all = await History(store).EndedAsync(Period(-1, 121), Stop);

        Assert.Equal([late, edge], page.Items.Select(r => r.Id));
        Assert.Equal(4, all.Items.Count);
        Assert.Equal(early, all.Items[^1].Id);
        Assert.Equal((77, Start.AddSeconds(119)), (page.Items[0].MaxMemoryKb, page.Items[0].EndedAt));
    }

    [Fact]
    public async Task EndedAsync_PagesThroughRunsThatEndedInTheSameMoment_EachOnce()
    {
        await using var store = await OpenAsync();
        var ids = new List<long>();
        for (var i = 0; i < 7; i++)
        {
            ids.Add(await AddAsync(store, ended: i < 5 ? 10 : 11));
        }

        var seen = new List<long>();
        ExecutionPlace? after = null;
        do
        {
            var page = await History(store).EndedAsync(Period(0, 20) with { Limit = 2, After = after }, Stop);
            seen.AddRange(page.Items.Select(r => r.Id));
            after = page.Next;
        }
        while (after is not null);

        Assert.Equal([ids[6], ids[5], ids[4], ids[3], ids[2], ids[1], ids[0]], seen);
    }

    [Fact]
    public async Task EveryFilter_IsExact()
    {
        await using var store = await OpenAsync();
        var wanted = await AddAsync(store, ended: 10, backend: "a", place: "web_1:0a", queue: "@batch", submitter: "ann");
        await AddAsync(store, ended: 10, backend: "b", place: "webx1:0a", queue: "batch", submitter: "bob");
        await AddAsync(store, ended: 10, backend: "A", place: null, queue: null, submitter: "ann2");
        var running = await AddAsync(store, ended: null, backend: "a", place: "web_1:0a", queue: "@batch", submitter: "ann");

        foreach (var search in new[]
        {
            Period(0, 20) with { BackendId = "a" }, Period(0, 20) with { Host = "web_1" }, Period(0, 20) with { Queue = "@batch" }, Period(0, 20) with { Submitters = ["ann"] },
            Period(0, 20) with { BackendId = "a", Host = "web_1", Queue = "@batch", Submitters = ["ann", "eve"] },
        })
        {
            Assert.Equal([wanted], (await History(store).EndedAsync(search, Stop)).Items.Select(r => r.Id));
            Assert.Equal([running], (await History(store).RunningAsync(search, Stop)).Select(r => r.Id));
        }

        foreach (var search in new[] { Period(0, 20) with { Host = "web" }, Period(0, 20) with { Host = "%" }, Period(0, 20) with { Submitters = [] }, Period(0, 20) with { Queue = "it's" } })
        {
            Assert.Empty((await History(store).EndedAsync(search, Stop)).Items);
            Assert.Empty(await History(store).RunningAsync(search, Stop));
        }
    }

    [Fact]
    public async Task RunningAsync_AnswersWhatMayBeAtWork()
    {
        await using var store = await OpenAsync();
        var first = await AddAsync(store, ended: null, startedAt: 1);
        var second = await AddAsync(store, ended: null, startedAt: 5, status: RunStatus.Aborting);
        await AddAsync(store, ended: null, startedAt: 30);
        await AddAsync(store, ended: null, started: false, status: RunStatus.PendingSubmit);
        await AddAsync(store, ended: 10);

        Assert.Equal([second, first], (await History(store).RunningAsync(Period(0, 20), Stop)).Select(r => r.Id));
    }

    [Fact]
    public async Task MaxMemoryKbAsync_AnswersTheMostOfADefinition()
    {
        await using var store = await OpenAsync();
        await AddAsync(store, ended: 1, definition: 3, memory: 50);
        await AddAsync(store, ended: 2, definition: 3, memory: 5_000_000_000);
        await AddAsync(store, ended: 3, definition: 3, memory: null);
        await AddAsync(store, ended: 4, definition: 4, memory: null);

        Assert.Equal(5_000_000_000, await History(store).MaxMemoryKbAsync(3, null, Stop));
        Assert.Null(await History(store).MaxMemoryKbAsync(4, null, Stop));
        Assert.Null(await History(store).MaxMemoryKbAsync(3, ["nobody"], Stop));
        Assert.Null(await History(store).MaxMemoryKbAsync(3, [], Stop));
    }

    private static IExecutionHistory History(TestStore store) => store.Get<IExecutionHistory>();

    private static ExecutionSearch Period(int from, int to) => new() { From = Start.AddSeconds(from), To = Start.AddSeconds(to) };

    private static async Task<long> AddAsync(
        TestStore store,
        int? ended,
        bool started = true,
        int startedAt = 0,
        RunStatus? status = null,
        string backend = "shell",
        string? place = "web:1",
        string? queue = null,
        string submitter = "alice",
        long? definition = null,
        long? memory = 77)
    {
        var labels = queue is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["kuroko2_queue"] = queue };
        var added = await SampleRuns.NewAsync(store.Runs, status ?? (ended is null ? RunStatus.Running : RunStatus.Succeeded), submitter, backend, labels, definedAt: Start);
        var run = added.Run with
        {
            StartedAt = started ? Start.AddSeconds(startedAt) : null,
            EndedAt = ended is { } at ? Start.AddSeconds(at) : null,
            NextCheckAt = ended is null ? Start : null,
            IntentAt = Start,
            IntentPlace = place,
            MaxMemoryKb = memory,
            DefinitionId = definition,
            DefinitionName = definition is null ? null : "d",
            DefinitionVersion = definition is null ? null : 1,
            Cause = definition is null ? null : new RunCause(RunCause.Api),
        };
        await SampleRuns.AddAsync(store.Runs, added with { Run = run });
        return run.Id;
    }
}
