using Ascob.Core.Jobs;

namespace Ascob.Core.Definitions.Parameters;

/// <summary>
/// Finds where a schema tells the values of secrets. Several schemas look at the same value (<c>allOf</c>, <c>then</c> and so on), and the mark may stand in another of them than the default: so they are
/// looked at together, value by value.
/// </summary>
internal sealed class SecretMarks(FieldErrorList errors)
{
    private const int MostLooks = 20_000;

    private readonly HashSet<SchemaNode> _refused = [];
    private int _looks;

    /// <summary>Notes each default and each list of values of a secret, with its place.</summary>
    public void RefuseTold(SchemaNode root)
    {
        Look([root], isSecret: false);
        if (_looks > MostLooks)
        {
            errors.Add("parameters", "The schemas of the secret values hold too many others in each other.");
        }
    }

    private void Look(IEnumerable<SchemaNode> schemas, bool isSecret)
    {
        var nodes = schemas.SelectMany(s => s.Together()).Distinct().ToList();
        if (nodes.Count == 0 || !(isSecret || nodes.Exists(n => n.HoldsSecret)) || (_looks += 1 + nodes.Count) > MostLooks)
        {
            return;
        }

        foreach (var node in nodes.Where(n => n.Told.Count > 0 && _refused.Add(n)))
        {
            foreach (var place in node.Told)
            {
                errors.Add(place, "A secret value has no default and is not listed: everybody could read it here.");
            }
        }

        isSecret |= nodes.Exists(n => n.IsSecret);
        foreach (var name in nodes.SelectMany(n => n.Properties.Keys).Distinct(StringComparer.Ordinal))
        {
            Look(nodes.Select(n => n.Member(name)).OfType<SchemaNode>(), isSecret);
        }

        Look(nodes.Select(n => n.AdditionalProperties).OfType<SchemaNode>(), isSecret);
        for (var i = nodes.Select(n => n.PrefixItems.Count).DefaultIfEmpty().Max(); i >= 0; i--)
        {
            Look(nodes.Select(n => i < n.PrefixItems.Count ? n.PrefixItems[i] : n.Items).OfType<SchemaNode>(), isSecret);
        }
    }
}
