using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Ascob.Core.Client;
using Ascob.Core.Definitions;
using Ascob.Core.Runs;
using Ascob.Core.Schedules;

namespace Ascob.Core.Jobs;

/// <summary>
/// The one way in which Ascob reads and writes JSON, on the wire, in the store and in the client: camel case, words as in the wire contract, times in ISO 8601 UTC.
/// Reading ignores unknown properties and refuses duplicate ones, numbers and words of the wrong type, and nesting over 64 levels.
/// </summary>
public static class AscobJson
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    private static readonly string[] TimeFormats =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd'T'HH:mm:ssK",
        "yyyy-MM-dd'T'HH:mmK",
    ];

    /// <summary>Gets the options; read-only.</summary>
    public static JsonSerializerOptions Options { get; } = Create();

    /// <summary>Gives other options (those of a web server) the same rules.</summary>
    public static void Configure(JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.DictionaryKeyPolicy = null;
        options.PropertyNameCaseInsensitive = false;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.AllowDuplicateProperties = false;
        options.AllowTrailingCommas = false;
        options.ReadCommentHandling = JsonCommentHandling.Disallow;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip;
        options.DefaultIgnoreCondition = JsonIgnoreCondition.Never;
        options.MaxDepth = 64;

        // People read answers too. Nothing is escaped for HTML: it is served as application/json with nosniff, and line breaks, which end a line of an event stream, always are escaped.
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.Converters.Add(new TimeConverter());
        options.Converters.Add(new JsonElementConverter());
        options.Converters.Add(new WordConverter<RunStatus>(RunStatusNames.ToWire, RunStatusNames.TryParse));
        options.Converters.Add(WordConverter<LockMode>.From((LockMode.Exclusive, "exclusive"), (LockMode.Shared, "shared")));
        options.Converters.Add(WordConverter<LockPolicy>.From((LockPolicy.Wait, "wait"), (LockPolicy.Fail, "fail"), (LockPolicy.Skip, "skip")));
        options.Converters.Add(WordConverter<ResolutionVerdict>.From(
            (ResolutionVerdict.Adopt, "adopt"), (ResolutionVerdict.NotStarted, "not_started"), (ResolutionVerdict.Failed, "failed")));
        options.Converters.Add(WordConverter<NextExecution>.From(
            (NextExecution.Always, "always"),
            (NextExecution.NotWhileWorkingOrError, "not_while_working_or_error"),
            (NextExecution.NotWhileWorking, "not_while_working"),
            (NextExecution.NotWhileError, "not_while_error")));
        options.Converters.Add(WordConverter<CatchUpPolicy>.From((CatchUpPolicy.None, "none"), (CatchUpPolicy.One, "one"), (CatchUpPolicy.All, "all")));
        options.Converters.Add(WordConverter<OverlapPolicy>.From((OverlapPolicy.Allow, "allow"), (OverlapPolicy.Skip, "skip"), (OverlapPolicy.Queue, "queue")));
        options.TypeInfoResolverChain.Insert(0, AscobJsonContext.Default);
    }

    /// <summary>Reads a time: ISO 8601 with a zone, or without one for UTC.</summary>
    public static bool TryParseTime(string? text, out DateTimeOffset time) => DateTimeOffset.TryParseExact(
        text, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);

    /// <summary>Writes a time as ISO 8601 UTC in whole microseconds with <c>Z</c>.</summary>
    public static string FormatTime(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions();
        Configure(options);
        options.TypeInfoResolverChain.Add(new DefaultJsonTypeInfoResolver());
        options.MakeReadOnly();
        return options;
    }

    private sealed class TimeConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && TryParseTime(reader.GetString(), out var time)
                ? time
                : throw new JsonException("This must be a time such as \"2026-01-31T12:00:00Z\".");

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteStringValue(FormatTime(value));
    }
}
