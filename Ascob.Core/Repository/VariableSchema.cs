using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ascob.Core.Repository;

/// <summary>Describes the variables of a job as a JSON Schema, for catalogues. What counts at a launch are the rules of the variables themselves.</summary>
internal static class VariableSchema
{
    /// <summary>Answers the schema of a job; null where it has no variables.</summary>
    public static JsonElement? Of(RepositoryJob job)
    {
        if (job.Variables.Count == 0)
        {
            return null;
        }

        var template = CommandTemplate.Parse(job.Command ?? string.Empty);
        var properties = new JsonObject();
        var required = new JsonArray();
        foreach (var variable in job.Variables)
        {
            properties[variable.Name] = Of(variable);
            if (template.Needs(variable.Name))
            {
                required.Add(variable.Name);
            }
        }

        var schema = new JsonObject { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
        if (required.Count > 0)
        {
            schema["required"] = required;
        }

        return JsonSerializer.SerializeToElement(schema);
    }

    private static JsonObject Of(JobVariable variable) => variable.Type switch
    {
        VariableType.Null => new JsonObject { ["type"] = "null" },
        VariableType.Bool => new JsonObject { ["type"] = "boolean" },
        VariableType.Int => new JsonObject { ["type"] = "integer" },
        VariableType.Float => new JsonObject { ["type"] = "number" },
        VariableType.Binary => new JsonObject { ["type"] = "string", ["contentEncoding"] = "base64" },
        VariableType.Timestamp => new JsonObject { ["type"] = "string", ["description"] = "A date such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z." },
        VariableType.Pairs => new JsonObject { ["type"] = "array", ["description"] = "A list of pairs." },
        VariableType.Omap => new JsonObject { ["type"] = "array", ["description"] = "A list of objects with one key each." },
        VariableType.Set => new JsonObject { ["type"] = "array", ["uniqueItems"] = true },
        VariableType.Str => new JsonObject { ["type"] = "string" },
        VariableType.Seq => new JsonObject { ["type"] = "array" },
        VariableType.Map => new JsonObject { ["type"] = "object" },
        VariableType.Enum => new JsonObject { ["type"] = "string", ["enum"] = new JsonArray([.. variable.Values.Select(v => (JsonNode)v)]) },
    };
}
