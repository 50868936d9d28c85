namespace Ascob.Core.Templates;

/// <summary>What stands at a place in the text of a shell.</summary>
internal enum ShellContext
{
    /// <summary>Neither of the others: a single quote, a comment, an escaped character.</summary>
    Other,

    /// <summary>Words of commands.</summary>
    Code,

    /// <summary>Text in double quotes, or in a document that is expanded.</summary>
    Double,
}

/// <summary>
/// Finds where a shell reads the text of a value as an expression although it stands there as one quoted word: arithmetic, subscripts, and names of variables, in which bash runs <c>a[$(id)]</c>. Where <c>/bin/sh</c> is
/// bash that holds for POSIX scripts too. Too much is found rather than too little.
/// </summary>
internal sealed class ShellEvaluation
{
    private readonly string _text;
    private readonly ShellContext[] _contexts;
    private readonly ShellCommandWords _words;
    private readonly List<(int From, int To)> _ranges = [];
    private readonly Stack<int> _brackets = new();
    private int _testUntil;

    private ShellEvaluation(string text, ShellContext[] contexts)
    {
        (_text, _contexts) = (text, contexts);
        _words = new ShellCommandWords(text, Add);
    }

    /// <summary>Gets whether what is appended to the text would be read so.</summary>
    public bool AtEnd => _words.IsOpenAtEnd;

    /// <summary>Reads a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="contexts">What each character of it is.</param>
    public static ShellEvaluation Of(string text, ShellContext[] contexts)
    {
        var evaluation = new ShellEvaluation(text, contexts);
        evaluation.Follow();
        return evaluation;
    }

    /// <summary>Answers whether what stands at a position is read as an expression.</summary>
    public bool At(int position) => _ranges.Exists(r => r.From <= position && position < r.To);

    private void Follow()
    {
        for (var i = 0; i < _text.Length; i++)
        {
            if (_contexts[i] == ShellContext.Other)
            {
                continue;
            }

            if (_text[i] == '$')
            {
                Expansion(i);
            }
            else if (_contexts[i] == ShellContext.Code)
            {
                InCode(i);
            }
        }
    }

    private void Expansion(int i)
    {
        switch (CharAt(i + 1))
        {
            case '[':
                Add(i, CloseOf(i + 1, '[', ']'));
                break;
            case '(' when CharAt(i + 2) == '(':
                Add(i, CloseOf(i + 1, '(', ')'));
                break;
            case '{':
                Parameter(i + 2);
                break;
            default:
                break;
        }
    }

    // The subscript of ${a[…]} and the places of ${a:…}, but not the words of ${a:-…} and its like.
    private void Parameter(int i)
    {
        i += CharAt(i) is '!' or '#' ? 1 : 0;
        while (char.IsAsciiLetterOrDigit(CharAt(i)) || CharAt(i) is '_' or '@' or '*' or '#')
        {
            i++;
        }

        if (CharAt(i) == '[')
        {
            var close = CloseOf(i, '[', ']');
            Add(i, close);
            i = close + 1;
        }

        if (CharAt(i) == ':' && CharAt(i + 1) is not ('-' or '=' or '?' or '+'))
        {
            Add(i, CloseOf(i - 1, '{', '}', depth: 1));
        }
    }

    private void InCode(int i)
    {
        switch (_text[i])
        {
            case '(' when CharAt(i + 1) == '(':
                Add(i, CloseOf(i, '(', ')'));
                break;
            case '[' when CharAt(i + 1) == '[' && IsBlank(CharAt(i + 2)) && ShellCommandWords.IsWordStart(_text, i):
                Test(i);
                break;
            case '[' when IsBlank(CharAt(i + 1)):
                _words.Read(i);
                break;
            case '[':
                _brackets.Push(i);
                break;
            case ']' when _brackets.TryPop(out var open):
                if (CharAt(i + 1) == '=' || (CharAt(i + 1) == '+' && CharAt(i + 2) == '='))
                {
                    Add(open, i);
                }

                break;
            case '<' or '>' when CharAt(i + 1) == '&':
                _words.ReadWord(i + 2);
                break;
            case >= 'A' and <= 'Z':
                _words.ReadAssignment(i);
                break;
            case (>= 'a' and <= 'z') or '\'' or '"' or '\\':
                _words.Read(i);
                break;
            default:
                break;
        }
    }

    private void Test(int i)
    {
        if (i < _testUntil)
        {
            return;
        }

        var close = i;
        do
        {
            close = _text.IndexOf("]]", close + 1, StringComparison.Ordinal);
        }
        while (close > 0 && !IsBlank(_text[close - 1]));
        _testUntil = close < 0 ? _text.Length : close;
        if (_text[i.._testUntil].Split([' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries).Any(w => w is "-eq" or "-ne" or "-lt" or "-le" or "-gt" or "-ge" or "-v" or "-R"))
        {
            Add(i, _testUntil);
        }
    }

    private void Add(int from, int to)
    {
        // Within another one it says nothing new.
        if (_ranges.Count == 0 || to > _ranges[^1].To || from < _ranges[^1].From)
        {
            _ranges.Add((from, to));
        }
    }

    // The end of what is opened; that of the text where it is not closed.
    private int CloseOf(int i, char open, char close, int depth = 0)
    {
        for (i += depth; i < _text.Length && _words.MayGoOn(); i++)
        {
            depth += _text[i] == open ? 1 : _text[i] == close ? -1 : 0;
            if (depth == 0)
            {
                return i;
            }
        }

        return _text.Length;
    }

    private char CharAt(int i) => i < _text.Length ? _text[i] : ' ';

    private static bool IsBlank(char c) => c is ' ' or '\t' or '\n';
}
