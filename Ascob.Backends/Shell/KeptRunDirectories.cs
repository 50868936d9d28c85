namespace Ascob.Backends.Shell;

/// <summary>The directories of runs that are still there.</summary>
internal static class KeptRunDirectories
{
    /// <summary>Answers the markers of the runs whose directory has not changed since the given time.</summary>
    public static IReadOnlyList<string> List(string dataDirectory, string backendId, DateTimeOffset unchangedSince)
    {
        var runs = new DirectoryInfo(Path.Combine(RunDirectory.Root(dataDirectory), backendId, "runs"));
        try
        {
            return
            [
                .. runs.EnumerateDirectories("ascob-*")
                    .Where(d => d.LinkTarget is null && RunDirectory.IsSafeName(d.Name) && d.LastWriteTimeUtc < unchangedSince.UtcDateTime)
                    .Select(d => d.Name),
            ];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }
}
