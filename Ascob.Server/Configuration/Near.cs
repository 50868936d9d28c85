namespace Ascob.Server.Configuration;

/// <summary>Finds what somebody probably meant.</summary>
internal static class Near
{
    /// <summary>Answers the word that differs least from the given one, if it differs little enough to be meant; else null.</summary>
    public static string? Find(string written, IEnumerable<string> words, int? limit = null)
    {
        var most = limit ?? Math.Max(2, written.Length / 3);
        return words
            .Select(w => (Word: w, Distance: Distance(written.ToUpperInvariant(), w.ToUpperInvariant())))
            .Where(w => w.Distance <= most)
            .OrderBy(w => w.Distance)
            .ThenBy(w => w.Word, StringComparer.Ordinal)
            .Select(w => w.Word)
            .FirstOrDefault();
    }

    private static int Distance(string a, string b)
    {
        var previous = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var current = new int[b.Length + 1];
            current[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var change = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                current[j] = Math.Min(change, Math.Min(previous[j], current[j - 1]) + 1);
            }

            previous = current;
        }

        return previous[b.Length];
    }
}
