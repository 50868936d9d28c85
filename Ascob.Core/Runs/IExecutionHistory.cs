namespace Ascob.Core.Runs;

/// <summary>What was executed where and when, read off the runs.</summary>
public interface IExecutionHistory
{
    /// <summary>Reads a page of runs that were started and have ended within the period, the last to end first.</summary>
    Task<ExecutionPage> EndedAsync(ExecutionSearch search, CancellationToken cancellationToken);

    /// <summary>Reads runs that are being executed and were started before the end of the period, the last started first.</summary>
    Task<IReadOnlyList<Run>> RunningAsync(ExecutionSearch search, CancellationToken cancellationToken);

    /// <summary>Answers the most memory that any run of a definition took, in kB; null where none is known. Only the runs of the given submitters count; null for all.</summary>
    Task<long?> MaxMemoryKbAsync(long definitionId, IReadOnlyList<string>? submitters, CancellationToken cancellationToken);
}

/// <summary>A question for executions: all given conditions must hold.</summary>
public sealed record ExecutionSearch
{
    /// <summary>Gets the beginning of the period.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>Gets the end of the period, which is no part of it.</summary>
    public required DateTimeOffset To { get; init; }

    /// <summary>Gets the backend wanted; null for all.</summary>
    public string? BackendId { get; init; }

    /// <summary>Gets the name of the server or worker that has the process; null for all.</summary>
    public string? Host { get; init; }

    /// <summary>Gets the queue wanted; null for all.</summary>
    public string? Queue { get; init; }

    /// <summary>Gets the submitters whose runs may be seen; null for all.</summary>
    public IReadOnlyList<string>? Submitters { get; init; }

    /// <summary>Gets the end of the last run of the page before; null for the first page.</summary>
    public ExecutionPlace? After { get; init; }

    /// <summary>Gets the size of the page.</summary>
    public int Limit { get; init; } = 100;
}

/// <summary>A place in the list of ended executions.</summary>
/// <param name="EndedAt">When the run ended.</param>
/// <param name="RunId">The run.</param>
public sealed record ExecutionPlace(DateTimeOffset EndedAt, long RunId);

/// <summary>One page of executions.</summary>
/// <param name="Items">The last to end first.</param>
/// <param name="Next">Where the next page starts; null on the last.</param>
public sealed record ExecutionPage(IReadOnlyList<Run> Items, ExecutionPlace? Next);
