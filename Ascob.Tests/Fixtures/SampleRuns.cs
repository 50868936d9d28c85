using Ascob.Core.Jobs;
using Ascob.Core.Runs;

namespace Ascob.Tests.Fixtures;

/// <summary>Makes runs and changes of them for tests of stores.</summary>
public static class SampleRuns
{
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static async Task<NewRun> NewAsync(
        IRunStore store,
        RunStatus status = RunStatus.PendingSubmit,
        string submitter = "alice",
        string? backend = "dummy",
        IReadOnlyDictionary<string, string>? labels = null,
        IReadOnlyList<LockSpec>? locks = null,
        IdempotencyKey? key = null,
        string? description = null,
        DateTimeOffset? definedAt = null,
        long? parentId = null)
    {
        var id = await store.NextIdAsync(TestContext.Current.CancellationToken);
        var at = definedAt ?? Start.AddSeconds(id);
        var run = new Run
        {
            Id = id,
            ParentId = parentId,
            Status = status,
            Version = 1,
            Spec = new JobSpec
            {
                Description = description ?? $"run {id}",
                Submitter = submitter,
                Labels = labels ?? new Dictionary<string, string> { ["env"] = "prod", ["team"] = "blue", ["app"] = "shop" },
                Parameters = new Dictionary<string, string> { ["version"] = "1.2.3" },
                Locks = locks,
                Priority = 3,
            },
            MarkerId = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray()),
            Token = "portal",
            BackendId = backend,
            DefinedAt = at,
            NextCheckAt = at,
        };
        return new NewRun(run, new RunEvent(id, 1, at, RunEventTypes.Created, null, status, "token:portal", null, null), locks ?? [], key);
    }

    public static async Task<Run> AddAsync(IRunStore store, NewRun run)
    {
        var outcome = await store.AddAsync(run, TestContext.Current.CancellationToken);
        Assert.Equal(new AddOutcome(run.Run.Id, AddOutcomeKind.Added), outcome);
        return run.Run;
    }

    public static RunChange Change(Run run, RunTrigger trigger, Func<Run, Run>? with = null, string? reason = null, DateTimeOffset? at = null) =>
        RunLifecycle.Change(run, trigger, at ?? Start.AddHours(1), "server:test", reason, with)
        ?? throw new InvalidOperationException($"{trigger} means nothing in {run.Status}.");

    public static async Task<Run> ApplyAsync(IRunStore store, Run run, RunTrigger trigger, Func<Run, Run>? with = null, DateTimeOffset? at = null)
    {
        var change = Change(run, trigger, with, at: at);
        Assert.Equal(ApplyOutcome.Applied, await store.TryApplyAsync(change, null, TestContext.Current.CancellationToken));
        return change.After;
    }
}
