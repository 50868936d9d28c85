using Ascob.Core.Notifications;

namespace Ascob.Core.Client;

/// <summary>Body of <c>POST /api/notifications/subscriptions</c> and of <c>PUT</c> on one. Which members of the receiver count depends on <see cref="Kind"/>.</summary>
public sealed record SubscriptionRequest
{
    /// <summary>Gets the name for people.</summary>
    public string? Name { get; init; }

    /// <summary>Gets the form of the messages: <c>webhook</c>, <c>kuroko2</c>, <c>overseer</c>, <c>mail</c>, <c>slack</c> or <c>pagerduty</c>.</summary>
    public string? Kind { get; init; }

    /// <summary>Gets whether it is switched on; null for yes.</summary>
    public bool? Enabled { get; init; }

    /// <summary>Gets what is told: <c>launched</c>, <c>skipped</c>, <c>retried</c>, <c>error</c>, <c>in_doubt</c>, <c>cancelled</c>, <c>finished</c>, <c>recovered</c>, <c>longer_than_expected</c>, <c>custom</c>; null for what is usual for the kind.</summary>
    public IReadOnlyList<string>? Events { get; init; }

    /// <summary>Gets the statuses that Overseer's hooks are for, in place of <see cref="Events"/>: <c>start</c>, <c>complete</c>, <c>fail</c>, <c>time-out</c>, or names of custom events.</summary>
    public IReadOnlyList<string>? Statuses { get; init; }

    /// <summary>Gets kuroko2's "notify all", which with <see cref="NotifyCancellation"/> takes the place of <see cref="Events"/>.</summary>
    public bool? NotifyAll { get; init; }

    /// <summary>Gets kuroko2's "notify administrators when cancelled by system".</summary>
    public bool? NotifyCancellation { get; init; }

    /// <summary>Gets of which runs; null for all.</summary>
    public SubscriptionFilter? Filter { get; init; }

    /// <summary>Gets the receiver's address. Left out in a change, it stays.</summary>
    public string? Url { get; init; }

    /// <summary>Gets the secret that webhooks are signed with, or the routing key of PagerDuty. Left out, one is made for a new webhook, and that of a changed subscription stays.</summary>
    public string? Secret { get; init; }

    /// <summary>Gets the secret before, with which webhooks are signed besides while receivers change over.</summary>
    public string? PreviousSecret { get; init; }

    /// <summary>Gets the recipients of mail.</summary>
    public IReadOnlyList<string>? To { get; init; }

    /// <summary>Gets further recipients of mail.</summary>
    public IReadOnlyList<string>? Cc { get; init; }

    /// <summary>Gets the channel of Slack.</summary>
    public string? Channel { get; init; }

    /// <summary>Gets a text that stands above what Slack is told of failures, as it is: it may mention people.</summary>
    public string? FailureText { get; init; }

    /// <summary>Gets the severity of PagerDuty's alerts: <c>critical</c>, <c>error</c>, <c>warning</c> or <c>info</c>.</summary>
    public string? Severity { get; init; }
}

/// <summary>A subscription as clients see it: without its secrets.</summary>
public sealed record SubscriptionInfo
{
    /// <summary>Gets the number.</summary>
    public required long Id { get; init; }

    /// <summary>Gets the name.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the form of the messages.</summary>
    public required string Kind { get; init; }

    /// <summary>Gets whether it is switched on.</summary>
    public bool Enabled { get; init; }

    /// <summary>Gets why the server switched it off.</summary>
    public string? DisabledReason { get; init; }

    /// <summary>Gets what is told.</summary>
    public required IReadOnlyList<string> Events { get; init; }

    /// <summary>Gets the statuses that Overseer's hooks are for; null where the events were named.</summary>
    public IReadOnlyList<string>? Statuses { get; init; }

    /// <summary>Gets kuroko2's "notify all"; null where the events were named.</summary>
    public bool? NotifyAll { get; init; }

    /// <summary>Gets kuroko2's "notify administrators when cancelled by system"; null where the events were named.</summary>
    public bool? NotifyCancellation { get; init; }

    /// <summary>Gets of which runs.</summary>
    public required SubscriptionFilter Filter { get; init; }

    /// <summary>Gets the receiver's address without its query, and for Slack without its path.</summary>
    public string? Url { get; init; }

    /// <summary>Gets whether a secret is stored.</summary>
    public bool HasSecret { get; init; }

    /// <summary>Gets the secret that was made for a new webhook: shown this one time.</summary>
    public string? Secret { get; init; }

    /// <summary>Gets the recipients of mail.</summary>
    public IReadOnlyList<string>? To { get; init; }

    /// <summary>Gets further recipients of mail.</summary>
    public IReadOnlyList<string>? Cc { get; init; }

    /// <summary>Gets the channel of Slack.</summary>
    public string? Channel { get; init; }

    /// <summary>Gets a text that stands above what Slack is told of failures, as it is: it may mention people.</summary>
    public string? FailureText { get; init; }

    /// <summary>Gets the severity of PagerDuty's alerts.</summary>
    public string? Severity { get; init; }

    /// <summary>Gets what keeps it, where it is not the native API.</summary>
    public string? Source { get; init; }

    /// <summary>Gets when it was made.</summary>
    public DateTimeOffset CreatedTime { get; init; }

    /// <summary>Gets who made it.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>Gets when it was changed last.</summary>
    public DateTimeOffset ChangedTime { get; init; }

    /// <summary>Shows a subscription.</summary>
    /// <param name="subscription">The stored one.</param>
    /// <param name="secret">A secret that was made just now.</param>
    public static SubscriptionInfo From(Subscription subscription, string? secret = null)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        var receiver = subscription.Receiver;
        return new SubscriptionInfo
        {
            Id = subscription.Id,
            Name = subscription.Name,
            Kind = subscription.Kind,
            Enabled = subscription.Enabled,
            DisabledReason = subscription.DisabledReason,
            Events = subscription.Events.ToWords(),
            Statuses = receiver.Statuses,
            NotifyAll = receiver.NotifyAll,
            NotifyCancellation = receiver.NotifyCancellation,
            Filter = subscription.Filter,
            Url = receiver.ShownUrl,
            HasSecret = receiver.HasSecret,
            Secret = secret,
            To = receiver.To,
            Cc = receiver.Cc,
            Channel = receiver.Channel,
            FailureText = receiver.FailureText,
            Severity = receiver.Severity,
            Source = subscription.Source,
            CreatedTime = subscription.CreatedAt,
            CreatedBy = subscription.CreatedBy,
            ChangedTime = subscription.ChangedAt,
        };
    }
}

/// <summary>The subscriptions, by number.</summary>
/// <param name="Items">The subscriptions.</param>
public sealed record SubscriptionList(IReadOnlyList<SubscriptionInfo> Items);

/// <summary>What became of a test message.</summary>
/// <param name="Delivered">Whether the receiver took it.</param>
/// <param name="EventId">The id that it carried.</param>
/// <param name="Reason">Why it did not work, or not for all recipients; null where it did.</param>
/// <param name="DurationMs">How long it took.</param>
public sealed record TestNotificationResponse(bool Delivered, string EventId, string? Reason, long DurationMs);

/// <summary>One message to one subscription.</summary>
/// <param name="Id">Its name.</param>
/// <param name="EventId">The id that it carries, the same at every attempt and for all receivers of the event.</param>
/// <param name="SubscriptionId">The subscription.</param>
/// <param name="RunId">The run.</param>
/// <param name="Seq">The place of the event in the run's timeline.</param>
/// <param name="Event">What happened; <c>unknown</c> where a later version of Ascob knows it only.</param>
/// <param name="At">When it happened.</param>
/// <param name="State"><c>pending</c>, <c>delivered</c> or <c>dead</c>.</param>
/// <param name="Attempts">How often it was sent.</param>
/// <param name="NextAttempt">When it is sent next; null where it is not.</param>
/// <param name="EndTime">When it was delivered or given up.</param>
/// <param name="LastError">What went wrong last.</param>
public sealed record DeliveryInfo(
    string Id,
    string EventId,
    long SubscriptionId,
    long RunId,
    long Seq,
    string Event,
    DateTimeOffset At,
    string State,
    int Attempts,
    DateTimeOffset? NextAttempt,
    DateTimeOffset? EndTime,
    string? LastError)
{
    /// <summary>Shows a delivery.</summary>
    public static DeliveryInfo From(Delivery delivery)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        return new DeliveryInfo(
            delivery.Key.ToString(),
            delivery.Notice.EventId,
            delivery.Key.SubscriptionId,
            delivery.Key.RunId,
            delivery.Key.Seq,
            delivery.Notice.Kind == NoticeKinds.None ? "unknown" : delivery.Notice.Kind.ToWord(),
            delivery.Notice.At,
            delivery.State switch
            {
                DeliveryState.Pending => "pending",
                DeliveryState.Delivered => "delivered",
                DeliveryState.Dead => "dead",
            },
            delivery.Attempts,
            delivery.State == DeliveryState.Pending ? delivery.DueAt : null,
            delivery.EndedAt,
            delivery.LastError);
    }
}

/// <summary>A page of deliveries, those of the latest runs first.</summary>
/// <param name="Items">The deliveries.</param>
/// <param name="Next">The place of the next page; null on the last one.</param>
public sealed record DeliveryList(IReadOnlyList<DeliveryInfo> Items, string? Next);

/// <summary>Filters of <c>GET /api/notifications/deliveries</c>.</summary>
public sealed record DeliveryListQuery
{
    /// <summary>Gets the subscription; null for all.</summary>
    public long? SubscriptionId { get; init; }

    /// <summary>Gets the run; null for all.</summary>
    public long? RunId { get; init; }

    /// <summary>Gets the state: <c>pending</c>, <c>delivered</c>, <c>dead</c>; null for all.</summary>
    public string? State { get; init; }

    /// <summary>Gets the most of one page.</summary>
    public int? Limit { get; init; }

    /// <summary>Gets the place of the page.</summary>
    public string? Cursor { get; init; }
}

/// <summary>Which dead messages are meant: one, those of a subscription, or all.</summary>
/// <param name="DeliveryId">The one.</param>
/// <param name="SubscriptionId">The subscription.</param>
public sealed record DeadDeliveriesRequest(string? DeliveryId = null, long? SubscriptionId = null);

/// <summary>How many dead messages were sent on their way again, or dropped.</summary>
/// <param name="Count">How many.</param>
public sealed record DeadDeliveriesResponse(long Count);
