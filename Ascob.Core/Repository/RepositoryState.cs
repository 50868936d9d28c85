using System.Text.Json.Serialization;

namespace Ascob.Core.Repository;

/// <summary>What is known of the repository's jobs: common to all servers of a database, and replaced as a whole by who has seen the one before.</summary>
internal sealed record RepositoryState
{
    /// <summary>Gets the commit that was applied last; null before the first.</summary>
    public string? Commit { get; init; }

    /// <summary>Gets who made that commit.</summary>
    public string? Author { get; init; }

    /// <summary>Gets when it was applied.</summary>
    public DateTimeOffset? AppliedAt { get; init; }

    /// <summary>Gets the server that applied it.</summary>
    public string? AppliedBy { get; init; }

    /// <summary>Gets whether the commit did not follow from the one that was applied before it.</summary>
    public bool Rewritten { get; init; }

    /// <summary>Gets the commit whose jobs are known to the rest of the server; null before the first.</summary>
    public string? Published { get; init; }

    /// <summary>Gets how often a publication of another state was still under way when this one held; null for never. Whoever publishes this one then sees that it has to be done again.</summary>
    public long? Disturbed { get; init; }

    /// <summary>Gets how the commit was read: another way has it read again.</summary>
    public string? Reading { get; init; }

    /// <summary>Gets the jobs by name.</summary>
    public IReadOnlyDictionary<string, KnownJob> Jobs { get; init; } = new Dictionary<string, KnownJob>();

    /// <summary>Gets what is wrong in the files of the commit.</summary>
    public IReadOnlyList<FileError> Errors { get; init; } = [];

    /// <summary>Gets the addresses for the events of all jobs.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Hooks { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Gets the addresses for the events of single jobs, as the settings said last without an error; null where the state was made before they were remembered.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, IReadOnlyList<string>>>? JobHooks { get; init; }
}

/// <summary>A job as it holds now.</summary>
/// <param name="Job">What it is.</param>
/// <param name="Commit">The commit in whose files it runs: the last one in which its file was good.</param>
/// <param name="Author">Who made that commit.</param>
/// <param name="Active">Whether it runs by itself and may be run.</param>
internal sealed record KnownJob(RepositoryJob Job, string Commit, string? Author, bool Active);

/// <summary>The generated reading and writing of the state.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RepositoryState))]
[JsonSerializable(typeof(RepositoryJob))]
internal sealed partial class RepositoryJson : JsonSerializerContext;
