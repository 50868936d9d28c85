using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Ascob.Core.Jobs;

namespace Ascob.Core.Definitions.Parameters;

/// <summary>
/// Reads a JSON Schema (draft 2020-12) strictly: a keyword that is not understood is refused instead of passed over, nothing is fetched from anywhere, and a pattern is matched in a time that
/// grows with the text and the pattern alone. So what is accepted here can be evaluated on any value without surprises.
/// </summary>
internal sealed class SchemaReader(FieldErrorList errors)
{
    private const int Deepest = 16;
    private const int MostNodes = 500;
    private const int MostPatterns = 100;
    private const int LongestPattern = 500;
    private const int MostPlaces = 30_000;

    private static readonly HashSet<string> Annotations = new(StringComparer.Ordinal)
    {
        "title", "description", "examples", "deprecated", "readOnly", "$comment", "$schema", "format", "contentMediaType", "contentEncoding",
    };

    // Defaults are checked with what they cost together.
    private readonly CheckWork _work = new();

    private int _nodes;
    private int _patterns;
    private int _places;

    /// <summary>Reads one schema and those in it.</summary>
    public SchemaNode Read(JsonElement schema, string field, int depth = 1)
    {
        if (++_nodes > MostNodes || depth > Deepest)
        {
            errors.Add(field, string.Create(CultureInfo.InvariantCulture, $"The schema is too large: at most {MostNodes} schemas in it, at most {Deepest} deep."));
            return new SchemaNode { Always = true };
        }

        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return new SchemaNode { Always = schema.ValueKind == JsonValueKind.True };
        }

        var node = new SchemaNode();
        if (schema.ValueKind != JsonValueKind.Object)
        {
            errors.Add(field, "A schema is an object, true or false.");
            return node;
        }

        foreach (var keyword in schema.EnumerateObject())
        {
            // Others do the same to the end; one that is not done with all of it says so once.
            if (_nodes > MostNodes)
            {
                break;
            }

            ReadKeyword(node, keyword.Name, keyword.Value, FieldErrorList.Member(field, keyword.Name), depth);
        }

        node.HoldsSecret = node.IsSecret || node.Parts().Any(p => p.HoldsSecret);
        if (node.PropertyNames is { HoldsSecret: true })
        {
            errors.Add(FieldErrorList.Member(field, "propertyNames"), "Names are shown to everybody; only values can be secret.");
        }

        if (node.Default is { } value && !node.HoldsSecret)
        {
            CheckDefault(node, value, FieldErrorList.Member(field, "default"));
        }

        return node;
    }

    private void CheckDefault(SchemaNode node, JsonElement value, string field)
    {
        try
        {
            new SchemaCheck(errors, _work).Check(node, value, field);
        }
        catch (CheckEndedException e)
        {
            errors.Add(e.Field, e.Message);
        }
    }

    private void ReadKeyword(SchemaNode node, string name, JsonElement value, string field, int depth)
    {
        if (name is "default" or "enum" or "const" or "examples")
        {
            node.Told.Add(field);
            node.ChoiceWork += name is "enum" or "const" ? JsonMarshal.GetRawUtf8Value(value).Length / 8 : 0;
        }

        switch (name)
        {
            case "type":
                node.Types = ReadTypes(value, field);
                break;
            case "enum":
                node.Enum = value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0 ? [.. value.EnumerateArray()] : Refuse<IReadOnlyList<JsonElement>>(field, "A list of at least one value.");
                break;
            case "const":
                node.Const = value;
                break;
            case "default":
                node.Default = value;
                break;
            case "writeOnly" or "x-secret":
                node.IsSecret |= Flag(value, field);
                break;
            case "x-pass":
                node.IsHandedOver = Flag(value, field);
                break;
            case "format":
                node.Format = value.ValueKind == JsonValueKind.String ? value.GetString() : Refuse<string>(field, "This must be a string.");
                node.IsSecret |= node.Format == "password";
                break;
            case "pattern":
                node.Pattern = ReadPattern(value, field);
                break;
            case "uniqueItems":
                node.UniqueItems = Flag(value, field);
                break;
            default:
                if (!ReadNumber(node, name, value, field) && !ReadSchemas(node, name, value, field, depth))
                {
                    ReadRest(node, name, value, field);
                }

                break;
        }
    }

    private bool ReadNumber(SchemaNode node, string name, JsonElement value, string field)
    {
        switch (name)
        {
            case "minLength":
                node.MinLength = Count(value, field);
                return true;
            case "maxLength":
                node.MaxLength = Count(value, field);
                return true;
            case "minItems":
                node.MinItems = Count(value, field);
                return true;
            case "maxItems":
                node.MaxItems = Count(value, field);
                return true;
            case "minProperties":
                node.MinProperties = Count(value, field);
                return true;
            case "maxProperties":
                node.MaxProperties = Count(value, field);
                return true;
            case "minimum":
                node.Minimum = Number(value, field);
                return true;
            case "maximum":
                node.Maximum = Number(value, field);
                return true;
            case "exclusiveMinimum":
                node.ExclusiveMinimum = Number(value, field);
                return true;
            case "exclusiveMaximum":
                node.ExclusiveMaximum = Number(value, field);
                return true;
            case "multipleOf":
                node.MultipleOf = Number(value, field);
                if (node.MultipleOf <= 0)
                {
                    errors.Add(field, "This must be larger than 0.");
                    node.MultipleOf = null;
                }

                return true;
            default:
                return false;
        }
    }

    private bool ReadSchemas(SchemaNode node, string name, JsonElement value, string field, int depth)
    {
        switch (name)
        {
            case "properties":
                foreach (var (property, schema) in Members(value, field))
                {
                    node.Properties[property] = Read(schema, FieldErrorList.Member(field, property), depth + 1);
                }

                return true;
            case "items":
                node.Items = Read(value, field, depth + 1);
                return true;
            case "additionalProperties":
                node.AdditionalProperties = Read(value, field, depth + 1);
                return true;
            case "propertyNames":
                node.PropertyNames = Read(value, field, depth + 1);
                return true;
            case "not":
                node.Not = Read(value, field, depth + 1);
                return true;
            case "if":
                node.If = Read(value, field, depth + 1);
                return true;
            case "then":
                node.Then = Read(value, field, depth + 1);
                return true;
            case "else":
                node.Else = Read(value, field, depth + 1);
                return true;
            case "prefixItems":
                node.PrefixItems = ReadList(value, field, depth);
                return true;
            case "allOf":
                node.AllOf = ReadList(value, field, depth);
                return true;
            case "anyOf":
                node.AnyOf = ReadList(value, field, depth);
                return true;
            case "oneOf":
                node.OneOf = ReadList(value, field, depth);
                return true;
            default:
                return false;
        }
    }

    private void ReadRest(SchemaNode node, string name, JsonElement value, string field)
    {
        switch (name)
        {
            case "required":
                node.Required = Texts(value, field);
                break;
            case "dependentRequired":
                foreach (var (property, wanted) in Members(value, field))
                {
                    node.DependentRequired[property] = Texts(wanted, FieldErrorList.Member(field, property));
                }

                break;
            case "$ref" or "$dynamicRef" or "$id" or "$anchor" or "$dynamicAnchor" or "$defs" or "definitions":
                errors.Add(field, "References are not followed; write the schema where it is used.");
                break;
            case "$schema" when value.ValueKind != JsonValueKind.String || value.GetString() is not "https://json-schema.org/draft/2020-12/schema":
                errors.Add(field, "Only https://json-schema.org/draft/2020-12/schema is understood.");
                break;
            default:
                if (!Annotations.Contains(name) && !name.StartsWith("x-", StringComparison.Ordinal))
                {
                    errors.Add(field, "This keyword is not understood; a schema may hold more facts under names that begin with \"x-\".");
                }

                break;
        }
    }

    private SchemaTypes ReadTypes(JsonElement value, string field)
    {
        var words = value.ValueKind == JsonValueKind.String ? [value.GetString()!] : Texts(value, field);
        var types = SchemaTypes.None;
        foreach (var word in words)
        {
            var type = word switch
            {
                "string" => SchemaTypes.String,
                "number" => SchemaTypes.Number,
                "integer" => SchemaTypes.Integer,
                "boolean" => SchemaTypes.Boolean,
                "array" => SchemaTypes.Array,
                "object" => SchemaTypes.Object,
                "null" => SchemaTypes.Null,
                _ => SchemaTypes.None,
            };
            if (type == SchemaTypes.None)
            {
                errors.Add(field, "One of string, number, integer, boolean, array, object, null, or a list of them.");
            }

            types |= type;
        }

        return types;
    }

    private SchemaPattern? ReadPattern(JsonElement value, string field)
    {
        if (value.ValueKind != JsonValueKind.String || value.GetString() is not { Length: <= LongestPattern } text)
        {
            return Refuse<SchemaPattern>(field, string.Create(CultureInfo.InvariantCulture, $"A regular expression of at most {LongestPattern} characters."));
        }

        if (++_patterns > MostPatterns)
        {
            return Refuse<SchemaPattern>(field, string.Create(CultureInfo.InvariantCulture, $"At most {MostPatterns} patterns."));
        }

        if (PatternReader.Read(text, out var problem) is not { } pattern)
        {
            return Refuse<SchemaPattern>(field, problem!);
        }

        _places += pattern.Size;
        return _places <= MostPlaces
            ? pattern
            : Refuse<SchemaPattern>(field, string.Create(CultureInfo.InvariantCulture, $"The patterns of the schema are too large together: with their repetitions written out they have more than {MostPlaces} places."));
    }

    private List<SchemaNode> ReadList(JsonElement value, string field, int depth)
    {
        var nodes = new List<SchemaNode>();
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
        {
            errors.Add(field, "A list of at least one schema.");
            return nodes;
        }

        foreach (var schema in value.EnumerateArray())
        {
            nodes.Add(Read(schema, string.Create(CultureInfo.InvariantCulture, $"{field}[{nodes.Count}]"), depth + 1));
        }

        return nodes;
    }

    private IEnumerable<(string Name, JsonElement Value)> Members(JsonElement value, string field)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            return value.EnumerateObject().Select(m => (m.Name, m.Value));
        }

        errors.Add(field, "This must be an object.");
        return [];
    }

    private List<string> Texts(JsonElement value, string field)
    {
        if (value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(v => v.ValueKind == JsonValueKind.String))
        {
            return [.. value.EnumerateArray().Select(v => v.GetString()!)];
        }

        errors.Add(field, "A list of strings.");
        return [];
    }

    private bool Flag(JsonElement value, string field)
    {
        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            errors.Add(field, "This must be true or false.");
        }

        return value.ValueKind == JsonValueKind.True;
    }

    private int? Count(JsonElement value, string field)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) && number >= 0 && number <= int.MaxValue && decimal.Truncate(number) == number)
        {
            return (int)number;
        }

        errors.Add(field, "A whole number from 0.");
        return null;
    }

    private decimal? Number(JsonElement value, string field)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number))
        {
            return number;
        }

        errors.Add(field, "A number of at most 28 digits.");
        return null;
    }

    private T? Refuse<T>(string field, string message)
        where T : class
    {
        errors.Add(field, message);
        return null;
    }
}
