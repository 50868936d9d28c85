using System.Text.Json;
using Ascob.Core.Definitions.Parameters;
using Ascob.Core.Jobs;

namespace Ascob.Tests.Core.Definitions.Parameters;

/// <summary>Reads schemas and checks values the way definitions do.</summary>
internal static class Schemas
{
    /// <summary>Answers the fields that are refused when the schema is saved.</summary>
    public static string[] RefusedAtSave(string schema)
    {
        var errors = new FieldErrorList(100);
        ParameterSchema.Read(JsonElement.Parse(schema), errors);
        return [.. errors.ToList().Select(e => e.Field)];
    }

    /// <summary>Reads a schema that is fine.</summary>
    public static ParameterSchema Read(string schema)
    {
        var errors = new FieldErrorList(100);
        var read = ParameterSchema.Read(JsonElement.Parse(schema), errors);
        Assert.Empty(errors.ToList().Select(e => $"{e.Field}: {e.Message}"));
        return read;
    }

    /// <summary>Answers the fields that are refused, with their first messages.</summary>
    public static IReadOnlyDictionary<string, string> Refused(ParameterSchema schema, string values) =>
        schema.Apply(JsonElement.Parse(values)) is { IsSuccess: false, Error: { Fields: { } fields } }
            ? fields.ToDictionary(f => f.Key, f => f.Value[0], StringComparer.Ordinal)
            : new Dictionary<string, string>(StringComparer.Ordinal);
}
