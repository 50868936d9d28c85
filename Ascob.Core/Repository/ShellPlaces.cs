using Ascob.Core.Templates;

namespace Ascob.Core.Repository;

/// <summary>What a place in the text of a shell means to what is put there.</summary>
internal enum ShellPlace
{
    /// <summary>Between words or in one.</summary>
    Bare,

    /// <summary>Between double quotes.</summary>
    DoubleQuoted,

    /// <summary>Between single quotes.</summary>
    SingleQuoted,

    /// <summary>In a here-document that is expanded.</summary>
    Document,

    /// <summary>In a comment.</summary>
    Comment,

    /// <summary>In arithmetic, where a text would be read as an expression.</summary>
    Arithmetic,

    /// <summary>After a backslash.</summary>
    Escaped,

    /// <summary>In a here-document or quotes that expand nothing.</summary>
    Verbatim,
}

/// <summary>
/// Follows the quotes of a shell's text far enough to know what stands where. It need not be perfect: values reach a command as references to variables, which no shell reads as a program,
/// so that a mistake here costs a word too many but never runs what somebody has sent.
/// </summary>
internal sealed class ShellPlaces
{
    /// <summary>Stands where something will be put.</summary>
    public const char Gap = '\0';

    private readonly string _text;
    private readonly List<ShellPlace> _places = [];
    private readonly List<int> _positions = [];
    private readonly ShellContext[] _contexts;
    private readonly Stack<Frame> _frames = new();
    private readonly Queue<(string End, bool Quoted, bool Tabs)> _documents = new();

    private ShellPlaces(string text)
    {
        _text = text;
        _contexts = new ShellContext[text.Length];
        _frames.Push(new Frame(FrameKind.Code, '\0'));
    }

    /// <summary>Answers what each gap in a text is, which of them some shell reads as an expression although they are quoted, and what would be put at the end of the text.</summary>
    public static (IReadOnlyList<ShellPlace> Gaps, IReadOnlyList<bool> Evaluated, ShellPlace End) Of(string text)
    {
        var places = new ShellPlaces(text);
        places.Follow();
        var evaluation = ShellEvaluation.Of(text, places._contexts);
        var end = places.End();
        return (places._places, [.. places._positions.Select(evaluation.At)], end == ShellPlace.Bare && evaluation.AtEnd ? ShellPlace.Arithmetic : end);
    }

    private ShellPlace End() => _frames.Count > 1
        ? PlaceOf(_frames.Peek())
        : _documents.Count > 0 || _text.EndsWith('\\') ? ShellPlace.Verbatim : ShellPlace.Bare;

    private static ShellPlace PlaceOf(Frame frame) => frame.Kind switch
    {
        FrameKind.Code => ShellPlace.Bare,
        FrameKind.Double => ShellPlace.DoubleQuoted,
        FrameKind.Single => ShellPlace.SingleQuoted,
        FrameKind.Escaping => ShellPlace.Verbatim,
        FrameKind.Comment => ShellPlace.Comment,
        FrameKind.Arithmetic => ShellPlace.Arithmetic,
    };

    private void Follow()
    {
        for (var i = 0; i < _text.Length; i++)
        {
            var frame = _frames.Peek();
            _contexts[i] = frame.Kind switch
            {
                FrameKind.Code => ShellContext.Code,
                FrameKind.Double => ShellContext.Double,
                _ => ShellContext.Other,
            };
            if (_text[i] == Gap)
            {
                Add(PlaceOf(frame), i);
                continue;
            }

            i = frame.Kind switch
            {
                FrameKind.Code => InCode(i, frame),
                FrameKind.Double => InDouble(i),
                FrameKind.Single => Close(i, '\''),
                FrameKind.Escaping => _text[i] == '\\' ? Escape(i) : Close(i, '\''),
                FrameKind.Comment => InComment(i),
                FrameKind.Arithmetic => InArithmetic(i, frame),
            };
        }
    }

    private int InCode(int i, Frame frame)
    {
        switch (_text[i])
        {
            case '\\':
                return Escape(i);
            case '\'':
                _frames.Push(new Frame(FrameKind.Single, '\''));
                break;
            case '"':
                _frames.Push(new Frame(FrameKind.Double, '"'));
                break;
            case '`' when frame.End == '`':
            case ')' when frame.End == ')':
                _frames.Pop();
                break;
            case '`':
                _frames.Push(new Frame(FrameKind.Code, '`'));
                break;
            case '$' when At(i + 1) == '\'':
                _frames.Push(new Frame(FrameKind.Escaping, '\''));
                return i + 1;
            case '$' when At(i + 1) == '(':
                return Substitution(i);
            case '(' when At(i + 1) == '(':
                // Two subshells in a shell that knows no other meaning.
                _frames.Push(new Frame(FrameKind.Arithmetic, ')', Depth: 2));
                return i + 1;
            case '(':
                _frames.Push(new Frame(FrameKind.Code, ')'));
                break;
            case '#' when i == 0 || _text[i - 1] is ' ' or '\t' or '\n' or ';' or '&' or '|' or '(' or ')':
                _frames.Push(new Frame(FrameKind.Comment, '\n'));
                break;
            case '<' when At(i + 1) == '<' && At(i + 2) != '<' && (i == 0 || _text[i - 1] != '<'):
                return NoteDocument(i + 2);
            case '\n' when _documents.Count > 0:
                return SkipDocuments(i);
            default:
                break;
        }

        return i;
    }

    private int InDouble(int i)
    {
        switch (_text[i])
        {
            case '\\':
                return Escape(i);
            case '"':
                _frames.Pop();
                break;
            case '`':
                _frames.Push(new Frame(FrameKind.Code, '`'));
                break;
            case '$' when At(i + 1) == '(':
                return Substitution(i);
            default:
                break;
        }

        return i;
    }

    private int InComment(int i)
    {
        if (_text[i] != '\n')
        {
            return i;
        }

        // The line ends the comment, and may begin a document.
        _frames.Pop();
        return i - 1;
    }

    private int InArithmetic(int i, Frame frame)
    {
        if (_text[i] is '(' or ')')
        {
            _frames.Pop();
            var depth = frame.Depth + (_text[i] == '(' ? 1 : -1);
            if (depth > 0)
            {
                _frames.Push(frame with { Depth = depth });
            }
        }

        return i;
    }

    private int Substitution(int i)
    {
        var isArithmetic = At(i + 2) == '(';
        _frames.Push(isArithmetic ? new Frame(FrameKind.Arithmetic, ')', Depth: 2) : new Frame(FrameKind.Code, ')'));
        return isArithmetic ? i + 2 : i + 1;
    }

    private int Close(int i, char end)
    {
        if (_text[i] == end)
        {
            _frames.Pop();
        }

        return i;
    }

    private int Escape(int i)
    {
        if (At(i + 1) == Gap && i + 1 < _text.Length)
        {
            Add(ShellPlace.Escaped, i + 1);
        }

        return i + 1;
    }

    private int NoteDocument(int i)
    {
        var tabs = At(i) == '-';
        i += tabs ? 1 : 0;
        while (At(i) is ' ' or '\t')
        {
            i++;
        }

        var quoted = false;
        var end = new System.Text.StringBuilder();
        while (i < _text.Length && _text[i] is not (' ' or '\t' or '\n' or ';' or '&' or '|' or '<' or '>' or '(' or ')' or Gap))
        {
            quoted |= _text[i] is '\'' or '"' or '\\';
            if (_text[i] is not ('\'' or '"' or '\\'))
            {
                end.Append(_text[i]);
            }

            i++;
        }

        _documents.Enqueue((end.ToString(), quoted, tabs));
        return i - 1;
    }

    // From the end of the line that asked for them to the end of the last one's last line.
    private int SkipDocuments(int i)
    {
        while (_documents.TryDequeue(out var document))
        {
            while (i < _text.Length)
            {
                var begin = i + 1;
                var next = _text.IndexOf('\n', Math.Min(begin, _text.Length));
                i = next < 0 ? _text.Length : next;
                var line = begin < i ? _text[begin..i] : string.Empty;
                if (string.Equals(document.Tabs ? line.TrimStart('\t') : line, document.End, StringComparison.Ordinal))
                {
                    break;
                }

                for (var at = begin; at < begin + line.Length; at++)
                {
                    _contexts[at] = document.Quoted ? ShellContext.Other : ShellContext.Double;
                    if (_text[at] == Gap)
                    {
                        Add(document.Quoted ? ShellPlace.Verbatim : ShellPlace.Document, at);
                    }
                }
            }
        }

        return i;
    }

    private void Add(ShellPlace place, int position)
    {
        _places.Add(place);
        _positions.Add(position);
    }

    private char At(int i) => i < _text.Length ? _text[i] : ' ';

    private enum FrameKind
    {
        Code,
        Double,
        Single,
        Escaping,
        Comment,
        Arithmetic,
    }

    private readonly record struct Frame(FrameKind Kind, char End, int Depth = 0);
}
