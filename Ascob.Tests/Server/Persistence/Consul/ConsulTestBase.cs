using Ascob.Core.Jobs;
using Ascob.Core.Locks;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Locks;
using Ascob.Server.Persistence.Locks.Consul;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence.Consul;

/// <summary>What tests of locks in a real Consul have in common.</summary>
public abstract class ConsulTestBase(ConsulFixture consul)
{
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    protected string Prefix { get; } = consul.NewPrefix();

    private protected Task<ConsulAgent> SharedAsync() => consul.SharedAsync();

    private protected Task<TestStore> OpenAsync(Uri url, Action<ConsulOptions>? change = null, string? token = null) =>
        TestStore.OpenAsync("Sqlite", null, ConsulFixture.Parts(url, Prefix, change, token));

    protected static async Task<Run> WaitingAsync(TestStore store, params LockSpec[] locks) =>
        await SampleRuns.AddAsync(store.Runs, await SampleRuns.NewAsync(store.Runs, RunStatus.WaitingLocks, locks: locks));

    protected static Task<LockGrant> GrantAsync(TestStore store, Run run) => store.Locks.TryGrantAsync(
        run.Id, (waiting, fences) => SampleRuns.Change(waiting, RunTrigger.LocksGranted, r => r with { Fences = fences }), Stop);

    /// <summary>Has a run hold a lock.</summary>
    protected static async Task<Run> HoldAsync(TestStore store, string key)
    {
        var run = await WaitingAsync(store, new LockSpec(key));
        return await UntilGrantedAsync(store, run);
    }

    protected static async Task<Run> UntilGrantedAsync(TestStore store, Run run)
    {
        var granted = default(LockGrant);
        await UntilAsync(async () => (granted = await GrantAsync(store, run)).Outcome == LockGrantOutcome.Granted);
        return granted!.Run!;
    }

    /// <summary>Ends a run as the engine does: the row first, then the keeper is told.</summary>
    protected static async Task EndAsync(TestStore store, Run run)
    {
        var current = await store.Runs.FindAsync(run.Id, Stop) ?? throw new InvalidOperationException();
        await SampleRuns.ApplyAsync(store.Runs, current, RunTrigger.BackendFailed);
        store.Locks.LetGo([.. run.Spec.Locks!.Select(l => l.Key)]);
    }

    private protected static Task<List<KeptLock>> KeptAsync(TestStore store) => store.Get<LockKeeps>().ListAsync(Stop);

    /// <summary>Answers whether all that is kept is held in Consul by this server.</summary>
    protected static async Task<bool> AllHeldByAsync(TestStore store)
    {
        var kept = await KeptAsync(store);
        return kept.Count > 0 && kept.TrueForAll(k => k.QuarantinedAt is null && k.Session == store.Get<ConsulSession>().Id);
    }

    protected static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limit.CancelAfter(Patience);
        while (!await condition())
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
