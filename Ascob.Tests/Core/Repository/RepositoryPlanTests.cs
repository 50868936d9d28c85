using System.Text;
using Ascob.Core.Repository;

namespace Ascob.Tests.Core.Repository;

/// <summary>What commits change.</summary>
public sealed class RepositoryPlanTests
{
    private const string Settings = "jobs:\n  hello:\n    hooks: {complete: 'http://a.example/own'}\nhooks: {fail: 'http://a.example/all'}";

    [Fact]
    public void AFaultInTheSettings_LeavesTheHooksOfSingleJobsAsTheyWere()
    {
        var first = Plan(new RepositoryState(), "1", Settings, "hello: 1");

        var broken = Plan(first.Next, "2", "jobs: [", "hello: 1");
        var still = Plan(broken.Next, "3", "colour: red", "hello: 1");
        var mended = Plan(still.Next, "4", "hooks: {}", "hello: 1");

        Assert.Equal(["http://a.example/own"], first.Next.Jobs["hello"].Job.Hooks["complete"]);
        foreach (var plan in new[] { broken, still })
        {
            Assert.NotEmpty(plan.Next.Errors);
            Assert.Equal(["http://a.example/own"], plan.Next.Jobs["hello"].Job.Hooks["complete"]);
            Assert.Equal(["http://a.example/all"], plan.Next.Hooks["fail"]);
            Assert.Equal(JobChangeKind.Unchanged, Assert.Single(plan.Changes).Kind);
        }

        Assert.Empty(mended.Next.Jobs["hello"].Job.Hooks);
    }

    [Fact]
    public void AFaultInTheSettings_OfAStateThatDoesNotRememberThem_LosesNoHook()
    {
        var first = Plan(new RepositoryState(), "1", Settings, "hello: 1").Next with { JobHooks = null };

        Assert.Equal(["http://a.example/own"], Plan(first, "2", "jobs: [", "hello: 1").Next.Jobs["hello"].Job.Hooks["complete"]);
    }

    [Fact]
    public void MoreJobsThanARepositoryMayHave_AreRefusedByFile_AndNoJobIsLost()
    {
        var full = new[] { "a: 500", "b: 500", "c: 500", "d: 499" };
        var first = Plan(new RepositoryState(), "1", null, full);

        // The new file comes before those that are known, and one of those grows.
        var second = Plan(first.Next, "2", null, ["a: 500", "aa: 2", "b: 500", "c: 500", "d: 500", "e: 1"]);
        var third = Plan(second.Next, "3", null, ["a: 1", "aa: 2", "b: 500", "c: 500", "d: 500", "e: 1"]);

        Assert.Empty(first.Next.Errors);
        Assert.Equal(["aa.yml", "e.yml"], second.Next.Errors.Select(e => e.File));
        Assert.All(second.Next.Errors, e => Assert.Contains("2000", e.Message, StringComparison.Ordinal));
        Assert.Equal(RepositoryPlan.MostJobs, second.Next.Jobs.Count);
        Assert.All(first.Next.Jobs.Keys, j => Assert.Contains(j, second.Next.Jobs));
        Assert.Empty(third.Next.Errors);
        Assert.Equal(1504, third.Next.Jobs.Count);
    }

    // Files as "name: number of jobs".
    private static RepositoryPlan Plan(RepositoryState now, string commit, string? settings, params string[] files) => RepositoryPlan.Make(
        now,
        new CommitContent(
            commit,
            "Ada",
            [.. files.Select(f => f.Split(": ")).Select(f => JobFiles.Read(string.Concat(Enumerable.Repeat("- command: echo\n", int.Parse(f[1], null))), $"{f[0]}.yml"))],
            settings is null ? SettingsFile.None : SettingsFile.Read("overseer.yml", Encoding.UTF8.GetBytes(settings))));
}
