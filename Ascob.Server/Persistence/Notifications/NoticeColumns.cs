using System.Data.Common;
using System.Text.Json;
using Ascob.Core.Notifications;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Notifications;

/// <summary>How a notice is written with the event of a run, and read.</summary>
internal static class NoticeColumns
{
    public const string Names = "run_id, seq, kind, at_time, facts";

    /// <summary>The values beside those of the event: its run, its place and its time.</summary>
    public const string Values = "@id, @version, @notice_kind, @at_time, @notice_facts";

    public static SqlArgs Bind(SqlArgs args, Notice? notice) => args
        .Text("notice_kind", notice?.Kind.ToWord())
        .Text("notice_facts", notice is null ? null : JsonSerializer.Serialize(notice.Facts, StoreJson.Relaxed.NoticeFacts));

    public static Notice Read(DbDataReader row) => new()
    {
        RunId = row.GetInt64(0),
        Seq = row.GetInt64(1),
        Kind = NoticeWords.TryParse(row.GetString(2), out var kind) ? kind : NoticeKinds.None,
        At = UtcMicroseconds.To(row.GetInt64(3)),

        // What cannot be read must not stop what comes after it.
        Facts = Facts(row.GetString(4)),
    };

    private static NoticeFacts Facts(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, StoreJson.Relaxed.NoticeFacts) ?? Unreadable();
        }
        catch (JsonException)
        {
            return Unreadable();
        }
    }

    private static NoticeFacts Unreadable() => new() { Status = RunStatus.Defined, Reason = "what was stored of this event cannot be read" };
}
