using System.Globalization;
using Ascob.Core.Jobs;

namespace Ascob.Core.Files;

/// <summary>What an input file may be called. A name is never a path, so slashes and dots mean nothing.</summary>
public static class RunFileNames
{
    /// <summary>Characters of a name.</summary>
    public const int Longest = 400;

    /// <summary>Answers what is wrong with a name; null where it is fine.</summary>
    public static string? Problem(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length is 0 or > Longest)
        {
            return string.Create(CultureInfo.InvariantCulture, $"The name of a file must have 1 to {Longest} characters; this one has {name.Length}.");
        }

        // Databases disagree on whether "a" equals "a ".
        return char.IsWhiteSpace(name[0]) || char.IsWhiteSpace(name[^1])
            ? "The name of a file must not begin or end with white space."
            : TextRules.Line(name) is { } problem ? $"The name of a file {problem}" : null;
    }
}
