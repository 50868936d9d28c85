using System.Text;

namespace Ascob.Core.Repository;

/// <summary>
/// A command with <c>{{ variables }}</c>. A value is never put into the text: a reference to the variable of the environment that holds it is, in the form that the place asks for. A shell expands
/// such a reference to one word and reads nothing of it as a program. Only <c>{{ name | raw }}</c> puts the text itself there.
/// </summary>
internal sealed class CommandTemplate
{
    private readonly List<Part> _parts = [];
    private IReadOnlyList<ShellPlace> _places = [];
    private IReadOnlyList<bool> _evaluated = [];
    private ShellPlace _end;

    private CommandTemplate()
    {
    }

    /// <summary>Gets the names that occur.</summary>
    public IEnumerable<string> Names => _parts.Where(p => p.Name is not null).Select(p => p.Name!).Distinct(StringComparer.Ordinal);

    /// <summary>Reads a command.</summary>
    /// <exception cref="TemplateException">An expression is wrong.</exception>
    public static CommandTemplate Parse(string text)
    {
        var template = new CommandTemplate();
        var at = 0;
        while (text.IndexOf("{{", at, StringComparison.Ordinal) is >= 0 and var open)
        {
            var close = CloseOf(text, open);
            template.AddText(text[at..open]);
            template._parts.Add(TemplateExpression.Parse(text[(open + 2)..close].Trim()));
            at = close + 2;
        }

        template.AddText(text[at..].TrimEnd());
        if (template._parts.FirstOrDefault(p => p.Name is null && p.IsSource && p.Text.Contains("{%", StringComparison.Ordinal)) is not null)
        {
            throw new TemplateException("Statements ({% … %}) are not known here, only {{ name }}. Where the characters are meant, write {{ '{%' }}.");
        }

        var whole = string.Concat(template._parts.Select(p => p.Name is null ? p.Text : ShellPlaces.Gap.ToString()));
        (template._places, template._evaluated, template._end) = ShellPlaces.Of(whole);
        return template;
    }

    /// <summary>Checks that each name is declared and stands where its values can, and that the others can be appended.</summary>
    /// <exception cref="TemplateException">Something is wrong.</exception>
    public void Check(IReadOnlyList<JobVariable> variables)
    {
        var gap = 0;
        foreach (var part in _parts.Where(p => p.Name is not null))
        {
            var variable = variables.FirstOrDefault(v => string.Equals(v.Name, part.Name, StringComparison.Ordinal))
                ?? throw new TemplateException($"{{{{ {part.Name} }}}} stands in the command, but 'vars' declares no variable '{part.Name}'.");
            var place = gap < _places.Count ? _places[gap] : ShellPlace.Verbatim;
            var isEvaluated = place == ShellPlace.Arithmetic || (gap < _evaluated.Count && _evaluated[gap]);
            gap++;
            if (!part.IsRaw)
            {
                CheckPlace(variable, place, isEvaluated);
            }
        }

        if (_end != ShellPlace.Bare && variables.FirstOrDefault(v => !Names.Contains(v.Name, StringComparer.Ordinal)) is { } appended)
        {
            throw new TemplateException($"'{appended.Name}' does not stand in the command and so is appended to it, but the command ends within quotes, a comment, a here-document, or what a shell reads as an expression.");
        }
    }

    /// <summary>Answers the default of a name that occurs; null where it has none.</summary>
    public string? DefaultOf(string name) => _parts.Find(p => p.Name == name && p.Default is not null)?.Default;

    /// <summary>Answers whether some occurrence of a name has no default, so that it needs a value.</summary>
    public bool Needs(string name) => _parts.Exists(p => p.Name == name && p.Default is null);

    /// <summary>Makes the command.</summary>
    /// <param name="values">The values by name; all that occur are there.</param>
    public StringBuilder Render(IReadOnlyDictionary<string, BoundValue> values)
    {
        var command = new StringBuilder();
        var gap = 0;
        foreach (var part in _parts)
        {
            if (part.Name is null)
            {
                command.Append(part.Text);
                continue;
            }

            var value = values[part.Name];
            var place = _places[gap++];
            command.Append(part.IsRaw ? value.Raw : string.Join(' ', value.References.Select(r => Reference(r, place))));
        }

        return command;
    }

    /// <summary>Answers a reference to a variable as it must stand at a place.</summary>
    public static string Reference(string variable, ShellPlace place) => place switch
    {
        ShellPlace.Bare => $"\"${{{variable}}}\"",
        ShellPlace.SingleQuoted => $"'\"${{{variable}}}\"'",
        _ => $"${{{variable}}}",
    };

    private static void CheckPlace(JobVariable variable, ShellPlace place, bool isEvaluated)
    {
        switch (place)
        {
            case ShellPlace.Escaped:
                throw new TemplateException($"A backslash stands before {{{{ {variable.Name} }}}}: the value is one word by itself and needs none.");
            case ShellPlace.Verbatim:
                throw new TemplateException($"{{{{ {variable.Name} }}}} stands where the shell puts nothing in: in a here-document with a quoted end, or in $'…'.");
            case not ShellPlace.Comment when isEvaluated && variable.Type is not (VariableType.Int or VariableType.Bool):
                throw new TemplateException(
                    $"{{{{ {variable.Name} }}}} stands in arithmetic, in a subscript or as the name of a variable, where a shell would read its value as an expression; only a variable of the type int can stand there.");
            default:
                break;
        }
    }

    // The end of an expression; one that stands in the quotes of a literal is none.
    private static int CloseOf(string text, int open)
    {
        char? quote = null;
        for (var i = open + 2; i < text.Length - 1; i++)
        {
            if (quote is not null)
            {
                quote = text[i] == quote ? null : quote;
            }
            else if (text[i] is '\'' or '"')
            {
                quote = text[i];
            }
            else if (text[i] == '}' && text[i + 1] == '}')
            {
                return i;
            }
            else if (text[i] == '\n')
            {
                break;
            }
        }

        throw new TemplateException("An expression that begins with {{ has no }} in its line. Where the characters are meant, write {{ '{{' }}.");
    }

    private void AddText(string text)
    {
        if (text.Length > 0)
        {
            _parts.Add(new Part(null, text) { IsSource = true });
        }
    }

    /// <summary>A piece of text, or a name with what to do with it.</summary>
    internal sealed record Part(string? Name, string Text)
    {
        public bool IsRaw { get; init; }

        public string? Default { get; init; }

        public bool IsSource { get; init; }
    }
}
