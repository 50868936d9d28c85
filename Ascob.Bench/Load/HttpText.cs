using System.Globalization;
using System.Text;

namespace Ascob.Bench.Load;

/// <summary>Requests as bytes, made before the clock runs.</summary>
internal static class HttpText
{
    public static byte[] Post(string path, string body, string? token = null) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"POST {path} HTTP/1.1\r\nHost: bench\r\n{Token(token)}Content-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}"));

    public static byte[] Get(string path, string? token = null) =>
        Encoding.UTF8.GetBytes($"GET {path} HTTP/1.1\r\nHost: bench\r\n{Token(token)}\r\n");

    private static string Token(string? token) => token is null ? string.Empty : $"X-Api-Token: {token}\r\n";
}
