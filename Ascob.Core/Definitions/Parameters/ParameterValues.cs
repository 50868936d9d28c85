using System.Text.Json;
using Ascob.Core.Jobs;

namespace Ascob.Core.Definitions.Parameters;

/// <summary>Values that fit a <see cref="ParameterSchema"/>, defaults filled in.</summary>
public sealed class ParameterValues
{
    private readonly ParameterSchema _schema;

    internal ParameterValues(ParameterSchema schema, JsonElement values)
    {
        _schema = schema;
        Values = values;
    }

    /// <summary>Gets the values by name. May hold secrets.</summary>
    public JsonElement Values { get; }

    /// <summary>Gets the schema that they fit.</summary>
    public ParameterSchema Schema => _schema;

    /// <summary>Adds the values to a job under their own names: what the job's template says of the same name counts more. Null values are left out.</summary>
    public JobSpec AddTo(JobSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var plain = Copy(spec.Parameters);
        var secret = Copy(spec.SecretParameters);
        foreach (var member in Values.EnumerateObject().Where(m => m.Value.ValueKind != JsonValueKind.Null && _schema.IsHandedOver(m.Name)))
        {
            if (!plain.ContainsKey(member.Name) && !secret.ContainsKey(member.Name))
            {
                (_schema.IsSecret(member.Name) ? secret : plain)[member.Name] = Text(member.Value);
            }
        }

        return spec with { Parameters = plain.Count > 0 ? plain : null, SecretParameters = secret.Count > 0 ? secret : null };
    }

    /// <summary>Answers a value as the text that a job gets: text as it is, everything else as JSON.</summary>
    public static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : JsonSerializer.Serialize(value, AscobJson.Options);

    /// <summary>Names nothing of the values, so that no log can show a secret by accident.</summary>
    public override string ToString() => $"{Values.EnumerateObject().Count()} parameters";

    private static Dictionary<string, string> Copy(IReadOnlyDictionary<string, string>? map) => new(map ?? new Dictionary<string, string>(), StringComparer.Ordinal);
}
