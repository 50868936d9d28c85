using System.Text.Json.Serialization;

namespace Ascob.Core.Jobs;

/// <summary>
/// What to do: immutable, and the same on the wire, in the store and in the builder. Null collections and absent members mean "none".
/// <see cref="JobSpecValidator"/> says what is allowed in it.
/// </summary>
public sealed record JobSpec
{
    /// <summary>Gets the free text shown to people; at most 2,000 characters.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Description { get; init; }

    /// <summary>Gets the end user who owns the run; at most 200 characters.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Submitter { get; init; }

    /// <summary>Gets the key/value pairs that route the job and tell the adapter what to start.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Gets the key/value pairs handed to the job itself.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Parameters { get; init; }

    /// <summary>
    /// Gets parameters whose values are secret: encrypted at rest, masked wherever a run is shown. A name stands here or in <see cref="Parameters"/>, not in both.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? SecretParameters { get; init; }

    /// <summary>Gets the named claims that the run takes together before it starts.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<LockSpec>? Locks { get; init; }

    /// <summary>Gets whether the run waits in <c>DEFINED</c> for a call of <c>/start</c>; files are attached meanwhile.</summary>
    public bool ManualStart { get; init; }

    /// <summary>Gets whether <c>%%RUNID%%</c>, <c>%%SUBMITTER%%</c>, <c>%%WEBHOOKID%%</c> and <c>%%CALLBACK_URL%%</c> are replaced in strings.</summary>
    public bool RuntimeVariables { get; init; }

    /// <summary>Gets the longest time, in seconds from the start at the backend, that the job may take, from 1 to 31,536,000; null for no limit.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? TimeoutSeconds { get; init; }

    /// <summary>Gets when and how often a failed attempt is repeated; null for never.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RetrySpec? Retry { get; init; }

    /// <summary>Gets the priority among waiting runs, from -100 to 100; larger goes first, 0 is usual.</summary>
    public int Priority { get; init; }

    /// <summary>Gets the longest time, in seconds, that the run waits for its locks before it ends <c>FAILED</c>, from 1 to 31,536,000; null for no limit.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? LockWaitSeconds { get; init; }

    /// <summary>Gets whether any lock is claimed.</summary>
    [JsonIgnore]
    public bool HasLocks => Locks is { Count: > 0 };

    /// <summary>Starts a builder for a job that the given user owns.</summary>
    /// <param name="submitter">The end user; null where the token alone identifies the caller.</param>
    public static JobSpecBuilder Builder(string? submitter) => new(submitter);

    /// <summary>Answers a label's value, or <paramref name="fallback"/> where it is absent or empty.</summary>
    public string? Label(string key, string? fallback = null) =>
        Labels is not null && Labels.TryGetValue(key, out var value) && value is { Length: > 0 } ? value : fallback;
}
