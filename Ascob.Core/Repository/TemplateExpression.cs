using System.Text.RegularExpressions;

namespace Ascob.Core.Repository;

/// <summary>Reads what stands between the braces: <c>name</c>, <c>name | default('x')</c>, <c>name | raw</c> or <c>'text'</c>. The default may be written in Jinja's form or in Liquid's (<c>default: 'x'</c>).</summary>
internal static partial class TemplateExpression
{
    public static CommandTemplate.Part Parse(string text)
    {
        if (Literal().Match(text) is { Success: true } literal)
        {
            return new CommandTemplate.Part(null, literal.Groups["text"].Value);
        }

        if (Expression().Match(text) is not { Success: true } match)
        {
            throw Wrong(text);
        }

        var part = new CommandTemplate.Part(match.Groups["name"].Value, string.Empty);
        foreach (Capture filter in match.Groups["filter"].Captures)
        {
            var word = filter.Value.Trim();
            if (word == "raw")
            {
                part = part with { IsRaw = true };
            }
            else if (Default().Match(word) is { Success: true } given)
            {
                part = part with { Default = given.Groups["text"].Value };
            }
            else
            {
                throw Wrong(text);
            }
        }

        return part;
    }

    private static TemplateException Wrong(string text) => new(
        $"{{{{ {YamlFile.Shown(text)} }}}} is not understood; write {{{{ name }}}}, {{{{ name | default('x') }}}}, {{{{ name | raw }}}} or {{{{ 'text' }}}}.");

    [GeneratedRegex("^(?:'(?<text>[^']*)'|\"(?<text>[^\"]*)\")$", RegexOptions.CultureInvariant)]
    private static partial Regex Literal();

    [GeneratedRegex("^(?<name>[A-Za-z_][A-Za-z0-9_-]*)(?:\\s*\\|(?<filter>(?:[^|'\"]|'[^']*'|\"[^\"]*\")+))*$", RegexOptions.CultureInvariant)]
    private static partial Regex Expression();

    [GeneratedRegex("^default\\s*(?::\\s*|\\(\\s*)(?:'(?<text>[^']*)'|\"(?<text>[^\"]*)\"|(?<text>[-+.0-9A-Za-z_]+))\\s*\\)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Default();
}
