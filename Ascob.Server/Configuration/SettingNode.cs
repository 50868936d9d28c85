namespace Ascob.Server.Configuration;

/// <summary>A place in the tree of known settings: a section with named parts, a list or map of alike parts, or a value.</summary>
internal sealed class SettingNode
{
    private SettingNode()
    {
    }

    public Dictionary<string, SettingNode> Parts { get; private init; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Gets what every part that has no entry in <see cref="Parts"/> is; null where there are no others.</summary>
    public SettingNode? Each { get; private init; }

    /// <summary>Gets what the names of <see cref="Each"/> may be; null for anything.</summary>
    public Rule? NameRule { get; private init; }

    /// <summary>Gets what the value may be; null for sections.</summary>
    public Rule? ValueRule { get; private init; }

    /// <summary>Gets whether others may have settings of their own here, so that only near misses of known ones are refused.</summary>
    public bool Open { get; private init; }

    public static SettingNode Value(Rule rule) => new() { ValueRule = rule };

    public static SettingNode Section(params (string Name, SettingNode Node)[] parts) =>
        new() { Parts = parts.ToDictionary(p => p.Name, p => p.Node, StringComparer.OrdinalIgnoreCase) };

    public static SettingNode OpenSection(params (string Name, SettingNode Node)[] parts) =>
        new() { Parts = parts.ToDictionary(p => p.Name, p => p.Node, StringComparer.OrdinalIgnoreCase), Open = true };

    public static SettingNode Map(SettingNode each, Rule? nameRule = null) => new() { Each = each, NameRule = nameRule };
}
