using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Ascob.Core.Repository;

/// <summary>Reads one YAML document by its events. Aliases share what they name, so that a bomb costs nothing, and are counted, so that nobody who walks the tree is bombed later.</summary>
internal sealed class YamlFile
{
    private readonly IParser _parser;
    private readonly Dictionary<string, FileNode> _anchors = new(StringComparer.Ordinal);
    private long _aliased;
    private int _nodes;

    private YamlFile(IParser parser) => _parser = parser;

    /// <summary>Reads a text.</summary>
    /// <exception cref="FileFault">It is no YAML, more than one document, too deep or too large.</exception>
    public static FileNode Parse(string text)
    {
        try
        {
            var file = new YamlFile(new Parser(new StringReader(text)));
            return file.ReadDocument();
        }
        catch (YamlException e)
        {
            throw new FileFault((int)Math.Max(1, e.Start.Line), $"Not valid YAML: {Sentence(e.Message)}");
        }
    }

    private FileNode ReadDocument()
    {
        Take<StreamStart>();
        if (_parser.Current is StreamEnd)
        {
            return new ScalarNode(1, string.Empty, IsPlain: true);
        }

        Take<DocumentStart>();
        var node = Read(0);
        Take<DocumentEnd>();
        return _parser.Current is DocumentStart next
            ? throw new FileFault(LineOf(next), "A file holds one YAML document; a second one begins here.")
            : node;
    }

    private FileNode Read(int depth)
    {
        var current = Current();
        if (depth > FileParser.MaxDepth)
        {
            throw new FileFault(LineOf(current), $"Nested deeper than {FileParser.MaxDepth} levels.");
        }

        if (++_nodes + _aliased > FileParser.MaxNodes)
        {
            throw new FileFault(LineOf(current), $"More than {FileParser.MaxNodes} entries, with those that aliases repeat.");
        }

        var node = current switch
        {
            AnchorAlias alias => Follow(alias),
            Scalar scalar => ReadScalar(scalar),
            SequenceStart start => ReadList(start, depth),
            MappingStart start => ReadMap(start, depth),
            _ => throw new FileFault(LineOf(current), "Not valid YAML."),
        };
        if (current is NodeEvent { Anchor.IsEmpty: false } anchored)
        {
            _anchors[anchored.Anchor.Value] = node;
        }

        return node;
    }

    private FileNode Follow(AnchorAlias alias)
    {
        _parser.MoveNext();
        if (!_anchors.TryGetValue(alias.Value.Value, out var node))
        {
            throw new FileFault(LineOf(alias), $"The alias *{alias.Value.Value} names nothing that stands before it.");
        }

        _aliased += node.Weight;
        return _aliased + _nodes > FileParser.MaxNodes
            ? throw new FileFault(LineOf(alias), $"With this alias the file stands for more than {FileParser.MaxNodes} entries.")
            : node;
    }

    private ScalarNode ReadScalar(Scalar scalar)
    {
        _parser.MoveNext();
        var isText = scalar.Tag is { IsEmpty: false } tag && tag.Value is "!" or "tag:yaml.org,2002:str";
        return new ScalarNode(LineOf(scalar), scalar.Value, scalar.Style == ScalarStyle.Plain && !isText);
    }

    private ListNode ReadList(SequenceStart start, int depth)
    {
        _parser.MoveNext();
        var items = new List<FileNode>();
        while (Current() is not SequenceEnd)
        {
            items.Add(Read(depth + 1));
        }

        _parser.MoveNext();
        return new ListNode(LineOf(start), items);
    }

    private MapNode ReadMap(MappingStart start, int depth)
    {
        _parser.MoveNext();
        var entries = new List<MapEntry>();
        var merged = new List<MapEntry>();
        var keys = new HashSet<string>(StringComparer.Ordinal);
        while (Current() is not MappingEnd)
        {
            if (Read(depth + 1) is not ScalarNode key)
            {
                throw new FileFault(LineOf(start), "A key must be a text.");
            }

            var value = Read(depth + 1);
            if (key is { IsPlain: true, Text: "<<" })
            {
                merged.AddRange(Merged(key, value));
            }
            else if (keys.Add(key.Text))
            {
                entries.Add(new MapEntry(key.Text, key.Line, value));
            }
            else
            {
                throw new FileFault(key.Line, $"The key '{Shown(key.Text)}' stands here a second time.");
            }
        }

        _parser.MoveNext();
        entries.AddRange(merged.Where(m => keys.Add(m.Key)));
        return new MapNode(LineOf(start), entries);
    }

    private static IEnumerable<MapEntry> Merged(ScalarNode key, FileNode value) => value switch
    {
        MapNode map => map.Entries,
        ListNode list when list.Items.All(i => i is MapNode) => list.Items.Cast<MapNode>().SelectMany(m => m.Entries),
        _ => throw new FileFault(key.Line, "The merge key << takes a mapping, or a list of them."),
    };

    private ParsingEvent Current() => _parser.Current ?? throw new FileFault(null, "Not valid YAML: the text ends too early.");

    private void Take<T>()
        where T : ParsingEvent
    {
        if (_parser.Current is null)
        {
            _parser.MoveNext();
        }

        if (_parser.Current is not T)
        {
            throw new FileFault(_parser.Current is { } current ? LineOf(current) : null, "Not valid YAML.");
        }

        _parser.MoveNext();
    }

    private static int LineOf(ParsingEvent at) => (int)Math.Max(1, at.Start.Line);

    internal static string Shown(string text) => text.Length <= 60 ? text : text[..60] + "…";

    // The library's messages begin with the place, which is told beside them.
    private static string Sentence(string message)
    {
        var colon = message.IndexOf("): ", StringComparison.Ordinal);
        return Shown100((colon >= 0 ? message[(colon + 3)..] : message).ReplaceLineEndings(" "));
    }

    private static string Shown100(string text) => text.Length <= 200 ? text : text[..200] + "…";
}
