namespace Ascob.Core.Routing;

/// <summary>
/// Weighted rendezvous hashing (highest random weight): each backend gets a score from its id and the run's number, the highest wins, and shares follow the weights. Adding or
/// removing a backend moves only the runs that it gains or loses.
/// </summary>
internal static class RendezvousHash
{
    /// <summary>Answers the score of a backend for a run: <c>-weight / ln(u)</c> with u uniform in (0, 1).</summary>
    public static double Score(string backendId, long runId, int weight)
    {
        var mixed = Mix(Fnv1A(backendId) ^ Mix((ulong)runId));
        var uniform = ((mixed >> 11) + 0.5) / (1UL << 53);
        return -weight / Math.Log(uniform);
    }

    private static ulong Fnv1A(string text)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in text)
        {
            hash = (hash ^ c) * 1099511628211UL;
        }

        return hash;
    }

    // The finaliser of SplitMix64.
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15UL;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9UL;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EBUL;
        return value ^ (value >> 31);
    }
}
