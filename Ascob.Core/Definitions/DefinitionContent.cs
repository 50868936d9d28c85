using System.Text.Json;
using System.Text.Json.Serialization;
using Ascob.Core.Jobs;

namespace Ascob.Core.Definitions;

/// <summary>What one version of a definition says. Immutable; <see cref="DefinitionValidator"/> says what is allowed in it.</summary>
public sealed record DefinitionContent
{
    /// <summary>Gets what people should know, as Markdown.</summary>
    public string? Description { get; init; }

    /// <summary>Gets the job that is made of it at a launch; its strings may hold expressions.</summary>
    public required JobSpec JobSpec { get; init; }

    /// <summary>Gets the JSON Schema of the parameters, an object; null where there are none.</summary>
    public JsonElement? Parameters { get; init; }

    /// <summary>Gets the words by which it is found.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Gets who looks after it: names or mail addresses.</summary>
    public IReadOnlyList<string> Owners { get; init; } = [];

    /// <summary>Gets what keeps it from being launched again.</summary>
    public NextExecution NextExecution { get; init; }

    /// <summary>Gets how long a run of it is expected to take; null where its own history tells.</summary>
    public int? ExpectedSeconds { get; init; }

    /// <summary>Gets whether clients may launch it; schedules may in any case.</summary>
    public bool ApiAllowed { get; init; } = true;

    /// <summary>Gets more facts, kept and shown but not understood here.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    /// <summary>Gets the submitter of every run of it; null where each launch says its own, or there is none.</summary>
    [JsonIgnore]
    public string? FixedSubmitter => JobSpec.Submitter is { } submitter && !submitter.Contains("{{", StringComparison.Ordinal) && !submitter.Contains("{%", StringComparison.Ordinal) ? submitter : null;

    /// <summary>Answers it as the text that is stored and compared.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, AscobJson.Options);

    /// <summary>Reads what <see cref="ToJson"/> made.</summary>
    public static DefinitionContent FromJson(string json) =>
        JsonSerializer.Deserialize<DefinitionContent>(json, AscobJson.Options) ?? throw new InvalidDataException("A stored definition is empty.");
}
