using Ascob.Core.Locks;
using Ascob.Core.Runs;

namespace Ascob.Tests.Fixtures;

/// <summary>Passes everything on to the real store of locks; tests change single answers.</summary>
internal abstract class LockStoreBehind(ILockStore inner) : ILockStore
{
    public virtual Task<LockGrant> TryGrantAsync(long runId, Func<Run, IReadOnlyDictionary<string, long>, RunChange> onGranted, CancellationToken cancellationToken) =>
        inner.TryGrantAsync(runId, onGranted, cancellationToken);

    public virtual Task<string?> WhyNotStartAsync(Run run, CancellationToken cancellationToken) => inner.WhyNotStartAsync(run, cancellationToken);

    public Task<IReadOnlyList<long>> WaitersAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken) => inner.WaitersAsync(keys, cancellationToken);

    public Task<IReadOnlyList<LockInfo>> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);

    public Task<LockVerification> VerifyAsync(string key, long fence, CancellationToken cancellationToken) => inner.VerifyAsync(key, fence, cancellationToken);

    public Task<IReadOnlyList<BrokenLock>> BreakAsync(string key, Func<Run, BrokenLock> onBroken, CancellationToken cancellationToken) => inner.BreakAsync(key, onBroken, cancellationToken);

    public Task<BrokenLock?> GiveUpAsync(long runId, Func<Run, BrokenLock> onGivenUp, CancellationToken cancellationToken) => inner.GiveUpAsync(runId, onGivenUp, cancellationToken);

    public Task<IReadOnlyList<string>> SweepAsync(CancellationToken cancellationToken) => inner.SweepAsync(cancellationToken);

    public void LetGo(IReadOnlyCollection<string> keys) => inner.LetGo(keys);

    public Task<LockCounts> CountAsync(CancellationToken cancellationToken) => inner.CountAsync(cancellationToken);

    public Task<bool> ConfirmAsync(string actor, string reason, CancellationToken cancellationToken) => inner.ConfirmAsync(actor, reason, cancellationToken);
}
