using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ascob.Core.Jobs;
using Ascob.Core.Schedules;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Schedules;

/// <summary>Rows of schedules to and from the database.</summary>
internal static class ScheduleRows
{
    private const int LongestReason = 1000;

    public static Schedule Schedule(DbDataReader row) => new()
    {
        Id = row.GetInt64(0),
        DefinitionId = row.GetInt64(1),
        Version = row.GetInt32(2),
        Fingerprint = row.GetString(3),
        Spec = JsonSerializer.Deserialize<ScheduleSpec>(row.GetString(4), AscobJson.Options)!,
        CreatedAt = UtcMicroseconds.To(row.GetInt64(5)),
        UpdatedAt = UtcMicroseconds.To(row.GetInt64(6)),
        ChangedBy = row.GetString(7),
        NextTick = Time(row, 8),
        NextAt = Time(row, 9),
    };

    /// <summary>Reads the name of the definition behind the columns of a schedule.</summary>
    public static string DefinitionName(DbDataReader row) => row.IsDBNull(10) ? string.Empty : row.GetString(10);

    public static Suspension Suspension(DbDataReader row) => new()
    {
        Id = row.GetInt64(0),
        DefinitionId = row.GetInt64(1),
        Fingerprint = row.GetString(2),
        Spec = JsonSerializer.Deserialize<SuspensionSpec>(row.GetString(3), AscobJson.Options)!,
        CreatedAt = UtcMicroseconds.To(row.GetInt64(4)),
        CreatedBy = row.GetString(5),
    };

    public static ScheduleTick Tick(DbDataReader row) => new()
    {
        ScheduleId = row.GetInt64(0),
        Tick = UtcMicroseconds.To(row.GetInt64(1)),
        DueAt = UtcMicroseconds.To(row.GetInt64(2)),

        // Written by a newer version it may say what this one does not know.
        State = Enum.TryParse<TickState>(row.GetString(3), out var state) ? state : TickState.Failed,
        Owner = row.IsDBNull(4) ? null : row.GetString(4),
        LookAt = Time(row, 5),
        Attempts = row.GetInt32(6),
        RunId = row.IsDBNull(7) ? null : row.GetInt64(7),
        Missed = row.GetInt64(8),
        Reason = row.IsDBNull(9) ? null : row.GetString(9),
        ClaimedAt = UtcMicroseconds.To(row.GetInt64(10)),
        SettledAt = Time(row, 11),
    };

    public static SqlArgs Bind(SqlArgs args, Schedule schedule) => args
        .Long("definition_id", schedule.DefinitionId)
        .Int("version", schedule.Version)
        .Text("fingerprint", schedule.Fingerprint)
        .Text("spec", JsonSerializer.Serialize(schedule.Spec, AscobJson.Options))
        .Int("priority", schedule.Spec.Priority)
        .Time("created_at", schedule.CreatedAt)
        .Time("updated_at", schedule.UpdatedAt)
        .Text("changed_by", schedule.ChangedBy)
        .Long("id", schedule.Id)
        .Time("next_tick", schedule.NextTick)
        .Time("next_at", schedule.NextAt);

    public static SqlArgs Bind(SqlArgs args, Suspension suspension) => args
        .Long("definition_id", suspension.DefinitionId)
        .Text("fingerprint", suspension.Fingerprint)
        .Text("spec", JsonSerializer.Serialize(suspension.Spec, AscobJson.Options))
        .Time("created_at", suspension.CreatedAt)
        .Text("created_by", suspension.CreatedBy);

    public static string? Cut(string? reason) => reason?.Length > LongestReason ? $"{reason[..(LongestReason - 1)]}…" : reason;

    private static DateTimeOffset? Time(DbDataReader row, int column) => row.IsDBNull(column) ? null : UtcMicroseconds.To(row.GetInt64(column));
}

/// <summary>A row about a schedule on its way into the database, among others.</summary>
internal sealed record ScheduleRow(long Id)
{
    public long? Next { get; init; }

    public long? At { get; init; }

    public long? Tick { get; init; }

    public long? Due { get; init; }

    public string? State { get; init; }

    public long? Look { get; init; }

    public long? Missed { get; init; }

    public string? Reason { get; init; }

    public long? Settled { get; init; }

    public long? Run { get; init; }
}

/// <summary>The JSON of such rows.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(List<ScheduleRow>))]
[JsonSerializable(typeof(IReadOnlyCollection<long>))]
internal sealed partial class ScheduleRowJson : JsonSerializerContext;
