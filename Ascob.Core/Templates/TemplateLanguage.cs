using Fluid;
using Fluid.Values;

namespace Ascob.Core.Templates;

/// <summary>The part of Liquid that templates may use: no tag that reads files, counts across renderings or writes past the quoting, and no filter without a bound.</summary>
internal static class TemplateLanguage
{
    private static readonly HashSet<string> Tags = new(StringComparer.Ordinal)
    {
        "assign", "break", "capture", "case", "comment", "continue", "for", "if", "raw", "unless", "#",
    };

    private static readonly string[] Filters =
    [
        "abs", "append", "at_least", "at_most", "base64_decode", "base64_encode", "capitalize", "ceil", "compact", "concat", "date", "default", "divided_by", "downcase", "first", "floor", "join",
        "json", "last", "lstrip", "map", "minus", "modulo", "plus", "prepend", "remove", "remove_first", "replace_first", "reverse", "round", "rstrip", "size", "slice", "sort", "split", "strip",
        "strip_newlines", "times", "truncate", "truncatewords", "uniq", "upcase", "url_decode", "url_encode", "where",
    ];

    /// <summary>Gets the parser; it may be used by many threads at once.</summary>
    public static FluidParser Parser { get; } = MakeParser();

    /// <summary>Gets what renderings share.</summary>
    public static TemplateOptions Options { get; } = MakeOptions();

    private static FluidParser MakeParser()
    {
        var parser = new FluidParser(new FluidParserOptions { AllowFunctions = false, AllowParentheses = false });
        foreach (var tag in parser.RegisteredTags.Keys.Where(t => !Tags.Contains(t)).ToList())
        {
            parser.RegisteredTags.Remove(tag);
        }

        return parser;
    }

    private static TemplateOptions MakeOptions()
    {
        var all = new TemplateOptions().Filters;
        var options = new TemplateOptions
        {
            MaxSteps = TemplateLimits.Steps,
            MaxRecursion = TemplateLimits.Depth,
            Filters = { },
            StrictFilters = true,
            TimeZone = TimeZoneInfo.Utc,

            // Text in a captured block is a value like any other, and quoted where it is put in.
            Captured = static (_, text, context) => new ValueTask<FluidValue>(Counted(new StringValue(text.ToStringValue(), encode: true), context)),
            Assigned = static (_, value, context) => new ValueTask<FluidValue>(Counted(value, context)),
        };
        options.Filters.Clear();
        foreach (var name in Filters)
        {
            var filter = all.TryGetValue(name, out var known) ? known : throw new InvalidOperationException($"The template engine has no filter {name}.");
            options.Filters.AddFilter(
                name,
                async (input, arguments, context) =>
                {
                    Spend(name, input, arguments, TemplateInput.Of(context));
                    return Counted(await filter(input, arguments, context).ConfigureAwait(false), context);
                });
        }

        options.Filters.AddFilter(
            "replace",
            (input, arguments, context) =>
            {
                Spend("replace", input, arguments, TemplateInput.Of(context));
                return new ValueTask<FluidValue>(Counted(Replace(input.ToStringValue(), arguments), context));
            });
        options.Filters.AddFilter("raw", static (input, _, _) => new ValueTask<FluidValue>(new StringValue(TemplateValues.Text(input), encode: false)));
        return options;
    }

    // What a filter costs before it is done: those that search may look at each character of one text for each of the other, and those that compare objects at all pairs.
    private static void Spend(string name, FluidValue input, FilterArguments arguments, TemplateInput work)
    {
        if (name is "split" or "replace" or "replace_first" or "remove" or "remove_first")
        {
            WeighedSearch.Spend(work, input, arguments.At(0));
            return;
        }

        work.SpendOn(input);
        if (input is ArrayValue list)
        {
            work.Spend(name switch
            {
                "uniq" when list.Values.Any(v => v is not StringValue and not NumberValue) => (long)list.Values.Count * list.Values.Count,
                "sort" => list.Values.Count * 16L,
                _ => 0,
            });
        }
    }

    private static FluidValue Counted(FluidValue value, TemplateContext context)
    {
        TemplateInput.Of(context).SpendOn(Bounded(value));
        return value;
    }

    private static StringValue Replace(string text, FilterArguments arguments)
    {
        var (from, to) = (arguments.At(0).ToStringValue(), arguments.At(1).ToStringValue());
        if (from.Length == 0)
        {
            return new StringValue(text);
        }

        var found = 0;
        for (var at = text.IndexOf(from, StringComparison.Ordinal); at >= 0; at = text.IndexOf(from, at + from.Length, StringComparison.Ordinal))
        {
            found++;
        }

        return text.Length + ((long)found * (to.Length - from.Length)) > TemplateLimits.Value
            ? throw TooLong()
            : new StringValue(text.Replace(from, to, StringComparison.Ordinal));
    }

    private static FluidValue Bounded(FluidValue value) => value switch
    {
        StringValue text when text.ToStringValue().Length > TemplateLimits.Value => throw TooLong(),
        ArrayValue list when list.Values.Count > TemplateLimits.Value / 16 => throw TooLong(),
        _ => value,
    };

    private static TemplateException TooLong() => new($"A value becomes longer than {TemplateLimits.Value} characters.");
}
