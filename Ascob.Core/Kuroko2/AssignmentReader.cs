using System.Text;

namespace Ascob.Core.Kuroko2;

/// <summary>Reads <c>NAME=VALUE</c> after <c>NAME=VALUE</c> of an <c>env</c> task. A value in quotes may hold blanks and, behind a backslash, its own quote.</summary>
internal sealed class AssignmentReader(string text)
{
    private int _at;

    /// <summary>Gets what was not read; empty at the end.</summary>
    public string Rest => text[_at..].Trim();

    /// <summary>Reads the next one; false at the end, and where there is none.</summary>
    public bool TryRead(out string name, out string value)
    {
        (name, value) = (string.Empty, string.Empty);
        while (_at < text.Length && IsBlank(text[_at]))
        {
            _at++;
        }

        var end = _at;
        while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] == '_'))
        {
            end++;
        }

        if (end == _at || end == text.Length || text[end] != '=')
        {
            return false;
        }

        var start = end + 1;
        if (ReadValue(start, out var after) is not { } read)
        {
            return false;
        }

        (name, value) = (text[_at..end], read);
        _at = after;
        return true;
    }

    private string? ReadValue(int start, out int after)
    {
        after = start;
        if (start < text.Length && text[start] is '"' or '\'')
        {
            return ReadQuoted(start, out after);
        }

        while (after < text.Length && !IsBlank(text[after]))
        {
            after++;
        }

        return text[start..after];
    }

    private string? ReadQuoted(int start, out int after)
    {
        var quote = text[start];
        var value = new StringBuilder();
        for (after = start + 1; after < text.Length; after++)
        {
            if (text[after] == quote)
            {
                after++;
                return after == text.Length || IsBlank(text[after]) ? value.ToString() : null;
            }

            if (text[after] == '\\' && after + 1 < text.Length && text[after + 1] == quote)
            {
                after++;
            }

            value.Append(text[after]);
        }

        return null;
    }

    private static bool IsBlank(char c) => c is ' ' or '\t';
}
