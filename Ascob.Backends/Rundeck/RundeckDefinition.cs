using System.Text.Json;

namespace Ascob.Backends.Rundeck;

/// <summary>What a job's definition says of its options.</summary>
/// <param name="Secure">The options whose values Rundeck hides.</param>
/// <param name="Files">The options that take an uploaded file.</param>
internal sealed record RundeckDefinition(IReadOnlySet<string> Secure, IReadOnlySet<string> Files)
{
    /// <summary>Reads a definition; null where this is none.</summary>
    public static RundeckDefinition? TryRead(JsonElement? json)
    {
        var job = json is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() == 1 ? list[0] : json;
        if (job is not { ValueKind: JsonValueKind.Object } || RundeckJson.Text(job, "name") is null)
        {
            return null;
        }

        var options = RundeckJson.Items(RundeckJson.Member(job, "options")).ToList();
        return new RundeckDefinition(
            Names(options.Where(o => RundeckJson.Flag(o, "secure"))),
            Names(options.Where(o => RundeckJson.Text(o, "type") == "file")));
    }

    private static HashSet<string> Names(IEnumerable<JsonElement> options) => options.Select(o => RundeckJson.Text(o, "name")).OfType<string>().ToHashSet(StringComparer.Ordinal);
}
