using System.Data.Common;
using System.Text.Json;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Runs;

/// <summary>The columns of <c>run_events</c>.</summary>
internal static class EventColumns
{
    /// <summary>Binds an event.</summary>
    /// <param name="args">Where.</param>
    /// <param name="added">The event.</param>
    /// <param name="changeId">The number by which a change whose answer was lost recognises its own event.</param>
    public static void Bind(SqlArgs args, RunEvent added, long changeId) => args
        .Long("id", added.RunId)
        .Long("version", added.Seq)
        .Time("at_time", added.At)
        .Text("event_type", added.Type)
        .Status("from_status", added.From)
        .Status("to_status", added.To)
        .Text("actor", added.Actor)
        .Text("reason", added.Reason)
        .Text("data", added.Data is null ? null : JsonSerializer.Serialize(added.Data, StoreJson.Relaxed.IReadOnlyDictionaryStringString))
        .Long("change_id", changeId);

    public static RunEvent Read(DbDataReader row) => new(
        row.GetInt64(0),
        row.GetInt64(1),
        UtcMicroseconds.To(row.GetInt64(2)),
        row.GetString(3),
        RunColumns.Text(row, 4) is { } from ? RunColumns.Status(from) : null,
        RunColumns.Status(row.GetString(5)),
        RunColumns.Text(row, 6),
        RunColumns.Text(row, 7),
        RunColumns.Text(row, 8) is { } data ? JsonSerializer.Deserialize(data, StoreJson.Relaxed.IReadOnlyDictionaryStringString) : null);
}
