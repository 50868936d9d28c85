using System.Data.Common;
using System.Text.Json;
using Ascob.Core.Notifications;
using Ascob.Server.Persistence.Runs;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Notifications;

/// <summary>The columns of <c>notification_subscriptions</c>.</summary>
internal static class SubscriptionColumns
{
    public const string Names = "id, name, kind, enabled, disabled_reason, events, filter, receiver, secrets, source, created_at, created_by, changed_at";
    public const string Values = "@id, @name, @kind, @enabled, @disabled_reason, @events, @filter, @receiver, @secrets, @source, @created_at, @created_by, @changed_at";

    public const string Assignments =
        "name = @name, kind = @kind, enabled = @enabled, disabled_reason = @disabled_reason, events = @events, filter = @filter, receiver = @receiver, secrets = @secrets, "
        + "source = @source, changed_at = @changed_at";

    public static SqlArgs Bind(SqlArgs args, Subscription subscription) => args
        .Long("id", subscription.Id)
        .Text("name", subscription.Name)
        .Text("kind", subscription.Kind)
        .Bool("enabled", subscription.Enabled)
        .Text("disabled_reason", subscription.DisabledReason)
        .Text("events", string.Join(',', subscription.Events.ToWords()))
        .Text("filter", JsonSerializer.Serialize(subscription.Filter, StoreJson.Relaxed.SubscriptionFilter))
        .Text("receiver", JsonSerializer.Serialize(subscription.Receiver, StoreJson.Relaxed.ReceiverSettings))
        .Text("secrets", subscription.ProtectedSecrets)
        .Text("source", subscription.Source)
        .Time("created_at", subscription.CreatedAt)
        .Text("created_by", subscription.CreatedBy)
        .Time("changed_at", subscription.ChangedAt);

    public static Subscription Read(DbDataReader row) => new()
    {
        Id = row.GetInt64(0),
        Name = row.GetString(1),
        Kind = row.GetString(2),
        Enabled = row.GetBoolean(3),
        DisabledReason = RunColumns.Text(row, 4),
        Events = Events(row.GetString(5)),
        Filter = JsonSerializer.Deserialize(row.GetString(6), StoreJson.Relaxed.SubscriptionFilter) ?? new SubscriptionFilter(),
        Receiver = JsonSerializer.Deserialize(row.GetString(7), StoreJson.Relaxed.ReceiverSettings) ?? new ReceiverSettings(),
        ProtectedSecrets = RunColumns.Text(row, 8),
        Source = RunColumns.Text(row, 9),
        CreatedAt = UtcMicroseconds.To(row.GetInt64(10)),
        CreatedBy = row.GetString(11),
        ChangedAt = UtcMicroseconds.To(row.GetInt64(12)),
    };

    // A word of a newer version is passed over: this one cannot make such notices.
    private static NoticeKinds Events(string words) =>
        words.Split(',').Aggregate(NoticeKinds.None, (all, word) => NoticeWords.TryParse(word, out var kind) ? all | kind : all);
}
