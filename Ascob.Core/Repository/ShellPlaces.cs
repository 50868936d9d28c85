namespace Ascob.Core.Repository;

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
    private readonly Stack<Frame> _frames = new();
    private readonly HereDocuments _documents;

    // What stands before the place that is looked at, without the line breaks that a backslash takes away.
    private char _last = '\n';
    private char _beforeLast = '\n';

    private ShellPlaces(string text)
    {
        _text = text;
        _documents = new HereDocuments(text);
        _frames.Push(new Frame(FrameKind.Code, '\0'));
    }

    /// <summary>Answers what each gap in a text is, and what would be put at its end.</summary>
    public static (IReadOnlyList<ShellPlace> Gaps, ShellPlace End) Of(string text)
    {
        var places = new ShellPlaces(text);
        places.Follow();
        return (places._places, places.End());
    }

    private ShellPlace End() => _frames.Count > 1
        ? PlaceOf(_frames.Peek())
        : _documents.AreOpen || _text.EndsWith('\\') ? ShellPlace.Verbatim : ShellPlace.Bare;

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
            if (_text[i] == Gap)
            {
                _places.Add(PlaceOf(frame));
                (_beforeLast, _last) = (_last, Gap);
                continue;
            }

            // A line that is continued goes on from what stood before the backslash, but where a backslash is nothing special.
            if (frame.Kind is FrameKind.Code or FrameKind.Double or FrameKind.Arithmetic && _documents.IsContinued(i))
            {
                i++;
                continue;
            }

            var (begin, character) = (i, _text[i]);
            i = frame.Kind switch
            {
                FrameKind.Code => InCode(i, frame),
                FrameKind.Double => InDouble(i),
                FrameKind.Single => Close(i, '\''),
                FrameKind.Escaping => _text[i] == '\\' ? Escape(i) : Close(i, '\''),
                FrameKind.Comment => InComment(i),
                FrameKind.Arithmetic => InArithmetic(i, frame),
            };
            (_beforeLast, _last) = (_last, character == '\\' || (character == '<' && i > begin) ? 'x' : character);
        }
    }

    private int InCode(int i, Frame frame)
    {
        switch (_text[i])
        {
            case '\\':
                return Escape(i);
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
            case '\'':
                _frames.Push(new Frame(_last == '$' ? FrameKind.Escaping : FrameKind.Single, '\''));
                break;
            case '(' when _last == '$':
                return Substitution(i);
            case '(':
                _frames.Push(new Frame(FrameKind.Code, ')'));
                break;
            case '#' when _last is ' ' or '\t' or '\n' or ';' or '&' or '|' or '(' or ')':
                _frames.Push(new Frame(FrameKind.Comment, '\n'));
                break;
            case '<' when _last == '<' && _documents.At(i + 1) != '<' && _beforeLast != '<':
                return _documents.Note(i + 1);
            case '\n' when _documents.AreOpen:
                return _documents.Skip(i, _places);
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
            case '(' when _last == '$':
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
        var next = _documents.Past(i + 1);
        var isArithmetic = next < _text.Length && _text[next] == '(';
        _frames.Push(isArithmetic ? new Frame(FrameKind.Arithmetic, ')', Depth: 2) : new Frame(FrameKind.Code, ')'));
        return isArithmetic ? next : i;
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
        if (i + 1 < _text.Length && _text[i + 1] == Gap)
        {
            _places.Add(ShellPlace.Escaped);
        }

        return i + 1;
    }

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
