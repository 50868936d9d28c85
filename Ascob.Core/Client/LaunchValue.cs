using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ascob.Core.Client;

/// <summary>Makes the value of a parameter of what stands in a text, such as what was typed: text, or what it is in JSON, as its schema has it.</summary>
internal static class LaunchValue
{
    /// <summary>Makes the value of a parameter.</summary>
    /// <param name="text">What was typed.</param>
    /// <param name="parameters">The schema of all parameters; null where it is not known.</param>
    /// <param name="name">The parameter.</param>
    public static JsonNode? Of(string text, JsonElement? parameters, string name) => Of(text, SchemaOf(parameters, name));

    /// <summary>Makes the value.</summary>
    /// <param name="text">What was typed.</param>
    /// <param name="schema">The schema of the parameter; null where it has none.</param>
    public static JsonNode? Of(string text, JsonElement? schema)
    {
        if (!TryParse(text, out var value))
        {
            return JsonValue.Create(text);
        }

        if (value?.GetValueKind() == JsonValueKind.String)
        {
            // Quotes tell a text from a number where nothing else does; everywhere else they are part of it.
            return schema is { } known && IsTold(known) ? JsonValue.Create(text) : value;
        }

        return schema is not { } given || MayBe(given, value) || !MayBe(given, JsonValue.Create(text)) ? value : JsonValue.Create(text);
    }

    private static JsonElement? SchemaOf(JsonElement? parameters, string name) =>
        parameters is { ValueKind: JsonValueKind.Object } given
        && given.TryGetProperty("properties", out var properties)
        && properties.ValueKind == JsonValueKind.Object
        && properties.TryGetProperty(name, out var property)
        && property.ValueKind == JsonValueKind.Object
            ? property
            : null;

    private static bool IsTold(JsonElement schema) => schema.TryGetProperty("type", out _) || schema.TryGetProperty("enum", out _) || schema.TryGetProperty("const", out _);

    private static bool MayBe(JsonElement schema, JsonNode? value)
    {
        if (schema.TryGetProperty("enum", out var choices) && choices.ValueKind == JsonValueKind.Array)
        {
            return choices.EnumerateArray().Any(c => JsonNode.DeepEquals(JsonNode.Parse(c.GetRawText()), value));
        }

        if (schema.TryGetProperty("const", out var only))
        {
            return JsonNode.DeepEquals(JsonNode.Parse(only.GetRawText()), value);
        }

        return !schema.TryGetProperty("type", out var type) || type.ValueKind switch
        {
            JsonValueKind.String => IsOf(type.GetString(), value),
            JsonValueKind.Array => type.EnumerateArray().Any(t => t.ValueKind == JsonValueKind.String && IsOf(t.GetString(), value)),
            _ => true,
        };
    }

    // Whether a number is whole is the server's to say, in words that name the parameter.
    private static bool IsOf(string? type, JsonNode? value) => (value?.GetValueKind() ?? JsonValueKind.Null) switch
    {
        JsonValueKind.String => type == "string",
        JsonValueKind.Number => type is "number" or "integer",
        JsonValueKind.True or JsonValueKind.False => type == "boolean",
        JsonValueKind.Null => type == "null",
        JsonValueKind.Array => type == "array",
        JsonValueKind.Object => type == "object",
        _ => false,
    };

    private static bool TryParse(string text, out JsonNode? value)
    {
        try
        {
            value = JsonNode.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            value = null;
            return false;
        }
    }
}
