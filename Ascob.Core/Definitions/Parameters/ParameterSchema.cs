using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;

namespace Ascob.Core.Definitions.Parameters;

/// <summary>The parameters of a definition: which there are, and what values they may have.</summary>
public sealed class ParameterSchema
{
    private const int LongestSchema = 64 * 1024;
    private const int MostParameters = 100;
    private const int LongestName = 100;

    private readonly SchemaNode _root;
    private readonly List<SchemaNode> _together;

    private ParameterSchema(SchemaNode root)
    {
        _root = root;
        _together = [.. root.Together()];
    }

    /// <summary>Gets the names of the parameters.</summary>
    public IReadOnlyCollection<string> Names => _root.Properties.Keys;

    /// <summary>
    /// Answers whether the value of a parameter is secret: by the mark of any schema that looks at it, or at a part of it, in any case or in some. Names that nobody declared can be secret too.
    /// </summary>
    public bool IsSecret(string name) => _together.Exists(n => n.IsSecret || n.Member(name) is { HoldsSecret: true });

    /// <summary>Answers whether a value is handed to the job under the parameter's own name; those that the template alone uses are not.</summary>
    public bool IsHandedOver(string name) => _together.TrueForAll(n => n.Member(name) is not { } node || node.Together().All(m => m.IsHandedOver));

    /// <summary>Reads a schema; what is wrong with it is noted, with the place.</summary>
    internal static ParameterSchema Read(JsonElement? schema, FieldErrorList errors)
    {
        const string field = "parameters";
        if (schema is not { } given)
        {
            return new ParameterSchema(new SchemaNode { Types = SchemaTypes.Object, AdditionalProperties = new SchemaNode { Always = false } });
        }

        if (given.ValueKind != JsonValueKind.Object)
        {
            errors.Add(field, "A JSON Schema of an object, or null.");
            return Read(null, errors);
        }

        if (Encoding.UTF8.GetByteCount(given.GetRawText()) > LongestSchema)
        {
            errors.Add(field, string.Create(CultureInfo.InvariantCulture, $"The schema is larger than {LongestSchema} bytes."));
            return Read(null, errors);
        }

        var root = new SchemaReader(errors).Read(given, field);
        if (root.Types is not (SchemaTypes.None or SchemaTypes.Object))
        {
            errors.Add($"{field}.type", "The parameters are an object.");
        }

        root.Types = SchemaTypes.Object;

        // A word that nobody declared is a slip of the pen, unless the schema says otherwise.
        root.AdditionalProperties ??= new SchemaNode { Always = false };
        CheckNames(root, errors);
        new SecretMarks(errors).RefuseTold(root);
        return new ParameterSchema(root);
    }

    /// <summary>Answers values of the right types, with which a template can be tried. They need not fit the schema in other ways.</summary>
    internal JsonObject Sample()
    {
        var sample = new JsonObject();
        foreach (var (name, node) in _root.Properties)
        {
            sample[name] = node.Default is { } standard ? JsonNode.Parse(standard.GetRawText())
                : node.Enum is [var first, ..] ? JsonNode.Parse(first.GetRawText())
                : node.Types.HasFlag(SchemaTypes.Array) ? new JsonArray("x", "y z")
                : node.Types.HasFlag(SchemaTypes.Object) ? new JsonObject { ["x"] = "y" }
                : (node.Types & (SchemaTypes.Number | SchemaTypes.Integer)) != 0 ? JsonValue.Create(1)
                : node.Types.HasFlag(SchemaTypes.Boolean) ? JsonValue.Create(true)
                : JsonValue.Create("x y");
        }

        return sample;
    }

    /// <summary>Reads a stored schema, which was checked when it was saved.</summary>
    public static ParameterSchema OfStored(JsonElement? schema) => StoredSchemas.Get(schema);

    /// <summary>Fills in the defaults and checks the values; all that is wrong is said at once.</summary>
    public Result<ParameterValues> Apply(JsonElement? given)
    {
        var errors = new FieldErrorList(JobSpecLimits.Errors);
        JsonElement values;
        if (given is { } some && some.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined))
        {
            if (some.ValueKind != JsonValueKind.Object)
            {
                return Refusal([new FieldError("parameters", "must be an object of names and values.")]);
            }

            values = JsonSerializer.SerializeToElement(Filled(_root, JsonObject.Create(some)!), AscobJson.Options);
        }
        else
        {
            values = JsonSerializer.SerializeToElement(Filled(_root, []), AscobJson.Options);
        }

        try
        {
            return new SchemaCheck(errors, new CheckWork()).Check(_root, values, "parameters") ? new ParameterValues(this, values) : Refusal(errors.ToList());
        }
        catch (CheckEndedException e)
        {
            return Refusal([.. errors.ToList(), new FieldError(e.Field, e.Message)]);
        }
    }

    private static Error Refusal(IEnumerable<FieldError> fields)
    {
        var byField = fields.GroupBy(f => f.Field, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Select(f => f.Message).Distinct(StringComparer.Ordinal).ToArray(), StringComparer.Ordinal);
        return new Error(ErrorKind.Impossible, "definition.parameters_invalid", "The parameters do not fit the definition.", byField);
    }

    private static JsonObject Filled(SchemaNode node, JsonObject values)
    {
        foreach (var (name, property) in node.Properties)
        {
            if (!values.TryGetPropertyValue(name, out var value))
            {
                if (property.Default is { } standard)
                {
                    values[name] = JsonNode.Parse(standard.GetRawText());
                }
            }
            else if (value is JsonObject inner)
            {
                Filled(property, inner);
            }
        }

        return values;
    }

    private static void CheckNames(SchemaNode root, FieldErrorList errors)
    {
        if (root.Properties.Count > MostParameters)
        {
            errors.Add("parameters.properties", string.Create(CultureInfo.InvariantCulture, $"At most {MostParameters} parameters."));
        }

        foreach (var name in root.Properties.Keys.Where(n => !IsName(n)))
        {
            errors.Add(
                FieldErrorList.Member("parameters.properties", name),
                string.Create(CultureInfo.InvariantCulture, $"A parameter's name has at most {LongestName} letters, digits, '_', '-' and '.', and begins with a letter or '_'."));
        }
    }

    private static bool IsName(string name) =>
        name.Length is > 0 and <= LongestName && (char.IsAsciiLetter(name[0]) || name[0] == '_') && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');
}
