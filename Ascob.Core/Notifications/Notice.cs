using System.Text.Json.Serialization;
using Ascob.Core.Runs;

namespace Ascob.Core.Notifications;

/// <summary>
/// Something that happened to a run and that somebody may want to be told: written in the transaction of the run's event, with all that a message needs, so that it can be told whatever becomes of the run.
/// </summary>
public sealed record Notice
{
    /// <summary>Gets the run.</summary>
    public required long RunId { get; init; }

    /// <summary>Gets the place of the event in the run's timeline.</summary>
    public required long Seq { get; init; }

    /// <summary>Gets what happened: one kind.</summary>
    public required NoticeKinds Kind { get; init; }

    /// <summary>Gets when it happened.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Gets the run as it stood then.</summary>
    public required NoticeFacts Facts { get; init; }

    /// <summary>Gets the name of the event, the same for all receivers and every time that it is sent. It has no full stop in it, which the signature of webhooks relies on.</summary>
    public string EventId => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"evt_{RunId}_{Seq}");
}

/// <summary>What a message says about a run. Holds no secrets: parameters are left out, and descriptions and labels are as they were sent, with no variable resolved.</summary>
public sealed record NoticeFacts
{
    /// <summary>Gets the status before; null for a new run.</summary>
    public RunStatus? From { get; init; }

    /// <summary>Gets the status after.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required RunStatus Status { get; init; }

    /// <summary>Gets why.</summary>
    public string? Reason { get; init; }

    /// <summary>Gets who caused it.</summary>
    public string? Actor { get; init; }

    /// <summary>Gets the description of the job.</summary>
    public string? Description { get; init; }

    /// <summary>Gets the end user who owns the run.</summary>
    public string? Submitter { get; init; }

    /// <summary>Gets the labels.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Gets the backend.</summary>
    public string? BackendId { get; init; }

    /// <summary>Gets the link to the job in its own system.</summary>
    public string? BackendUrl { get; init; }

    /// <summary>Gets the exit code of the last attempt.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Gets the attempt, from 1.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>Gets whether the run took longer than its limit.</summary>
    public bool TimedOut { get; init; }

    /// <summary>Gets the root of the chain of resubmissions, or the parent run.</summary>
    public long? ParentId { get; init; }

    /// <summary>Gets the definition; null for a run without one.</summary>
    public long? DefinitionId { get; init; }

    /// <summary>Gets the definition's name.</summary>
    public string? DefinitionName { get; init; }

    /// <summary>Gets the definition's version.</summary>
    public int? DefinitionVersion { get; init; }

    /// <summary>Gets whether the run was launched with a job of its own in place of that of the definition.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool OwnJob { get; init; }

    /// <summary>Gets when the run was stored.</summary>
    public DateTimeOffset DefinedAt { get; init; }

    /// <summary>Gets when the backend started working on it.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Gets when the run ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Gets more facts of the event.</summary>
    public IReadOnlyDictionary<string, string>? Data { get; init; }

    /// <summary>Gets what to call the job in a message.</summary>
    public string Title(long runId) => DefinitionName ?? (Description is { Length: > 0 } text ? text : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"run {runId}"));
}
