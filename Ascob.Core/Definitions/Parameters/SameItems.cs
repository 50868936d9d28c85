using System.Runtime.InteropServices;
using System.Text.Json;

namespace Ascob.Core.Definitions.Parameters;

/// <summary>Tells equal values by JSON Schema's rules apart from others: numbers by their value, objects whatever the order of their members. Every look is work of the check.</summary>
internal sealed class SameItems(CheckWork work, string field) : IEqualityComparer<JsonElement>
{
    public bool Equals(JsonElement x, JsonElement y)
    {
        work.Spend(CheckWork.Look + JsonMarshal.GetRawUtf8Value(x).Length, field);
        return JsonElement.DeepEquals(x, y);
    }

    public int GetHashCode(JsonElement obj)
    {
        work.Spend(CheckWork.Look, field);
        switch (obj.ValueKind)
        {
            case JsonValueKind.String:
                work.Spend(JsonMarshal.GetRawUtf8Value(obj).Length / 8, field);
                return string.GetHashCode(obj.GetString(), StringComparison.Ordinal);
            case JsonValueKind.Number:
                // Numbers that differ only in what is rounded away are told apart by the comparison.
                return obj.TryGetDouble(out var number) ? number.GetHashCode() : 0;
            case JsonValueKind.Array:
                var list = new HashCode();
                foreach (var item in obj.EnumerateArray())
                {
                    list.Add(GetHashCode(item));
                }

                return list.ToHashCode();
            case JsonValueKind.Object:
                var map = 0;
                foreach (var member in obj.EnumerateObject())
                {
                    map ^= HashCode.Combine(string.GetHashCode(member.Name, StringComparison.Ordinal), GetHashCode(member.Value));
                }

                return map;
            default:
                return (int)obj.ValueKind;
        }
    }
}
