using System.Text;
using System.Text.RegularExpressions;

namespace Ascob.Backends.Http;

/// <summary>Makes one short, harmless line of a body that may be text, JSON or a page.</summary>
internal static partial class AnswerText
{
    private const int Longest = 200;

    public static bool IsJson(HttpResponseMessage answer) =>
        answer.Content.Headers.ContentType?.MediaType is { } type && (type.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.EndsWith("+json", StringComparison.OrdinalIgnoreCase));

    /// <summary>Answers the line; empty for nothing readable.</summary>
    public static string OneLine(string? body)
    {
        if (string.IsNullOrWhiteSpace(body))
        {
            return string.Empty;
        }

        var words = WhiteSpace().Replace(Tags().Replace(body, " "), " ").Trim();
        var line = new StringBuilder(Math.Min(words.Length, Longest));
        foreach (var rune in words.EnumerateRunes())
        {
            if (line.Length >= Longest)
            {
                return line.Append('…').ToString();
            }

            if (!Rune.IsControl(rune))
            {
                line.Append(rune);
            }
        }

        return line.ToString();
    }

    [GeneratedRegex("<(script|style)[^>]*>.*?</\\1>|<[^>]*>", RegexOptions.Singleline | RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 500)]
    private static partial Regex Tags();

    [GeneratedRegex("\\s+", RegexOptions.None, matchTimeoutMilliseconds: 500)]
    private static partial Regex WhiteSpace();
}
