namespace Ascob.Bench.Chaos.Cluster;

/// <summary>Finds processes by a variable in the environment that jobs hand down to all that they start.</summary>
internal static class JobProcesses
{
    /// <summary>Answers the processes that were given this parameter, whoever started them.</summary>
    public static IReadOnlyList<string> With(string name, string value)
    {
        var wanted = $"{name}={value}";
        return [.. Directory.EnumerateDirectories("/proc").Select(p => Path.GetFileName(p)).Where(p => p.All(char.IsAsciiDigit) && Environment(p).Contains(wanted, StringComparer.Ordinal))];
    }

    // One that has ended and waits to be buried has none.
    private static string[] Environment(string process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/environ").Split('\0');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
