using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ascob.Core.Errors;
using Fluid;
using Fluid.Parser;

namespace Ascob.Core.Templates;

/// <summary>
/// A text with Liquid markup: <c>{{ name }}</c> puts a value in, and <c>if</c>, <c>unless</c>, <c>case</c>, <c>for</c>, <c>assign</c> and <c>capture</c> are there, with filters that have a
/// bound. Templates read no files, keep nothing between renderings and end after <see cref="TemplateLimits.Steps"/>. Safe for many threads.
/// </summary>
public sealed partial class Template
{
    private readonly FluidTemplate? _template;
    private readonly string _text;
    private readonly IReadOnlySet<string> _read;

    private Template(string text, FluidTemplate? template, IReadOnlySet<string> names, IReadOnlySet<string> read)
    {
        _text = text;
        _template = template;
        Names = names;
        _read = read;
    }

    /// <summary>Gets the variables that it reads and does not set itself.</summary>
    public IReadOnlySet<string> Names { get; }

    /// <summary>Gets whether it is text without markup.</summary>
    public bool IsPlain => _template is null;

    /// <summary>Reads a template. The error says line and column where they are known; its field is empty, for the caller to name.</summary>
    public static Result<Template> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.Contains("{{", StringComparison.Ordinal) && !text.Contains("{%", StringComparison.Ordinal))
        {
            return new Template(text, null, new HashSet<string>(), new HashSet<string>());
        }

        if (Unbounded(text) is { } problem)
        {
            return Broken(problem);
        }

        try
        {
            if (!TemplateLanguage.Parser.TryParse(text, out var parsed, out var error))
            {
                return Broken(Readable(error));
            }

            var rewritten = (FluidTemplate)new ValueRewriter().VisitTemplate(parsed);
            var names = new TemplateNames();
            names.VisitTemplate(rewritten);
            return new Template(text, rewritten, names.Read, names.All);
        }
        catch (TemplateException e)
        {
            return Broken(e.Message);
        }
    }

    /// <summary>Puts the values in. Members of objects are reached by a dot; a name that is missing is empty.</summary>
    public Result<string> Render(JsonObject values, TemplateForm form) => Render(new TemplateInput(values), form);

    /// <summary>Puts the values in, as one of several templates that share what the work may cost.</summary>
    public Result<string> Render(TemplateInput input, TemplateForm form)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (_template is null)
        {
            return _text;
        }

        return Guarded<string>(() =>
        {
            if (form == TemplateForm.Shell)
            {
                using var shell = new ShellWriter();
                Write(shell, input);
                return Counted(shell.Finish(), input);
            }

            using var writer = new BoundedWriter();
            Write(writer, input);
            return Counted(writer.ToString(), input);
        });
    }

    /// <summary>Puts the values into one item of a list of arguments: where the template is a value alone and that is a list, each of its items becomes an argument.</summary>
    public Result<IReadOnlyList<string>> RenderItems(TemplateInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (_template?.Statements is not [ValueStatement only])
        {
            var text = Render(input, TemplateForm.Text);
            return text.IsSuccess ? Result<IReadOnlyList<string>>.Success([text.Value]) : text.Error;
        }

        return Guarded<IReadOnlyList<string>>(() => [.. TemplateValues.Words(Wait(only.Expression.EvaluateAsync(input.Context(_read))))]);
    }

    private static Result<T> Guarded<T>(Func<T> render)
        where T : notnull
    {
        try
        {
            return Result<T>.Success(render());
        }
        catch (TemplateException e)
        {
            return Broken(e.Message);
        }
        catch (InvalidOperationException e) when (e.Message.Contains("maximum level of recursion", StringComparison.Ordinal) || e.Message.Contains("number of statements", StringComparison.Ordinal))
        {
            // Blocks have a bound of their own, and nothing is included: the engine says this of its statements too.
            return Broken(string.Create(CultureInfo.InvariantCulture, $"The template carries out more than {TemplateLimits.Steps} statements, which is too much work; in a 'for', and in one within another, each round counts."));
        }
#pragma warning disable CA1031 // The engine and its filters throw what they like at values that do not fit; it is the template's author who has to know.
        catch (Exception e) when (e is not OutOfMemoryException)
#pragma warning restore CA1031
        {
            return Broken(e.Message.ReplaceLineEndings(" "));
        }
    }

    private static Error Broken(string problem) => new(ErrorKind.Invalid, "template.invalid", problem);

    // What is deep or long is not given to the parser, which calls itself for each level.
    private static string? Unbounded(string text)
    {
        if (text.Length > TemplateLimits.Text)
        {
            return $"A template must have at most {TemplateLimits.Text} characters.";
        }

        var depth = 0;
        foreach (Match match in Markup().Matches(text))
        {
            if (match.Length > TemplateLimits.Markup)
            {
                return $"The markup at character {match.Index + 1} is longer than {TemplateLimits.Markup} characters.";
            }

            var tag = match.Groups["tag"].Value;
            depth += tag is "if" or "unless" or "case" or "for" or "capture" or "comment" or "raw" ? 1 : tag.StartsWith("end", StringComparison.Ordinal) ? -1 : 0;
            if (depth > TemplateLimits.Depth)
            {
                return $"Blocks must stand at most {TemplateLimits.Depth} deep in each other.";
            }
        }

        return null;
    }

    private static string Readable(string error)
    {
        var place = PlaceOfError().Match(error);
        return place.Success
            ? $"line {place.Groups["line"].Value}, column {place.Groups["column"].Value}: {error[..place.Index].TrimEnd().TrimEnd(':')}"
            : error.ReplaceLineEndings(" ");
    }

    // The engine is asynchronous for values that are fetched; ours are all here, so there is nothing to wait for.
    private static T Wait<T>(ValueTask<T> task) => task.IsCompletedSuccessfully ? task.Result : task.AsTask().GetAwaiter().GetResult();

    private static string Counted(string text, TemplateInput input)
    {
        input.Spend(text.Length);
        return text;
    }

    private void Write(TextWriter writer, TemplateInput input)
    {
        var written = _template!.RenderAsync(writer, NullEncoder.Default, input.Context(_read));
        if (!written.IsCompletedSuccessfully)
        {
            written.AsTask().GetAwaiter().GetResult();
        }
    }

    [GeneratedRegex(@"\{(?:\{-?.*?\}\}|%-?\s*(?<tag>\w*).*?%\}|\{.*|%.*)", RegexOptions.Singleline | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Markup();

    [GeneratedRegex(@"\s*at \((?<line>\d+):(?<column>\d+)\)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex PlaceOfError();

    private sealed class BoundedWriter : StringWriter
    {
        public override void Write(char value)
        {
            Check(1);
            base.Write(value);
        }

        public override void Write(string? value)
        {
            Check(value?.Length ?? 0);
            base.Write(value);
        }

        public override void Write(ReadOnlySpan<char> buffer)
        {
            Check(buffer.Length);
            base.Write(buffer);
        }

        public override void Write(char[] buffer, int index, int count)
        {
            Check(count);
            base.Write(buffer, index, count);
        }

        public override Encoding Encoding => Encoding.Unicode;

        private void Check(int more)
        {
            if (GetStringBuilder().Length + more > TemplateLimits.Output)
            {
                throw new TemplateException($"The result becomes longer than {TemplateLimits.Output} characters.");
            }
        }
    }
}
