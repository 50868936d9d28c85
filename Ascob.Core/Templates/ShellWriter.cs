using System.Text;

namespace Ascob.Core.Templates;

/// <summary>
/// A shell command in the making. Reads along what stands there, so that a value is quoted for its place; where no quoting is safe, or it is not certain what place it is, the value is refused.
/// </summary>
internal sealed class ShellWriter : TextWriter
{
    private const string Case = "case";
    private const int NoWord = -1;

    private readonly StringBuilder _text = new();

    // The text with a mark in the place of each value, and what each of its characters is.
    private readonly StringBuilder _frame = new();
    private readonly List<ShellContext> _contexts = [];
    private readonly Stack<Place> _outer = new();
    private Place _place = Place.Command;
    private string? _unsure;
    private bool _escaped;
    private char _last = '\n';
    private int _letters;

    // What stood before a backslash: a line that is continued goes on from there.
    private (char Last, int Letters) _beforeEscape;

    private enum Place
    {
        Command,
        Substitution,
        Double,
        Single,
        Comment,
        Backtick,
        Parameter,
        Arithmetic,
        AnsiC,
    }

    public override Encoding Encoding => Encoding.Unicode;

    /// <summary>Puts one value in, as one word or as part of the quoted text around it.</summary>
    public void Put(string value)
    {
        if (Refusal() is { } reason)
        {
            throw new TemplateException(reason);
        }

        Note('\0');
        Append(_place switch
        {
            Place.Double => InDouble(value),
            Place.Single => value.Replace("'", "'\\''", StringComparison.Ordinal),
            _ => ShellText.InQuotes(value),
        });
        (_letters, _last) = (NoWord, 'x');
    }

    /// <summary>Puts a list in: one word for each item, none for an empty one.</summary>
    public void Put(IReadOnlyList<string> values)
    {
        if (_place is Place.Double or Place.Single)
        {
            Put(string.Join(' ', values));
            return;
        }

        for (var i = 0; i < values.Count; i++)
        {
            if (i > 0)
            {
                Write(' ');
            }

            Put(values[i]);
        }
    }

    /// <summary>Answers the command.</summary>
    /// <exception cref="TemplateException">A quote or a bracket is still open, or a value stands where a shell would evaluate it.</exception>
    public string Finish()
    {
        if (_place is not (Place.Command or Place.Comment) && _unsure is null)
        {
            throw new TemplateException($"The command ends inside {Name(_place)}.");
        }

        var frame = _frame.ToString();
        var evaluation = ShellEvaluation.Of(frame, [.. _contexts]);
        for (var i = frame.IndexOf('\0', StringComparison.Ordinal); i >= 0; i = frame.IndexOf('\0', i + 1))
        {
            if (evaluation.At(i))
            {
                throw new TemplateException("A value stands in arithmetic, in a subscript or as the name of a variable, where bash evaluates it however it is quoted; use [ … ] and plain words.");
            }
        }

        return _text.ToString();
    }

    public override void Write(char value)
    {
        Append(value);
        Note(value);
        Follow(value);
    }

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(ReadOnlySpan<char> buffer)
    {
        foreach (var character in buffer)
        {
            Write(character);
        }
    }

    public override Task WriteAsync(char value)
    {
        Write(value);
        return Task.CompletedTask;
    }

    public override Task WriteAsync(string? value)
    {
        Write(value);
        return Task.CompletedTask;
    }

    public override Task WriteAsync(char[] buffer, int index, int count)
    {
        Write(buffer, index, count);
        return Task.CompletedTask;
    }

    public override Task WriteAsync(ReadOnlyMemory<char> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return Task.CompletedTask;
    }

    private static string InDouble(string value)
    {
        var text = new StringBuilder(value.Length + 8);
        foreach (var character in value)
        {
            if (character is '\\' or '"' or '$' or '`')
            {
                text.Append('\\');
            }

            text.Append(character);
        }

        return text.ToString();
    }

    private static string Name(Place place) => place switch
    {
        Place.Double => "\"…\"",
        Place.Single => "'…'",
        Place.Backtick => "`…`",
        Place.Parameter => "${…}",
        Place.Arithmetic => "((…))",
        Place.AnsiC => "$'…'",
        Place.Comment => "a comment",
        _ => "$(…)",
    };

    private string? Refusal()
    {
        if (_unsure is not null)
        {
            return $"A value stands after {_unsure}, where no quoting is certain to hold; put it into the command's environment, or before it.";
        }

        if (_place is Place.Comment or Place.Backtick or Place.Parameter or Place.Arithmetic or Place.AnsiC)
        {
            return $"A value stands inside {Name(_place)}, where no quoting is certain to hold.";
        }

        return _place == Place.Single ? null
            : _escaped ? "A value stands right after a backslash, which would undo its quoting."
            : _last == '$' ? "A value stands right after a $, which would make it the name of something else."
            : null;
    }

    private void Append(string text)
    {
        if (_text.Length + text.Length > TemplateLimits.Output)
        {
            throw new TemplateException($"The result becomes longer than {TemplateLimits.Output} characters.");
        }

        _text.Append(text);
    }

    private void Append(char character)
    {
        if (_text.Length >= TemplateLimits.Output)
        {
            throw new TemplateException($"The result becomes longer than {TemplateLimits.Output} characters.");
        }

        _text.Append(character);
    }

    private void Note(char character)
    {
        _frame.Append(character);
        _contexts.Add(_escaped ? ShellContext.Other : _place switch
        {
            Place.Command or Place.Substitution => ShellContext.Code,
            Place.Double => ShellContext.Double,
            _ => ShellContext.Other,
        });
    }

    private void Follow(char character)
    {
        if (_escaped)
        {
            // Neither opens nor closes anything, and what follows an escaped $ is not its name. A backslash before the end of a line is no character at all.
            _escaped = false;
            (_last, _letters) = character == '\n' ? _beforeEscape : ('x', NoWord);
            return;
        }

        switch (_place)
        {
            case Place.Single when character == '\'':
            case Place.Comment when character == '\n':
                Leave();
                break;
            case Place.Single or Place.Comment:
                break;
            case Place.AnsiC or Place.Backtick or Place.Parameter or Place.Arithmetic:
                FollowInUnfit(character);
                break;
            case Place.Double:
                FollowInDouble(character);
                break;
            default:
                FollowInCommand(character);
                break;
        }

        FollowWord(character);
        _last = character;
    }

    // The brackets of a case's patterns close nothing, so that where it ends is not certain inside of brackets.
    private void FollowWord(char character)
    {
        if (char.IsAsciiLetterOrDigit(character) || character is '_' or '-' or '.' or '/')
        {
            _letters = _letters >= 0 && _letters < Case.Length && Case[_letters] == character ? _letters + 1 : NoWord;
            return;
        }

        if (_letters == Case.Length && (_place == Place.Substitution || _outer.Contains(Place.Substitution)))
        {
            _unsure ??= "a case inside brackets";
        }

        _letters = 0;
    }

    private void Escape()
    {
        _escaped = true;
        _beforeEscape = (_last, _letters);
    }

    private void FollowInDouble(char character)
    {
        switch (character)
        {
            case '\\':
                Escape();
                break;
            case '"':
                Leave();
                break;
            default:
                FollowExpansion(character);
                break;
        }
    }

    private void FollowInCommand(char character)
    {
        switch (character)
        {
            case '\\':
                Escape();
                break;
            case '\'':
                Enter(_last == '$' ? Place.AnsiC : Place.Single);
                break;
            case '"':
                Enter(Place.Double);
                break;
            case '#' when _last is ' ' or '\t' or '\n' or ';' or '&' or '|' or '(' or ')' or '<' or '>':
                Enter(Place.Comment);
                break;
            case '<' when _last == '<':
                _unsure ??= "a here-document (<<)";
                break;
            case '(' when _last == '(':
                Enter(Place.Arithmetic);
                break;
            case '(' when _last != '$':
                Enter(Place.Substitution);
                break;
            case ')' when _place == Place.Substitution:
                Leave();
                break;
            default:
                FollowExpansion(character);
                break;
        }
    }

    private void FollowExpansion(char character)
    {
        switch (character)
        {
            case '`':
                Enter(Place.Backtick);
                break;
            case '(' when _last == '$':
                Enter(Place.Substitution);
                break;
            case '{' when _last == '$':
                Enter(Place.Parameter);
                break;
        }
    }

    // Nothing is put in here; it only must be certain where it ends.
    private void FollowInUnfit(char character)
    {
        switch (_place, character)
        {
            case (Place.AnsiC, '\\'):
                // Some shells know this kind of quote and some do not; they part where it ends.
                _unsure ??= $"{Name(_place)} with a backslash in it";
                break;
            case (Place.Backtick, '\\'):
                _escaped = true;
                break;
            case (Place.AnsiC, '\''):
            case (Place.Backtick, '`'):
            case (Place.Parameter, '}'):
                Leave();
                break;
            case (Place.Arithmetic, ')') when _last == ')':
                Leave();
                if (_place == Place.Substitution)
                {
                    Leave();
                }

                break;
            case (Place.Parameter or Place.Arithmetic, '"' or '\'' or '`' or '\\' or '(' or '{'):
                _unsure ??= $"{Name(_place)} with more than a plain name in it";
                break;
        }
    }

    private void Enter(Place place)
    {
        _outer.Push(_place);
        _place = place;
    }

    private void Leave() => _place = _outer.Count > 0 ? _outer.Pop() : Place.Command;
}
