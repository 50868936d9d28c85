using LibGit2Sharp;

namespace Ascob.Server.Repository;

/// <summary>Keeps the files of a copy of a repository few: every fetch adds one, and each of them is open while the copy is read.</summary>
internal static class GitPacks
{
    /// <summary>With more files than this they are made one.</summary>
    public const int Most = 50;

    /// <summary>Tidies a copy up that nobody reads just now. What goes wrong leaves it as good as it was.</summary>
    /// <param name="directory">The copy.</param>
    public static void Tidy(string directory)
    {
        var packs = Path.Combine(directory, "objects", "pack");
        var before = Names(packs);
        if (before.Count <= Most)
        {
            return;
        }

        try
        {
            using (var repository = new LibGit2Sharp.Repository(directory))
            {
                repository.ObjectDatabase.Pack(new PackBuilderOptions(packs));
            }

            var made = Names(packs).Except(before, StringComparer.Ordinal).ToList();
            if (made.Count != 1)
            {
                return;
            }

            foreach (var name in before)
            {
                // The index first: a file without one is not looked at, an index without its file is an error.
                File.Delete(name + ".idx");
                File.Delete(name + ".pack");
            }
        }
        catch (Exception e) when (e is LibGit2SharpException or IOException or UnauthorizedAccessException)
        {
            // Tried again after the next fetch.
        }
    }

    // Those that are whole.
    private static List<string> Names(string packs) => !Directory.Exists(packs) ? [] :
    [
        .. Directory.GetFiles(packs, "*.pack").Select(f => f[..^".pack".Length]).Where(f => File.Exists(f + ".idx")),
    ];
}
