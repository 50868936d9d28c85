using System.Collections.Concurrent;

namespace Ascob.Server.Persistence.Locks.Consul;

/// <summary>The locks in Consul as they were last seen, by name. What came later by Consul's index wins; it saves questions and decides nothing.</summary>
internal sealed class ConsulView
{
    private readonly ConcurrentDictionary<string, ConsulKey> _keys = new(StringComparer.Ordinal);

    /// <summary>Gets the index of the last listing: what changed up to it has been seen.</summary>
    public long Index { get; private set; }

    /// <summary>Gets all that was seen.</summary>
    public IEnumerable<KeyValuePair<string, ConsulKey>> All => _keys;

    /// <summary>Answers who holds a lock, as last seen; null for nobody.</summary>
    public ConsulKey? Find(string name) => _keys.GetValueOrDefault(name);

    /// <summary>Notes a key that was seen; null for one that is not there.</summary>
    public void Note(string name, ConsulKey? key)
    {
        if (key is null)
        {
            _keys.TryRemove(name, out _);
        }
        else
        {
            _keys.AddOrUpdate(name, key, (_, old) => old.ModifyIndex > key.ModifyIndex ? old : key);
        }
    }

    /// <summary>Forgets everything: the indexes start again.</summary>
    public void Clear()
    {
        _keys.Clear();
        Index = 0;
    }

    /// <summary>Takes over a listing; answers the keys that somebody held before and nobody holds now, with the session that did.</summary>
    public IReadOnlyList<(string Name, string Session)> Replace(ConsulListing listing, string prefix)
    {
        var freed = new List<(string, string)>();
        var seen = listing.Keys.Where(k => k.Key.StartsWith(prefix, StringComparison.Ordinal) && k.Key.Length > prefix.Length)
            .ToDictionary(k => k.Key[prefix.Length..], StringComparer.Ordinal);
        foreach (var (name, old) in _keys)
        {
            var present = seen.GetValueOrDefault(name);
            if (present is null && old.ModifyIndex <= listing.Index)
            {
                _keys.TryRemove(KeyValuePair.Create(name, old));
            }

            if (old.Session is { } session && present?.Session is null && (present?.ModifyIndex ?? listing.Index) >= old.ModifyIndex)
            {
                freed.Add((name, session));
            }
        }

        foreach (var (name, key) in seen)
        {
            Note(name, key);
        }

        Index = listing.Index;
        return freed;
    }
}
