using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Core.Routing;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Routing;

public sealed class RouterTests
{
    [Fact]
    public void Decide_WhenABackendIsNamed_TakesItOrNone()
    {
        var router = Make(("a", new()), ("b", new()));

        Assert.Equal("b", router.Decide(Labelled(("_execution_backend_id", "b")), 1).BackendId);
        Assert.Null(router.Decide(Labelled(("_execution_backend_id", "c")), 1).BackendId);
    }

    [Fact]
    public void Decide_WhenLabelsAreDeclared_AllOfThemMustMatchAndOthersAreMetadata()
    {
        var router = Make(
            ("eu", new() { ["region"] = "eu", ["tier"] = "prod" }),
            ("us", new() { ["region"] = "us", ["tier"] = "prod" }),
            ("test", new() { ["region"] = "eu" }));

        var decision = router.Decide(Labelled(("region", "eu"), ("tier", "prod"), ("ticket", "T-1")), 1);

        Assert.Equal("eu", decision.BackendId);
        Assert.Equal(["test", "us"], decision.Refused.Select(r => r.BackendId));
        Assert.Contains(decision.Refused[0].Reasons, r => r.Contains("'tier'", StringComparison.Ordinal));
    }

    [Fact]
    public void Decide_WhenNoLabelLeadsAnywhere_RefusesAllWithReasons()
    {
        var decision = Make(("a", new()), ("b", new())).Decide(Labelled(("ticket", "T-1")), 1);

        Assert.Null(decision.BackendId);
        Assert.All(decision.Refused, r => Assert.NotEmpty(r.Reasons));
    }

    [Fact]
    public void Decide_WhateverTheOrderOfRegistration_ChoosesTheSame()
    {
        var labels = new Dictionary<string, string> { ["pool"] = "x" };
        var routers = Permutations(["a", "b", "c", "d"]).Select(o => Make([.. o.Select(id => (id, labels))])).ToList();
        Assert.Equal(24, routers.Count);

        for (var run = 1; run <= 200; run++)
        {
            Assert.Single(routers.Select(r => r.Decide(Labelled(("pool", "x")), run).BackendId).Distinct());
        }
    }

    [Fact]
    public void Decide_OverWeights_SpreadsWithinThreePercent()
    {
        var router = Make([("a", 1), ("b", 2), ("c", 1)]);

        var counts = Enumerable.Range(1, 10_000).Select(run => router.Decide(Labelled(("pool", "x")), run).BackendId!).CountBy(id => id)
            .ToDictionary(c => c.Key, c => c.Value);

        // Of each share, not of the whole. A fair hash of other runs strays by 1.7 % of the smaller shares (one sigma).
        Assert.InRange(counts["a"], 2_425, 2_575);
        Assert.InRange(counts["b"], 4_850, 5_150);
        Assert.InRange(counts["c"], 2_425, 2_575);
    }

    [Fact]
    public void Decide_WhenTheFavouriteFails_PrefersAHealthyOne()
    {
        var labels = new Dictionary<string, string> { ["pool"] = "x" };
        var catalog = Catalog([.. new[] { "a", "b" }.Select(id => (id, labels, 1))]);
        var router = new Router(catalog);
        var favourite = router.Decide(Labelled(("pool", "x")), 1).BackendId!;
        Assert.True(catalog.TryGet(favourite, out var entry));
        for (var i = 0; i < 5; i++)
        {
            entry.Condition.Failed("down");
        }

        var decision = router.Decide(Labelled(("pool", "x")), 1);

        Assert.NotEqual(favourite, decision.BackendId);
        Assert.Contains(decision.Candidates[^1].Reasons, r => r.Contains("circuit open", StringComparison.Ordinal));
    }

    [Fact]
    public void Decide_WhenALabelOfATypeNamesABackend_NoBackendOfAnotherTypeIsACandidate()
    {
        var labels = new Dictionary<string, string> { ["pool"] = "x" };
        var named = new ScriptedBackend("conveyor-main") { InstanceLabel = "conveyor_instance" };
        var router = new Router(new BackendCatalog(new[] { named, new ScriptedBackend("other") }.Select(b =>
        {
            var options = new BackendOptions { Type = "Scripted", Labels = labels };
            return new BackendEntry(b.BackendId, b, options, b, new BackendCondition(options.Resilience, TimeProvider.System));
        })));

        for (var run = 1; run <= 50; run++)
        {
            var decision = router.Decide(Labelled(("conveyor_instance", "conveyor-main"), ("pool", "x")), run);
            Assert.Equal(("conveyor-main", 1), (decision.BackendId, decision.Candidates.Count));
            Assert.Contains("conveyor_instance", Assert.Single(decision.Refused).Reasons.Single(), StringComparison.Ordinal);
        }

        Assert.Null(router.Decide(Labelled(("conveyor_instance", "unknown"), ("pool", "x")), 1).BackendId);
    }

    private static IEnumerable<string[]> Permutations(string[] of) => of.Length == 1
        ? [of]
        : of.SelectMany(first => Permutations([.. of.Where(o => o != first)]).Select(rest => (string[])[first, .. rest]));

    private static JobSpec Labelled(params (string Key, string Value)[] labels) =>
        labels.Aggregate(JobSpec.Builder("ann"), (b, l) => b.WithLabel(l.Key, l.Value)).Build();

    private static Router Make(params (string Id, Dictionary<string, string> Labels)[] backends) =>
        new(Catalog([.. backends.Select(b => (b.Id, b.Labels, 1))]));

    private static Router Make((string Id, int Weight)[] backends) =>
        new(Catalog([.. backends.Select(b => (b.Id, new Dictionary<string, string> { ["pool"] = "x" }, b.Weight))]));

    private static BackendCatalog Catalog((string Id, Dictionary<string, string> Labels, int Weight)[] backends) => new(backends.Select(b =>
    {
        var scripted = new ScriptedBackend(b.Id);
        var options = new BackendOptions { Type = "Scripted", Labels = b.Labels, Weight = b.Weight };
        return new BackendEntry(b.Id, scripted, options, scripted, new BackendCondition(options.Resilience, TimeProvider.System));
    }));
}
