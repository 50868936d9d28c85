using System.Text;
using System.Text.Json;

namespace Ascob.Core.Repository;

/// <summary>Reads JSON into the nodes that YAML gives too, so that both say the same.</summary>
internal ref struct JsonFile
{
    private readonly ReadOnlySpan<byte> _content;
    private Utf8JsonReader _reader;
    private int _line = 1;
    private int _counted;
    private int _nodes;

    private JsonFile(ReadOnlySpan<byte> content)
    {
        _content = content;
        _reader = new Utf8JsonReader(content, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, MaxDepth = FileParser.MaxDepth });
    }

    /// <summary>Reads a text.</summary>
    /// <exception cref="FileFault">It is no JSON, too deep or too large.</exception>
    public static FileNode Parse(ReadOnlySpan<byte> content)
    {
        var file = new JsonFile(content);
        try
        {
            file._reader.Read();
            var node = file.ReadValue();
            file._reader.Read();
            return node;
        }
        catch (JsonException e)
        {
            throw new FileFault((int)(e.LineNumber ?? 0) + 1, $"Not valid JSON: {e.Message.Split(" LineNumber")[0]}");
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair in an escape.
            throw new FileFault(file.Line(), "Not valid JSON: a text is not well-formed Unicode.");
        }
    }

    private FileNode ReadValue()
    {
        var line = Line();
        if (++_nodes > FileParser.MaxNodes)
        {
            throw new FileFault(line, $"More than {FileParser.MaxNodes} entries.");
        }

        return _reader.TokenType switch
        {
            JsonTokenType.StartArray => ReadList(line),
            JsonTokenType.StartObject => ReadMap(line),
            JsonTokenType.String => new ScalarNode(line, _reader.GetString()!, IsPlain: false),
            _ => new ScalarNode(line, Encoding.UTF8.GetString(_reader.ValueSpan), IsPlain: true),
        };
    }

    private ListNode ReadList(int line)
    {
        var items = new List<FileNode>();
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            items.Add(ReadValue());
        }

        return new ListNode(line, items);
    }

    private MapNode ReadMap(int line)
    {
        var entries = new List<MapEntry>();
        var keys = new HashSet<string>(StringComparer.Ordinal);
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            var key = _reader.GetString()!;
            var keyLine = Line();
            if (!keys.Add(key))
            {
                throw new FileFault(keyLine, $"The key '{YamlFile.Shown(key)}' stands here a second time.");
            }

            _reader.Read();
            entries.Add(new MapEntry(key, keyLine, ReadValue()));
        }

        return new MapNode(line, entries);
    }

    // Counted on from the last question, so that all of them together cost one pass.
    private int Line()
    {
        var at = (int)_reader.TokenStartIndex;
        _line += _content[_counted..at].Count((byte)'\n');
        _counted = at;
        return _line;
    }
}
