using System.Buffers.Text;
using System.Text;
using Ascob.Core.Jobs;

namespace Ascob.Server.Api;

/// <summary>The place of a page in a list by name: the last name of the page before, in a form that fits into an address.</summary>
internal static class NameCursor
{
    private const int Longest = 1_000;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>Writes the place behind a name; null for none.</summary>
    public static string? Write(string? name) => name is null ? null : Base64Url.EncodeToString(Encoding.UTF8.GetBytes(name));

    /// <summary>Reads the place that a query asks for; null for the first page. Anything else than a cursor is refused.</summary>
    public static string? Read(QueryReader query, string from)
    {
        if (query.Text("cursor", Longest) is not { } text)
        {
            return null;
        }

        try
        {
            var name = Strict.GetString(Base64Url.DecodeFromChars(text));
            if (TextRules.Broken(name) is null)
            {
                return name;
            }
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            // Refused below.
        }

        query.Refuse("cursor", $"{from} of the page before.");
        return null;
    }
}
