using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Ascob.Core.Repository;

/// <summary>Checks a posted value against the type of its variable and brings it into one form. Bad ones are told in a sentence.</summary>
internal static class ValueReader
{
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string[] Nothing = ["", "~", "null", "Null", "NULL"];

    /// <summary>Reads a value of JSON.</summary>
    /// <exception cref="TemplateException">It is none of the type.</exception>
    public static BoundValue Read(JobVariable variable, JsonElement value) => variable.Type switch
    {
        VariableType.Null => One(variable, value.ValueKind == JsonValueKind.Null || (Scalar(value) is { } text && Nothing.Contains(text)) ? string.Empty : throw Wrong("nothing (null)")),
        VariableType.Bool => One(variable, Flag(value)),
        VariableType.Int => One(variable, Scalar(value) is { } text && Words.Whole(text.Trim()) is { } whole ? whole : throw Wrong("a whole number")),
        VariableType.Float => One(variable, Scalar(value) is { } text && Words.Number(text.Trim()) is { } number ? number : throw Wrong("a number")),
        VariableType.Timestamp => One(variable, Time(value)),
        VariableType.Binary => One(variable, Bytes(value)),
        VariableType.Str => One(variable, Scalar(value) ?? throw Wrong("a text")),
        VariableType.Enum => One(variable, OneOf(variable, value)),
        VariableType.Seq => Many(variable, value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : throw Wrong("a list")),
        VariableType.Set => Many(variable, Set(value)),
        VariableType.Map => One(variable, value.ValueKind == JsonValueKind.Object ? Compact(value) : throw Wrong("a mapping")),
        VariableType.Omap => One(variable, Pairs(value, unique: true)),
        VariableType.Pairs => One(variable, Pairs(value, unique: false)),
    };

    /// <summary>Reads the values of a form's field: JSON where the type has parts, else the text as it is; a list also as several fields.</summary>
    /// <exception cref="TemplateException">They are none of the type.</exception>
    public static BoundValue Read(JobVariable variable, IReadOnlyList<string> values)
    {
        if (variable.Type is VariableType.Seq or VariableType.Set && !(values is [var single] && single.TrimStart().StartsWith('[')) && !(values is [var other] && other.TrimStart().StartsWith('{')))
        {
            return Read(variable, JsonSerializer.SerializeToElement(values.ToArray(), FormJson.Default.StringArray));
        }

        if (values is not [var value])
        {
            throw Wrong("one value, and not several");
        }

        if (variable.Type is not (VariableType.Seq or VariableType.Set or VariableType.Map or VariableType.Omap or VariableType.Pairs))
        {
            return Read(variable, JsonSerializer.SerializeToElement(value, FormJson.Default.String));
        }

        try
        {
            using var document = JsonDocument.Parse(value);
            return Read(variable, document.RootElement);
        }
        catch (JsonException)
        {
            throw Wrong("JSON of its type in a form");
        }
    }

    /// <summary>Reads the name of a member.</summary>
    /// <exception cref="TemplateException">It holds half a surrogate pair.</exception>
    public static string Name(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            throw Broken();
        }
    }

    private static TemplateException Broken() => new("must be well-formed Unicode; it contains half a surrogate pair.");

    private static TemplateException Wrong(string wanted) => new($"must be {wanted}.");

    private static BoundValue One(JobVariable variable, string text) => new(Checked(text), [variable.EnvironmentName]);

    private static BoundValue Many(JobVariable variable, List<JsonElement> elements)
    {
        const int most = 400;
        if (elements.Count > most)
        {
            throw new TemplateException($"must have at most {most} items; it has {elements.Count}.");
        }

        var items = elements.Select(e => Checked(e.ValueKind == JsonValueKind.Null ? string.Empty : Scalar(e) ?? Compact(e))).ToList();
        return new BoundValue(
            Checked(Json(writer =>
            {
                writer.WriteStartArray();
                elements.ForEach(e => e.WriteTo(writer));
                writer.WriteEndArray();
            })),
            [.. Enumerable.Range(1, items.Count).Select(variable.ItemName)],
            items);
    }

    private static string Checked(string text)
    {
        if (Encoding.UTF8.GetByteCount(text) > Jobs.JobSpecLimits.ParameterValueBytes)
        {
            throw new TemplateException($"must have at most {Jobs.JobSpecLimits.ParameterValueBytes} bytes.");
        }

        return Jobs.TextRules.Broken(text) is { } broken ? throw new TemplateException(broken) : text;
    }

    // A text, or what stands for one in JSON; null for null and for what has parts.
    private static string? Scalar(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => Text(value),
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => null,
    };

    private static string Text(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Broken();
        }
    }

    private static string Flag(JsonElement value) =>
        value.ValueKind != JsonValueKind.Number && Scalar(value) is { } text && Words.TryFlag(text.Trim(), out var flag) ? flag ? "true" : "false" : throw Wrong("true or false");

    private static string Time(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String && Words.TryTime(Text(value).Trim(), out var time, out var isDate))
        {
            return time.ToString(isDate ? "yyyy-MM-dd" : "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
        }

        throw Wrong("a date such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z");
    }

    private static string Bytes(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            var text = string.Concat(Text(value).Where(c => !char.IsWhiteSpace(c)));
            var bytes = new byte[((text.Length + 3) / 4) * 3];
            if (Convert.TryFromBase64String(text, bytes, out var written))
            {
                return Convert.ToBase64String(bytes, 0, written);
            }
        }

        throw Wrong("bytes in base64");
    }

    private static string OneOf(JobVariable variable, JsonElement value)
    {
        var text = Scalar(value);
        if (text is not null && variable.Values.Contains(text, StringComparer.Ordinal))
        {
            return text;
        }

        // A file's yes is true to whoever reads it with YAML 1.1 and posts JSON.
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            && variable.Values.FirstOrDefault(v => Words.TryFlag(v, out var flag) && flag == (value.ValueKind == JsonValueKind.True)) is { } word
                ? word
                : throw Wrong($"one of {string.Join(", ", variable.Values)}");
    }

    private static List<JsonElement> Set(JsonElement value)
    {
        List<JsonElement> items = value.ValueKind switch
        {
            JsonValueKind.Array => [.. value.EnumerateArray()],

            // YAML writes a set as a mapping of its values to nothing.
            JsonValueKind.Object when value.EnumerateObject().All(p => p.Value.ValueKind == JsonValueKind.Null) =>
                [.. value.EnumerateObject().Select(p => JsonSerializer.SerializeToElement(Name(p), FormJson.Default.String))],
            _ => throw Wrong("a list of values of which each stands once"),
        };
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return items.TrueForAll(i => seen.Add(Compact(i))) ? items : throw Wrong("a list of values of which each stands once");
    }

    private static string Pairs(JsonElement value, bool unique)
    {
        var wanted = unique ? "a list of mappings with one key each, none of them twice" : "a list of pairs";
        var pairs = value.ValueKind switch
        {
            JsonValueKind.Object when unique => value.EnumerateObject().Select(p => (Key: Name(p), Json: p.Value)).ToList(),
            JsonValueKind.Array => [.. value.EnumerateArray().Select(item => Pair(item, unique) ?? throw Wrong(wanted))],
            _ => throw Wrong(wanted),
        };
        if (unique && pairs.Select(p => p.Key).Distinct(StringComparer.Ordinal).Count() < pairs.Count)
        {
            throw Wrong(wanted);
        }

        return Json(writer =>
        {
            writer.WriteStartArray();
            foreach (var (key, json) in pairs)
            {
                writer.WriteStartArray();
                writer.WriteStringValue(key);
                json.WriteTo(writer);
                writer.WriteEndArray();
            }

            writer.WriteEndArray();
        });
    }

    private static (string Key, JsonElement Json)? Pair(JsonElement item, bool unique) => item.ValueKind switch
    {
        JsonValueKind.Object when item.EnumerateObject().ToList() is [var only] => (Name(only), only.Value),
        JsonValueKind.Array when !unique && item.EnumerateArray().ToList() is [var key, var second] && Scalar(key) is { } text => (text, second),
        _ => null,
    };

    private static string Compact(JsonElement value) => Json(value.WriteTo);

    private static string Json(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        try
        {
            using var writer = new Utf8JsonWriter(buffer, Writing);
            write(writer);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            throw Broken();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
