using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fluid.Values;

namespace Ascob.Core.Templates;

/// <summary>Values on their way into a template and out of it.</summary>
internal static class TemplateValues
{
    /// <summary>Makes a value of the template engine. Numbers that a decimal cannot hold stay the text they are, so that none changes on its way through.</summary>
    public static FluidValue From(JsonNode? node) => node switch
    {
        null => NilValue.Instance,
        JsonArray list => new ArrayValue([.. list.Select(From)]),
        JsonObject map => new DictionaryValue(new FluidValueDictionaryFluidIndexable(map.ToDictionary(m => m.Key, m => From(m.Value), StringComparer.Ordinal))),
        _ => node.GetValueKind() switch
        {
            JsonValueKind.True => BooleanValue.True,
            JsonValueKind.False => BooleanValue.False,
            JsonValueKind.Number => Number(node.ToJsonString()),
            JsonValueKind.Null => NilValue.Instance,
            _ => new StringValue(node.GetValue<string>()),
        },
    };

    /// <summary>Answers a value as text; see <see cref="TemplateForm.Text"/>.</summary>
    public static string Text(FluidValue value) => value switch
    {
        ArrayValue list => string.Join(' ', list.Values.Select(Text)),
        DictionaryValue => ToJson(value)!.ToJsonString(),
        BooleanValue flag => flag.ToBooleanValue() ? "true" : "false",
        _ => value.ToStringValue(),
    };

    /// <summary>Answers a value as the words that a list of arguments takes it for: one, or one for each item of a list.</summary>
    public static IEnumerable<string> Words(FluidValue value) => value is ArrayValue list ? list.Values.Select(Text) : [Text(value)];

    private static FluidValue Number(string text) =>
        decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number.ToString(CultureInfo.InvariantCulture) == text
            ? NumberValue.Create(number)
            : new StringValue(text);

    private static JsonNode? ToJson(FluidValue value) => value switch
    {
        NilValue => null,
        BooleanValue flag => JsonValue.Create(flag.ToBooleanValue()),
        NumberValue number => JsonValue.Create(number.ToNumberValue()),
        ArrayValue list => new JsonArray([.. list.Values.Select(ToJson)]),
        DictionaryValue map => ToJson(map),
        _ => JsonValue.Create(value.ToStringValue()),
    };

    private static JsonObject ToJson(DictionaryValue map)
    {
        var result = new JsonObject();
        if (map.ToObjectValue() is IFluidIndexable entries)
        {
            foreach (var key in entries.Keys)
            {
                result[key] = entries.TryGetValue(key, out var value) ? ToJson(value) : null;
            }
        }

        return result;
    }
}
