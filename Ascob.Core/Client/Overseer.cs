using System.Text.Json;

namespace Ascob.Core.Client;

/// <summary>A job of the repository in the list of <c>GET /jobs</c>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Active">Whether it runs by itself and may be run.</param>
/// <param name="Url">Its address.</param>
public sealed record OverseerJobItem(string Name, bool Active, string Url);

/// <summary>A job of the repository: what it is, and what is known of it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Definition">What it is.</param>
/// <param name="Active">Whether it runs by itself and may be run.</param>
/// <param name="Commit">The commit in whose files it runs.</param>
/// <param name="Author">Who made that commit.</param>
/// <param name="NextRuns">When it runs next by itself.</param>
/// <param name="Executions">The ids of its latest executions, the newest first.</param>
/// <param name="NextCursor">What gives the executions after those; null on the last page.</param>
/// <param name="Errors">What is wrong in its file now.</param>
public sealed record OverseerJob(
    string Name,
    OverseerDefinition Definition,
    bool Active,
    string Commit,
    string? Author,
    IReadOnlyList<DateTimeOffset> NextRuns,
    IReadOnlyList<string> Executions,
    string? NextCursor,
    IReadOnlyList<RepositoryError> Errors);

/// <summary>What a job is.</summary>
public sealed record OverseerDefinition
{
    /// <summary>Gets its file.</summary>
    public required string File { get; init; }

    /// <summary>Gets what people read about it; null for nothing.</summary>
    public string? Description { get; init; }

    /// <summary>Gets the command; null where a script or nothing is run.</summary>
    public string? Command { get; init; }

    /// <summary>Gets the script below <c>scripts/</c>; null for none.</summary>
    public string? Script { get; init; }

    /// <summary>Gets the longest run time in seconds; null for no limit.</summary>
    public int? Timeout { get; init; }

    /// <summary>Gets the variables in their order.</summary>
    public required IReadOnlyList<OverseerVariable> Vars { get; init; }

    /// <summary>Gets when it runs by itself.</summary>
    public required IReadOnlyList<OverseerTrigger> Schedule { get; init; }

    /// <summary>Gets the variables of its environment.</summary>
    public required IReadOnlyDictionary<string, string> Env { get; init; }

    /// <summary>Gets the user that it must run as; null for the server's.</summary>
    public string? User { get; init; }

    /// <summary>Gets the group that it must run as; null for the user's.</summary>
    public string? Group { get; init; }
}

/// <summary>A variable of a job.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type, such as <c>str</c>.</param>
/// <param name="Option">Whether it is appended as an option.</param>
/// <param name="Values">The values of an enumeration; null for other types.</param>
public sealed record OverseerVariable(string Name, string Type, bool Option, IReadOnlyList<string>? Values);

/// <summary>When a job runs by itself.</summary>
/// <param name="Time">The first run; null where the frequency says it alone.</param>
/// <param name="Frequency">A crontab line, or a number of seconds; null for one run.</param>
/// <param name="Priority">The order among jobs due at the same moment, lower first.</param>
public sealed record OverseerTrigger(DateTimeOffset? Time, string? Frequency, int Priority);

/// <summary>Answer of <c>POST /jobs/{name}</c> and of the repetition of an execution.</summary>
/// <param name="Job">The job.</param>
/// <param name="Execution">The id of the execution: a text, even where it looks like a number.</param>
/// <param name="Status">Always <c>start</c>.</param>
/// <param name="Metadata">The address of the execution.</param>
/// <param name="RunId">The number of the run that it is.</param>
public sealed record OverseerStarted(string Job, string Execution, string Status, string Metadata, long RunId);

/// <summary>An execution.</summary>
public sealed record OverseerExecution
{
    /// <summary>Gets the job.</summary>
    public required string Job { get; init; }

    /// <summary>Gets the id: a text, even where it looks like a number.</summary>
    public required string Execution { get; init; }

    /// <summary>Gets the name of the last event.</summary>
    public required string Status { get; init; }

    /// <summary>Gets how it ended: <c>complete</c>, <c>fail</c> or <c>time-out</c>; <c>start</c> where it has not. No event that somebody creates changes it.</summary>
    public required string Outcome { get; init; }

    /// <summary>Gets when it began to work; null before.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>Gets when it ended; null before.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>Gets the exit code; null where there is none.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Gets why it stands where it stands; null where the outcome says all.</summary>
    public string? Reason { get; init; }

    /// <summary>Gets the values that it was given.</summary>
    public JsonElement Variables { get; init; }

    /// <summary>Gets what started it.</summary>
    public required string Trigger { get; init; }

    /// <summary>Gets the commit in whose files it runs.</summary>
    public string? Commit { get; init; }

    /// <summary>Gets the number of the run that it is.</summary>
    public required long RunId { get; init; }

    /// <summary>Gets the events, the oldest first.</summary>
    public required IReadOnlyList<OverseerEvent> Events { get; init; }
}

/// <summary>An event of an execution.</summary>
/// <param name="Name">What.</param>
/// <param name="Cause">Why; null where nobody said.</param>
/// <param name="Time">When.</param>
/// <param name="Source">Who told: <c>system</c>, <c>job</c> or <c>api</c>.</param>
/// <param name="Signalled">Whether a signal was sent to the job; null for events that send none.</param>
public sealed record OverseerEvent(string Name, string? Cause, DateTimeOffset Time, string Source, bool? Signalled);

/// <summary>Body of <c>PUT /jobs/{name}/{execution}</c> and of <c>POST /api/webhooks/runs/{webhookId}/events</c>.</summary>
/// <param name="Event">The name of the event.</param>
/// <param name="Cause">Why; null for nothing.</param>
public sealed record OverseerEventRequest(string? Event, string? Cause = null)
{
    /// <summary>Gets the name of this message, so that a repeated one creates no second event; null for none.</summary>
    public string? Id { get; init; }
}
