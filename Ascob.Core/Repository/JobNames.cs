using Ascob.Core.Jobs;

namespace Ascob.Core.Repository;

/// <summary>What jobs, variables and events may be called.</summary>
internal static class JobNames
{
    public const int Longest = 100;

    /// <summary>The names that stand for what a run has written; no job and no event may be called so, for they share a place in addresses.</summary>
    public static readonly IReadOnlyList<string> Reserved = ["stdout", "stderr", "output"];

    /// <summary>The events that only the run's own life makes.</summary>
    public static readonly IReadOnlyList<string> System = ["start", "complete", "fail", "time-out"];

    /// <summary>Answers what is wrong with the name of a job; null where nothing is.</summary>
    public static string? JobProblem(string name) => Problem(name, "job");

    /// <summary>Answers what is wrong with the name of an event that somebody creates; null where nothing is.</summary>
    public static string? EventProblem(string name) => Problem(name, "event")
        ?? (System.Contains(name, StringComparer.OrdinalIgnoreCase) ? $"The event '{name}' tells of the run's own life; nobody else may create it." : null);

    /// <summary>Answers what is wrong with the name of a variable; null where nothing is.</summary>
    public static string? VariableProblem(string name) =>
        name.Length is > 0 and <= Longest && (char.IsAsciiLetter(name[0]) || name[0] == '_') && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-')
            ? null
            : $"The name of a variable has 1 to {Longest} letters, digits, '_' and '-' and begins with a letter or '_'.";

    private static string? Problem(string name, string what)
    {
        if (name.Length is 0 or > Longest || TextRules.Line(name) is not null || name.Trim() != name)
        {
            return $"The name of a {what} has 1 to {Longest} characters of one line, with no white space at its ends.";
        }

        if (name is "." or ".." || name.AsSpan().ContainsAny('/', '\\', '%'))
        {
            return $"The name of a {what} stands in addresses: it is not '.' or '..' and has no '/', '\\' or '%'.";
        }

        return Reserved.Contains(name, StringComparer.OrdinalIgnoreCase) ? $"The name '{name}' is reserved: in an address it means what a run has written." : null;
    }
}
