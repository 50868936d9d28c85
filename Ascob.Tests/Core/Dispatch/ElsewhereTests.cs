using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Dispatch;

/// <summary>Runs that their backend did not take, where another one fits.</summary>
public sealed class ElsewhereTests
{
    private static readonly Dictionary<string, string> Pool = new(StringComparer.Ordinal) { ["pool"] = "x" };

    [Fact]
    public async Task NotNow_WhenAnotherBackendFits_TheRunGoesOnThereAndSaysSo()
    {
        var other = new ScriptedBackend("b");
        await using var world = await StartAsync(other);
        var run = await SubmitToAsync(world, "a");
        Assert.Equal("b", run.BackendId);

        await world.PassAsync(TimeSpan.FromSeconds(1));

        var moved = await world.RunAsync(run.Id);
        Assert.Equal(("b", RunStatus.Submitted), (moved.BackendId, moved.Status));
        Assert.Equal(("b", "a", "connection refused"), (moved.Route!.BackendId, moved.Route.Tried!.Single().BackendId, moved.Route.Tried!.Single().Reasons.Single()));
        Assert.Single(other.Arrived);
        Assert.Contains(await world.EventsAsync(run.Id), e => e.Reason == "connection refused; going on at backend 'b'" && e.Data!["from"] == "a" && e.Data["backend"] == "b");
        other.Set(run.Marker, BackendState.Succeeded);
        await world.UntilAsync(run.Id, RunStatus.Succeeded);
    }

    [Fact]
    public async Task NotNow_WhenNoneTakesIt_EachIsAskedInTurnAndTheRunFailsAtItsDeadline()
    {
        var others = new[] { new ScriptedBackend("b"), new ScriptedBackend("c") };
        foreach (var other in others)
        {
            other.OnSubmit = (_, _) => Task.FromResult(SubmitOutcome.NotNow("refused there too"));
        }

        await using var world = await StartAsync(others);
        var run = await SubmitToAsync(world, "a");
        await world.PassAsync(TimeSpan.Zero);

        Assert.Equal([1, 1, 1], new[] { world.Backend.Arrived.Count, others[0].Arrived.Count, others[1].Arrived.Count });
        for (var minutes = 0; minutes < 20; minutes++)
        {
            await world.PassAsync(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(RunStatus.Failed, (await world.RunAsync(run.Id)).Status);
        Assert.True(world.Backend.Arrived.Count > 3, "the round is begun again after a pause");
    }

    [Fact]
    public async Task Unknown_HoweverItWasResolved_IsNeverTriedElsewhere()
    {
        var other = new ScriptedBackend("b");
        await using var world = await StartAsync(other);
        world.Backend.OnSubmit = (_, _) => Task.FromResult(SubmitOutcome.Unknown("reset"));
        var run = await SubmitToAsync(world, "a");
        Assert.Equal(RunStatus.InDoubt, run.Status);

        world.Backend.OnSubmit = (_, _) => Task.FromResult(SubmitOutcome.NotNow("connection refused"));
        for (var minutes = 0; minutes < 10; minutes++)
        {
            await world.PassAsync(TimeSpan.FromMinutes(1));
        }

        var waiting = await world.RunAsync(run.Id);
        Assert.Equal(("a", RunStatus.PendingSubmit, "connection refused"), (waiting.BackendId, waiting.Status, waiting.StatusReason));
        Assert.Empty(other.Arrived);
    }

    [Fact]
    public async Task Rejected_IsFinalAndNotTriedElsewhere()
    {
        var other = new ScriptedBackend("b");
        await using var world = await StartAsync(other);
        world.Backend.OnSubmit = (_, _) => Task.FromResult(SubmitOutcome.Rejected("unknown job"));

        var run = await SubmitToAsync(world, "a");

        Assert.Equal((RunStatus.Failed, "unknown job"), (run.Status, run.StatusReason));
        Assert.Empty(other.Arrived);
    }

    [Fact]
    public async Task NamedBackend_IsNeverLeft()
    {
        var other = new ScriptedBackend("b");
        await using var world = await StartAsync(other);
        world.Backend.OnSubmit = (_, _) => Task.FromResult(SubmitOutcome.NotNow("connection refused"));

        var run = await world.SubmitAsync(JobSpec.Builder("ann").WithLabel("_execution_backend_id", "a").Build());
        await world.PassAsync(TimeSpan.FromMinutes(5));

        Assert.Equal("a", (await world.RunAsync(run.Id)).BackendId);
        Assert.Empty(other.Arrived);
    }

    [Fact]
    public async Task CircuitOrDrain_WhenItBeginsAfterTheRunWasRouted_TheRunGoesOnElsewhere()
    {
        var other = new ScriptedBackend("b");
        await using var world = await StartAsync(other);
        var run = await HeldAsync(world, "a");
        world.EntryOf("a").Condition.Drained = true;

        Assert.True((await world.Jobs.StartAsync(run.Id, TestWorld.Root, TestContext.Current.CancellationToken)).IsSuccess);
        await world.IdleAsync();
        await world.PassAsync(TimeSpan.FromSeconds(1));

        Assert.Equal("b", (await world.RunAsync(run.Id)).BackendId);
        Assert.Empty(world.Backend.Arrived);
        Assert.Single(other.Arrived);
    }

    [Fact]
    public async Task Backend_WhenItIsKnownToNobodyAnyMore_TheRunGoesOnElsewhereAfterSomeLooks()
    {
        var other = new ScriptedBackend("b");
        await using var world = await StartAsync(other);
        world.EntryOf("a").Condition.Drained = true;
        world.EntryOf("b").Condition.Drained = true;
        var run = await SubmitToAsync(world, "a");
        Assert.Equal(RunStatus.PendingSubmit, run.Status);
        await using var next = await TestWorld.StartAsync(
            world, first: null, others: [(other, new BackendOptions { Type = "Scripted", Labels = new Dictionary<string, string>(Pool, StringComparer.Ordinal) })], configure: null, serverName: "two", onlyOthers: true);

        for (var minutes = 0; minutes < 8; minutes++)
        {
            await next.PassAsync(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(("b", RunStatus.Running), ((await next.RunAsync(run.Id)).BackendId, (await next.RunAsync(run.Id)).Status));
        Assert.Single(other.Arrived);
        Assert.Empty(world.Backend.Arrived);
    }

    [Fact]
    public async Task Explain_GivesTheReasonsThatAreStoredWithTheRun()
    {
        await using var world = await StartAsync(new ScriptedBackend("b"), new ScriptedBackend("c"));
        var explained = world.Jobs.Explain(Spec(), TestWorld.Root).Value!;

        for (var i = 0; i < 20; i++)
        {
            var stored = (await world.SubmitAsync(Spec())).Route!;
            Assert.Equal(Lines(explained.Candidates), Lines(stored.Candidates));
            Assert.Equal(Lines(explained.Refused), Lines(stored.Refused));
            Assert.Equal(stored.BackendId, stored.Candidates[0].BackendId);
        }

        world.EntryOf("b").Condition.Drained = world.EntryOf("c").Condition.Drained = true;
        Assert.Equal("a", world.Jobs.Explain(Spec(), TestWorld.Root).Value!.BackendId);
        Assert.Equal("a", (await world.SubmitAsync(Spec())).BackendId);
    }

    private static IEnumerable<string> Lines(IReadOnlyList<Ascob.Core.Routing.RoutingReason> reasons) =>
        reasons.Select(r => $"{r.BackendId}: {string.Join("; ", r.Reasons)}").Order(StringComparer.Ordinal);

    private static JobSpec Spec() => JobSpec.Builder("ann").WithLabel("pool", "x").Build();

    private static Task<TestWorld> StartAsync(params ScriptedBackend[] others) => TestWorld.StartAsync(
        backend: o => o.Labels = Pool,
        others: [.. others.Select(b => (b, new BackendOptions { Type = "Scripted", Labels = Pool }))],
        first: new ScriptedBackend("a"));

    // Which of equals gets a run is decided by its number, so runs are submitted until one went to the wanted backend; the others are accepted quietly.
    private static async Task<Run> SubmitToAsync(TestWorld world, string backendId)
    {
        var script = world.Backend.OnSubmit ?? ((_, _) => Task.FromResult(SubmitOutcome.NotNow("connection refused")));
        world.Backend.OnSubmit = script;
        var run = await HeldAsync(world, backendId);
        Assert.True((await world.Jobs.StartAsync(run.Id, TestWorld.Root, TestContext.Current.CancellationToken)).IsSuccess);
        await world.IdleAsync();
        return await world.RunAsync(run.Id);
    }

    private static async Task<Run> HeldAsync(TestWorld world, string backendId)
    {
        while (true)
        {
            var run = await world.SubmitAsync(JobSpec.Builder("ann").WithLabel("pool", "x").WithManualStart().Build());
            if (run.BackendId == backendId)
            {
                return run;
            }
        }
    }
}
