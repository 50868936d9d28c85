using Ascob.Core.Kuroko2;
using Ascob.Core.Runs;

namespace Ascob.Core.Client;

/// <summary>A job at work on a backend, or one that was.</summary>
/// <param name="RunId">The run.</param>
/// <param name="DefinitionId">The number of its definition; null for a job of its own.</param>
/// <param name="DefinitionName">The name of its definition at that time.</param>
/// <param name="Description">Its description.</param>
/// <param name="Command">What it runs: the command or the program of a shell job; null for others. Of a script it is the one line that starts it.</param>
/// <param name="Backend">The backend.</param>
/// <param name="Host">The server or worker that has the process; null where the backend is no shell.</param>
/// <param name="Queue">The queue; null for none.</param>
/// <param name="Status">The status of the run.</param>
/// <param name="StartTime">When it was started.</param>
/// <param name="EndTime">When it ended; null while it is at work.</param>
/// <param name="ExitCode">Its exit code; null where there is none.</param>
/// <param name="MaxMemoryKb">The most memory that its processes held together; null where that is not known.</param>
public sealed record ExecutionInfo(
    long RunId,
    long? DefinitionId,
    string? DefinitionName,
    string? Description,
    string? Command,
    string? Backend,
    string? Host,
    string? Queue,
    RunStatus Status,
    DateTimeOffset? StartTime,
    DateTimeOffset? EndTime,
    int? ExitCode,
    long? MaxMemoryKb)
{
    /// <summary>Shows the execution of a run.</summary>
    public static ExecutionInfo From(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return new ExecutionInfo(
            run.Id,
            run.DefinitionId,
            run.DefinitionName,
            run.Spec.Description,
            run.Spec.Label("shell_command") ?? run.Spec.Label("shell_executable"),
            run.BackendId,
            run.IntentPlace is { } place ? place[..Math.Max(place.LastIndexOf(':'), 0)] : null,
            run.Spec.Label(ScriptSurroundings.QueueLabel),
            run.Status,
            run.StartedAt,
            run.EndedAt,
            run.ExitCode,
            run.MaxMemoryKb);
    }
}

/// <summary>The executions of a period.</summary>
/// <param name="From">The beginning of the period.</param>
/// <param name="To">Its end.</param>
/// <param name="Running">What is at work, on the first page of a period that reaches the present; the last started first.</param>
/// <param name="Items">What has ended in the period, the last first.</param>
/// <param name="NextCursor">Where the next page starts; null on the last.</param>
public sealed record ExecutionList(DateTimeOffset From, DateTimeOffset To, IReadOnlyList<ExecutionInfo> Running, IReadOnlyList<ExecutionInfo> Items, string? NextCursor);

/// <summary>The memory that runs of a definition took.</summary>
/// <param name="DefinitionId">The definition.</param>
/// <param name="MaxMemoryKb">The most that any of them took; null where none is known.</param>
/// <param name="Newest">The newest runs for which it is known, newest first.</param>
public sealed record DefinitionMemory(long DefinitionId, long? MaxMemoryKb, IReadOnlyList<RunMemory> Newest);

/// <summary>The memory that a run took.</summary>
/// <param name="RunId">The run.</param>
/// <param name="EndTime">When it ended.</param>
/// <param name="MaxMemoryKb">The most that its processes held together.</param>
public sealed record RunMemory(long RunId, DateTimeOffset? EndTime, long MaxMemoryKb);

/// <summary>What executions are wanted; null members are left out.</summary>
public sealed record ExecutionQuery
{
    /// <summary>Gets the id of the backend.</summary>
    public string? Backend { get; init; }

    /// <summary>Gets the server or worker that has the processes.</summary>
    public string? Host { get; init; }

    /// <summary>Gets the queue.</summary>
    public string? Queue { get; init; }

    /// <summary>Gets the beginning of the period; null for an hour before its end.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Gets the end of the period; null for now.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Gets the size of the page.</summary>
    public int? Limit { get; init; }

    /// <summary>Gets where the page starts.</summary>
    public string? Cursor { get; init; }
}
