using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ascob.Core.Client;

/// <summary>The body of a refusal: problem details of RFC 9457.</summary>
public sealed record ProblemInfo
{
    /// <summary>Gets the kind of problem as a URI.</summary>
    public string? Type { get; init; }

    /// <summary>Gets the kind of problem in words.</summary>
    public string? Title { get; init; }

    /// <summary>Gets the HTTP status.</summary>
    public int? Status { get; init; }

    /// <summary>Gets what is wrong in this case.</summary>
    public string? Detail { get; init; }

    /// <summary>Gets the request at fault.</summary>
    public string? Instance { get; init; }

    /// <summary>Gets the stable word for programs, such as <c>run.not_found</c>.</summary>
    public string? Code { get; init; }

    /// <summary>Gets the refused fields by JSON path.</summary>
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }

    /// <summary>Gets all other members.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Extensions { get; set; }
}
