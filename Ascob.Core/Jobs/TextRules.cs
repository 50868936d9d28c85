using System.Globalization;
using System.Text;

namespace Ascob.Core.Jobs;

/// <summary>What may stand in the strings of a job.</summary>
internal static class TextRules
{
    /// <summary>Answers whether a text is of printable ASCII only, in which none of these rules finds anything. Nearly all are, and a vector instruction tells.</summary>
    public static bool IsPlain(ReadOnlySpan<char> text) => !text.ContainsAnyExceptInRange(' ', '~');

    /// <summary>Answers what is wrong with a one-line text; null when nothing is.</summary>
    public static string? Line(string text) => Broken(text) ?? (text.Any(IsControl) ? "must not contain control characters or line breaks." : null);

    /// <summary>Answers what is wrong with a name that people read and type: a line in which everything is seen; null when nothing is.</summary>
    public static string? Name(string text) => Line(text)
        ?? (text.Trim().Length != text.Length ? "must not begin or end with white space."
        : text.EnumerateRunes().Any(IsUnseen) ? "must not contain characters that are not seen, such as zero-width ones and those that turn the direction of writing."
        : text.Contains('\uFFFD', StringComparison.Ordinal) ? "must not contain U+FFFD, which stands for text that was lost."
        : null);

    /// <summary>Answers what is wrong with a text of several lines, in which line breaks and tabs are fine; null when nothing is.</summary>
    public static string? Lines(string text)
    {
        if (Broken(text) is { } problem)
        {
            return problem;
        }

        for (var i = 0; i < text.Length; i++)
        {
            var lineBreak = text[i] is '\n' or '\t' || (text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n');
            if (!lineBreak && IsControl(text[i]))
            {
                return "must not contain control characters other than line breaks and tabs.";
            }
        }

        return null;
    }

    /// <summary>Answers what makes a text unfit for any store or process: NUL or half a surrogate pair; null when nothing does.</summary>
    public static string? Broken(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\0')
            {
                return "must not contain the NUL character.";
            }

            if (!char.IsSurrogate(text[i]))
            {
                continue;
            }

            if (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
            {
                return "must be well-formed Unicode; it contains half a surrogate pair.";
            }

            i++;
        }

        return null;
    }

    // Two names that look alike must be the same. Beside the format characters these are the letters and marks that are empty by definition.
    private static bool IsUnseen(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format || rune.Value is 0x034F or 0x115F or 0x1160 or 0x3164 or 0xFFA0;

    // The line and paragraph separators are no control characters by category, but break lines in logs and terminals all the same.
    private static bool IsControl(char c) =>
        char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
