using System.Globalization;

namespace Ascob.Bench.Chaos.Cluster;

/// <summary>Reads what the jobs wrote down, in the order in which it happened, and finds what must not be.</summary>
internal sealed class LockLedger
{
    private const int Words = 5;
    private readonly IReadOnlyDictionary<string, int> _limits;
    private readonly HashSet<string> _ended = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, Holder>> _holders = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (long Fence, string Key)> _lastFence = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _starts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _startsOfMarker = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _running = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _mostAtOnce = new(StringComparer.Ordinal);

    private LockLedger(IReadOnlyDictionary<string, int> limits) => _limits = limits;

    /// <summary>Gets the moments at which a lock had two holders of which one was exclusive.</summary>
    public List<string> TwoHolders { get; } = [];

    /// <summary>Gets the moments at which a backend ran more jobs than it may.</summary>
    public List<string> TooMany { get; } = [];

    /// <summary>Gets the grants whose fencing number was not larger than one given before.</summary>
    public List<string> FencesThatDidNotGrow { get; } = [];

    /// <summary>Gets the lines that make no sense.</summary>
    public List<string> Unreadable { get; } = [];

    /// <summary>Gets the starts of which no end was written: the job was killed without a word. They count as holders of nothing.</summary>
    public List<string> WithoutEnd { get; } = [];

    /// <summary>Gets the keys of jobs that wrote that they were asked to stop.</summary>
    public HashSet<string> Stopped { get; } = new(StringComparer.Ordinal);

    /// <summary>Gets how often each job was started.</summary>
    public IReadOnlyDictionary<string, int> Starts => _starts;

    /// <summary>Gets how often each submission to a backend was started.</summary>
    public IReadOnlyDictionary<string, int> StartsOfMarker => _startsOfMarker;

    /// <summary>Gets the most jobs that each backend ran at once.</summary>
    public IReadOnlyDictionary<string, int> MostAtOnce => _mostAtOnce;

    /// <summary>Gets how many grants were seen.</summary>
    public int Grants { get; private set; }

    /// <summary>Reads a file.</summary>
    /// <param name="file">What the jobs wrote.</param>
    /// <param name="limits">How many jobs each backend may run at once.</param>
    public static LockLedger Read(string file, IReadOnlyDictionary<string, int> limits)
    {
        var ledger = new LockLedger(limits);
        var lines = (File.Exists(file) ? File.ReadAllLines(file) : []).Select(l => (Text: l, Words: l.Split(' '))).ToList();
        foreach (var (_, words) in lines.Where(l => l.Words.Length == Words && l.Words[0] is "E" or "S"))
        {
            ledger._ended.Add(words[2]);
        }

        foreach (var (text, words) in lines)
        {
            ledger.Take(text, words);
        }

        return ledger;
    }

    private void Take(string line, string[] words)
    {
        if (words.Length != Words || words[0] is not ("B" or "E" or "S"))
        {
            Unreadable.Add(line);
            return;
        }

        var (key, marker, backend) = (words[1], words[2], ClusterServers.BackendOf(words[3]));
        var begins = words[0] == "B";
        if (words[0] == "S")
        {
            Stopped.Add(key);
        }

        if (begins)
        {
            _starts[key] = _starts.GetValueOrDefault(key) + 1;
            _startsOfMarker[marker] = _startsOfMarker.GetValueOrDefault(marker) + 1;
            if (!_ended.Contains(marker))
            {
                WithoutEnd.Add($"{key} at {words[3]}");
                return;
            }
        }

        CountAtOnce(key, marker, backend, begins);
        foreach (var held in words[4] == "-" ? [] : words[4].Split(',').Select(h => h.Split(':')))
        {
            if (held is not [var name, "x" or "s", var number] || !long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var fence))
            {
                Unreadable.Add(line);
            }
            else if (begins)
            {
                Begin(new Holder(key, held[1] == "x"), marker, name, fence);
            }
            else if (_holders.TryGetValue(name, out var holders))
            {
                holders.Remove(marker);
            }
        }
    }

    private void CountAtOnce(string key, string marker, string backend, bool begins)
    {
        var running = _running.TryGetValue(backend, out var known) ? known : _running[backend] = new HashSet<string>(StringComparer.Ordinal);
        if (!begins)
        {
            running.Remove(marker);
            return;
        }

        running.Add(marker);
        _mostAtOnce[backend] = Math.Max(_mostAtOnce.GetValueOrDefault(backend), running.Count);
        if (_limits.TryGetValue(backend, out var limit) && running.Count > limit)
        {
            TooMany.Add(string.Create(CultureInfo.InvariantCulture, $"{backend}: {key} was number {running.Count} of {limit}"));
        }
    }

    private void Begin(Holder holder, string marker, string name, long fence)
    {
        Grants++;
        var holders = _holders.TryGetValue(name, out var known) ? known : _holders[name] = new Dictionary<string, Holder>(StringComparer.Ordinal);
        foreach (var other in holders.Values.Where(h => h.Key != holder.Key && (holder.Exclusive || h.Exclusive)))
        {
            TwoHolders.Add($"{name}: {holder.Key} began while {other.Key}{(other.Exclusive ? string.Empty : " (shared)")} held it");
        }

        holders[marker] = holder;
        var (last, lastKey) = _lastFence.GetValueOrDefault(name, (0, string.Empty));

        // Shared holders that were granted one after the other may begin in another order; a run may keep its grant from one attempt to the next.
        if (holder.Exclusive && (fence < last || (fence == last && lastKey != holder.Key)))
        {
            FencesThatDidNotGrow.Add(string.Create(CultureInfo.InvariantCulture, $"{name}: {holder.Key} has {fence} after {last}"));
        }

        if (fence >= last)
        {
            _lastFence[name] = (fence, holder.Key);
        }
    }

    private sealed record Holder(string Key, bool Exclusive);
}
