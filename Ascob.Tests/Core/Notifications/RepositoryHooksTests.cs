using Ascob.Core.Notifications;
using Ascob.Core.Repository;
using Ascob.Tests.Core.Repository;

namespace Ascob.Tests.Core.Notifications;

/// <summary>Which subscriptions the hooks of a repository become.</summary>
public sealed class RepositoryHooksTests
{
    [Fact]
    public void Of_NamesAHookByItsAddress_WhateverItsPlace()
    {
        var names = Named(State([("a", ["https://one.example/k?key=canary", "https://two.example/"])]));
        var turned = Named(State([("a", ["https://two.example/", "https://one.example/k?key=canary"])]));

        Assert.Equal(names, turned);
        Assert.Equal(2, names.Values.Distinct().Count());
        Assert.All(names.Values, n => Assert.True(n.StartsWith("a: complete ", StringComparison.Ordinal) && !n.Contains("canary", StringComparison.Ordinal), n));
    }

    [Fact]
    public void Of_LongNamesOfJobs_AreStillGoodNamesOfSubscriptions()
    {
        var job = new string('j', JobNames.Longest);
        var hooks = RepositoryHooks.Of(State([(job, ["https://one.example/"])], new string('e', JobNames.Longest)));

        var (request, errors) = (Assert.Single(hooks), SubscriptionRules.Check(hooks[0], null, _ => false));
        Assert.Empty(errors);
        Assert.Equal(job, request.Filter!.Labels![RepositoryLabels.Job]);
    }

    [Fact]
    public void Of_MoreThanAreServed_AreLeftOutAndToldOf()
    {
        var jobs = Enumerable.Range(0, 101).Select(i => ($"job-{i:000}", Enumerable.Range(0, 20).Select(u => $"https://example.org/{i}/{u}").ToArray())).ToArray();
        var (full, over) = (State(jobs[..100]), State(jobs));

        Assert.Equal(RepositoryHooks.Most, RepositoryHooks.Of(full).Count);
        Assert.Null(RepositoryHooks.Problem(full.Hooks, full.Jobs.Values.Select(j => j.Job)));
        Assert.Equal(RepositoryHooks.Of(full).Select(h => h.Name), RepositoryHooks.Of(over).Select(h => h.Name));
        Assert.Equal("The repository has 2020 hooks; 2000 are served, those of the last jobs are not.", RepositoryHooks.Problem(over.Hooks, over.Jobs.Values.Select(j => j.Job)));
    }

    [Fact]
    public void Read_HooksForTooManyEvents_AreAnErrorOfTheFile()
    {
        var file = JobFiles.Read($"- command: x\n  hooks:\n{string.Concat(Enumerable.Range(0, 51).Select(i => $"    e{i}: https://example.org/\n"))}");

        Assert.Equal((2, "There are hooks for at most 50 events; here are 51."), (Assert.Single(file.Errors).Line!.Value, file.Errors[0].Message));
    }

    private static Dictionary<string, string> Named(RepositoryState state) => RepositoryHooks.Of(state).ToDictionary(h => h.Url!, h => h.Name!);

    private static RepositoryState State((string Name, string[] Urls)[] jobs, string status = "complete") => new()
    {
        Jobs = new SortedDictionary<string, KnownJob>(
            jobs.ToDictionary(
                j => j.Name,
                j => new KnownJob(
                    Assert.Single(JobFiles.Read("- command: x\n").Jobs) with { Name = j.Name, Hooks = new Dictionary<string, IReadOnlyList<string>> { [status] = j.Urls } }, "c", null, true)),
            StringComparer.Ordinal),
    };
}
