using System.Text.Json.Nodes;
using Fluid;
using Fluid.Values;

namespace Ascob.Core.Templates;

/// <summary>The values that go into the templates of one job, with what the work on all of them may cost. For one thread; made anew for each job.</summary>
public sealed class TemplateInput
{
    private const string Key = "input";

    // What a statement and a value cost at least, beside their characters.
    private const int Each = 8;

    private readonly JsonObject _values;
    private readonly Dictionary<string, FluidValue> _known = new(StringComparer.Ordinal);
    private readonly Budget _budget;

    /// <summary>Makes an input of values by name.</summary>
    public TemplateInput(JsonObject values)
        : this(values, new Budget())
    {
    }

    private TemplateInput(JsonObject values, Budget budget)
    {
        ArgumentNullException.ThrowIfNull(values);
        _values = values;
        _budget = budget;
    }

    /// <summary>Makes an input of other values for templates of the same job: what they cost is counted together.</summary>
    public TemplateInput With(JsonObject values) => new(values, _budget);

    /// <summary>Makes the surroundings of one rendering, with the variables that it reads.</summary>
    internal TemplateContext Context(IEnumerable<string> names)
    {
        var context = new TemplateContext(TemplateLanguage.Options);
        context.AmbientValues[Key] = this;
        foreach (var name in names)
        {
            if (_values.TryGetPropertyValue(name, out var value))
            {
                context.SetValue(name, _known.TryGetValue(name, out var known) ? known : _known[name] = TemplateValues.From(value));
            }
        }

        return context;
    }

    /// <summary>Answers the input that a rendering began with.</summary>
    internal static TemplateInput Of(TemplateContext context) => (TemplateInput)context.AmbientValues[Key];

    /// <summary>Takes work from what is left, counted in characters; ends the rendering where nothing is.</summary>
    internal void Spend(long characters)
    {
        _budget.Left -= characters;
        if (_budget.Left < 0)
        {
            throw new TemplateException("The templates of this job are too much work with these values: fewer or shorter values, or simpler templates are needed.");
        }
    }

    /// <summary>Takes the work of reading a value once, and answers what it was.</summary>
    internal long SpendOn(FluidValue value)
    {
        var before = _budget.Left;
        Read(value);
        return before - _budget.Left;
    }

    // Ends as soon as nothing is left: the same long value may stand in a list many times.
    private void Read(FluidValue value)
    {
        Spend(Each);
        switch (value)
        {
            case StringValue text:
                Spend(text.ToStringValue().Length);
                break;
            case ArrayValue list:
                foreach (var item in list.Values)
                {
                    Read(item);
                }

                break;
            case DictionaryValue when value.ToObjectValue() is IFluidIndexable map:
                foreach (var key in map.Keys)
                {
                    Spend(key.Length);
                    if (map.TryGetValue(key, out var member))
                    {
                        Read(member);
                    }
                }

                break;
            default:
                break;
        }
    }

    private sealed class Budget
    {
        public long Left { get; set; } = TemplateLimits.Work;
    }
}
