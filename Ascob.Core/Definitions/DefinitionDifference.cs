using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ascob.Core.Client;
using Ascob.Core.Jobs;

namespace Ascob.Core.Definitions;

/// <summary>Says what is different between two versions of a definition, member by member.</summary>
internal static class DefinitionDifference
{
    public static IReadOnlyList<DefinitionChange> Between(Definition from, Definition to)
    {
        var (before, after) = (new SortedDictionary<string, string>(StringComparer.Ordinal), new SortedDictionary<string, string>(StringComparer.Ordinal));
        Flatten(string.Empty, JsonNode.Parse(from.Content.ToJson()), before);
        Flatten(string.Empty, JsonNode.Parse(to.Content.ToJson()), after);
        return
        [
            .. before.Keys.Union(after.Keys).Order(StringComparer.Ordinal)
                .Select(path => new DefinitionChange(path, before.GetValueOrDefault(path), after.GetValueOrDefault(path)))
                .Where(c => c.Before != c.After),
        ];
    }

    private static void Flatten(string path, JsonNode? node, SortedDictionary<string, string> values)
    {
        switch (node)
        {
            case JsonObject { Count: > 0 } map:
                foreach (var (name, value) in map)
                {
                    Flatten(path.Length == 0 ? name : FieldErrorList.Member(path, name), value, values);
                }

                break;
            case JsonArray { Count: > 0 } list:
                for (var i = 0; i < list.Count; i++)
                {
                    Flatten(string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), list[i], values);
                }

                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                values[path] = value.GetValue<string>();
                break;
            case null or JsonObject or JsonArray:
                // Nothing and an empty list are the same to people.
                break;
            default:
                values[path] = node.ToJsonString();
                break;
        }
    }
}
