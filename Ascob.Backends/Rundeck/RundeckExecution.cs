using System.Text.Json;

namespace Ascob.Backends.Rundeck;

/// <summary>What Rundeck tells of one execution. Addresses in it are never used: they show the server's own idea of its name and version.</summary>
internal sealed record RundeckExecution
{
    // Rundeck tells milliseconds since 1970; what no calendar holds is no time.
    private const long LastMillisecond = 253_402_300_799_999;

    public required long Id { get; init; }

    public required string Status { get; init; }

    public string? CustomStatus { get; init; }

    public string? Project { get; init; }

    public string? AbortedBy { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Gets whether the execution carries an end, readable or not.</summary>
    public bool HasEnded { get; init; }

    public long? RetriedById { get; init; }

    public IReadOnlyList<string> FailedNodes { get; init; } = [];

    /// <summary>Gets the marker that the execution carries; null for none.</summary>
    public string? Marker { get; init; }

    /// <summary>Reads an execution; null where this is none.</summary>
    public static RundeckExecution? TryRead(JsonElement? json) =>
        RundeckJson.Number(json, "id") is { } id and > 0 && RundeckJson.Text(json, "status") is { } status
            ? new RundeckExecution
            {
                Id = id,
                Status = status,
                CustomStatus = RundeckJson.Text(json, "customStatus"),
                Project = RundeckJson.Text(json, "project"),
                AbortedBy = RundeckJson.Text(json, "abortedby"),
                StartedAt = Time(RundeckJson.Member(json, "date-started")),
                EndedAt = Time(RundeckJson.Member(json, "date-ended")),
                HasEnded = RundeckJson.Member(json, "date-ended") is not null,
                RetriedById = RundeckJson.Number(RundeckJson.Member(json, "retriedExecution"), "id"),
                FailedNodes = [.. RundeckJson.Items(RundeckJson.Member(json, "failedNodes")).Select(n => RundeckJson.Text(n)).OfType<string>()],
                Marker = MarkerOf(json),
            }
            : null;

    // A job may be missing (it was deleted, or it was an ad hoc command); then the argument string tells.
    private static string? MarkerOf(JsonElement? json) =>
        RundeckJson.Text(RundeckJson.Member(RundeckJson.Member(json, "job"), "options"), RundeckOptions.Marker)
        ?? RundeckArgString.ValueOf(RundeckJson.Text(json, "argstring"), RundeckOptions.Marker);

    private static DateTimeOffset? Time(JsonElement? json) =>
        RundeckJson.Number(json, "unixtime") is { } milliseconds and >= 0 and <= LastMillisecond ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;
}
