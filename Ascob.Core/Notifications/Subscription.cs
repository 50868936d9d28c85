using System.Text.Json.Serialization;

namespace Ascob.Core.Notifications;

/// <summary>Who wants to be told of what, and how.</summary>
public sealed record Subscription
{
    /// <summary>Gets the number; never given twice.</summary>
    public required long Id { get; init; }

    /// <summary>Gets the name for people.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the form of the message, see <see cref="ReceiverKinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>Gets whether it is told anything.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Gets why it was switched off by the server; null where it was not.</summary>
    public string? DisabledReason { get; init; }

    /// <summary>Gets what it wants to be told.</summary>
    public required NoticeKinds Events { get; init; }

    /// <summary>Gets of which runs.</summary>
    public SubscriptionFilter Filter { get; init; } = new();

    /// <summary>Gets where and how, as far as that is no secret.</summary>
    public ReceiverSettings Receiver { get; init; } = new();

    /// <summary>Gets the encrypted <see cref="ReceiverSecrets"/>; null where there are none.</summary>
    public string? ProtectedSecrets { get; init; }

    /// <summary>Gets what keeps this subscription, such as a definition of another API; null for one that people keep by the native API.</summary>
    public string? Source { get; init; }

    /// <summary>Gets when it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Gets who made it.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>Gets when it was changed last.</summary>
    public required DateTimeOffset ChangedAt { get; init; }

    /// <summary>Answers whether it wants a notice.</summary>
    public bool Wants(NoticeKinds kind, NoticeFacts facts) =>
        Enabled && WantsKind(kind) && Filter.Matches(facts) && WantsStatus(kind, facts);

    // A recovered run has finished, and one that is only just found to have finished may turn out to be recovered.
    internal bool WantsKind(NoticeKinds kind) => kind switch
    {
        NoticeKinds.Recovered => (Events & (NoticeKinds.Finished | NoticeKinds.Recovered)) != 0,

        // What is no kind known here is a part of every set.
        NoticeKinds.None => false,
        _ => Events.HasFlag(kind),
    };

    private bool WantsStatus(NoticeKinds kind, NoticeFacts facts) =>
        Receiver.Statuses is not { } statuses || statuses.Contains(OverseerWords.All, StringComparer.Ordinal) || statuses.Contains(OverseerWords.Status(kind, facts), StringComparer.Ordinal);
}

/// <summary>The forms of messages.</summary>
public static class ReceiverKinds
{
    /// <summary>The native form, with the headers of Standard Webhooks.</summary>
    public const string Webhook = "webhook";

    /// <summary>The form of kuroko2's webhooks.</summary>
    public const string Kuroko2 = "kuroko2";

    /// <summary>The form of Overseer's webhooks.</summary>
    public const string Overseer = "overseer";

    /// <summary>A mail.</summary>
    public const string Mail = "mail";

    /// <summary>A message to an incoming webhook of Slack.</summary>
    public const string Slack = "slack";

    /// <summary>An event of PagerDuty's Events API v2.</summary>
    public const string PagerDuty = "pagerduty";

    /// <summary>Gets all of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Webhook, Kuroko2, Overseer, Mail, Slack, PagerDuty];
}

/// <summary>Of which runs somebody wants to be told. What is null does not matter; all that is not must fit.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record SubscriptionFilter
{
    /// <summary>Gets the definitions, by number.</summary>
    public IReadOnlyList<long>? Definitions { get; init; }

    /// <summary>Gets the definitions, by the name that they have when a run is launched.</summary>
    public IReadOnlyList<string>? DefinitionNames { get; init; }

    /// <summary>Gets the labels that a run must have; a value of <c>*</c> stands for any.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Gets the backends.</summary>
    public IReadOnlyList<string>? Backends { get; init; }

    /// <summary>Gets the submitters.</summary>
    public IReadOnlyList<string>? Submitters { get; init; }

    /// <summary>Gets the names of custom events, for <see cref="NoticeKinds.Custom"/> alone.</summary>
    public IReadOnlyList<string>? CustomEvents { get; init; }

    /// <summary>Answers whether a run fits.</summary>
    public bool Matches(NoticeFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return (Definitions is null || (facts.DefinitionId is { } definition && Definitions.Contains(definition)))
            && (DefinitionNames is null || (facts.DefinitionName is { } name && DefinitionNames.Contains(name, StringComparer.Ordinal)))
            && (Backends is null || (facts.BackendId is { } backend && Backends.Contains(backend, StringComparer.Ordinal)))
            && (Submitters is null || (facts.Submitter is { } submitter && Submitters.Contains(submitter, StringComparer.Ordinal)))
            && (Labels is null || Labels.All(l => facts.Labels is not null && facts.Labels.TryGetValue(l.Key, out var value) && (l.Value == "*" || l.Value == value)));
    }
}

/// <summary>Where and how a receiver is told; which members count depends on the kind.</summary>
public sealed record ReceiverSettings
{
    /// <summary>Gets the address as it may be shown: without its query, and for Slack without its path.</summary>
    public string? ShownUrl { get; init; }

    /// <summary>Gets whether a secret is stored.</summary>
    public bool HasSecret { get; init; }

    /// <summary>Gets the recipients of mail.</summary>
    public IReadOnlyList<string>? To { get; init; }

    /// <summary>Gets further recipients of mail.</summary>
    public IReadOnlyList<string>? Cc { get; init; }

    /// <summary>Gets the channel of Slack; null for the one that the incoming webhook belongs to.</summary>
    public string? Channel { get; init; }

    /// <summary>Gets a text that stands above what Slack is told of failures; null for none.</summary>
    public string? FailureText { get; init; }

    /// <summary>Gets the severity of PagerDuty's alerts.</summary>
    public string? Severity { get; init; }

    /// <summary>Gets the statuses of Overseer; null where the events say all.</summary>
    public IReadOnlyList<string>? Statuses { get; init; }

    /// <summary>Gets kuroko2's "notify all": null where the events were named one by one.</summary>
    public bool? NotifyAll { get; init; }

    /// <summary>Gets kuroko2's "notify administrators when cancelled by system".</summary>
    public bool? NotifyCancellation { get; init; }
}

/// <summary>What of a receiver must not lie in clear.</summary>
public sealed record ReceiverSecrets
{
    /// <summary>Gets the full address.</summary>
    public string? Url { get; init; }

    /// <summary>Gets the secret that messages are signed with, or the routing key of PagerDuty.</summary>
    public string? Secret { get; init; }

    /// <summary>Gets the secret before, which native webhooks are signed with besides while receivers change over.</summary>
    public string? PreviousSecret { get; init; }
}
