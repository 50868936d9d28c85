using System.Globalization;
using System.Text.Json;
using Ascob.Backends.Http;

namespace Ascob.Backends.PagerDuty;

/// <summary>Reads PagerDuty's JSON without trusting its types: what is not as expected is absent, and breaks nothing beside it.</summary>
internal static class PagerDutyJson
{
    public static JsonElement? Part(JsonElement json, string name, JsonValueKind kind = JsonValueKind.Object) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var part) && part.ValueKind == kind ? part : null;

    public static string? Text(JsonElement? json, string name) =>
        json is { ValueKind: JsonValueKind.Object } parent && parent.TryGetProperty(name, out var part)
            ? part.ValueKind switch
            {
                JsonValueKind.String => String(part),
                JsonValueKind.Number => part.GetRawText(),
                _ => null,
            }
            : null;

    public static double? Number(JsonElement json, string name) =>
        json.TryGetProperty(name, out var part) && part.ValueKind == JsonValueKind.Number && part.TryGetDouble(out var value) ? value : null;

    public static DateTimeOffset? Time(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at : null;

    /// <summary>
    /// Makes one line of an error body. Its parts have been seen in many shapes: <c>errors</c> as list, map or text, <c>code</c> as number or text, <c>error</c> itself as a list.
    /// </summary>
    public static string Error(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            return string.Empty;
        }

        var error = json.TryGetProperty("error", out var inner) ? inner : json;
        var words = new List<string>();
        Collect(error, "message", words);
        Collect(error, "errors", words);
        if (error.ValueKind != JsonValueKind.Object)
        {
            Flatten(error, words);
        }

        var line = string.Join("; ", words.Where(w => w.Length > 0).Distinct(StringComparer.Ordinal));
        return AnswerText.OneLine(Text(error, "code") is { } code ? $"{line} (code {code})" : line);
    }

    // A text may be no valid Unicode; then it is none.
    private static string? String(JsonElement text)
    {
        try
        {
            return text.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static void Collect(JsonElement error, string name, List<string> words)
    {
        if (error.ValueKind == JsonValueKind.Object && error.TryGetProperty(name, out var part))
        {
            Flatten(part, words);
        }
    }

    private static void Flatten(JsonElement json, List<string> words)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.String:
                words.Add(String(json) ?? string.Empty);
                break;
            case JsonValueKind.Array:
                foreach (var item in json.EnumerateArray())
                {
                    Flatten(item, words);
                }

                break;
            case JsonValueKind.Object:
                foreach (var member in json.EnumerateObject())
                {
                    var inner = new List<string>();
                    Flatten(member.Value, inner);
                    words.Add($"{member.Name}: {string.Join(", ", inner)}");
                }

                break;
            default:
                break;
        }
    }
}
