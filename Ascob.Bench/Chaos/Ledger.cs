using System.Globalization;

namespace Ascob.Bench.Chaos;

/// <summary>What the shell jobs wrote down themselves: the truth about what ran, whatever the server believes.</summary>
internal sealed class Ledger
{
    private const int Words = 6;

    private Ledger(IReadOnlyList<LedgerEntry> entries, int unreadable)
    {
        Entries = entries;
        Unreadable = unreadable;
    }

    /// <summary>Gets one entry for each start.</summary>
    public IReadOnlyList<LedgerEntry> Entries { get; }

    public int Unreadable { get; }

    public static Ledger Read(string file)
    {
        var open = new Dictionary<string, Queue<LedgerEntry>>(StringComparer.Ordinal);
        var entries = new List<LedgerEntry>();
        var unreadable = 0;
        foreach (var line in File.Exists(file) ? File.ReadLines(file) : [])
        {
            var words = line.Split(' ');
            if (words.Length != Words
                || !long.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out var run)
                || !long.TryParse(words[4], NumberStyles.None, CultureInfo.InvariantCulture, out var at)
                || !long.TryParse(words[5], NumberStyles.None, CultureInfo.InvariantCulture, out var fence))
            {
                unreadable++;
            }
            else if (words[0] == "S")
            {
                var entry = new LedgerEntry(words[1], run, words[3], at, fence);
                entries.Add(entry);
                (open.TryGetValue(entry.Marker, out var same) ? same : open[entry.Marker] = new Queue<LedgerEntry>()).Enqueue(entry);
            }
            else if (open.TryGetValue(words[3], out var begun) && begun.TryDequeue(out var entry))
            {
                entry.End = at;
            }
            else
            {
                unreadable++;
            }
        }

        return new Ledger(entries, unreadable);
    }
}

/// <summary>One start of a job, and its end.</summary>
internal sealed record LedgerEntry(string Key, long RunId, string Marker, long Start, long Fence)
{
    /// <summary>Gets or sets the end in nanoseconds; null where the job did not come to it.</summary>
    public long? End { get; set; }
}
