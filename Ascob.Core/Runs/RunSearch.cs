namespace Ascob.Core.Runs;

/// <summary>A question for runs: all given conditions must hold. Answers come newest first, by id.</summary>
public sealed record RunSearch
{
    /// <summary>Gets the submitters wanted (exact); null for all. Also carries a token's scope.</summary>
    public IReadOnlyList<string>? Submitters { get; init; }

    /// <summary>Gets the statuses wanted; null for all.</summary>
    public IReadOnlyList<RunStatus>? Statuses { get; init; }

    /// <summary>Gets the labels that a run must all carry; null for any.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? Labels { get; init; }

    /// <summary>Gets the backend wanted; null for all.</summary>
    public string? BackendId { get; init; }

    /// <summary>Gets the parent wanted; null for all.</summary>
    public long? ParentId { get; init; }

    /// <summary>Gets the definition wanted; null for all.</summary>
    public long? DefinitionId { get; init; }

    /// <summary>Gets the time after which (exclusive) a run was defined; null for no bound.</summary>
    public DateTimeOffset? DefinedAfter { get; init; }

    /// <summary>Gets the time before which (exclusive) a run was defined; null for no bound.</summary>
    public DateTimeOffset? DefinedBefore { get; init; }

    /// <summary>Gets text that the description must contain, case-insensitive for ASCII letters; null for any.</summary>
    public string? Text { get; init; }

    /// <summary>Gets the id below which the page starts; null for the first page.</summary>
    public long? BeforeId { get; init; }

    /// <summary>Gets the size of the page, 1 to 500.</summary>
    public int Limit { get; init; } = 50;
}

/// <summary>One page of a search.</summary>
/// <param name="Items">Newest first.</param>
/// <param name="NextBeforeId">Where the next page starts; null on the last.</param>
public sealed record RunPage(IReadOnlyList<Run> Items, long? NextBeforeId);
