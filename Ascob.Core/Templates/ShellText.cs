using System.Text.Json.Nodes;

namespace Ascob.Core.Templates;

/// <summary>Text for the shell of POSIX (Shell Command Language, section 2.2, quoting).</summary>
public static class ShellText
{
    /// <summary>Answers a text as one word that the shell takes literally. Text must hold no NUL, which no shell can take.</summary>
    public static string Quote(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length > 0 && text.All(IsHarmless) ? text : InQuotes(text);
    }

    /// <summary>The same, in quotes whatever it is: beside other text a bare word could become a number of a redirection, the name of a variable or a word of the language.</summary>
    internal static string InQuotes(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>Answers a value as words: one for a single value, one for each item of a list, none for an empty list; an object is one word of JSON, and null is an empty word.</summary>
    public static string Words(JsonNode? value) => string.Join(' ', TemplateValues.Words(TemplateValues.From(value)).Select(Quote));

    private static bool IsHarmless(char c) => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_' or ':' or ',' or '@' or '+';
}
