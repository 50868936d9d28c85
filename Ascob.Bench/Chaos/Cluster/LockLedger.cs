using System.Globalization;

namespace Ascob.Bench.Chaos.Cluster;

/// <summary>Reads what the jobs wrote down, in the order in which it happened, and finds what must not be.</summary>
internal sealed class LockLedger
{
    private const int Words = 4;
    private readonly Dictionary<string, Dictionary<string, bool>> _holders = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _lastFence = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _starts = new(StringComparer.Ordinal);

    /// <summary>Gets the moments at which a lock had two holders of which one was exclusive.</summary>
    public List<string> TwoHolders { get; } = [];

    /// <summary>Gets the grants whose fencing number was not larger than one given before.</summary>
    public List<string> FencesThatDidNotGrow { get; } = [];

    /// <summary>Gets the lines that make no sense.</summary>
    public List<string> Unreadable { get; } = [];

    /// <summary>Gets how often each job was started.</summary>
    public IReadOnlyDictionary<string, int> Starts => _starts;

    /// <summary>Gets how many grants were seen.</summary>
    public int Grants { get; private set; }

    public static LockLedger Read(string file)
    {
        var ledger = new LockLedger();
        foreach (var line in File.Exists(file) ? File.ReadLines(file) : [])
        {
            ledger.Take(line);
        }

        return ledger;
    }

    private void Take(string line)
    {
        var words = line.Split(' ');
        if (words.Length != Words || words[0] is not ("B" or "E"))
        {
            Unreadable.Add(line);
            return;
        }

        var (key, begins) = (words[1], words[0] == "B");
        if (begins)
        {
            _starts[key] = _starts.GetValueOrDefault(key) + 1;
        }

        foreach (var held in words[3].Split(',').Select(h => h.Split(':')))
        {
            if (held is not [var name, "x" or "s", var number] || !long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var fence))
            {
                Unreadable.Add(line);
            }
            else if (begins)
            {
                Begin(key, name, held[1] == "x", fence);
            }
            else if (_holders.TryGetValue(name, out var holders))
            {
                holders.Remove(key);
            }
        }
    }

    private void Begin(string key, string name, bool exclusive, long fence)
    {
        Grants++;
        var holders = _holders.TryGetValue(name, out var known) ? known : _holders[name] = new Dictionary<string, bool>(StringComparer.Ordinal);
        foreach (var (other, otherExclusive) in holders.Where(h => h.Key != key && (exclusive || h.Value)))
        {
            TwoHolders.Add($"{name}: {key} began while {other}{(otherExclusive ? string.Empty : " (shared)")} held it");
        }

        holders[key] = exclusive;
        var last = _lastFence.GetValueOrDefault(name);

        // Shared holders that were granted one after the other may begin in another order.
        if (fence <= last && exclusive)
        {
            FencesThatDidNotGrow.Add(string.Create(CultureInfo.InvariantCulture, $"{name}: {key} has {fence} after {last}"));
        }

        _lastFence[name] = Math.Max(last, fence);
    }
}
