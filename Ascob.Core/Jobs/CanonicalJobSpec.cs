using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;

namespace Ascob.Core.Jobs;

/// <summary>
/// One byte form for all spellings of a job that mean the same: members and map keys in a fixed order, members with their default value left out. Idempotency
/// keys compare its hash, so its form must stay as it is. For valid jobs only: half a surrogate pair cannot be written.
/// </summary>
public static class CanonicalJobSpec
{
    /// <summary>Answers the byte form, with secret values in clear.</summary>
    public static byte[] Canonical(JobSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(writer, spec);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Answers the SHA-256 of the byte form in lower case hex.</summary>
    public static string Hash(JobSpec spec) => Convert.ToHexStringLower(SHA256.HashData(Canonical(spec)));

    private static void Write(Utf8JsonWriter writer, JobSpec spec)
    {
        writer.WriteStartObject();
        WriteText(writer, "description", spec.Description);
        WriteMap(writer, "labels", spec.Labels);
        WriteNumber(writer, "lockWaitSeconds", spec.LockWaitSeconds);
        WriteLocks(writer, spec.Locks);
        WriteTrue(writer, "manualStart", spec.ManualStart);
        WriteMap(writer, "parameters", spec.Parameters);
        WriteNumber(writer, "priority", spec.Priority == 0 ? null : spec.Priority);
        WriteRetry(writer, spec.Retry);
        WriteTrue(writer, "runtimeVariables", spec.RuntimeVariables);
        WriteMap(writer, "secretParameters", spec.SecretParameters);
        WriteText(writer, "submitter", spec.Submitter);
        WriteNumber(writer, "timeoutSeconds", spec.TimeoutSeconds);
        writer.WriteEndObject();
    }

    private static void WriteLocks(Utf8JsonWriter writer, IReadOnlyList<LockSpec>? locks)
    {
        if (locks is not { Count: > 0 })
        {
            return;
        }

        // Locks are taken together, so their order means nothing.
        writer.WriteStartArray("locks");
        foreach (var lockSpec in locks.OrderBy(l => l.Key, StringComparer.Ordinal))
        {
            writer.WriteStartObject();
            writer.WriteString("key", lockSpec.Key);
            writer.WriteNumber("mode", (int)lockSpec.Mode);
            writer.WriteNumber("policy", (int)lockSpec.Policy);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteRetry(Utf8JsonWriter writer, RetrySpec? retry)
    {
        if (retry is null)
        {
            return;
        }

        IEnumerable<string> outcomes = retry.On is { Count: > 0 } on ? on : ["failed"];
        writer.WriteStartObject("retry");
        writer.WriteNumber("delaySeconds", retry.DelaySeconds);
        writer.WriteNumber("maxAttempts", retry.MaxAttempts);
        writer.WriteStartArray("on");
        foreach (var outcome in outcomes.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            writer.WriteStringValue(outcome);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteMap(Utf8JsonWriter writer, string name, IReadOnlyDictionary<string, string>? map)
    {
        if (map is not { Count: > 0 })
        {
            return;
        }

        writer.WriteStartObject(name);
        foreach (var (key, value) in map.OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            writer.WriteString(key, value);
        }

        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }

    private static void WriteNumber(Utf8JsonWriter writer, string name, int? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
    }

    private static void WriteTrue(Utf8JsonWriter writer, string name, bool value)
    {
        if (value)
        {
            writer.WriteBoolean(name, true);
        }
    }
}
