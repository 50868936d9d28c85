using Ascob.Core.Runs;

namespace Ascob.Core.Client;

/// <summary>One page of runs, newest first.</summary>
/// <param name="Items">The runs.</param>
/// <param name="NextCursor">Asks for the next page; null on the last.</param>
public sealed record RunList(IReadOnlyList<RunInfo> Items, string? NextCursor);

/// <summary>Body of <c>POST /api/search/runs</c>.</summary>
public sealed record SearchRunsRequest
{
    /// <summary>Gets the submitter wanted; null for all.</summary>
    public string? SubmitterFilter { get; init; }

    /// <summary>Gets the statuses wanted; null for all.</summary>
    public IReadOnlyList<RunStatus>? StatusFilter { get; init; }

    /// <summary>Gets the time before which a run was defined; null for no bound.</summary>
    public DateTimeOffset? CreatedBeforeFilter { get; init; }

    /// <summary>Gets the time after which a run was defined; null for no bound.</summary>
    public DateTimeOffset? CreatedAfterFilter { get; init; }

    /// <summary>Gets the most runs wanted; null or 0 for the default.</summary>
    public int? MaxResults { get; init; }
}

/// <summary>Answer of <c>POST /api/search/runs</c>.</summary>
/// <param name="Items">The runs, newest first.</param>
public sealed record SearchRunsResponse(IReadOnlyList<RunInfo> Items);
