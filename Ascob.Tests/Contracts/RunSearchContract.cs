using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Contracts;

/// <summary>What every search promises: the same answers as a plain filter over all runs.</summary>
public abstract class RunSearchContract
{
    private const int Runs = 240;

    private static readonly string[] Descriptions = ["50% off_sale", "50 off sale", @"path\to[x]", "DEPLOY Shop", "deploy shop"];

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    protected abstract Task<TestStore> OpenAsync();

    [Fact]
    public async Task SearchAsync_WhateverTheFilters_AnswersWhatAPlainFilterWould()
    {
        await using var store = await OpenAsync();
        var all = await FillAsync(store);
        foreach (var search in Searches(all))
        {
            var expected = all.Where(r => Matches(r, search)).OrderByDescending(r => r.Id).Select(r => r.Id).ToList();

            var found = await PagesAsync(store, search);

            Assert.True(expected.SequenceEqual(found), $"{Describe(search)}: expected {expected.Count}, found {found.Count}");
        }
    }

    [Fact]
    public async Task SearchAsync_WhenPageEndsExactly_HasNoNextPage()
    {
        await using var store = await OpenAsync();
        for (var i = 0; i < 4; i++)
        {
            await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs));
        }

        Assert.Null((await store.Runs.SearchAsync(new RunSearch { Limit = 4 }, Stop)).NextBeforeId);
        Assert.NotNull((await store.Runs.SearchAsync(new RunSearch { Limit = 3 }, Stop)).NextBeforeId);
    }

    [Fact]
    public async Task SearchAsync_ByTheLongestLabels_FindsTheRunThatHasThemAndNoOther()
    {
        await using var store = await OpenAsync();
        var key = new string('k', JobSpecLimits.LabelKey);
        string[] values = [.. ((int[])[1, 278, 279, 280, 281, JobSpecLimits.LabelValue - 1, JobSpecLimits.LabelValue]).Select(n => new string('\u00fc', n))];
        var ids = new List<long>();
        foreach (var value in values)
        {
            ids.Add((await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, labels: new Dictionary<string, string> { [key] = value, ["env"] = "prod" }))).Id);
        }

        for (var i = 0; i < values.Length; i++)
        {
            Assert.Equal([ids[i]], await PagesAsync(store, new RunSearch { Labels = [new(key, values[i])] }));
            Assert.Equal([ids[i]], await PagesAsync(store, new RunSearch { Labels = [new("env", "prod"), new(key, values[i])] }));
        }
    }

    private static IEnumerable<RunSearch> Searches(List<Run> all)
    {
        KeyValuePair<string, string> env = new("env", "prod");
        KeyValuePair<string, string> team = new("team", "t3");
        var middle = all[all.Count / 2].DefinedAt;
        yield return new RunSearch();
        yield return new RunSearch { Statuses = [RunStatus.Failed] };
        yield return new RunSearch { Statuses = [RunStatus.Failed, RunStatus.Running, RunStatus.Failed] };
        yield return new RunSearch { Statuses = [] };
        yield return new RunSearch { Submitters = ["bob"] };
        yield return new RunSearch { Submitters = ["BOB"] };
        yield return new RunSearch { Submitters = ["bob", "carol", "nobody"], Statuses = [RunStatus.Succeeded] };
        yield return new RunSearch { Submitters = [.. Enumerable.Range(0, 60).Select(i => $"user{i}"), "bob"] };
        yield return new RunSearch { Submitters = [] };
        yield return new RunSearch { Labels = [env] };
        yield return new RunSearch { Labels = [team, env] };
        yield return new RunSearch { Labels = [env, team], Statuses = [RunStatus.Failed], BackendId = "b1" };
        yield return new RunSearch { Labels = [new("env", "PROD")] };
        yield return new RunSearch { Labels = [env, new("env", "test")] };
        yield return new RunSearch { Labels = [env, env] };
        yield return new RunSearch { Labels = [new("ticket", "T-7")] };
        yield return new RunSearch { Labels = [new("quo\"te", "it's \\ {}")] };
        yield return new RunSearch { BackendId = "b2" };
        yield return new RunSearch { ParentId = all[0].Id };
        yield return new RunSearch { DefinedAfter = middle };
        yield return new RunSearch { DefinedBefore = middle };
        yield return new RunSearch { DefinedAfter = middle.AddHours(-8), DefinedBefore = middle, Statuses = [RunStatus.Succeeded] };
        yield return new RunSearch { DefinedAfter = DateTimeOffset.MaxValue, DefinedBefore = DateTimeOffset.MinValue };
        yield return new RunSearch { DefinedAfter = DateTimeOffset.MinValue, DefinedBefore = DateTimeOffset.MaxValue };
        foreach (var text in (string[])["50%", "off_sale", @"path\to[x]", "DePlOy", "%", "absent"])
        {
            yield return new RunSearch { Text = text };
            yield return new RunSearch { Text = text, Labels = [env] };
        }
    }

    private static bool Matches(Run run, RunSearch search) =>
        (search.Statuses is null || search.Statuses.Contains(run.Status))
        && (search.Submitters is null || search.Submitters.Contains(run.Spec.Submitter ?? string.Empty))
        && (search.Labels is null || search.Labels.All(l => run.Spec.Label(l.Key) == l.Value))
        && (search.BackendId is null || run.BackendId == search.BackendId)
        && (search.ParentId is null || run.ParentId == search.ParentId)
        && (search.DefinedAfter is null || run.DefinedAt > search.DefinedAfter)
        && (search.DefinedBefore is null || run.DefinedAt < search.DefinedBefore)
        && (search.Text is null || run.Spec.Description?.Contains(search.Text, StringComparison.OrdinalIgnoreCase) == true);

    private static string Describe(RunSearch search) =>
        $"{search} labels [{string.Join(", ", search.Labels ?? [])}] statuses [{string.Join(", ", search.Statuses ?? [])}] submitters [{string.Join(", ", search.Submitters ?? [])}]";

    private static async Task<List<long>> PagesAsync(TestStore store, RunSearch search)
    {
        var found = new List<long>();
        long? before = null;
        do
        {
            var page = await store.Runs.SearchAsync(search with { Limit = 37, BeforeId = before }, Stop);
            found.AddRange(page.Items.Select(r => r.Id));
            before = page.NextBeforeId;
        }
        while (before is not null);
        return found;
    }

    private static async Task<List<Run>> FillAsync(TestStore store)
    {
        RunStatus[] statuses = [RunStatus.Succeeded, RunStatus.Succeeded, RunStatus.Failed, RunStatus.Running, RunStatus.Aborted];
        string[] submitters = ["alice", "bob", "carol", "Bob"];
        string[] environments = ["prod", "test", "stage"];
        var all = new List<Run>();
        for (var i = 0; i < Runs; i++)
        {
            var labels = new Dictionary<string, string> { ["env"] = environments[i % 3], ["team"] = $"t{i % 7}", ["ticket"] = $"T-{i}" };
            if (i % 50 == 0)
            {
                labels["quo\"te"] = "it's \\ {}";
            }

            var run = await SampleRuns.NewAsync(
                store.Runs,
                statuses[i % 5],
                submitters[i % 4],
                $"b{i % 6}",
                labels,
                description: Descriptions[i % Descriptions.Length],
                definedAt: SampleRuns.Start.AddMinutes(10 * i),
                parentId: i is > 0 and < 5 ? all[0].Id : null);
            all.Add(await SampleRuns.AddAsync(store.Runs, run));
        }

        return all;
    }
}
