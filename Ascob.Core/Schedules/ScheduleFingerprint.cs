using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using Ascob.Core.Jobs;

namespace Ascob.Core.Schedules;

/// <summary>What makes two schedules of a definition the same: that they fire at the same times with the same parameters.</summary>
internal static class ScheduleFingerprint
{
    public static string Of(ScheduleSpec spec) => Hash(writer =>
    {
        writer.WriteStartArray();
        writer.WriteStringValue(Rule(spec.Cron));
        writer.WriteStringValue(Zone(spec.Cron, spec.TimeZone));
        WriteNumber(writer, spec.EverySeconds);
        WriteTime(writer, spec.StartAt);
        WriteTime(writer, spec.EndAt);
        Write(writer, spec.Parameters ?? default);
        writer.WriteEndArray();
    });

    public static string Of(SuspensionSpec spec) => Hash(writer =>
    {
        writer.WriteStartArray();
        writer.WriteStringValue(Rule(spec.Cron));
        writer.WriteStringValue(Zone(spec.Cron, spec.TimeZone));
        WriteTime(writer, spec.From);
        WriteTime(writer, spec.To);
        writer.WriteEndArray();
    });

    /// <summary>Answers whether two schedules fire at the same times.</summary>
    public static bool SameTimes(ScheduleSpec one, ScheduleSpec other) => Of(one with { Parameters = null }) == Of(other with { Parameters = null });

    private static string? Rule(string? cron) => cron is null ? null : CronRule.TryParse(cron, out var rule, out _) ? rule.Text.ToUpperInvariant() : cron;

    private static string? Zone(string? cron, string? zone) => cron is null || zone is null or "UTC" ? null : zone;

    private static string Hash(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            write(writer);
        }

        return Convert.ToHexStringLower(SHA256.HashData(buffer.WrittenSpan));
    }

    private static void WriteNumber(Utf8JsonWriter writer, long? number)
    {
        if (number is { } given)
        {
            writer.WriteNumberValue(given);
        }
        else
        {
            writer.WriteNullValue();
        }
    }

    private static void WriteTime(Utf8JsonWriter writer, DateTimeOffset? time) => writer.WriteStringValue(time is { } at ? AscobJson.FormatTime(at) : null);

    // The order of members means nothing.
    private static void Write(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in value.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(member.Name);
                    Write(writer, member.Value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.Undefined:
                writer.WriteNullValue();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }
}
