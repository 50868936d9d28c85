namespace Ascob.Core.Repository;

/// <summary>
/// Reads what stands between the braces: <c>name</c>, <c>name | default('x')</c>, <c>name | raw</c> or <c>'text'</c>. The default may be written in Jinja's form or in Liquid's (<c>default: 'x'</c>).
/// </summary>
/// <remarks>Each character is looked at once: who may push a file must not be able to keep a server busy with a line of it.</remarks>
internal static class TemplateExpression
{
    private const string Default = "default";

    public static CommandTemplate.Part Parse(string text)
    {
        if (Literal(text) is { } literal)
        {
            return new CommandTemplate.Part(null, literal);
        }

        var pieces = Pieces(text);
        if (pieces is null || !IsName(pieces[0]))
        {
            throw Wrong(text);
        }

        var part = new CommandTemplate.Part(pieces[0], string.Empty);
        foreach (var filter in pieces.Skip(1))
        {
            part = filter == "raw" ? part with { IsRaw = true }
                : DefaultOf(filter) is { } given ? part with { Default = given }
                : throw Wrong(text);
        }

        return part;
    }

    private static TemplateException Wrong(string text) => new(
        $"{{{{ {YamlFile.Shown(text)} }}}} is not understood; write {{{{ name }}}}, {{{{ name | default('x') }}}}, {{{{ name | raw }}}} or {{{{ 'text' }}}}.");

    // The name and its filters; null where a quote is not closed.
    private static List<string>? Pieces(string text)
    {
        var pieces = new List<string>();
        var begin = 0;
        char? quote = null;
        for (var i = 0; i < text.Length; i++)
        {
            if (quote is not null)
            {
                quote = text[i] == quote ? null : quote;
            }
            else if (text[i] is '\'' or '"')
            {
                quote = text[i];
            }
            else if (text[i] == '|')
            {
                pieces.Add(text[begin..i].Trim());
                begin = i + 1;
            }
        }

        pieces.Add(text[begin..].Trim());
        return quote is null ? pieces : null;
    }

    private static bool IsName(string text) =>
        text.Length > 0 && (char.IsAsciiLetter(text[0]) || text[0] == '_') && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');

    private static string? DefaultOf(string filter)
    {
        if (!filter.StartsWith(Default, StringComparison.Ordinal))
        {
            return null;
        }

        var rest = filter[Default.Length..].TrimStart();
        if (rest.Length == 0 || rest[0] is not (':' or '('))
        {
            return null;
        }

        var value = rest[1..].Trim();
        value = value.EndsWith(')') ? value[..^1].TrimEnd() : value;
        return Literal(value) ?? (IsBare(value) ? value : null);
    }

    private static bool IsBare(string text) => text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '+' or '.' or '_');

    private static string? Literal(string text) =>
        text.Length >= 2 && text[0] is '\'' or '"' && text[^1] == text[0] && text.IndexOf(text[0], 1) == text.Length - 1 ? text[1..^1] : null;
}
