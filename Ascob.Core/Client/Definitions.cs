using System.Text.Json;
using System.Text.Json.Serialization;
using Ascob.Core.Definitions;
using Ascob.Core.Jobs;
using Refit;

namespace Ascob.Core.Client;

/// <summary>A definition as clients see it.</summary>
public sealed record DefinitionInfo
{
    /// <summary>Gets the number, which stays the same when the name changes.</summary>
    public required long Id { get; init; }

    /// <summary>Gets the name.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the version shown.</summary>
    public required int Version { get; init; }

    /// <summary>Gets the description, Markdown.</summary>
    public string? Description { get; init; }

    /// <summary>Gets the template of its jobs, secret values masked.</summary>
    public required JobSpec JobSpec { get; init; }

    /// <summary>Gets the JSON Schema of its parameters; null for none.</summary>
    public JsonElement? Parameters { get; init; }

    /// <summary>Gets the tags.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Gets the owners.</summary>
    public IReadOnlyList<string> Owners { get; init; } = [];

    /// <summary>Gets what keeps it from being launched again.</summary>
    public NextExecution NextExecution { get; init; }

    /// <summary>Gets how long a run is expected to take; null where its history tells.</summary>
    public int? ExpectedSeconds { get; init; }

    /// <summary>Gets whether clients may launch it.</summary>
    public bool ApiAllowed { get; init; }

    /// <summary>Gets more facts.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    /// <summary>Gets whether schedules pass it over.</summary>
    public bool Suspended { get; init; }

    /// <summary>Gets where it comes from: null for the API, <c>git</c> for a repository.</summary>
    public string? Source { get; init; }

    /// <summary>Gets when it was made.</summary>
    public DateTimeOffset CreatedTime { get; init; }

    /// <summary>Gets who made it.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>Gets when this version was saved.</summary>
    public DateTimeOffset SavedTime { get; init; }

    /// <summary>Gets who saved this version.</summary>
    public string? SavedBy { get; init; }

    /// <summary>Shows a definition.</summary>
    public static DefinitionInfo From(Definition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        var content = definition.Content;
        return new DefinitionInfo
        {
            Id = definition.Id,
            Name = definition.Name,
            Version = definition.Version,
            Description = content.Description,
            JobSpec = content.JobSpec,
            Parameters = content.Parameters,
            Tags = content.Tags,
            Owners = content.Owners,
            NextExecution = content.NextExecution,
            ExpectedSeconds = content.ExpectedSeconds,
            ApiAllowed = content.ApiAllowed,
            Annotations = content.Annotations,
            Suspended = definition.Suspended,
            Source = definition.Source,
            CreatedTime = definition.CreatedAt,
            CreatedBy = definition.CreatedBy,
            SavedTime = definition.SavedAt,
            SavedBy = definition.SavedBy,
        };
    }
}

/// <summary>A page of definitions, by name.</summary>
/// <param name="Items">The definitions.</param>
/// <param name="NextCursor">Where the next page starts; null on the last.</param>
public sealed record DefinitionList(IReadOnlyList<DefinitionInfo> Items, string? NextCursor);

/// <summary>A definition to be made, or its next version.</summary>
public sealed record SaveDefinitionRequest
{
    /// <summary>Gets the name; needed to make one, and left out (or the same) to save one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    /// <summary>Gets the version that must be the present one; null for whichever. Not for a new definition.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Version { get; init; }

    /// <summary>Gets the description, Markdown.</summary>
    public string? Description { get; init; }

    /// <summary>Gets the template of its jobs.</summary>
    public JobSpec? JobSpec { get; init; }

    /// <summary>Gets the JSON Schema of its parameters, an object; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Parameters { get; init; }

    /// <summary>Gets the tags; null for none.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>Gets the owners; null for none.</summary>
    public IReadOnlyList<string>? Owners { get; init; }

    /// <summary>Gets what keeps it from being launched again.</summary>
    public NextExecution NextExecution { get; init; }

    /// <summary>Gets how long a run is expected to take; null where its history shall tell.</summary>
    public int? ExpectedSeconds { get; init; }

    /// <summary>Gets whether clients may launch it; null for yes.</summary>
    public bool? ApiAllowed { get; init; }

    /// <summary>Gets more facts; null for none.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>Gets whether a new definition begins suspended.</summary>
    public bool Suspended { get; init; }

    /// <summary>Answers what the definition shall say; the job must be there.</summary>
    public DefinitionContent ToContent() => new()
    {
        Description = Description,
        JobSpec = JobSpec ?? new JobSpec(),
        Parameters = Parameters is { ValueKind: JsonValueKind.Null or JsonValueKind.Undefined } ? null : Parameters,
        Tags = Tags ?? [],
        Owners = Owners ?? [],
        NextExecution = NextExecution,
        ExpectedSeconds = ExpectedSeconds,
        ApiAllowed = ApiAllowed ?? true,
        Annotations = Annotations ?? new Dictionary<string, string>(),
    };
}

/// <summary>Another name.</summary>
/// <param name="Name">The name.</param>
public sealed record RenameDefinitionRequest(string? Name);

/// <summary>A launch.</summary>
public sealed record LaunchDefinitionRequest
{
    /// <summary>Gets the values of the parameters by name; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Parameters { get; init; }

    /// <summary>Gets the user who owns the run; null for the template's.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Submitter { get; init; }
}

/// <summary>The answer to a launch.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Prevented">Whether the definition's policy kept it from starting; the run is <c>ABORTED</c> and says why.</param>
public sealed record LaunchDefinitionResponse(long RunId, bool Prevented);

/// <summary>The filters of <c>GET /api/definitions</c>; all given ones must hold.</summary>
public sealed record DefinitionQuery
{
    /// <summary>Gets text that name, description or a tag contains; null for any.</summary>
    public string? Text { get; init; }

    /// <summary>Gets the tags that it must all have; null for any.</summary>
    [Query(CollectionFormat.Multi)]
    public IReadOnlyList<string>? Tag { get; init; }

    /// <summary>Gets an owner; null for any.</summary>
    public string? Owner { get; init; }

    /// <summary>Gets the source, such as <c>git</c>; null for any.</summary>
    public string? Source { get; init; }

    /// <summary>Gets the size of a page, 1 to 500; null for 50.</summary>
    public int? Limit { get; init; }

    /// <summary>Gets <see cref="DefinitionList.NextCursor"/> of the page before; null for the first page.</summary>
    public string? Cursor { get; init; }
}
