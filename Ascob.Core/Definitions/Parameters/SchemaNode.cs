using System.Text.Json;

namespace Ascob.Core.Definitions.Parameters;

/// <summary>One schema of a JSON Schema, read and checked.</summary>
internal sealed class SchemaNode
{
    /// <summary>Gets the answer of a schema that is just true or false; null for a real one.</summary>
    public bool? Always { get; init; }

    public SchemaTypes Types { get; set; }

    public IReadOnlyList<JsonElement>? Enum { get; set; }

    public JsonElement? Const { get; set; }

    public JsonElement? Default { get; set; }

    /// <summary>Gets or sets whether the values are secret.</summary>
    public bool IsSecret { get; set; }

    /// <summary>Gets or sets whether the values, or what they hold, are secret by this schema or one in it.</summary>
    public bool HoldsSecret { get; set; }

    /// <summary>Gets the places in the schema where a value is told: its default, and those that it may have.</summary>
    public List<string> Told { get; } = [];

    /// <summary>Gets or sets how much a comparison with the values that are listed costs.</summary>
    public int ChoiceWork { get; set; }

    /// <summary>Gets or sets whether the value is handed to the job under its own name.</summary>
    public bool IsHandedOver { get; set; } = true;

    public int? MinLength { get; set; }

    public int? MaxLength { get; set; }

    public SchemaPattern? Pattern { get; set; }

    public string? Format { get; set; }

    public decimal? Minimum { get; set; }

    public decimal? Maximum { get; set; }

    public decimal? ExclusiveMinimum { get; set; }

    public decimal? ExclusiveMaximum { get; set; }

    public decimal? MultipleOf { get; set; }

    public SchemaNode? Items { get; set; }

    public IReadOnlyList<SchemaNode> PrefixItems { get; set; } = [];

    public int? MinItems { get; set; }

    public int? MaxItems { get; set; }

    public bool UniqueItems { get; set; }

    public Dictionary<string, SchemaNode> Properties { get; } = new(StringComparer.Ordinal);

    public IReadOnlyList<string> Required { get; set; } = [];

    public SchemaNode? AdditionalProperties { get; set; }

    public SchemaNode? PropertyNames { get; set; }

    public int? MinProperties { get; set; }

    public int? MaxProperties { get; set; }

    public Dictionary<string, IReadOnlyList<string>> DependentRequired { get; } = new(StringComparer.Ordinal);

    public IReadOnlyList<SchemaNode> AllOf { get; set; } = [];

    public IReadOnlyList<SchemaNode> AnyOf { get; set; } = [];

    public IReadOnlyList<SchemaNode> OneOf { get; set; } = [];

    public SchemaNode? Not { get; set; }

    public SchemaNode? If { get; set; }

    public SchemaNode? Then { get; set; }

    public SchemaNode? Else { get; set; }

    /// <summary>Answers the schema of a member of an object; null where any will do.</summary>
    public SchemaNode? Member(string name) => Properties.GetValueOrDefault(name) ?? AdditionalProperties;

    /// <summary>Answers this schema and those in it that look at the same value, in any case or in some.</summary>
    public IEnumerable<SchemaNode> Together() => SameValue().SelectMany(n => n.Together()).Prepend(this);

    /// <summary>Answers the schemas right in this one that look at a value or at a part of it; not those that look at names.</summary>
    public IEnumerable<SchemaNode> Parts() =>
        SameValue().Concat(Properties.Values).Concat(PrefixItems).Concat(new[] { Items, AdditionalProperties }.OfType<SchemaNode>());

    private IEnumerable<SchemaNode> SameValue() => AllOf.Concat(AnyOf).Concat(OneOf).Concat(new[] { Not, If, Then, Else }.OfType<SchemaNode>());
}

/// <summary>The types of JSON values that a schema takes; none for all.</summary>
[Flags]
internal enum SchemaTypes
{
    /// <summary>Any type.</summary>
    None = 0,

    /// <summary>Text.</summary>
    String = 1,

    /// <summary>A number.</summary>
    Number = 2,

    /// <summary>A whole number.</summary>
    Integer = 4,

    /// <summary>True or false.</summary>
    Boolean = 8,

    /// <summary>A list.</summary>
    Array = 16,

    /// <summary>A map.</summary>
    Object = 32,

    /// <summary>Null.</summary>
    Null = 64,
}
