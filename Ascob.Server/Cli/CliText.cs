using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Ascob.Core.Jobs;

namespace Ascob.Server.Cli;

/// <summary>How results are written.</summary>
internal static class CliText
{
    private static readonly JsonSerializerOptions Indented = new(AscobJson.Options) { WriteIndented = true };

    public static Option<bool> JsonOption() => new("--json") { Description = "As JSON." };

    /// <summary>Writes a value as the API would, indented.</summary>
    public static void WriteJson<T>(TextWriter output, T value) => output.WriteLine(JsonSerializer.Serialize(value, Indented));

    public static string? Time(DateTimeOffset? time) => time?.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Answers text on one line without control characters: what users and backends wrote must not steer the terminal.</summary>
    public static string Plain(object? value)
    {
        var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty;
        return text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)) : text;
    }

    /// <summary>Cuts text to a width, and says so.</summary>
    public static string Cut(string? text, int width)
    {
        var plain = Plain(text);
        return plain.Length <= width ? plain : plain[..(width - 1)] + "…";
    }
}
