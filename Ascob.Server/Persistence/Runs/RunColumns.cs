using System.Data.Common;
using System.Text.Json;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Runs;

/// <summary>The columns of <c>runs</c>: how a run is written to them and read from them.</summary>
internal static class RunColumns
{
    private static readonly string[] Fixed =
    [
        "id", "parent_id", "description", "submitter", "spec", "marker_id", "token", "defined_at",
    ];

    private static readonly string[] Changing =
    [
        "status", "status_reason", "version", "protected_secrets", "backend_id", "route", "backend_keys", "backend_status", "backend_url", "progress",
        "attempt", "exit_code", "submitted_at", "started_at", "ended_at", "next_check_at", "lease_owner", "lease_until", "intent_at", "waiting_since",
        "abort_at", "abort_force", "timed_out", "failed_checks", "holds_slot", "fences", "claimed_by", "output_archived", "has_files",
        "callback_events", "intent_place", "queue_rank", "max_memory_kb",
    ];

    // Fixed too; behind the others because they came later.
    private static readonly string[] Origin = ["definition_id", "definition_name", "definition_version", "cause"];

    private static readonly string[] All = [.. Fixed, .. Changing, .. Origin];

    /// <summary>Gets the columns of an insert.</summary>
    public static string Names { get; } = string.Join(", ", All);

    /// <summary>Gets the parameters of an insert.</summary>
    public static string Values { get; } = string.Join(", ", All.Select(c => $"@{c}"));

    /// <summary>Gets the assignments of a change. The lease is left alone by a change that does not touch it, since taking one leaves the version as it is.</summary>
    public static string Assignments { get; } = string.Join(", ", Changing.Select(c => c switch
    {
        "route" => "route = COALESCE(@route, route)",
        "lease_owner" or "lease_until" => $"{c} = CASE WHEN @lease_changes = 1 THEN @{c} ELSE {c} END",
        _ => $"{c} = @{c}",
    }));

    /// <summary>Gets the same for rows of new values named <c>u</c>.</summary>
    public static string AssignmentsFromRows { get; } = string.Join(", ", Changing.Select(c => c switch
    {
        "route" => "route = COALESCE(u.route, r.route)",
        "lease_owner" or "lease_until" => $"{c} = CASE WHEN u.lease_changes = 1 THEN u.{c} ELSE r.{c} END",
        _ => $"{c} = u.{c}",
    }));

    /// <summary>Gets the names of the columns that an insert sets.</summary>
    public static IReadOnlyList<string> AllNames => All;

    /// <summary>Gets the names of the columns that a change sets.</summary>
    public static IReadOnlyList<string> ChangingNames => Changing;

    /// <summary>Gets the columns as <see cref="Read"/> wants them.</summary>
    public static string Select(string? alias = null) => alias is null ? Names : string.Join(", ", All.Select(c => $"{alias}.{c}"));

    /// <summary>Gets the same as columns of the rows that a T-SQL update touched.</summary>
    public static string Output { get; } = string.Join(", ", All.Select(c => $"inserted.{c}"));

    public static SqlArgs BindNew(SqlArgs args, Run run, RunDocuments documents)
    {
        args.Long("id", run.Id)
            .Long("parent_id", run.ParentId)
            .Text("description", run.Spec.Description)
            .Text("submitter", run.Spec.Submitter)
            .Text("spec", documents.Spec)
            .Text("marker_id", run.MarkerId)
            .Text("token", run.Token)
            .Time("defined_at", run.DefinedAt);
        return BindChanging(args, run, documents)
            .Long("definition_id", run.DefinitionId)
            .Text("definition_name", run.DefinitionName)
            .Int("definition_version", run.DefinitionVersion)
            .Text("cause", run.Cause?.ToStored());
    }

    public static SqlArgs BindChanging(SqlArgs args, Run run, RunDocuments documents) => args
        .Status("status", run.Status)
        .Text("status_reason", run.StatusReason)
        .Long("version", run.Version)
        .Text("protected_secrets", run.ProtectedSecrets)
        .Text("backend_id", run.BackendId)
        .Text("route", documents.Route)
        .Text("backend_keys", documents.BackendKeys)
        .Text("backend_status", run.BackendStatus)
        .Text("backend_url", run.BackendUrl)
        .Double("progress", run.Progress)
        .Int("attempt", run.Attempt)
        .Int("exit_code", run.ExitCode)
        .Time("submitted_at", run.SubmittedAt)
        .Time("started_at", run.StartedAt)
        .Time("ended_at", run.EndedAt)
        .Time("next_check_at", run.NextCheckAt)
        .Text("lease_owner", run.LeaseOwner)
        .Time("lease_until", run.LeaseUntil)
        .Time("intent_at", run.IntentAt)
        .Time("waiting_since", run.WaitingSince)
        .Time("abort_at", run.AbortAt)
        .Bool("abort_force", run.AbortForce)
        .Bool("timed_out", run.TimedOut)
        .Int("failed_checks", run.FailedChecks)
        .Bool("holds_slot", run.HoldsSlot)
        .Text("fences", documents.Fences)
        .Text("claimed_by", run.ClaimedBy)
        .Bool("output_archived", run.OutputArchived)
        .Bool("has_files", run.HasFiles)
        .Int("callback_events", run.CallbackEvents)
        .Text("intent_place", run.IntentAt is null ? null : run.IntentPlace)
        .Long("queue_rank", run.QueueRank)
        .Long("max_memory_kb", run.MaxMemoryKb);

    /// <summary>Reads a run from a row that starts with <see cref="Select"/>.</summary>
    public static Run Read(DbDataReader row) => new()
    {
        Id = row.GetInt64(0),
        ParentId = Long(row, 1),
        Spec = JsonSerializer.Deserialize(row.GetString(4), StoreJson.Relaxed.JobSpec) ?? new JobSpec(),
        MarkerId = row.GetString(5),
        Token = Text(row, 6),
        DefinedAt = UtcMicroseconds.To(row.GetInt64(7)),
        Status = Status(row.GetString(8)),
        StatusReason = Text(row, 9),
        Version = row.GetInt64(10),
        ProtectedSecrets = Text(row, 11),
        BackendId = Text(row, 12),
        Route = Text(row, 13) is { } route ? JsonSerializer.Deserialize(route, StoreJson.Relaxed.RoutingDecision) : null,
        BackendKeys = Text(row, 14) is { } keys ? JsonSerializer.Deserialize(keys, StoreJson.Relaxed.IReadOnlyDictionaryStringString) : null,
        BackendStatus = Text(row, 15),
        BackendUrl = Text(row, 16),
        Progress = row.IsDBNull(17) ? null : row.GetDouble(17),
        Attempt = row.GetInt32(18),
        ExitCode = row.IsDBNull(19) ? null : row.GetInt32(19),
        SubmittedAt = Time(row, 20),
        StartedAt = Time(row, 21),
        EndedAt = Time(row, 22),
        NextCheckAt = Time(row, 23),
        LeaseOwner = Text(row, 24),
        LeaseUntil = Time(row, 25),
        IntentAt = Time(row, 26),
        WaitingSince = Time(row, 27),
        AbortAt = Time(row, 28),
        AbortForce = row.GetBoolean(29),
        TimedOut = row.GetBoolean(30),
        FailedChecks = row.GetInt32(31),
        HoldsSlot = row.GetBoolean(32),
        Fences = Text(row, 33) is { } fences ? JsonSerializer.Deserialize(fences, StoreJson.Relaxed.IReadOnlyDictionaryStringInt64) : null,
        ClaimedBy = Text(row, 34),
        OutputArchived = row.GetBoolean(35),
        HasFiles = row.GetBoolean(36),
        CallbackEvents = row.GetInt32(37),
        IntentPlace = Text(row, 38),
        QueueRank = Long(row, 39),
        MaxMemoryKb = Long(row, 40),
        DefinitionId = Long(row, 41),
        DefinitionName = Text(row, 42),
        DefinitionVersion = row.IsDBNull(43) ? null : row.GetInt32(43),
        Cause = RunCause.FromStored(Text(row, 44)),
    };

    public static string? Text(DbDataReader row, int index) => row.IsDBNull(index) ? null : row.GetString(index);

    public static long? Long(DbDataReader row, int index) => row.IsDBNull(index) ? null : row.GetInt64(index);

    public static DateTimeOffset? Time(DbDataReader row, int index) => row.IsDBNull(index) ? null : UtcMicroseconds.To(row.GetInt64(index));

    public static RunStatus Status(string text) => RunStatusNames.TryParse(text, out var status)
        ? status
        : throw new InvalidDataException($"The database holds the unknown status '{text}'.");
}
