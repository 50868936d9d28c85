using System.Globalization;
using System.Text.RegularExpressions;
using Ascob.Core.Jobs;

namespace Ascob.Core.Kuroko2;

/// <summary>Reads the options of tasks. Each method answers what is wrong, or null and the value.</summary>
internal static partial class TaskOptions
{
    public const int LongestQueue = 180;

    private const int MostRetries = 1_000;
    private const int SecondsInMinute = 60;
    private static readonly string[] Environments = ["development", "test", "staging", "production"];

    // What shells keep for themselves: to set them is refused by some of them and means something else to others.
    private static readonly HashSet<string> OfShells = new(StringComparer.Ordinal)
    {
        "_", "UID", "EUID", "PPID", "SHELLOPTS", "BASHOPTS", "BASHPID", "BASH_VERSINFO", "GROUPS", "DIRSTACK", "FUNCNAME", "LINENO", "RANDOM", "SRANDOM", "SECONDS", "EPOCHSECONDS",
        "EPOCHREALTIME", "OPTIND",
    };

    public static string? Seconds(string? option, out int seconds)
    {
        seconds = 0;
        return option is not null && Digits().IsMatch(option) && TryRead(option, out seconds) && seconds <= JobSpecLimits.LongestSeconds
            ? null
            : $"needs a number of seconds from 0 to {JobSpecLimits.LongestSeconds}, such as \"sleep: 10\".";
    }

    /// <summary>Reads <c>90</c>, <c>90m</c> (minutes) or <c>2h</c>; answers seconds.</summary>
    public static string? Duration(string? option, out int seconds)
    {
        seconds = 0;
        if (option is null || DurationText().Match(option) is not { Success: true } match || !TryRead(match.Groups["number"].Value, out var number))
        {
            return "needs a number of minutes, with or without an m, or of hours with an h, such as 90, 90m or 2h.";
        }

        var total = (long)number * SecondsInMinute * (match.Groups["unit"].Value == "h" ? SecondsInMinute : 1);
        if (total > JobSpecLimits.LongestSeconds)
        {
            return $"may be {JobSpecLimits.LongestSeconds / SecondsInMinute / SecondsInMinute}h at most.";
        }

        seconds = (int)total;
        return null;
    }

    public static string? Retry(string? option, out int count, out int pause)
    {
        const string Wanted = "needs count=N and may have sleep_time=S, such as \"retry: count=3 sleep_time=10\"";
        (count, pause) = (0, 0);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var part in (option ?? string.Empty).Split([' ', '\t', ','], StringSplitOptions.RemoveEmptyEntries))
        {
            var match = RetryPart().Match(part);
            if (!match.Success || !seen.Add(match.Groups["key"].Value) || !TryRead(match.Groups["number"].Value, out var number))
            {
                return $"{Wanted}; \"{part}\" is neither.";
            }

            if (match.Groups["key"].Value == "count")
            {
                count = number;
            }
            else
            {
                pause = number;
            }
        }

        return !seen.Contains("count") ? Wanted + "."
            : count > MostRetries ? $"repeats {MostRetries} times at most."
            : pause > JobSpecLimits.RetryDelaySeconds ? $"waits {JobSpecLimits.RetryDelaySeconds} seconds at most."
            : null;
    }

    public static string? Queue(string? option) =>
        option is not null && option.Length <= LongestQueue && QueueName().IsMatch(option)
            ? null
            : $"needs the name of a queue: letters, digits, '_' and '-', with or without a leading '@', at most {LongestQueue} characters.";

    public static string? RailsEnvironment(string? option) =>
        option is not null && Environments.Contains(option, StringComparer.Ordinal) ? null : $"must be one of {string.Join(", ", Environments)}.";

    public static bool IsOn(string? option) => option is "1" or "true" or "TRUE";

    public static string? Variables(string? option, out Dictionary<string, string> variables)
    {
        variables = new Dictionary<string, string>(StringComparer.Ordinal);
        var reader = new AssignmentReader(option ?? string.Empty);
        while (reader.TryRead(out var name, out var value))
        {
            if (RefusedName(name) is { } refused)
            {
                return refused;
            }

            variables[name] = value;
        }

        return reader.Rest is { Length: > 0 } rest
                ? $"cannot be read from \"{Shorten(rest)}\" on; it needs NAME=VALUE, with quotes around a value that holds blanks, and a blank before the next."
            : variables.Count == 0 ? "needs NAME=VALUE."
            : null;
    }

    /// <summary>Answers why a script may not set a variable; null when it may. The author of a script runs commands anyway, so this guards the machinery only.</summary>
    public static string? RefusedName(string name) =>
        !char.IsAsciiLetter(name[0]) && name[0] != '_' ? $"The name {name} begins with a digit, so that no shell can set it."
        : name.StartsWith("ASCOB_", StringComparison.OrdinalIgnoreCase) || OfShells.Contains(name) ? $"The name {name} is reserved."
        : name.Length > JobSpecLimits.ParameterName ? $"A name has at most {JobSpecLimits.ParameterName} characters."
        : null;

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";

    private static bool TryRead(string digits, out int number) => int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    [GeneratedRegex(@"^[0-9]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Digits();

    [GeneratedRegex(@"^(?<number>[0-9]+)(?<unit>[mh]?)\z", RegexOptions.CultureInvariant)]
    private static partial Regex DurationText();

    [GeneratedRegex(@"^(?<key>count|sleep_time)=(?<number>[0-9]+)\z", RegexOptions.CultureInvariant)]
    private static partial Regex RetryPart();

    [GeneratedRegex(@"^@?[A-Za-z0-9_-]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex QueueName();
}
