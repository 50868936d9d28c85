using Ascob.Core.Runs;
using Refit;

namespace Ascob.Core.Client;

/// <summary>The filters of <c>GET /api/runs</c>; all given ones must hold.</summary>
public sealed record RunQuery
{
    /// <summary>Gets the submitter wanted (exact); null for all.</summary>
    public string? Submitter { get; init; }

    /// <summary>Gets the statuses wanted; null for all.</summary>
    [Query(CollectionFormat.Multi)]
    public IReadOnlyList<RunStatus>? Status { get; init; }

    /// <summary>Gets the labels that a run must all carry, each as <c>key:value</c>; null for any.</summary>
    [Query(CollectionFormat.Multi)]
    public IReadOnlyList<string>? Label { get; init; }

    /// <summary>Gets the backend wanted; null for all.</summary>
    public string? Backend { get; init; }

    /// <summary>Gets the parent wanted; null for all.</summary>
    public long? Parent { get; init; }

    /// <summary>Gets the definition wanted, by name or number; null for all.</summary>
    public string? Definition { get; init; }

    /// <summary>Gets the time after which a run was defined; null for no bound.</summary>
    public DateTimeOffset? DefinedAfter { get; init; }

    /// <summary>Gets the time before which a run was defined; null for no bound.</summary>
    public DateTimeOffset? DefinedBefore { get; init; }

    /// <summary>Gets text that the description must contain; null for any.</summary>
    public string? Text { get; init; }

    /// <summary>Gets the size of a page, 1 to 500; null for 50.</summary>
    public int? Limit { get; init; }

    /// <summary>Gets <see cref="RunList.NextCursor"/> of the page before; null for the first page.</summary>
    public string? Cursor { get; init; }
}
