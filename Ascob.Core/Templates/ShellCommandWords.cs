using System.Buffers;

namespace Ascob.Core.Templates;

/// <summary>Reads the words of those commands of shells that take an expression or the name of a variable, in whose subscript bash evaluates whatever stands there.</summary>
/// <param name="text">The text of the shell.</param>
/// <param name="add">Is told the ranges that are evaluated.</param>
internal sealed class ShellCommandWords(string text, Action<int, int> add)
{
    private static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        "let", "read", "unset", "mapfile", "readarray", "getopts", "declare", "typeset", "local", "readonly", "export", "integer", "printf", "test", "wait", "[",
    };

    // Numbers to bash, or text that shells expand or read when they begin.
    private static readonly HashSet<string> Evaluated = new(StringComparer.Ordinal)
    {
        "RANDOM", "SRANDOM", "OPTIND", "SECONDS", "LINENO", "HISTCMD", "BASHPID", "PS4", "BASH_ENV",
    };

    private const int LongestName = 40;

    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_[]+");

    // What may stand before a command.
    private static readonly HashSet<string> Before = new(StringComparer.Ordinal) { "then", "do", "else", "elif", "if", "while", "until", "!", "{", "time", "command", "builtin", "exec", "coproc" };

    // Each of them may look ahead to the end. One that is written to keep the reader busy is evaluated as a whole.
    private long _left = 50L * text.Length;

    /// <summary>Gets whether the text ends in such a command, so that an appended word is evaluated.</summary>
    public bool IsOpenAtEnd { get; private set; }

    /// <summary>Answers whether a word begins at a place.</summary>
    public static bool IsWordStart(string text, int i) => i == 0 || IsSeparator(text[i - 1]) || text[i - 1] is ' ' or '\t' or '{' or '!';

    /// <summary>Answers whether one more character may be looked at; no more once all have been looked at too often.</summary>
    public bool MayGoOn()
    {
        if (--_left == 0)
        {
            add(0, text.Length);
        }

        return _left > 0;
    }

    /// <summary>Reads the command that begins at a place, if one of these does.</summary>
    public void Read(int i)
    {
        if (!IsWordStart(text, i))
        {
            return;
        }

        var end = i;
        while (end < text.Length && end - i < LongestName && !IsSeparator(text[end]) && text[end] is not (' ' or '\t'))
        {
            end++;
        }

        var name = Plain(text[i..end]);
        if (!Names.Contains(name) || !IsCommand(i))
        {
            return;
        }

        var words = WordsFrom(end, out var isOpen).ToList();
        switch (name)
        {
            case "let" or "read" or "unset" or "mapfile" or "readarray" or "getopts":
                words.ForEach(w => add(w.From, w.To));
                IsOpenAtEnd |= isOpen;
                break;
            case "printf" or "wait" or "test" or "[":
                // After the first word of printf stands text.
                ReadOption(name == "wait" ? ["-p"] : ["-v", "-R"], name == "printf" ? 1 : words.Count, words, isOpen);
                break;
            default:
                ReadDeclaration(words);
                IsOpenAtEnd |= isOpen;
                break;
        }
    }

    /// <summary>Reads an assignment that begins at a place, if it is one to a variable whose value shells evaluate.</summary>
    public void ReadAssignment(int i)
    {
        var equals = i;
        while (equals < text.Length && equals - i < LongestName && (char.IsAsciiLetterOrDigit(text[equals]) || text[equals] is '_' or '+'))
        {
            equals++;
        }

        if (equals < text.Length && text[equals] == '=' && Evaluated.Contains(text[i..equals].TrimEnd('+')) && IsWordStart(text, i))
        {
            ReadWord(equals + 1);
        }
    }

    /// <summary>Notes the word that begins at a place as one that is evaluated.</summary>
    public void ReadWord(int i)
    {
        var words = WordsFrom(i, out var isOpen);
        var (from, to) = words.Count > 0 ? words[0] : (i, text.Length);
        add(from, to);
        IsOpenAtEnd |= isOpen && to == text.Length;
    }

    // A name may be quoted in part, and is the same command then.
    private static string Plain(string word) => word.AsSpan().IndexOfAny('\'', '"', '\\') < 0 ? word : word.Replace("'", string.Empty, StringComparison.Ordinal).Replace("\"", string.Empty, StringComparison.Ordinal).Replace("\\", string.Empty, StringComparison.Ordinal);

    private void ReadOption(string[] options, int most, List<(int From, int To)> words, bool isOpen)
    {
        IsOpenAtEnd |= isOpen && words.Count == 0;
        for (var n = 0; n < Math.Min(most, words.Count); n++)
        {
            var word = Plain(text[words[n].From..words[n].To]);
            if (options.Contains(word, StringComparer.Ordinal) || word.StartsWith('\0'))
            {
                // A value can be the option as well.
                IsOpenAtEnd |= isOpen && n == words.Count - 1;
                if (n + 1 < words.Count)
                {
                    add(words[n + 1].From, words[n + 1].To);
                }
            }
            else if (options.Any(o => word.StartsWith(o, StringComparison.Ordinal)))
            {
                add(words[n].From, words[n].To);
            }
        }
    }

    private void ReadDeclaration(List<(int From, int To)> words)
    {
        if (words.Exists(w => Plain(text[w.From..w.To]) is ['-' or '+', ..] option && option.AsSpan().IndexOfAny('i', 'n') > 0))
        {
            // Whatever is assigned to the variable from now on is evaluated, or is the name of another one.
            add(0, text.Length);
            return;
        }

        foreach (var (from, to) in words)
        {
            var equals = text.IndexOf('=', from, to - from);
            add(from, equals < 0 ? to : equals);
        }
    }

    // The words up to the end of the simple command, but for the files that it is redirected to.
    private List<(int From, int To)> WordsFrom(int i, out bool isOpen)
    {
        var words = new List<(int From, int To)>();
        var (begin, depth, quote, isTarget) = (-1, 0, '\0', false);
        for (; i < text.Length && MayGoOn(); i++)
        {
            var c = text[i];
            if (quote == '\0' && depth == 0 && IsEnd(i))
            {
                break;
            }

            if (quote == '\0' && depth == 0 && c is ' ' or '\t' or '<' or '>')
            {
                End(i);
                isTarget |= c is '<' or '>';
                continue;
            }

            begin = begin < 0 ? i : begin;
            if (c == '\\' && quote != '\'')
            {
                i++;
            }
            else if (quote != '\0')
            {
                quote = c == quote ? '\0' : quote;
            }
            else if (c is '\'' or '"')
            {
                quote = c;
            }
            else if (c is '(' or ')')
            {
                depth += c == '(' ? 1 : -1;
            }
        }

        End(Math.Min(i, text.Length));
        isOpen = i >= text.Length;
        return words;

        void End(int at)
        {
            if (begin >= 0 && !isTarget)
            {
                words.Add((begin, at));
            }

            (begin, isTarget) = (-1, isTarget && begin < 0);
        }
    }

    // "2>&1" ends no command.
    private bool IsEnd(int i) => text[i] is ';' or '|' or '\n' or ')' or '`' || (text[i] == '&' && text[i - 1] is not ('>' or '<'));

    private bool IsCommand(int i)
    {
        while (true)
        {
            while (i > 0 && text[i - 1] is ' ' or '\t')
            {
                i--;
            }

            if (i == 0 || IsSeparator(text[i - 1]))
            {
                return true;
            }

            var end = i;
            while (i > 0 && !IsSeparator(text[i - 1]) && text[i - 1] is not (' ' or '\t'))
            {
                i--;
            }

            var word = text.AsSpan(i, end - i);
            if (!Before.Contains(text[i..end]) && !IsAssignment(word) && word.IndexOfAny('<', '>') < 0 && !IsTarget(i))
            {
                return false;
            }
        }
    }

    // Files that a command is redirected to may stand before it.
    private bool IsTarget(int i)
    {
        while (i > 0 && text[i - 1] is ' ' or '\t')
        {
            i--;
        }

        return i > 0 && text[i - 1] is '<' or '>';
    }

    private static bool IsAssignment(ReadOnlySpan<char> word)
    {
        var equals = word.IndexOf('=');
        return equals > 0 && !char.IsAsciiDigit(word[0]) && word[..equals].IndexOfAnyExcept(NameCharacters) < 0;
    }

    private static bool IsSeparator(char c) => c is ';' or '&' or '|' or '\n' or '(' or ')' or '`';
}
