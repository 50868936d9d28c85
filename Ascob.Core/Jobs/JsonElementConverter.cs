using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Ascob.Core.Jobs;

/// <summary>Reads JSON that is kept as it is, and refuses text in it that is no Unicode: it would be found by whoever reads or stores it, when nobody can be told any more.</summary>
internal sealed class JsonElementConverter : JsonConverter<JsonElement>
{
    /// <summary>The key in <see cref="Exception.Data"/> of the place at fault below the value itself, such as <c>.properties.a</c>.</summary>
    public const string Place = "ascob.place";

    public override JsonElement Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var element = JsonMetadataServices.JsonElementConverter.Read(ref reader, typeToConvert, options);

        // Bytes that are no UTF-8 do not get this far; half a pair can be written as an escape only.
        return JsonMarshal.GetRawUtf8Value(element).IndexOf("\\u"u8) >= 0 && BrokenPlace(element, string.Empty) is { } place
            ? throw new JsonException("This must be well-formed Unicode; it contains half a surrogate pair.") { Data = { [Place] = place } }
            : element;
    }

    public override void Write(Utf8JsonWriter writer, JsonElement value, JsonSerializerOptions options) => value.WriteTo(writer);

    private static string? BrokenPlace(JsonElement element, string at)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                return IsBroken(element, e => e.GetString()) ? at : null;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var item in element.EnumerateArray())
                {
                    if (BrokenPlace(item, string.Create(CultureInfo.InvariantCulture, $"{at}[{index++}]")) is { } place)
                    {
                        return place;
                    }
                }

                return null;
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    if (IsBroken(member, m => m.Name))
                    {
                        return at;
                    }

                    if (BrokenPlace(member.Value, FieldErrorList.Member(at, member.Name)) is { } place)
                    {
                        return place;
                    }
                }

                return null;
            default:
                return null;
        }
    }

    private static bool IsBroken<T>(T holder, Func<T, string?> text)
    {
        try
        {
            _ = text(holder);
            return false;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }
}
