using System.Text.Json;
using Ascob.Core.Definitions;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Ascob.Core.Schedules;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Contracts;

/// <summary>What every database must do for definitions.</summary>
public abstract partial class DefinitionStoreContract
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Gets whether two servers can share the database.</summary>
    protected virtual bool IsShared => true;

    protected abstract Task<TestStore> OpenAsync();

    [Fact]
    public async Task AddAsync_WhenNameIsNew_KeepsEverything()
    {
        await using var store = await OpenAsync();
        var definitions = store.Get<IDefinitionStore>();
        var content = Sample("say 'ünïcode'") with
        {
            Parameters = JsonDocument.Parse("""{"type":"object","properties":{"a":{"type":"string"}}}""").RootElement.Clone(),
            Tags = ["blue", "50%"],
            Owners = ["ann@example.com"],
            NextExecution = NextExecution.NotWhileError,
            ExpectedSeconds = 5,
            ApiAllowed = false,
            Annotations = new Dictionary<string, string> { ["k"] = "v" },
        };

        var id = await AddAsync(definitions, "a/b c", content, suspended: true, source: "git");

        var found = (await definitions.FindAsync("a/b c", Stop))!;
        Assert.Equal((id, 1, true, "git", "token:ann"), (found.Id, found.Version, found.Suspended, found.Source, found.SavedBy));
        Assert.Equal(content.ToJson(), found.Content.ToJson());
        Assert.Equal("k1:x", found.ProtectedSecrets);
        Assert.Equal(SampleRuns.Start, found.SavedAt);
        Assert.Equal(found.Content.ToJson(), (await definitions.FindAsync(id, Stop))!.Content.ToJson());
        Assert.Null(await definitions.FindAsync("A/B C", Stop));
    }

    [Fact]
    public async Task AddAsync_WhenManyWantOneName_OneGetsIt_AndNumbersAreNeverGivenTwice()
    {
        await using var store = await OpenAsync();
        var definitions = store.Get<IDefinitionStore>();

        var same = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => definitions.AddAsync(New("same"), Stop)));
        var first = Assert.Single(same, id => id is not null)!.Value;
        Assert.True((await definitions.DeleteAsync(first, Stop)).Deleted);
        var next = await definitions.AddAsync(New("same"), Stop);

        Assert.True(next > first);
    }

    [Fact]
    public async Task SaveAsync_MakesVersionsThatStay_AndRefusesAWrongOne()
    {
        await using var store = await OpenAsync();
        var definitions = store.Get<IDefinitionStore>();
        var id = await AddAsync(definitions, "job", Sample("one"));

        Assert.True(await SaveAsync(definitions, id, Version(Sample("two"))));
        Assert.False(await SaveAsync(definitions, id, Version(Sample("three"))));
        Assert.False(await SaveAsync(definitions, id + 1_000, Version(Sample("three"))));

        Assert.Equal((2, "two"), Show((await definitions.FindAsync("job", Stop))!));
        Assert.Equal((1, "one"), Show((await definitions.FindVersionAsync(id, 1, Stop))!));
        Assert.Null(await definitions.FindVersionAsync(id, 3, Stop));
        Assert.Equal([(2, "two"), (1, "one")], (await definitions.VersionsAsync(id, int.MaxValue, 10, Stop)).Items.Select(Show));
    }

    [Fact]
    public async Task SaveAsync_WhenManySaveAtOnce_NoneIsLost()
    {
        await using var store = await OpenAsync();
        var definitions = store.Get<IDefinitionStore>();
        var id = await AddAsync(definitions, "job", Sample("0"));

        var saved = await Task.WhenAll(Enumerable.Range(1, 20).Select(i => SaveAsync(definitions, id, Version(Sample($"{i}")))));

        Assert.Single(saved, s => s);
        Assert.Equal(2, (await definitions.FindAsync(id, Stop))!.Version);
    }

    [Fact]
    public async Task ListAsync_FindsByTextTagsOwnerSourceAndStar_PageByPage()
    {
        await using var store = await OpenAsync();
        var definitions = store.Get<IDefinitionStore>();
        var a = await AddAsync(definitions, "a", Sample("Clean Up 100%") with { Tags = ["blue", "red"], Owners = ["ann"] });
        await AddAsync(definitions, "b", Sample("other") with { Tags = ["blue"] }, source: "git");
        await AddAsync(definitions, "c_d", Sample("third") with { Tags = ["bluer"], JobSpec = new JobSpec { Submitter = "carl" } });
        await definitions.SetStarAsync("portal", a, true, Stop);
        await definitions.SetStarAsync("portal", a, true, Stop);

        Assert.Equal(["a"], await NamesAsync(definitions, new DefinitionSearch { Text = "clean up 100%" }));
        Assert.Equal(["c_d"], await NamesAsync(definitions, new DefinitionSearch { Text = "C_" }));
        Assert.Equal(["a", "b"], await NamesAsync(definitions, new DefinitionSearch { Tags = ["blue"] }));
        Assert.Equal(["a"], await NamesAsync(definitions, new DefinitionSearch { Tags = ["blue", "red"] }));
        Assert.Equal(["a"], await NamesAsync(definitions, new DefinitionSearch { Owner = "ann" }));
        Assert.Equal(["b"], await NamesAsync(definitions, new DefinitionSearch { Source = "git" }));
        Assert.Equal(["a"], await NamesAsync(definitions, new DefinitionSearch { StarredBy = "portal" }));
        Assert.Empty(await NamesAsync(definitions, new DefinitionSearch { StarredBy = "other" }));
        Assert.Equal(["a", "b"], await NamesAsync(definitions, new DefinitionSearch { Submitters = ["dora"] }));
        Assert.Equal(["a", "b", "c_d"], await NamesAsync(definitions, new DefinitionSearch { Submitters = ["dora", "carl"] }));

        var first = await definitions.ListAsync(new DefinitionSearch { Limit = 2, StarsOf = "portal" }, Stop);
        Assert.Equal(["a", "b"], first.Items.Select(d => d.Name));
        Assert.Equal([a], first.Starred);
        var second = await definitions.ListAsync(new DefinitionSearch { Limit = 2, AfterName = first.NextAfterName }, Stop);
        Assert.Equal(["c_d"], second.Items.Select(d => d.Name));
        Assert.Null(second.NextAfterName);

        await definitions.SetStarAsync("portal", a, false, Stop);
        Assert.Empty(await NamesAsync(definitions, new DefinitionSearch { StarredBy = "portal" }));
    }

    [Fact]
    public async Task RenameAsync_KeepsNumberAndVersions_AndRefusesATakenName()
    {
        await using var store = await OpenAsync();
        var definitions = store.Get<IDefinitionStore>();
        var id = await AddAsync(definitions, "old", Sample("x"));
        await AddAsync(definitions, "taken", Sample("y"));

        Assert.False(await definitions.RenameAsync(id, "taken", Stop));
        Assert.False(await definitions.RenameAsync(id + 1_000, "free", Stop));
        Assert.True(await definitions.RenameAsync(id, "new", Stop));
        Assert.True(await definitions.SetSuspendedAsync(id, true, Stop));

        Assert.Null(await definitions.FindAsync("old", Stop));
        var found = (await definitions.FindAsync("new", Stop))!;
        Assert.Equal((id, 1, true), (found.Id, found.Version, found.Suspended));
        Assert.Equal(["new"], await NamesAsync(definitions, new DefinitionSearch { Text = "new" }));
    }

    [Fact]
    public async Task DeleteAsync_IsRefusedWhileARunIsNotFinal_AndLeavesRuns()
    {
        await using var store = await OpenAsync();
        var definitions = store.Get<IDefinitionStore>();
        var id = await AddAsync(definitions, "job", Sample("x"));
        var run = await LaunchAsync(store, id);

        Assert.Equal(new DefinitionDeletion(false, run.Id), await definitions.DeleteAsync(id, Stop));
        await SampleRuns.ApplyAsync(store.Runs, run, RunTrigger.BackendSucceeded);
        Assert.Equal(new DefinitionDeletion(true, null), await definitions.DeleteAsync(id, Stop));

        Assert.Null(await definitions.FindAsync(id, Stop));
        Assert.Equal(id, (await store.Runs.FindAsync(run.Id, Stop))!.DefinitionId);
        var late = await NewRunAsync(store, id);
        Assert.Equal(AddOutcomeKind.DefinitionGone, (await store.Runs.AddAsync(late, Stop)).Outcome);
        Assert.Null(await store.Runs.FindAsync(late.Run.Id, Stop));
    }

    [Fact]
    public async Task SaveAsync_WhenAnyOfItsStepsFails_StoresNothing()
    {
        await using var store = await OpenAsync();
        var (definitions, schedules) = (store.Get<IDefinitionStore>(), store.Get<IScheduleStore>());
        var spec = new ScheduleSpec { Cron = "0 3 * * *" };
        var schedule = new Schedule { Spec = spec, Fingerprint = ScheduleFingerprint.Of(spec), ChangedBy = "token:ann", CreatedAt = SampleRuns.Start, UpdatedAt = SampleRuns.Start };
        var broken = new DefinitionCompanions
        {
            Schedules = id => new ScheduleSetPlan(_ => new ScheduleChanges([], [], [schedule with { DefinitionId = id }]), (_, _) => ScheduleCursor.End),
            Subscriptions = _ => _ => throw new TimeZoneNotFoundException("broken off"),
        };
        var id = await AddAsync(definitions, "there", Sample("one"));

        await Assert.ThrowsAsync<TimeZoneNotFoundException>(() => definitions.AddAsync(New("new") with { Companions = broken }, Stop));
        await Assert.ThrowsAsync<TimeZoneNotFoundException>(() => definitions.SaveAsync(
            id, 1, new DefinitionUpdate { Version = Version(Sample("two")), Name = "other", Suspended = true, Companions = broken }, Stop));

        Assert.Null(await definitions.FindAsync("new", Stop));
        var found = (await definitions.FindAsync("there", Stop))!;
        Assert.Equal((1, false), (found.Version, found.Suspended));
        Assert.Empty(await schedules.ListAsync(null, 0, 10, Stop));
        Assert.Equal(DefinitionSave.Stored, await definitions.SaveAsync(id, 1, new DefinitionUpdate { Name = "other", Companions = broken with { Subscriptions = null } }, Stop));
        Assert.Equal(1, (await definitions.FindAsync("other", Stop))!.Version);
        Assert.Equal(id, Assert.Single(await schedules.ListAsync(null, 0, 10, Stop)).DefinitionId);
        Assert.Equal(DefinitionSave.NameTaken, await definitions.SaveAsync(await AddAsync(definitions, "third", Sample("x")), 1, new DefinitionUpdate { Name = "other" }, Stop));
    }

    [Fact]
    public async Task HeadsAsync_AnswersThoseThatAreThere()
    {
        await using var store = await OpenAsync();
        var definitions = store.Get<IDefinitionStore>();
        var one = await AddAsync(definitions, "one", Sample("x") with { JobSpec = new JobSpec { Submitter = "ann" } }, suspended: true);
        var two = await AddAsync(definitions, "two", Sample("x") with { JobSpec = new JobSpec { Submitter = "{{ who }}" } });

        var heads = await definitions.HeadsAsync([one, two, two + 1_000], Stop);

        Assert.Equal([new DefinitionHead(one, "one", true, "ann"), new DefinitionHead(two, "two", false, null)], heads.Values.OrderBy(h => h.Id));
        Assert.Empty(await definitions.HeadsAsync([], Stop));
    }

    private static (int Version, string? Description) Show(Definition d) => (d.Version, d.Content.Description);

    private static async Task<IEnumerable<string>> NamesAsync(IDefinitionStore definitions, DefinitionSearch search) => (await definitions.ListAsync(search, Stop)).Items.Select(d => d.Name);

    private static DefinitionContent Sample(string description) => new() { Description = description, JobSpec = new JobSpec { Labels = new Dictionary<string, string> { ["a"] = "b" } } };

    private static NewVersion Version(DefinitionContent content) => new(content, "k1:x", SampleRuns.Start, "token:ann");

    private static NewDefinition New(string name) => new(name, null, false, Version(Sample(name)), null);

    private static async Task<bool> SaveAsync(IDefinitionStore definitions, long id, NewVersion version) =>
        await definitions.SaveAsync(id, 1, new DefinitionUpdate { Version = version }, Stop) == DefinitionSave.Stored;

    private static async Task<long> AddAsync(IDefinitionStore definitions, string name, DefinitionContent content, bool suspended = false, string? source = null) =>
        (await definitions.AddAsync(new NewDefinition(name, source, suspended, Version(content), null), Stop))!.Value;
}
