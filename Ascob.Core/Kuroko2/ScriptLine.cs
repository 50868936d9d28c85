namespace Ascob.Core.Kuroko2;

/// <summary>One line of a script, read for itself.</summary>
/// <param name="Indent">How many blanks stand before it; a tab is one.</param>
/// <param name="Type">The word before the colon; null where the line says nothing.</param>
/// <param name="Option">What follows the colon; null where that is nothing.</param>
/// <param name="Problem">Why the line is none of the language; null where it is fine.</param>
internal readonly record struct ScriptLine(int Indent, string? Type, string? Option, string? Problem)
{
    // No more than these, so that a wide blank in a command stays what it is.
    private const string Blanks = " \t";

    public static ScriptLine Read(string line)
    {
        var indent = line.AsSpan().IndexOfAnyExcept(Blanks);
        if (indent < 0 || line[indent] == '#')
        {
            return default;
        }

        var end = indent;
        while (end < line.Length && (char.IsAsciiLetterOrDigit(line[end]) || line[end] == '_'))
        {
            end++;
        }

        if (end == indent || end == line.Length || line[end] != ':')
        {
            return new ScriptLine(indent, null, null, "A task is a word of letters, digits and '_' with a colon behind it, such as \"execute: ./run.sh\".");
        }

        var type = line[indent..end];
        var rest = line[(end + 1)..];
        var option = rest[..CommentStart(rest, ofVariables: type == "env")].Trim(Blanks.ToCharArray());
        return new ScriptLine(indent, type, option.Length == 0 ? null : option, null);
    }

    /// <summary>
    /// Answers where the comment of an option begins: at a '#' outside quotes that nothing but a blank or the colon precedes, as in a shell. A '#' inside a word is part of it.
    /// </summary>
    private static int CommentStart(string text, bool ofVariables)
    {
        var afterBlank = true;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '#' && afterBlank)
            {
                return i;
            }

            afterBlank = Blanks.Contains(c, StringComparison.Ordinal);
            if (c == '\\' && !ofVariables)
            {
                i++;
            }
            else if (c is '"' or '\'' && QuoteEnd(text, i, ofVariables) is { } end)
            {
                i = end;
            }
        }

        return text.Length;
    }

    // A quote that nothing closes is a character as any other: "echo: it's fine # really". Where a shell reads a text, a backslash escapes between double quotes whatever follows it;
    // in a list of variables it escapes the quote alone, between quotes of both kinds.
    private static int? QuoteEnd(string text, int start, bool ofVariables)
    {
        var quote = text[start];
        for (var i = start + 1; i < text.Length; i++)
        {
            if (text[i] == quote)
            {
                return i;
            }

            if (text[i] == '\\' && (ofVariables ? i + 1 < text.Length && text[i + 1] == quote : quote == '"'))
            {
                i++;
            }
        }

        return null;
    }
}
