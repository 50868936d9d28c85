using System.Globalization;
using System.Text.Json;
using Ascob.Core.Errors;

namespace Ascob.Server.Api.Kuroko2;

/// <summary>A body as Rails takes it: JSON, or a form in which <c>name[]</c> is an item of a list and <c>name[key]</c> a member of an object. What is not asked for is passed over.</summary>
internal sealed class Kuroko2Body
{
    private const int MostItems = 1_000;
    private readonly JsonElement _root;

    private Kuroko2Body(JsonElement root) => _root = root;

    public static async Task<Kuroko2Body> ReadAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.HasFormContentType && !request.ContentType!.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase))
        {
            return new Kuroko2Body(await ReadFormAsync(request, context.RequestAborted));
        }

        using var text = new MemoryStream();
        await request.Body.CopyToAsync(text, context.RequestAborted);
        if (text.Length == 0)
        {
            return new Kuroko2Body(JsonDocument.Parse("{}").RootElement);
        }

        if (!request.HasJsonContentType())
        {
            throw new RequestRefusedException(
                new Error(ErrorKind.Invalid, "request.media_type", "Send the body as application/json or application/x-www-form-urlencoded."), StatusCodes.Status415UnsupportedMediaType);
        }

        try
        {
            text.Position = 0;
            var root = (await JsonDocument.ParseAsync(text, new JsonDocumentOptions { AllowDuplicateProperties = false }, context.RequestAborted)).RootElement;
            ReadNames(root);
            return root.ValueKind == JsonValueKind.Object ? new Kuroko2Body(root) : throw Bad("The body must be a JSON object.");
        }
        catch (InvalidOperationException)
        {
            throw Bad("The names in the body must be well-formed Unicode.");
        }
        catch (JsonException)
        {
            throw Bad("The body is not valid JSON.");
        }
    }

    /// <summary>Answers whether a member is given, also as null.</summary>
    public bool Has(string name) => _root.TryGetProperty(name, out _);

    /// <summary>Reads a text; null where it is not given, null or empty.</summary>
    public string? Text(string name) => !_root.TryGetProperty(name, out var value) ? null : value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => Clear(name, value) is { Length: > 0 } text ? text : null,
        JsonValueKind.Number => value.GetRawText(),
        _ => throw Bad($"{name} must be a string."),
    };

    public bool? Flag(string name) => !_root.TryGetProperty(name, out var value) ? null : value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number => value.GetRawText() != "0",
        JsonValueKind.String => Clear(name, value) switch
        {
            "" => null,
            "1" or "true" or "t" or "TRUE" or "T" or "on" => true,
            "0" or "false" or "f" or "FALSE" or "F" or "off" => false,
            _ => throw Bad($"{name} must be true or false."),
        },
        _ => throw Bad($"{name} must be true or false."),
    };

    public int? Number(string name) => Text(name) is not { } text ? null
        : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number
        : throw Bad($"{name} must be a whole number.");

    /// <summary>Reads a list of texts; null where it is not given. A single text is a list of one, null an empty one.</summary>
    public IReadOnlyList<string>? Texts(string name)
    {
        if (!_root.TryGetProperty(name, out var value) && !_root.TryGetProperty(name + "[]", out value))
        {
            return null;
        }

        return value.ValueKind switch
        {
            JsonValueKind.Null => [],
            JsonValueKind.String or JsonValueKind.Number => [Item(name, value)],
            JsonValueKind.Array when value.GetArrayLength() <= MostItems => [.. value.EnumerateArray().Select(v => Item(name, v)).Where(t => t.Length > 0).Distinct(StringComparer.Ordinal)],
            _ => throw Bad($"{name} must be a list of strings."),
        };
    }

    /// <summary>Reads an object whose values are all strings; null where it is not given.</summary>
    public IReadOnlyDictionary<string, string>? Map(string name)
    {
        if (!_root.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            throw Bad($"{name} must be an object.");
        }

        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var member in value.EnumerateObject())
        {
            map[member.Name] = member.Value.ValueKind == JsonValueKind.String ? Clear(name, member.Value) : throw Bad($"{name}.{member.Name} must be a string.");
        }

        return map;
    }

    // Names are checked before any is looked for, since already the search for another one fails at half of a surrogate pair.
    private static void ReadNames(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in value.EnumerateObject())
            {
                _ = member.Name;
                ReadNames(member.Value);
            }
        }
    }

    private static string Item(string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => Clear(name, value).Trim(),
        JsonValueKind.Number => value.GetRawText(),
        _ => throw Bad($"{name} must be a list of strings."),
    };

    // Half of a surrogate pair is no text that a store takes.
    private static string Clear(string name, JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Bad($"{name} must be well-formed Unicode.");
        }
    }

    private static async Task<JsonElement> ReadFormAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var members = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (key, values) in await request.ReadFormAsync(cancellationToken))
        {
            var open = key.IndexOf('[', StringComparison.Ordinal);
            if (key.EndsWith("[]", StringComparison.Ordinal))
            {
                members[key[..^2]] = values.ToArray();
            }
            else if (open > 0 && key[^1] == ']')
            {
                if (members.GetValueOrDefault(key[..open]) is not Dictionary<string, string?> map)
                {
                    members[key[..open]] = map = new Dictionary<string, string?>(StringComparer.Ordinal);
                }

                map[key[(open + 1)..^1]] = values[^1];
            }
            else
            {
                members[key] = values[^1];
            }
        }

        return JsonSerializer.SerializeToElement(members);
    }

    private static RequestRefusedException Bad(string message) => new(new Error(ErrorKind.Invalid, "request.invalid", message), StatusCodes.Status400BadRequest);
}
