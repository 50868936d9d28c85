using Ascob.Core.Jobs;

namespace Ascob.Core.Files;

/// <summary>What input files may be called. A name is data and never a path, but it must fit into every database and every line.</summary>
internal static class RunFileNames
{
    public const int Longest = 400;

    /// <summary>Answers what is wrong with a name; null when nothing is.</summary>
    public static string? Problem(string name) => name.Length is 0 or > Longest
        ? $"The name of a file has 1 to {Longest} characters."
        : TextRules.Line(name) is { } problem ? $"The name of a file {problem}" : null;
}
