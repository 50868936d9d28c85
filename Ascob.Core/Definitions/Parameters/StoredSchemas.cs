using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Ascob.Core.Jobs;

namespace Ascob.Core.Definitions.Parameters;

/// <summary>Schemas that were read before, by what they say: those of one version never change, and each launch asks for one. Holds so many at most and begins anew when it is full.</summary>
internal static class StoredSchemas
{
    private const int Most = 100;

    private static readonly ConcurrentDictionary<string, ParameterSchema> Known = new(StringComparer.Ordinal);
    private static readonly ParameterSchema Nothing = ParameterSchema.Read(null, new FieldErrorList(0));

    /// <summary>Answers a schema that was checked when it was saved.</summary>
    public static ParameterSchema Get(JsonElement? schema)
    {
        if (schema is not { } given)
        {
            return Nothing;
        }

        var text = JsonMarshal.GetRawUtf8Value(given);
        var key = Convert.ToHexString(SHA256.HashData(text));
        if (Known.TryGetValue(key, out var known))
        {
            return known;
        }

        // What is kept must not hold on to the whole definition.
        var read = ParameterSchema.Read(given.Clone(), new FieldErrorList(0));
        if (Known.Count >= Most)
        {
            Known.Clear();
        }

        return Known.GetOrAdd(key, read);
    }
}
