using Ascob.Core.Files;
using Ascob.Core.Jobs;
using Ascob.Core.Routing;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Contracts;

/// <summary>What every run store promises, whatever the database.</summary>
public abstract partial class RunStoreContract
{
    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Opens an empty store, or skips the test where the database is not there.</summary>
    protected abstract Task<TestStore> OpenAsync();

    [Fact]
    public async Task FindAsync_WhenRunWasAdded_AnswersEveryMember()
    {
        await using var store = await OpenAsync();
        var added = await SampleRuns.NewAsync(store.Runs);
        var full = added.Run with
        {
            StatusReason = "why 'not' \"so\" – ünïcode",
            ProtectedSecrets = "k1:abc",
            Route = new RoutingDecision("dummy", [new RoutingReason("dummy", ["fits"])], [new RoutingReason("other", ["label env"])]),
            BackendKeys = new Dictionary<string, string> { ["pid"] = "12", ["@intent"] = "a key like any other" },
            BackendStatus = "UNSTABLE",
            BackendUrl = "http://x/1",
            Progress = 12.5,
            Attempt = 2,
            ExitCode = -1,
            SubmittedAt = SampleRuns.Start.AddTicks(10),
            StartedAt = SampleRuns.Start.AddSeconds(2),
            LeaseOwner = "a",
            LeaseUntil = SampleRuns.Start.AddMinutes(1),
            IntentAt = SampleRuns.Start,
            IntentPlace = "one:abc",
            WaitingSince = SampleRuns.Start,
            AbortAt = SampleRuns.Start,
            AbortForce = true,
            TimedOut = true,
            FailedChecks = 3,
            Fences = new Dictionary<string, long> { ["db"] = 7 },
            ClaimedBy = "exec-1",
            OutputArchived = true,
            HasFiles = true,
            CallbackEvents = 4,
            MaxMemoryKb = 123_456,
            DefinitionId = 12,
            DefinitionName = "nightly",
            DefinitionVersion = 3,
            Cause = new RunCause(RunCause.Schedule, "0 1 * * *: Europe/Berlin"),
        };
        await SampleRuns.AddAsync(store.Runs, added with { Run = full });

        var found = await store.Runs.FindAsync(full.Id, Stop);

        Assert.Equivalent(full, found, strict: true);
        Assert.Null(await store.Runs.FindAsync(full.Id + 1_000, Stop));
    }

    [Fact]
    public async Task FindAsync_WhenAnIntentHasNoAnswerYet_AnswersItsPlaceAndNoKeys()
    {
        await using var store = await OpenAsync();
        var added = await SampleRuns.NewAsync(store.Runs);
        var sent = added.Run with { IntentAt = SampleRuns.Start, IntentPlace = "web1:ab", BackendKeys = null };
        await SampleRuns.AddAsync(store.Runs, added with { Run = sent });

        var found = await store.Runs.FindAsync(sent.Id, Stop);

        Assert.Equal(("web1:ab", null), (found!.IntentPlace, found.BackendKeys));
    }

    [Fact]
    public async Task NextIdAsync_WhenManyAsk_GivesEveryNumberOnce()
    {
        await using var store = await OpenAsync();
        await using var other = await store.OpenOtherAsync();

        var shared = other.Get<Ascob.Server.Persistence.Sql.Database>().Dialect.Provider != Ascob.Server.Persistence.DatabaseProvider.Sqlite;
        var ids = await Task.WhenAll(Enumerable.Range(0, 500).Select(i => (shared && i % 2 == 1 ? other : store).Runs.NextIdAsync(Stop).AsTask()));

        Assert.Equal(500, ids.Distinct().Count());
        Assert.All(ids, id => Assert.True(id > 0));
    }

    [Fact]
    public async Task Guarantee2_AddAsync_WhenSameKeyComesAgain_AnswersTheFirstRun()
    {
        await using var store = await OpenAsync();
        var key = new IdempotencyKey("portal", "k-1", new string('a', 64));
        var first = await SampleRuns.NewAsync(store.Runs, key: key);
        var again = await SampleRuns.NewAsync(store.Runs, key: key);
        var otherBody = await SampleRuns.NewAsync(store.Runs, key: key with { BodyHash = new string('b', 64) });
        var otherScope = await SampleRuns.NewAsync(store.Runs, key: key with { Scope = "cron" });

        Assert.Equal(new AddOutcome(first.Run.Id, AddOutcomeKind.Added), await store.Runs.AddAsync(first, Stop));
        Assert.Equal(new AddOutcome(first.Run.Id, AddOutcomeKind.Replayed), await store.Runs.AddAsync(again, Stop));
        Assert.Equal(new AddOutcome(first.Run.Id, AddOutcomeKind.KeyReused), await store.Runs.AddAsync(otherBody, Stop));
        Assert.Equal(AddOutcomeKind.Added, (await store.Runs.AddAsync(otherScope, Stop)).Outcome);
        Assert.Null(await store.Runs.FindAsync(again.Run.Id, Stop));
        Assert.Empty(await store.Runs.EventsAsync(again.Run.Id, 0, 10, Stop));
    }

    [Fact]
    public async Task Guarantee2_AddAsync_WhenSameKeyComesFromManyAtOnce_StoresOneRun()
    {
        await using var store = await OpenAsync();
        await using var other = await store.OpenOtherAsync();
        var key = new IdempotencyKey("portal", "k-1", new string('a', 64));
        var runs = new List<NewRun>();
        for (var i = 0; i < 60; i++)
        {
            runs.Add(await SampleRuns.NewAsync(store.Runs, key: key));
        }

        var outcomes = await Task.WhenAll(runs.Select((r, i) => (i % 2 == 0 ? store : other).Runs.AddAsync(r, Stop)));

        Assert.Single(outcomes, o => o.Outcome == AddOutcomeKind.Added);
        Assert.Equal(59, outcomes.Count(o => o.Outcome == AddOutcomeKind.Replayed));
        Assert.Single(outcomes.Select(o => o.RunId).Distinct());
        Assert.Single((await store.Runs.SearchAsync(new RunSearch(), Stop)).Items);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task AddAsync_WithFiles_StoresThemWithTheRunOrNotAtAll(bool withKey, bool withLocks)
    {
        await using var store = await OpenAsync();
        var files = store.Get<IRunFileStore>();
        var key = withKey ? new IdempotencyKey("portal", "k-1", new string('a', 64)) : null;
        LockSpec[] locks = withLocks ? [new LockSpec("db")] : [];
        var status = withLocks ? RunStatus.WaitingLocks : RunStatus.PendingSubmit;
        StagedFile[] staged = [new("b/ü \"q\"", "stored-1", 5_000_000_000, new string('1', 64)), new("a", "stored-2", 0, new string('2', 64))];

        var first = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, status, locks: locks, key: key) with { Files = staged });
        var replay = await SampleRuns.NewAsync(store.Runs, status, locks: locks, key: key) with { Files = staged };
        var shares = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, status, locks: locks) with { SharesFilesOf = first.Id });
        var outcome = await store.Runs.AddAsync(replay, Stop);

        var listed = await files.ListAsync(first.Id, Stop);
        Assert.Equal([("a", 0L, new string('2', 64)), ("b/ü \"q\"", 5_000_000_000, new string('1', 64))], listed.Select(f => (f.Name, f.Size, f.Sha256)));
        Assert.Equal(listed, await files.ListAsync(shares.Id, Stop));
        Assert.Equal(withKey ? AddOutcomeKind.Replayed : AddOutcomeKind.Added, outcome.Outcome);
        Assert.Equal(withKey ? 0 : 2, (await files.ListAsync(replay.Run.Id, Stop)).Count);
    }

    [Fact]
    public async Task TryApplyAsync_WhenVersionIsCurrent_StoresChangeAndEvent()
    {
        await using var store = await OpenAsync();
        var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        var change = SampleRuns.Change(run, RunTrigger.BackendAccepted, r => r with { BackendKeys = new Dictionary<string, string> { ["id"] = "9" } }, "taken");

        var outcome = await store.Runs.TryApplyAsync(change, null, Stop);

        Assert.Equal(ApplyOutcome.Applied, outcome);
        Assert.Equivalent(change.After, await store.Runs.FindAsync(run.Id, Stop), strict: true);
        var events = await store.Runs.EventsAsync(run.Id, 1, 10, Stop);
        Assert.Equivalent(new[] { change.Event }, events, strict: true);
    }

    [Fact]
    public async Task TryApplyAsync_WhenLeaseIsNotPartOfTheChange_LeavesTheLeaseOfAnotherServer()
    {
        await using var store = await OpenAsync();
        var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        var now = run.DefinedAt;
        await store.Runs.ClaimAsync(run.Id, "b", now, now.AddMinutes(1), Stop);

        await SampleRuns.ApplyAsync(store.Runs, run, RunTrigger.Noted);

        Assert.Equal("b", (await store.Runs.FindAsync(run.Id, Stop))?.LeaseOwner);
        Assert.Null(await store.Runs.ClaimAsync(run.Id, "c", now, now.AddMinutes(1), Stop));
    }

    [Fact]
    public async Task TryApplyAsync_WhenSlotsAreTaken_RefusesUntilOneIsGivenBack()
    {
        await using var store = await OpenAsync();
        var runs = new List<Run>();
        for (var i = 0; i < 5; i++)
        {
            runs.Add(await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs)));
        }

        RunChange Take(Run run) => SampleRuns.Change(run, RunTrigger.SubmitDelayed, r => r with { HoldsSlot = true }) with { TakesSlotOf = 2 };

        var outcomes = await Task.WhenAll(runs.Select(r => store.Runs.TryApplyAsync(Take(r), null, Stop)));
        var holder = runs[Array.IndexOf(outcomes, ApplyOutcome.Applied)];
        var refused = runs[Array.IndexOf(outcomes, ApplyOutcome.NoCapacity)];

        Assert.Equal(2, outcomes.Count(o => o == ApplyOutcome.Applied));
        Assert.Equal(3, outcomes.Count(o => o == ApplyOutcome.NoCapacity));
        Assert.Equal(1, (await store.Runs.FindAsync(refused.Id, Stop))?.Version);
        Assert.Equal(ApplyOutcome.Conflict, await store.Runs.TryApplyAsync(Take(holder), null, Stop));

        var held = await store.Runs.FindAsync(holder.Id, Stop) ?? throw new InvalidOperationException();
        await SampleRuns.ApplyAsync(store.Runs, held, RunTrigger.BackendSucceeded);
        Assert.Equal(ApplyOutcome.Applied, await store.Runs.TryApplyAsync(Take(refused), null, Stop));

        var second = await store.Runs.FindAsync(refused.Id, Stop) ?? throw new InvalidOperationException();
        await SampleRuns.ApplyAsync(store.Runs, second, RunTrigger.SubmitDelayed, r => r with { HoldsSlot = false });
        var third = runs.First(r => r != refused && outcomes[runs.IndexOf(r)] == ApplyOutcome.NoCapacity);
        Assert.Equal(ApplyOutcome.Applied, await store.Runs.TryApplyAsync(Take(third), null, Stop));
    }

    [Fact]
    public async Task Guarantee7_TryApplyAsync_WhenRunEnds_ReleasesLocksInTheSameCommit()
    {
        await using var store = await OpenAsync();
        for (var i = 0; i < 20; i++)
        {
            var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.WaitingLocks, locks: [new LockSpec("db"), new LockSpec("net", LockMode.Shared)]));
            var grant = await store.Locks.TryGrantAsync(run.Id, (r, f) => SampleRuns.Change(r, RunTrigger.LocksGranted, x => x with { Fences = f }), Stop);
            Assert.NotNull(grant.Run);

            await SampleRuns.ApplyAsync(store.Runs, grant.Run, RunTrigger.BackendFailed);

            Assert.Empty(await store.Locks.ListAsync(Stop));
        }
    }

    [Fact]
    public async Task EventsAsync_WhenFolded_GiveTheRowsStatusAndVersion()
    {
        await using var store = await OpenAsync();
        var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        foreach (var trigger in (RunTrigger[])[RunTrigger.AnswerLost, RunTrigger.FoundNotStarted, RunTrigger.BackendAccepted, RunTrigger.Noted, RunTrigger.BackendStarted, RunTrigger.AbortRequested, RunTrigger.BackendAborted])
        {
            run = await SampleRuns.ApplyAsync(store.Runs, run, trigger);
        }

        var events = await store.Runs.EventsAsync(run.Id, 0, 100, Stop);

        var folded = events.Aggregate((Status: (RunStatus?)null, Version: 0L), (state, e) =>
        {
            Assert.Equal(state.Status, e.From);
            Assert.Equal(state.Version + 1, e.Seq);
            return (e.To, e.Seq);
        });
        var row = await store.Runs.FindAsync(run.Id, Stop);
        Assert.Equal((row?.Status, row?.Version), (folded.Status, folded.Version));
    }

    [Fact]
    public async Task DeleteFinishedAsync_WhenRunsAreOld_DeletesThemWithAllThatIsTheirs()
    {
        await using var store = await OpenAsync();
        var key = new IdempotencyKey("portal", "k", new string('a', 64));
        var old = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, key: key));
        var active = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        await SampleRuns.ApplyAsync(store.Runs, old, RunTrigger.BackendSucceeded);
        var last = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        await SampleRuns.ApplyAsync(store.Runs, last, RunTrigger.BackendSucceeded);

        Assert.Empty(await store.Runs.EndedAsync(SampleRuns.Start, 10, Stop));
        Assert.Equal([old.Id], await store.Runs.EndedAsync(SampleRuns.Start.AddDays(1), 1, Stop));
        Assert.Equal([old.Id, last.Id], await store.Runs.EndedAsync(SampleRuns.Start.AddDays(1), 10, Stop));
        Assert.Equal([old.Id], await store.Runs.DeleteFinishedAsync([old.Id, active.Id], Stop));
        Assert.Equal([last.Id], await store.Runs.EndedAsync(SampleRuns.Start.AddDays(1), 10, Stop));
        Assert.Equal([last.Id], await store.Runs.DeleteFinishedAsync([old.Id, last.Id], Stop));

        Assert.Null(await store.Runs.FindAsync(old.Id, Stop));
        Assert.Empty(await store.Runs.EventsAsync(old.Id, 0, 10, Stop));
        Assert.Equal([active.Id], (await store.Runs.SearchAsync(new RunSearch { Labels = [new("env", "prod")] }, Stop)).Items.Select(r => r.Id));
        Assert.Equal(AddOutcomeKind.Added, (await store.Runs.AddAsync(await SampleRuns.NewAsync(store.Runs, key: key), Stop)).Outcome);
    }

    [Fact]
    public async Task FindByMarkerIdsAsync_WhenSomeAreKnown_AnswersThose()
    {
        await using var store = await OpenAsync();
        var one = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        var two = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));

        string[] asked = [one.MarkerId, two.MarkerId, .. Enumerable.Range(0, 150).Select(i => $"unknown{i}")];
        var found = await store.Runs.FindByMarkerIdsAsync(asked, Stop);

        Assert.Equal([one.Id, two.Id], found.Select(r => r.Id).Order());
    }

    [Fact]
    public async Task NextIdAsync_WhenNewestRunsWereDeleted_NeverGivesTheirNumbersAgain()
    {
        await using var store = await OpenAsync();
        var run = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        await SampleRuns.ApplyAsync(store.Runs, run, RunTrigger.BackendSucceeded);
        await store.Runs.DeleteFinishedAsync([run.Id], Stop);

        await using var restarted = await store.OpenOtherAsync();

        Assert.True(await restarted.Runs.NextIdAsync(Stop) > run.Id);
    }

    [Fact]
    public async Task CountActiveAsync_WhenRunsAreActive_CountsThemByBackendAndStatus()
    {
        await using var store = await OpenAsync();
        await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.Running));
        await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.Running));
        await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, backend: null));
        var ended = await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        await SampleRuns.ApplyAsync(store.Runs, ended, RunTrigger.BackendFailed);

        var counts = await store.Runs.CountActiveAsync(Stop);

        Assert.Equivalent(new[] { new RunCount("dummy", RunStatus.Running, 2), new RunCount(null, RunStatus.PendingSubmit, 1) }, counts, strict: true);
    }
}
