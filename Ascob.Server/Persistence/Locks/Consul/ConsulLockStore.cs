using Ascob.Core.Locks;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Persistence.Locks.Consul;

/// <summary>
/// Named locks that other systems respect: a grant needs the rows, which have the last word among runs, and the locks in Consul, which are taken before the transaction and never inside of it. What Consul loses afterwards stays with its
/// run: <see cref="ConsulKeeper"/> takes it back.
/// </summary>
internal sealed class ConsulLockStore(
    LockStore rows,
    LockKeeps keeps,
    ConsulKeys keys,
    ConsulSession session,
    ConsulSessions sessions,
    ConsulView view,
    ConsulLink link,
    ConsulKeeper keeper,
    IOptions<ConsulOptions> options,
    MonotonicClock clock,
    ILogger<ConsulLockStore> logger) : ILockStore
{
    public async Task<LockGrant> TryGrantAsync(
        long runId, Func<Run, IReadOnlyDictionary<string, long>, RunChange> onGranted, CancellationToken cancellationToken)
    {
        var draft = await rows.DraftAsync(runId, cancellationToken);
        if (draft.Grant.Outcome != LockGrantOutcome.Granted || draft.Memory is not { } memory)
        {
            return draft.Grant;
        }

        if (draft.Wanted.Count == 0)
        {
            return await rows.TryGrantAsync(runId, onGranted, cancellationToken);
        }

        link.Remembers(memory.Rebuilt);
        if (link.IsAway || memory.Rebuilt is not null)
        {
            return Blocked(draft, [new ConsulRefusal(null, link.Reason ?? "Consul does not answer", IsTaken: false)]);
        }

        var begun = clock.Time.GetTimestamp();
        var take = await keys.TakeAsync([.. draft.Wanted.Select(w => w.Key)], runId, cancellationToken);
        if (take.Holds is null)
        {
            if (take.PassedOver.Count > 0)
            {
                await keeps.NoteAsync(new LockHolds(take.PassedOver, session.Server, memory.HighestIndex, static () => null), cancellationToken);
            }

            RetrySoon(draft, take.Refusals.Where(r => r.RetrySoon));
            return Blocked(draft, take.Refusals);
        }

        var used = take.Holds.Values.First().Session;
        var holds = new LockHolds(take.Holds, session.Server, memory.HighestIndex, () => WhyNot(used, begun));
        var grant = await rows.TryGrantAsync(runId, onGranted, holds, cancellationToken);
        if (grant.Outcome != LockGrantOutcome.Granted)
        {
            keeper.LetGo(take.Holds.Keys);
            if (grant.Blocking.Any(b => !b.IsTaken))
            {
                RetrySoon(draft, [new ConsulRefusal(null, string.Empty, IsTaken: false)]);
            }
        }

        return grant;
    }

    public Task<IReadOnlyList<long>> WaitersAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken) => rows.WaitersAsync(keys, cancellationToken);

    public async Task<IReadOnlyList<LockInfo>> ListAsync(CancellationToken cancellationToken)
    {
        var known = await rows.ListAsync(cancellationToken);
        var lost = (await keeps.ListAsync(cancellationToken)).Where(k => k is { QuarantinedAt: not null, RunId: not null }).Select(k => k.Key).ToHashSet(StringComparer.Ordinal);
        var outsiders = new Dictionary<string, LockOutsider>(StringComparer.Ordinal);
        foreach (var (name, key) in view.All)
        {
            if (key.Session is { } holder && await OwnerAsync(holder, cancellationToken) is { IsOurs: false, IsGone: false } owner)
            {
                outsiders[name] = new LockOutsider(holder, owner.Name);
            }
        }

        var names = known.Select(l => l.Key).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. known.Concat(outsiders.Keys.Where(n => !names.Contains(n)).Select(n => new LockInfo(n, [], [])))
                .Select(l => l with { Quarantined = lost.Contains(l.Key), Outside = outsiders.GetValueOrDefault(l.Key) })
                .OrderBy(l => l.Key, StringComparer.Ordinal),
        ];
    }

    public async Task<LockVerification> VerifyAsync(string key, long fence, CancellationToken cancellationToken)
    {
        var verified = await rows.VerifyAsync(key, fence, cancellationToken);
        return verified.Held && await DoubtAsync([key], cancellationToken) is not null ? verified with { Held = false, Quarantined = true } : verified;
    }

    public Task<IReadOnlyList<BrokenLock>> BreakAsync(string key, Func<Run, BrokenLock> onBroken, CancellationToken cancellationToken) => rows.BreakAsync(key, onBroken, cancellationToken);

    public Task<BrokenLock?> GiveUpAsync(long runId, Func<Run, BrokenLock> onGivenUp, CancellationToken cancellationToken) => rows.GiveUpAsync(runId, onGivenUp, cancellationToken);

    public async Task<string?> WhyNotStartAsync(Run run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        return run.Fences is { Count: > 0 } fences ? await DoubtAsync(fences.Keys, cancellationToken) : null;
    }

    public Task<IReadOnlyList<string>> SweepAsync(CancellationToken cancellationToken) => rows.SweepAsync(cancellationToken);

    public void LetGo(IReadOnlyCollection<string> keys) => keeper.LetGo(keys);

    public async Task<LockCounts> CountAsync(CancellationToken cancellationToken) =>
        await rows.CountAsync(cancellationToken) with { Quarantined = await keeps.CountQuarantinedAsync(cancellationToken) };

    public async Task<bool> ConfirmAsync(string actor, string reason, CancellationToken cancellationToken)
    {
        if (!await keeps.ConfirmAsync(actor, reason, cancellationToken))
        {
            return false;
        }

        logger.LogWarning("{Actor} confirmed that Consul starts anew: {Reason}", actor, reason);
        link.Remembers(null);
        return true;
    }

    // Why it is not certain that Consul keeps held locks from other systems; null where it is. What the watch has not shown yet is asked for.
    private async Task<string?> DoubtAsync(IEnumerable<string> names, CancellationToken cancellationToken)
    {
        var unseen = new List<KeptLock>();
        foreach (var keep in (await keeps.FindAsync(names, cancellationToken)).OrderBy(k => k.Key, StringComparer.Ordinal))
        {
            if (Doubt(keep) is { } doubt)
            {
                return doubt;
            }

            if (keep.Session != session.Id && keep.Index > view.Index)
            {
                unseen.Add(keep);
            }
        }

        if (unseen.Count == 0)
        {
            return null;
        }

        return await keys.ReadAsync([.. unseen.Select(k => k.Key)], cancellationToken) is { } present
            ? unseen.Where(k => present.GetValueOrDefault(k.Key)?.Session != k.Session).Select(k => ChangedHands(k.Key)).FirstOrDefault()
            : $"lock '{unseen[0].Key}': {link.Reason ?? "Consul does not say who holds it"}";
    }

    // Our own present session is known to live or not; any other is as Consul last showed it, and an earlier one of ours is lost.
    private string? Doubt(KeptLock keep)
    {
        if (keep.QuarantinedAt is not null)
        {
            return $"lock '{keep.Key}' was lost in Consul; it is being taken back";
        }

        var own = keep.Session == session.Id;
        return own && !session.IsLive(keep.Session) ? $"lock '{keep.Key}': the session in Consul could not be renewed in time"
            : !own && keep.Server == session.Server ? $"lock '{keep.Key}' is being taken over from an earlier session of this server"
            : !own && link.IsAway ? $"lock '{keep.Key}': {link.Reason}"
            : keep.Index <= view.Index && view.Find(keep.Key)?.Session != keep.Session ? ChangedHands(keep.Key)
            : null;
    }

    private static string ChangedHands(string name) => $"lock '{name}' changed hands in Consul; it is being looked at";

    // While the trouble is known, its end wakes those who wait; without one nothing else would.
    private void RetrySoon(LockDraft draft, IEnumerable<ConsulRefusal> refusals)
    {
        if (link.Reason is null)
        {
            keeper.RetrySoon(refusals.Select(r => r.Name ?? draft.Wanted[0].Key));
        }
    }

    private static LockGrant Blocked(LockDraft draft, IReadOnlyList<ConsulRefusal> refusals) => new(
        LockGrantOutcome.Blocked,
        null,
        [
            .. refusals.Select(r => draft.Wanted.FirstOrDefault(w => w.Key == r.Name) is { } wanted
                ? new LockBlock(wanted.Key, 0, false, 1, wanted.Policy) { Outside = r.Reason, IsTaken = r.IsTaken }
                : new LockBlock(draft.Wanted[0].Key, 0, false, 1, draft.Wanted[0].Policy) { Outside = r.Reason, IsTaken = false }),
        ]);

    private async Task<ConsulOwner?> OwnerAsync(string holder, CancellationToken cancellationToken) =>
        sessions.IsKnownAsOurs(holder) || link.IsAway ? sessions.Remembered(holder) : await sessions.FindAsync(holder, cancellationToken);

    // Asked in the transaction, which may have waited for the database for long.
    private string? WhyNot(string used, long begun) =>
        !session.IsLive(used) ? "the session in Consul could not be renewed in time"
        : clock.Time.GetElapsedTime(begun) > options.Value.OrphanAfter / 2 ? "the database took too long to store the grant"
        : null;
}
