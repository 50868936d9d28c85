using System.Globalization;
using System.Text.RegularExpressions;

namespace Ascob.Core.Repository;

/// <summary>Reads values out of nodes; a wrong one is noted with its line and read as absent, so that a file tells all of its faults at once.</summary>
internal sealed partial class NodeReader(string file)
{
    private const int MostErrors = 100;

    private readonly List<FileError> _errors = [];

    /// <summary>Gets what was wrong so far, in the order of the lines.</summary>
    public IReadOnlyList<FileError> Errors => [.. _errors.OrderBy(e => e.Line ?? int.MaxValue)];

    /// <summary>Notes a fault.</summary>
    public void Add(int? line, string message)
    {
        if (_errors.Count < MostErrors)
        {
            _errors.Add(new FileError(file, line, message));
        }
        else if (_errors.Count == MostErrors)
        {
            _errors.Add(new FileError(file, null, "And more errors."));
        }
    }

    /// <summary>Reads a text; numbers and flags count as they are written.</summary>
    public string? Text(MapEntry entry, int longest)
    {
        if (entry.Value is not ScalarNode scalar)
        {
            Add(entry.Value.Line, $"'{entry.Key}' must be a text.");
            return null;
        }

        if (scalar.IsNull)
        {
            return null;
        }

        if (scalar.Text.Length > longest)
        {
            Add(scalar.Line, $"'{entry.Key}' must have at most {longest} characters; it has {scalar.Text.Length}.");
            return null;
        }

        if (Jobs.TextRules.Broken(scalar.Text) is { } broken)
        {
            Add(scalar.Line, $"'{entry.Key}' {broken}");
            return null;
        }

        return scalar.Text;
    }

    /// <summary>Reads a flag in any of the words of YAML 1.1, quoted or not.</summary>
    public bool Flag(MapEntry entry)
    {
        switch (entry.Value)
        {
            case ScalarNode { IsNull: true }:
                return false;
            case ScalarNode scalar when Words.TryFlag(scalar.Text, out var flag):
                return flag;
            default:
                Add(entry.Value.Line, $"'{entry.Key}' must be true or false (yes, no, on and off count too).");
                return false;
        }
    }

    /// <summary>Reads a number of seconds, quoted or not; parts of a second are rounded up.</summary>
    public int? Seconds(MapEntry entry, int most)
    {
        if (entry.Value is ScalarNode { IsNull: true })
        {
            return null;
        }

        if (entry.Value is ScalarNode scalar && TryNumber(scalar.Text, out var seconds) && seconds > 0 && seconds <= most)
        {
            return (int)Math.Ceiling(seconds);
        }

        Add(entry.Value.Line, $"'{entry.Key}' must be a number of seconds, more than 0 and at most {most}.");
        return null;
    }

    /// <summary>Reads a mapping; null where it is none.</summary>
    public MapNode? Map(MapEntry entry)
    {
        switch (entry.Value)
        {
            case MapNode map:
                return map;
            case ScalarNode { IsNull: true }:
                return null;
            default:
                Add(entry.Value.Line, $"'{entry.Key}' must be a mapping.");
                return null;
        }
    }

    /// <summary>Reads a list; one value alone counts as a list of one.</summary>
    public static IReadOnlyList<FileNode> List(MapEntry entry) => entry.Value switch
    {
        ListNode list => list.Items,
        ScalarNode { IsNull: true } => [],
        _ => [entry.Value],
    };

    /// <summary>Notes each key that is not among the known ones.</summary>
    public void RefuseOthers(MapNode map, IReadOnlyCollection<string> known)
    {
        foreach (var entry in map.Entries.Where(e => !known.Contains(e.Key)))
        {
            Add(entry.Line, $"The key '{YamlFile.Shown(entry.Key)}' is not known here; known are {string.Join(", ", known)}.");
        }
    }

    /// <summary>Reads a plain decimal number.</summary>
    public static bool TryNumber(string text, out double number)
    {
        number = 0;
        return Decimal().IsMatch(text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);
    }

    [GeneratedRegex(@"^[-+]?([0-9]{1,18})(\.[0-9]{1,9})?$", RegexOptions.CultureInvariant)]
    private static partial Regex Decimal();
}
