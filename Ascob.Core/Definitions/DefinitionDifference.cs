using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ascob.Core.Client;
using Ascob.Core.Jobs;

namespace Ascob.Core.Definitions;

/// <summary>Says what is different between two versions of a definition, member by member.</summary>
internal static class DefinitionDifference
{
    private const string Secrets = "jobSpec.secretParameters";

    /// <summary>Answers the members that differ, by path.</summary>
    /// <param name="from">The one version.</param>
    /// <param name="to">The other one.</param>
    /// <param name="secretsFrom">The secret values of the one, to be compared and never shown; null for none.</param>
    /// <param name="secretsTo">The secret values of the other.</param>
    public static IReadOnlyList<DefinitionChange> Between(
        Definition from, Definition to, IReadOnlyDictionary<string, string>? secretsFrom, IReadOnlyDictionary<string, string>? secretsTo)
    {
        var changes = new List<DefinitionChange>();
        Compare(string.Empty, JsonNode.Parse(from.Content.ToJson()), JsonNode.Parse(to.Content.ToJson()), changes);
        changes.AddRange((secretsFrom ?? new Dictionary<string, string>())
            .Where(s => secretsTo?.GetValueOrDefault(s.Key) is { } other && other != s.Value)
            .Select(s => new DefinitionChange(FieldErrorList.Member(Secrets, s.Key), SecretSplit.Mask, SecretSplit.Mask)));
        return [.. changes.OrderBy(c => c.Path, StringComparer.Ordinal)];
    }

    private static void Compare(string path, JsonNode? before, JsonNode? after, List<DefinitionChange> changes)
    {
        if (before is JsonArray one && after is JsonArray other)
        {
            CompareLists(path, one, other, changes);
        }
        else if (before is JsonObject or JsonArray || after is JsonObject or JsonArray)
        {
            var (left, right) = (Members(path, before), Members(path, after));
            foreach (var place in left.Keys.Union(right.Keys))
            {
                Compare(place, left.GetValueOrDefault(place), right.GetValueOrDefault(place), changes);
            }

            Add(path, Text(before), Text(after), changes);
        }
        else
        {
            Add(path, Text(before), Text(after), changes);
        }
    }

    private static void CompareLists(string path, JsonArray before, JsonArray after, List<DefinitionChange> changes)
    {
        foreach (var (left, right) in ListAlignment.Of([.. before.Select(Canonical)], [.. after.Select(Canonical)]))
        {
            // Where an item stands in the new list says more than where it stood; what is gone has its old place only.
            Compare(Item(path, right ?? left ?? 0), left is { } l ? before[l] : null, right is { } r ? after[r] : null, changes);
        }
    }

    private static Dictionary<string, JsonNode?> Members(string path, JsonNode? node) => node switch
    {
        JsonObject map => map.ToDictionary(m => path.Length == 0 ? m.Key : FieldErrorList.Member(path, m.Key), m => m.Value, StringComparer.Ordinal),
        JsonArray list => list.Select((item, i) => (Path: Item(path, i), item)).ToDictionary(i => i.Path, i => i.item, StringComparer.Ordinal),
        _ => [],
    };

    private static void Add(string path, string? before, string? after, List<DefinitionChange> changes)
    {
        if (before != after)
        {
            changes.Add(new DefinitionChange(path, before, after));
        }
    }

    // Nothing and an empty list are the same to people, and what is in a list is told item by item.
    private static string? Text(JsonNode? node) => node is null or JsonObject or JsonArray ? null
        : node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : node.ToJsonString();

    private static string Canonical(JsonNode? node) => node?.ToJsonString() ?? "null";

    private static string Item(string path, int index) => string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]");
}
