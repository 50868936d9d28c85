using Ascob.Core.Timing;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Persistence.Locks.Consul;

/// <summary>
/// Makes what Consul has agree with what the database says: what no run holds is given back, what a run holds and Consul lost is taken back, what a server left behind is taken over. Every server does this for all locks; the indexes
/// decide who was later, so two that do the same do no harm.
/// </summary>
internal sealed class ConsulUpkeep(
    ConsulKeys keys,
    ConsulSession session,
    ConsulSessions sessions,
    ConsulView view,
    ConsulLink link,
    LockKeeps keeps,
    IOptions<ConsulOptions> options,
    MonotonicClock clock,
    ILogger<ConsulUpkeep> logger)
{
    // Where the watch sees nothing (a token that may not list), all that is held is looked at after so many turns.
    private const int TurnsBetweenLooks = 30;

    private readonly Dictionary<string, (long Index, long Since)> _unheld = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (long Index, long Since)> _unknown = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _asked = new(StringComparer.Ordinal);
    private HashSet<(string Key, long Index)>? _earlierLife;
    private int _turns;

    /// <summary>Looks once at all that is kept.</summary>
    /// <param name="letGo">Locks that the caller believes to be nobody's.</param>
    /// <param name="cancellationToken">Stops looking.</param>
    public async Task TurnAsync(IReadOnlySet<string> letGo, CancellationToken cancellationToken)
    {
        var memory = await keeps.MemoryAsync(cancellationToken);
        link.Remembers(memory.Rebuilt);
        var kept = await keeps.ListAsync(cancellationToken);
        _earlierLife ??= [.. kept.Where(k => k.Server == session.Server && k.Session != session.Id).Select(k => (k.Key, k.Index))];
        await GiveBackAsync([.. kept.Where(k => k.RunId is null)], letGo, cancellationToken);
        var held = kept.Where(k => k.RunId is not null).ToList();
        var lost = await FindLostAsync([.. held.Where(IsSuspect)], cancellationToken);
        var wanted = held.Where(k => k.QuarantinedAt is not null || IsLeftBehind(k)).Concat(lost).DistinctBy(k => k.Key).ToList();
        foreach (var keep in wanted)
        {
            await TakeBackAsync(keep, memory.HighestIndex, cancellationToken);
        }

        await FreeUnknownAsync(kept, cancellationToken);
        if (link.IsUnwilling)
        {
            await keys.ProbeAsync(cancellationToken);
        }

        _turns++;
    }

    /// <summary>
    /// Leaves in order: what no run holds is given back. What runs hold stays with the session, which is not ended but left to its end, and other servers take it over meanwhile.
    /// </summary>
    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        if (session.Id is not { } own)
        {
            return;
        }

        if (link.IsAway)
        {
            session.Abandon();
            await keeps.LeaveAsync(own, cancellationToken);
            return;
        }

        var mine = (await keeps.ListAsync(cancellationToken)).Where(k => k.Session == own).ToList();
        await GiveBackAsync([.. mine.Where(k => k.RunId is null)], mine.Select(k => k.Key).ToHashSet(StringComparer.Ordinal), cancellationToken);
        if (mine.Exists(k => k.RunId is not null))
        {
            session.Abandon();
            await keeps.LeaveAsync(own, cancellationToken);
        }
        else
        {
            await session.DestroyAsync(cancellationToken);
        }
    }

    private async Task GiveBackAsync(List<KeptLock> unheld, IReadOnlySet<string> letGo, CancellationToken cancellationToken)
    {
        Forget(_unheld, unheld.Select(k => k.Key));
        var freed = new List<KeptLock>();
        foreach (var keep in unheld)
        {
            // A waiter may be about to get it, so that nobody gives it back before the waiters had their turn; what another server keeps is that server's business for longer.
            var patience = keep.Session == session.Id ? options.Value.KeepInterval : options.Value.KeepInterval * 5;
            if ((letGo.Contains(keep.Key) || Lasts(_unheld, keep.Key, keep.Index, patience)) && await keys.FreeAsync(keep, cancellationToken) == true)
            {
                freed.Add(keep);
            }
        }

        if (freed.Count > 0)
        {
            await keeps.DropAsync(freed, cancellationToken);
        }
    }

    // What the watch has not shown yet is no sign of anything, but the loss of our own session is.
    private bool IsSuspect(KeptLock keep)
    {
        if (keep.QuarantinedAt is not null)
        {
            return false;
        }

        var unseen = keep.Index > view.Index;
        var lostSession = keep.Server == session.Server && keep.Session != session.Id;
        var suspect = lostSession || (unseen ? _turns % TurnsBetweenLooks == TurnsBetweenLooks - 1 : view.Find(keep.Key)?.Session != keep.Session);
        if (!suspect || (_asked.TryGetValue(keep.Key, out var asked) && clock.Time.GetElapsedTime(asked) < options.Value.KeepInterval / 2))
        {
            return false;
        }

        _asked[keep.Key] = clock.Time.GetTimestamp();
        return true;
    }

    // Left by a server that stopped in order, or kept by an earlier life of this one.
    private bool IsLeftBehind(KeptLock keep) =>
        keep.QuarantinedAt is null && keep.Session != session.Id && (keep.Server.Length == 0 || _earlierLife!.Contains((keep.Key, keep.Index)));

    // Nothing is believed to be lost before all of Consul's servers agree.
    private async Task<List<KeptLock>> FindLostAsync(List<KeptLock> suspects, CancellationToken cancellationToken)
    {
        var lost = new List<KeptLock>();
        if (suspects.Count == 0 || await keys.ReadAsync([.. suspects.Select(k => k.Key)], cancellationToken) is not { } present)
        {
            return lost;
        }

        foreach (var keep in suspects)
        {
            if (!present.TryGetValue(keep.Key, out var key) || key?.Session == keep.Session)
            {
                continue;
            }

            var owner = key?.Session is { } holder ? await sessions.FindAsync(holder, cancellationToken) : new ConsulOwner(false, null, IsGone: true);
            if (owner is { IsOurs: true } && key is { Session: { } ours })
            {
                await keeps.NoteAsync(Holds(keep.Key, new LockHold(ours, key.ModifyIndex, key.CreateIndex), owner.Name!.Split(':', 3)[^1], 0), cancellationToken);
            }
            else if (owner is not null && await keeps.QuarantineAsync(keep.Key, keep.Index, cancellationToken))
            {
                logger.LogError(
                    "Consul has lost the lock {Lock} of run {Run} ({Owner}); no other run gets it before that one has ended, and it is taken back as soon as Consul lets it",
                    keep.Key,
                    keep.RunId,
                    key?.Session is null ? "nobody holds it" : $"session {key.Session} of another system holds it");
                lost.Add(keep);
            }
        }

        return lost;
    }

    private async Task TakeBackAsync(KeptLock keep, long indexBefore, CancellationToken cancellationToken)
    {
        if (!IsDue(keep))
        {
            return;
        }

        var take = await keys.TakeAsync([keep.Key], keep.RunId!.Value, cancellationToken);
        if ((take.Holds ?? take.PassedOver) is not { Count: > 0 } holds)
        {
            return;
        }

        var rebuilt = await keeps.NoteAsync(Holds(keep.Key, holds[keep.Key], session.Server, indexBefore), cancellationToken);
        link.Remembers(rebuilt);
        _asked.Remove(keep.Key);
        logger.LogWarning("The lock {Lock} of run {Run} is held in Consul by this server now", keep.Key, keep.RunId);
    }

    private bool IsDue(KeptLock keep)
    {
        var name = "\0" + keep.Key;
        if (_asked.TryGetValue(name, out var asked) && clock.Time.GetElapsedTime(asked) < options.Value.DelayRetry)
        {
            return false;
        }

        _asked[name] = clock.Time.GetTimestamp();
        return true;
    }

    // A server that died between Consul and the database leaves a lock that only Consul knows of.
    private async Task FreeUnknownAsync(List<KeptLock> kept, CancellationToken cancellationToken)
    {
        var known = kept.Select(k => k.Key).ToHashSet(StringComparer.Ordinal);
        var unknown = view.All.Where(k => k.Value.Session is { } holder && !known.Contains(k.Key) && sessions.IsKnownAsOurs(holder)).ToList();
        Forget(_unknown, unknown.Select(k => k.Key));
        foreach (var (name, key) in unknown.Where(k => Lasts(_unknown, k.Key, k.Value.ModifyIndex, options.Value.OrphanAfter)))
        {
            var made = key.CreateIndex == key.ModifyIndex ? key.CreateIndex : 0;
            if (await keys.FreeAsync(new KeptLock(name, key.Session!, string.Empty, key.ModifyIndex, made, null, null), cancellationToken) == true)
            {
                logger.LogWarning("The lock {Lock} was held in Consul for a grant that was never stored; given back", name);
            }
        }

        foreach (var holder in view.All.Select(k => k.Value.Session).OfType<string>().Distinct(StringComparer.Ordinal).Where(h => sessions.Remembered(h) is null).Take(20))
        {
            await sessions.FindAsync(holder, cancellationToken);
        }

        if (_asked.Count > 10_000)
        {
            _asked.Clear();
        }
    }

    private static LockHolds Holds(string key, LockHold hold, string server, long indexBefore) =>
        new(new Dictionary<string, LockHold>(StringComparer.Ordinal) { [key] = hold }, server, indexBefore, static () => null);

    private bool Lasts(Dictionary<string, (long Index, long Since)> seen, string key, long index, TimeSpan patience)
    {
        if (!seen.TryGetValue(key, out var first) || first.Index != index)
        {
            seen[key] = (index, clock.Time.GetTimestamp());
            return patience == TimeSpan.Zero;
        }

        return clock.Time.GetElapsedTime(first.Since) >= patience;
    }

    private static void Forget(Dictionary<string, (long Index, long Since)> seen, IEnumerable<string> present)
    {
        var still = present.ToHashSet(StringComparer.Ordinal);
        foreach (var key in seen.Keys.Where(k => !still.Contains(k)).ToList())
        {
            seen.Remove(key);
        }
    }
}
