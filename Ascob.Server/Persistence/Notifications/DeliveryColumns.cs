using System.Data.Common;
using System.Text.Json;
using Ascob.Core.Notifications;
using Ascob.Server.Persistence.Runs;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Notifications;

/// <summary>The columns of <c>notification_deliveries</c>.</summary>
internal static class DeliveryColumns
{
    public const string Pending = "pending";
    public const string Delivered = "delivered";
    public const string Dead = "dead";

    private static readonly string[] All =
    [
        "run_id", "seq", "kind", "at_time", "facts", "subscription_id", "state", "attempts", "due_at", "since", "ended_at", "last_error", "lease_owner", "lease_until",
    ];

    public static string Names { get; } = string.Join(", ", All);

    public static string Values { get; } = string.Join(", ", All.Select(c => $"@{c}"));

    /// <summary>Gets the columns of the rows that a T-SQL update touched.</summary>
    public static string Output { get; } = string.Join(", ", All.Select(c => $"inserted.{c}"));

    public static string Word(DeliveryState state) => state switch
    {
        DeliveryState.Pending => Pending,
        DeliveryState.Delivered => Delivered,
        DeliveryState.Dead => Dead,
    };

    public static SqlArgs Key(SqlArgs args, DeliveryKey key) => args.Long("subscription_id", key.SubscriptionId).Long("run_id", key.RunId).Long("seq", key.Seq);

    public static SqlArgs BindNew(SqlArgs args, long subscriptionId, Notice notice, DateTimeOffset now) => Key(args, new DeliveryKey(subscriptionId, notice.RunId, notice.Seq))
        .Text("kind", notice.Kind.ToWord())
        .Time("at_time", notice.At)
        .Text("facts", JsonSerializer.Serialize(notice.Facts, StoreJson.Relaxed.NoticeFacts))
        .Text("state", Pending)
        .Int("attempts", 0)
        .Time("due_at", now)
        .Time("since", now)
        .Time("ended_at", null)
        .Text("last_error", null)
        .Text("lease_owner", null)
        .Time("lease_until", null);

    public static Delivery Read(DbDataReader row) => new()
    {
        Notice = NoticeColumns.Read(row),
        Key = new DeliveryKey(row.GetInt64(5), row.GetInt64(0), row.GetInt64(1)),
        State = State(row.GetString(6)),
        Attempts = row.GetInt32(7),
        DueAt = UtcMicroseconds.To(row.GetInt64(8)),
        Since = UtcMicroseconds.To(row.GetInt64(9)),
        EndedAt = RunColumns.Time(row, 10),
        LastError = RunColumns.Text(row, 11),
        LeaseOwner = RunColumns.Text(row, 12),
        LeaseUntil = RunColumns.Time(row, 13),
    };

    public static DeliveryState State(string word) => word switch
    {
        Pending => DeliveryState.Pending,
        Delivered => DeliveryState.Delivered,
        _ => DeliveryState.Dead,
    };
}
