using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Persistence.Locks.Consul;

/// <summary>Takes locks in Consul, all of them or none, and gives them back.</summary>
internal sealed class ConsulKeys(ConsulClient client, ConsulSession session, ConsulSessions sessions, ConsulView view, ConsulLink link, IOptions<ConsulOptions> options)
{
    // Consul up to 1.8 takes no more steps in one transaction.
    private const int MostSteps = 64;
    private const int Tries = 4;

    private string Prefix => options.Value.KeyPrefix;

    /// <summary>
    /// Takes all of these locks for a run with this server's session. A lock that another session of ours holds passes over to it in the same step in which the old one lets go; it is never free in between. A lock that is held already is
    /// taken anew, so that every grant has an index of its own.
    /// </summary>
    public async Task<ConsulTake> TakeAsync(IReadOnlyList<string> names, long runId, CancellationToken cancellationToken)
    {
        var passed = new Dictionary<string, LockHold>(StringComparer.Ordinal);
        var take = await TakeAsync(names, await ValueAsync(runId, cancellationToken), passed, cancellationToken);
        return take.Holds is null ? take with { PassedOver = passed } : take;
    }

    private async Task<ConsulTake> TakeAsync(IReadOnlyList<string> names, string value, Dictionary<string, LockHold> passed, CancellationToken cancellationToken)
    {
        var repeated = false;
        for (var i = 0; i < Tries; i++)
        {
            if (await session.GetAsync(cancellationToken) is not { } own)
            {
                return ConsulTake.Refused(new ConsulRefusal(null, link.Reason ?? "the session in Consul could not be renewed in time", IsTaken: false) { RetrySoon = true });
            }

            if (await PassOverAsync(names, own, value, passed, cancellationToken) is { } refused)
            {
                return refused;
            }

            var answer = await client.SendAsync([.. names.Select(n => ConsulOperation.Lock(Prefix + n, own, value))], reads: false, cancellationToken);
            switch (answer.Fault)
            {
                case null when answer.Value!.Results is { } results && answer.Value.Errors is not { Count: > 0 }:
                    link.Obeyed();
                    return Taken(results, own);
                case null:
                    if (await ExplainAsync(names, answer.Value!.Errors ?? [], cancellationToken) is { Count: > 0 } refusals)
                    {
                        return new ConsulTake(null, refusals);
                    }

                    break;
                case ConsulFault.InvalidSession:
                    session.Lost(own);
                    break;
                case ConsulFault.Away when !repeated:
                    // The answer may be lost and the locks ours: the same again tells.
                    repeated = true;
                    break;
                default:
                    return ConsulTake.Refused(new ConsulRefusal(null, link.Reason ?? answer.Text ?? "Consul refused", IsTaken: false) { RetrySoon = true });
            }
        }

        return ConsulTake.Refused(new ConsulRefusal(null, "others took and left these locks in Consul faster than they could be looked at", IsTaken: false) { RetrySoon = true });
    }

    /// <summary>Gives a lock back, unless it was taken anew since it was noted.</summary>
    /// <returns>Whether the noted hold is over; null where Consul does not say.</returns>
    public async Task<bool?> FreeAsync(KeptLock keep, CancellationToken cancellationToken)
    {
        var key = Prefix + keep.Key;

        // A key that we made goes, and nothing of us stays behind; others' keys are left as they were.
        var answer = await client.SendAsync(
            [ConsulOperation.CheckIndex(key, keep.Index), keep.CreateIndex > 0 ? ConsulOperation.Delete(key) : ConsulOperation.Unlock(key, keep.Session)], reads: false, cancellationToken);
        switch (answer.Fault)
        {
            case null when answer.Value!.Errors is not { Count: > 0 }:
                view.Note(keep.Key, null);
                return true;
            case null or ConsulFault.InvalidSession:
                // Not held at that index any more: taken anew, lost or given back already.
                await RemoveLeftAsync(keep, cancellationToken);
                return true;
            default:
                return null;
        }
    }

    /// <summary>Asks once, with a key of this server's own that is gone again in the same step, whether Consul does what locks need. After a trouble nothing else may ask for long.</summary>
    public async Task ProbeAsync(CancellationToken cancellationToken)
    {
        if (await session.GetAsync(cancellationToken) is not { } own)
        {
            return;
        }

        var key = $"{Prefix}.probe/{session.Server}";
        var answer = await client.SendAsync([ConsulOperation.Lock(key, own, string.Empty), ConsulOperation.Delete(key)], reads: false, cancellationToken);
        if (answer.IsValue && answer.Value!.Errors is not { Count: > 0 })
        {
            link.Obeyed();
        }
    }

    // A key of ours whose session Consul has ended lies there without one. It goes if nobody has touched it since it was read.
    private async Task RemoveLeftAsync(KeptLock keep, CancellationToken cancellationToken)
    {
        if (keep.CreateIndex > 0
            && await ReadAsync([keep.Key], cancellationToken) is { } present
            && present.GetValueOrDefault(keep.Key) is { Session: null } left
            && left.CreateIndex == keep.CreateIndex)
        {
            await client.SendAsync([ConsulOperation.CheckIndex(Prefix + keep.Key, left.ModifyIndex), ConsulOperation.Delete(Prefix + keep.Key)], reads: false, cancellationToken);
        }
    }

    /// <summary>Reads locks as all of Consul's servers agree on them, null for those that are not there; null as a whole where Consul does not say.</summary>
    public async Task<IReadOnlyDictionary<string, ConsulKey?>?> ReadAsync(IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, ConsulKey?>(StringComparer.Ordinal);
        foreach (var chunk in names.Chunk(MostSteps))
        {
            if (!await ReadAsync([.. chunk], found, cancellationToken))
            {
                return null;
            }
        }

        foreach (var (name, key) in found)
        {
            view.Note(name, key);
        }

        return found;
    }

    private async Task<bool> ReadAsync(List<string> names, Dictionary<string, ConsulKey?> found, CancellationToken cancellationToken)
    {
        for (var i = 0; i < Tries && names.Count > 0; i++)
        {
            var answer = await client.SendAsync([.. names.Select(n => ConsulOperation.Get(Prefix + n))], reads: true, cancellationToken);
            if (!answer.IsValue)
            {
                return false;
            }

            var missing = (answer.Value!.Errors ?? []).Where(e => e.What?.Contains("doesn't exist", StringComparison.Ordinal) == true && e.OpIndex < names.Count).Select(e => names[e.OpIndex]).ToList();
            if (missing.Count == 0)
            {
                foreach (var key in answer.Value.Results?.Select(r => r.Key).OfType<ConsulKey>() ?? [])
                {
                    found[key.Key[Prefix.Length..]] = key;
                }

                return answer.Value.Errors is not { Count: > 0 };
            }

            // One that is missing fails the whole question.
            foreach (var name in missing)
            {
                found[name] = null;
                names.Remove(name);
            }
        }

        return names.Count == 0;
    }

    private async Task<ConsulTake?> PassOverAsync(
        IReadOnlyList<string> names, string own, string value, Dictionary<string, LockHold> passed, CancellationToken cancellationToken)
    {
        var others = names.Select(n => (Name: n, Session: view.Find(n)?.Session))
            .Where(k => k.Session is not null && k.Session != own && sessions.IsKnownAsOurs(k.Session))
            .ToList();
        foreach (var chunk in others.Chunk(MostSteps / 2))
        {
            var answer = await client.SendAsync(
                [.. chunk.SelectMany(k => (ConsulOperation[])[ConsulOperation.Unlock(Prefix + k.Name, k.Session!), ConsulOperation.Lock(Prefix + k.Name, own, value)])], reads: false, cancellationToken);
            switch (answer.Fault)
            {
                case null when answer.Value!.Results is { } results:
                    foreach (var (name, hold) in Taken(results, own).Holds!)
                    {
                        passed[name] = hold;
                    }

                    break;
                case ConsulFault.Away or ConsulFault.Denied or ConsulFault.Refused:
                    return ConsulTake.Refused(new ConsulRefusal(null, link.Reason ?? answer.Text ?? "Consul refused", IsTaken: false) { RetrySoon = true });
                default:
                    // Somebody was faster, or the old session is over; the lock step tells.
                    break;
            }
        }

        return null;
    }

    private ConsulTake Taken(IReadOnlyList<ConsulTransactionResult> results, string own)
    {
        var holds = new Dictionary<string, LockHold>(StringComparer.Ordinal);
        foreach (var key in results.Select(r => r.Key).OfType<ConsulKey>().Where(k => k.Session == own))
        {
            var name = key.Key[Prefix.Length..];
            holds[name] = new LockHold(own, key.ModifyIndex, key.CreateIndex);
            view.Note(name, key);
        }

        return new ConsulTake(holds, []);
    }

    // Answers what stands in the way for good; empty where another try may succeed at once.
    private async Task<IReadOnlyList<ConsulRefusal>> ExplainAsync(IReadOnlyList<string> names, IReadOnlyList<ConsulTransactionError> errors, CancellationToken cancellationToken)
    {
        var refusals = new List<ConsulRefusal>();
        var held = new List<string>();
        foreach (var error in errors.Where(e => e.OpIndex < names.Count))
        {
            var name = names[error.OpIndex];
            if (error.What?.Contains("lock delay", StringComparison.Ordinal) == true)
            {
                refusals.Add(new ConsulRefusal(name, $"lock '{name}' was lost by its last holder in Consul, which keeps it from everybody for a moment", IsTaken: false) { RetrySoon = true });
            }
            else if (error.What?.Contains("already held", StringComparison.Ordinal) == true)
            {
                held.Add(name);
            }
            else
            {
                refusals.Add(new ConsulRefusal(name, $"lock '{name}': Consul says: {error.What}", IsTaken: false));
            }
        }

        if (held.Count == 0)
        {
            return refusals;
        }

        if (await ReadAsync(held, cancellationToken) is not { } present)
        {
            return [.. refusals, new ConsulRefusal(null, link.Reason ?? "Consul does not say who holds these locks", IsTaken: false) { RetrySoon = true }];
        }

        foreach (var (name, key) in present)
        {
            if (key?.Session is { } holder && await sessions.FindAsync(holder, cancellationToken) is { IsOurs: false, IsGone: false } owner)
            {
                refusals.Add(Foreign(name, holder, owner.Name));
            }
        }

        return refusals;
    }

    private static ConsulRefusal Foreign(string name, string holder, string? owner) => new(
        name, $"lock '{name}' is held in Consul by session {holder} ({owner ?? "without a name"}) of another system", IsTaken: true);

    // Unlike in every grant, so that Consul changes the key and gives the grant an index of its own.
    private async Task<string> ValueAsync(long runId, CancellationToken cancellationToken) => Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(
        new ConsulKeyValue("ascob", await sessions.InstallationAsync(cancellationToken), session.Server, runId, RandomNumberGenerator.GetHexString(16, lowercase: true)),
        ConsulJson.Default.ConsulKeyValue));
}

/// <summary>What became of taking locks: all, or what stands in the way.</summary>
internal sealed record ConsulTake(IReadOnlyDictionary<string, LockHold>? Holds, IReadOnlyList<ConsulRefusal> Refusals)
{
    /// <summary>Gets the locks that passed over from another session of ours although the whole was refused.</summary>
    public IReadOnlyDictionary<string, LockHold> PassedOver { get; init; } = new Dictionary<string, LockHold>();

    public static ConsulTake Refused(ConsulRefusal refusal) => new(null, [refusal]);
}

/// <summary>What stands in the way of a lock.</summary>
/// <param name="Name">The lock; null for all of them.</param>
/// <param name="Reason">In words.</param>
/// <param name="IsTaken">Whether another system has it.</param>
internal sealed record ConsulRefusal(string? Name, string Reason, bool IsTaken)
{
    /// <summary>Gets whether it passes by itself without any event that tells of it.</summary>
    public bool RetrySoon { get; init; }
}
