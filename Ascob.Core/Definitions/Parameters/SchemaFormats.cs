using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Ascob.Core.Definitions.Parameters;

/// <summary>The formats of text that are checked. Others say how to show a value, and are left to whoever shows it.</summary>
internal static class SchemaFormats
{
    private static readonly string[] Times = ["HH:mm:ssK", "HH:mm:ss.FFFFFFFK"];
    private static readonly string[] DateTimes = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    public static bool IsFine(string format, string text) => format switch
    {
        "date" => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "date-time" => HasZone(text) && DateTimeOffset.TryParseExact(text, DateTimes, CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "time" => HasZone(text) && DateTimeOffset.TryParseExact(text, Times, CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "email" => IsMail(text),
        "uri" => Uri.TryCreate(text, UriKind.Absolute, out _) && !text.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)),
        "uuid" => Guid.TryParseExact(text, "D", out _),
        "ipv4" => text.Count(c => c == '.') == 3 && IPAddress.TryParse(text, out var four) && four.AddressFamily == AddressFamily.InterNetwork && four.ToString() == text,
        "ipv6" => text.Contains(':', StringComparison.Ordinal) && !text.Contains('%', StringComparison.Ordinal) && !text.Contains('[', StringComparison.Ordinal)
            && IPAddress.TryParse(text, out var six) && six.AddressFamily == AddressFamily.InterNetworkV6,
        "hostname" => text.Length <= 253 && text.Split('.').All(IsHostLabel),
        _ => true,
    };

    public static string Word(string format) => format switch
    {
        "date" => "a date such as 2026-01-31",
        "date-time" => "a time such as 2026-01-31T12:00:00Z",
        "time" => "a time of day such as 12:00:00Z",
        "email" => "a mail address",
        "uri" => "a URI",
        "uuid" => "a UUID",
        "ipv4" => "an IPv4 address",
        "ipv6" => "an IPv6 address",
        "hostname" => "a host name",
        _ => format,
    };

    private static bool HasZone(string text) => text.EndsWith('Z') || (text.Length > 6 && text[^6] is '+' or '-' && text[^3] == ':');

    private static bool IsMail(string text)
    {
        var at = text.LastIndexOf('@');
        return at > 0 && at < text.Length - 1 && text.Length <= 320 && !text.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)) && text[(at + 1)..].Split('.').All(IsHostLabel);
    }

    private static bool IsHostLabel(string label) =>
        label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-' && label.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
}
