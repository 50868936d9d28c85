using System.Globalization;
using System.Text;

namespace Ascob.Core.Definitions.Parameters;

/// <summary>Reads regular expressions in the form that JSON Schema has from JavaScript, without look-around and back references. What is not understood is refused instead of taken for something else.</summary>
internal sealed class PatternReader
{
    private const int LargestCount = 10_000;

    private readonly string _text;
    private int _at;

    private PatternReader(string text) => _text = text;

    private bool IsAtEnd => _at >= _text.Length;

    private char Here => _text[_at];

    /// <summary>Reads an expression, or says in <paramref name="problem"/> why not.</summary>
    public static SchemaPattern? Read(string text, out string? problem)
    {
        try
        {
            var reader = new PatternReader(text);
            var node = reader.ReadChoice();
            if (!reader.IsAtEnd)
            {
                throw reader.Broken("a ')' without '('");
            }

            if (node.Size >= SchemaPattern.MostSteps)
            {
                problem = string.Create(CultureInfo.InvariantCulture, $"The expression is too large: with its repetitions written out it has more than {SchemaPattern.MostSteps} places.");
                return null;
            }

            problem = null;
            var steps = new List<PatternStep> { new(PatternStepKind.End) };
            var start = node.Write(steps, 0);
            return new SchemaPattern(text, [.. steps], start);
        }
        catch (FormatException e)
        {
            problem = e.Message;
            return null;
        }
    }

    private PatternNode ReadChoice()
    {
        var parts = new List<PatternNode> { ReadSequence() };
        while (!IsAtEnd && Here == '|')
        {
            _at++;
            parts.Add(ReadSequence());
        }

        return parts.Count == 1 ? parts[0] : new PatternNode.Choice(parts);
    }

    private PatternNode.Sequence ReadSequence()
    {
        var parts = new List<PatternNode>();
        while (!IsAtEnd && Here is not ('|' or ')'))
        {
            parts.Add(ReadRepeated());
        }

        return new PatternNode.Sequence(parts);
    }

    private PatternNode ReadRepeated()
    {
        var node = ReadOne();
        var (least, most) = ReadCount();
        if (least < 0)
        {
            return node;
        }

        if (node is PatternNode.Where)
        {
            throw Broken("a repetition of nothing");
        }

        // Which of the matches is found first is all that a lazy repetition changes.
        if (!IsAtEnd && Here == '?')
        {
            _at++;
        }

        return ReadCount().Least < 0 ? new PatternNode.Repeat(node, least, most) : throw Broken("a repetition of a repetition");
    }

    private PatternNode ReadOne()
    {
        var character = Next();
        switch (character)
        {
            case '(':
                return ReadGroup();
            case '[':
                return new PatternNode.Take(ReadSet());
            case '.':
                return new PatternNode.Take(PatternSet.Any);
            case '^':
                return new PatternNode.Where(PatternStepKind.AtStart);
            case '$':
                return new PatternNode.Where(PatternStepKind.AtEnd);
            case '*' or '+' or '?':
                throw Broken("a repetition of nothing");
            case '\\' when !IsAtEnd && Here is 'b' or 'B':
                return new PatternNode.Where(Next() == 'b' ? PatternStepKind.AtWordEdge : PatternStepKind.NotAtWordEdge);
            case '\\':
                var (ranges, categories) = ReadEscape(isInSet: false);
                return new PatternNode.Take(new PatternSet(ranges, categories));
            default:
                return new PatternNode.Take(new PatternSet([(character, character)]));
        }
    }

    private PatternNode ReadGroup()
    {
        if (!IsAtEnd && Here == '?')
        {
            _at++;
            ReadGroupKind();
        }

        var inner = ReadChoice();
        if (IsAtEnd)
        {
            throw Broken("a '(' without ')'");
        }

        _at++;
        return inner;
    }

    private void ReadGroupKind()
    {
        var rest = _text.AsSpan(_at);
        if (rest.StartsWith(":"))
        {
            _at++;
        }
        else if (rest.StartsWith("<") && !rest.StartsWith("<=") && !rest.StartsWith("<!") && rest.IndexOf('>') is var end and > 1 && rest[1..end].IndexOfAnyExcept(NameCharacters) < 0)
        {
            _at += end + 1;
        }
        else
        {
            throw Broken("look-around, an option or an atomic group, which are not supported");
        }
    }

    private PatternSet ReadSet()
    {
        var isNegated = !IsAtEnd && Here == '^';
        _at += isNegated ? 1 : 0;
        var ranges = new List<(int From, int To)>();
        var categories = 0;
        for (var isFirst = true; ; isFirst = false)
        {
            if (IsAtEnd)
            {
                throw Broken("a '[' without ']'");
            }

            if (Here == ']')
            {
                _at++;
                return isFirst ? throw Broken("an empty set; a ']' in it is written '\\]'") : new PatternSet(ranges, categories, isNegated);
            }

            if (_text.AsSpan(_at) is ['-', '[', ..])
            {
                throw Broken("a set in a set");
            }

            var (from, more) = ReadMember();
            categories |= more;
            if (_text.AsSpan(_at) is not ['-', not ']', ..])
            {
                ranges.AddRange(from);
                continue;
            }

            _at++;
            if (Here == '[')
            {
                throw Broken("a set in a set");
            }

            var (to, others) = ReadMember();
            var (low, high) = (One(from, more), One(to, others));
            ranges.Add(low <= high ? (low, high) : throw Broken("a range whose end comes before its start"));
        }
    }

    private int One(IReadOnlyList<(int From, int To)> ranges, int categories) =>
        categories == 0 && ranges is [var (from, to)] && from == to ? from : throw Broken("a range of something else than two characters; a '-' is written '\\-'");

    private (IReadOnlyList<(int From, int To)> Ranges, int Categories) ReadMember()
    {
        var character = Next();
        return character == '\\' ? ReadEscape(isInSet: true) : ([(character, character)], 0);
    }

    private (IReadOnlyList<(int From, int To)> Ranges, int Categories) ReadEscape(bool isInSet)
    {
        if (IsAtEnd)
        {
            throw Broken("a '\\' at the end");
        }

        var character = Next();
        if (PatternSet.RangesOf(character) is { } ranges)
        {
            return (ranges, 0);
        }

        if (character is 'p' or 'P')
        {
            var bits = ReadCategories();
            return ([], character == 'p' ? bits : PatternSet.OtherCategories(bits));
        }

        var one = character switch
        {
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'f' => '\f',
            'v' => '\v',
            'b' when isInSet => '\b',
            '0' when IsAtEnd || !char.IsAsciiDigit(Here) => '\0',
            'x' => ReadHex(2),
            'u' => ReadCodePoint(),
            < 128 when char.IsAsciiLetterOrDigit((char)character) => throw Broken($"'\\{(char)character}', which is not supported"),
            _ => character,
        };
        return ([(one, one)], 0);
    }

    private int ReadCategories()
    {
        var rest = _text.AsSpan(_at);
        var end = rest.IndexOf('}');
        var bits = rest is ['{', ..] && end > 0 ? PatternSet.CategoriesOf(rest[1..end].ToString()) : 0;
        if (bits == 0)
        {
            throw Broken("a category of characters that is not known; there are such as \\p{L} and \\p{Lu}");
        }

        _at += end + 1;
        return bits;
    }

    private int ReadCodePoint()
    {
        if (IsAtEnd || Here != '{')
        {
            return ReadHex(4);
        }

        var length = _text.AsSpan(_at).IndexOf('}') - 1;
        _at++;
        var point = length is > 0 and <= 6 ? ReadHex(length) : int.MaxValue;
        _at++;
        return point <= 0x10FFFF ? point : throw Broken("a code point that is none");
    }

    private int ReadHex(int digits)
    {
        if (_at + digits > _text.Length || !int.TryParse(_text.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
        {
            throw Broken("a hexadecimal number that is none");
        }

        _at += digits;
        return value;
    }

    // A brace that counts nothing is a character like others.
    private (int Least, int? Most) ReadCount()
    {
        switch (IsAtEnd ? '\0' : Here)
        {
            case '*':
                _at++;
                return (0, null);
            case '+':
                _at++;
                return (1, null);
            case '?':
                _at++;
                return (0, 1);
            case '{' when _text.IndexOf('}', _at) is var end and > 0 && Numbers(_text[(_at + 1)..end]) is { } counts:
                _at = end + 1;
                return counts.Most is { } most && most < counts.Least ? throw Broken("a repetition whose end comes before its start") : counts;
            default:
                return (-1, null);
        }
    }

    private static (int Least, int? Most)? Numbers(string text)
    {
        var comma = text.IndexOf(',', StringComparison.Ordinal);
        var least = comma < 0 ? text : text[..comma];
        if (least.Length == 0 || !least.All(char.IsAsciiDigit) || (comma >= 0 && !text[(comma + 1)..].All(char.IsAsciiDigit)))
        {
            return null;
        }

        int? most = comma < 0 ? Number(least) : comma == text.Length - 1 ? null : Number(text[(comma + 1)..]);
        return (Number(least), most);
    }

    private static int Number(string digits) => int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Math.Min(number, LargestCount) : LargestCount;

    private int Next()
    {
        if (Rune.TryGetRuneAt(_text, _at, out var rune))
        {
            _at += rune.Utf16SequenceLength;
            return rune.Value;
        }

        return _text[_at++];
    }

    private FormatException Broken(string what) => new(string.Create(CultureInfo.InvariantCulture, $"This is no regular expression that is understood: at character {_at} there is {what}."));

    private static readonly System.Buffers.SearchValues<char> NameCharacters = System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}
