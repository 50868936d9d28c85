using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Ascob.Tests.Robustness;

/// <summary>Turns good JSON into bad: first in its meaning, then in its bytes.</summary>
internal sealed class JsonMangler(Random random)
{
    private static readonly string[] Numbers =
        ["-1", "0", "1e999", "-1e999", "99999999999999999999999999", "2147483648", "-9223372036854775809", "0.1", "1E400", "00", "0x10", "NaN", "Infinity", "1.7976931348623157E+309"];

    private static readonly string[] Texts =
    [
        string.Empty, " ", "\0", "a\0b", "\u0001\u001b[31m", "\r\nX-Evil: 1", "\u202e\u2066txt", "\ud83d", "\udc00\ud83d", "\ufeff", "..", "../../etc/passwd", "..\\..\\x", "%00", "%2e%2e%2f",
        "%%NOPE%%", "%%RUNID%%", "${jndi:ldap://x}", "{{7*7}}", "<script>alert(1)</script>", "' OR 1=1 --", "1; DROP TABLE runs", "\u00c5\u0301\u200b", "null", "true", "FINISHED", "IN_DOUBT ",
        "ascob-", "2026-13-45T99:99:99Z", "-0001-01-01", "9999999999999999999",
    ];

    /// <summary>Mangles a body.</summary>
    public byte[] Mangle(JsonNode good, out bool isHuge)
    {
        var json = good.DeepClone();
        for (var i = random.Next(0, 3); i > 0; i--)
        {
            json = MangleMeaning(json);
        }

        isHuge = random.Next(400) == 0;
        if (isHuge)
        {
            return Encoding.UTF8.GetBytes($"{{\"jobSpec\":{{\"description\":\"{new string('x', 10 << 20)}\"}}}}");
        }

        return MangleBytes(json.ToJsonString());
    }

    public string Text() => random.Next(6) switch
    {
        0 => new string('A', random.Next(1, 5_000)),
        1 => string.Concat(Enumerable.Range(0, random.Next(1, 40)).Select(_ => (char)random.Next(1, 0x10000))),
        2 => Numbers[random.Next(Numbers.Length)],
        _ => Texts[random.Next(Texts.Length)],
    };

    private JsonNode MangleMeaning(JsonNode root)
    {
        var places = Objects(root).ToList();
        if (places.Count == 0)
        {
            return JsonValue.Create(Text());
        }

        var place = places[random.Next(places.Count)];
        var names = place.Select(p => p.Key).ToList();
        switch (random.Next(5))
        {
            case 0 when names.Count > 0:
                place.Remove(names[random.Next(names.Count)]);
                break;
            case 1:
                place[Text()] = Value(2);
                break;
            case 2:
                for (var i = random.Next(100, 3_000); i > 0; i--)
                {
                    place[string.Create(CultureInfo.InvariantCulture, $"k{i}")] = "v";
                }

                break;
            default:
                if (names.Count > 0)
                {
                    place[names[random.Next(names.Count)]] = Value(3);
                }

                break;
        }

        return root;
    }

    private JsonNode? Value(int depth) => random.Next(9) switch
    {
        0 => null,
        1 => JsonValue.Create(random.Next(2) == 0),
        2 => JsonValue.Create(random.NextInt64(long.MinValue, long.MaxValue)),
        3 => JsonValue.Create(random.NextDouble() * Math.Pow(10, random.Next(-300, 300))),
        4 when depth > 0 => new JsonArray([.. Enumerable.Range(0, random.Next(4)).Select(_ => Value(depth - 1))]),
        5 when depth > 0 => new JsonObject([new KeyValuePair<string, JsonNode?>(Text(), Value(depth - 1))]),
        6 => new JsonArray([.. Enumerable.Range(0, random.Next(60, 3_000)).Select(i => (JsonNode?)JsonValue.Create(i))]),
        _ => JsonValue.Create(Text()),
    };

    private static IEnumerable<JsonObject> Objects(JsonNode? node) => node switch
    {
        JsonObject o => o.SelectMany(p => Objects(p.Value)).Append(o),
        JsonArray a => a.SelectMany(Objects),
        _ => [],
    };

    private byte[] MangleBytes(string json)
    {
        switch (random.Next(15))
        {
            case 0:
                return Encoding.UTF8.GetBytes(json[..random.Next(json.Length)]);
            case 1:
                var depth = random.Next(2, 20_000);
                return Encoding.UTF8.GetBytes($"{{\"jobSpec\":{new string('[', depth)}{new string(']', depth)}}}");
            case 2:
                return Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"jobSpec\":", random.Next(2, 5_000))));
            case 3:
                return Encoding.UTF8.GetBytes(json.Replace("\"jobSpec\":", "\"jobSpec\":null,\"jobSpec\":", StringComparison.Ordinal));
            case 4:
                var colon = json.IndexOf(':', StringComparison.Ordinal);
                return Encoding.UTF8.GetBytes(colon < 0 ? json + json : $"{json[..(colon + 1)]}{Numbers[random.Next(Numbers.Length)]}}}");
            case 5:
                return Encoding.Unicode.GetBytes(json);
            case 6:
                return [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(json)];
            case 7:
                return [.. Encoding.UTF8.GetBytes(json), .. "garbage"u8];
            case 8:
            case 9:
                var bytes = Encoding.UTF8.GetBytes(json);
                for (var i = random.Next(1, 6); i > 0 && bytes.Length > 0; i--)
                {
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                }

                return bytes;
            case 10:
                return [];
            case 11:
                // Half a pair can reach a server as an escape only: no text of .NET's that holds one is written as it is.
                var texts = Enumerable.Range(0, json.Length - 2).Where(i => json.AsSpan(i).StartsWith(":\"")).ToList();
                return Encoding.UTF8.GetBytes(texts.Count == 0 ? json : json.Insert(texts[random.Next(texts.Count)] + 2, random.Next(2) == 0 ? "\\ud800" : "\\udfff x"));
            default:
                return Encoding.UTF8.GetBytes(json);
        }
    }
}
