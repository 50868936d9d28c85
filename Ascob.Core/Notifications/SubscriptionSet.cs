using Ascob.Core.Runs;

namespace Ascob.Core.Notifications;

/// <summary>The subscriptions as they stood at one version, put in order for the question that every change of a run asks: does anybody want this?</summary>
public sealed class SubscriptionSet
{
    private readonly Dictionary<long, List<Subscription>> _ofDefinition = [];
    private readonly List<Subscription> _ofAll = [];
    private readonly Dictionary<long, Subscription> _byId;

    /// <summary>Initialises the set.</summary>
    public SubscriptionSet(long version, IReadOnlyList<Subscription> subscriptions)
    {
        ArgumentNullException.ThrowIfNull(subscriptions);
        Version = version;
        All = subscriptions;
        _byId = subscriptions.ToDictionary(s => s.Id);
        foreach (var subscription in subscriptions.Where(s => s.Enabled))
        {
            Kinds |= subscription.Events;
            if (subscription.Filter.Definitions is not { } definitions)
            {
                _ofAll.Add(subscription);
                continue;
            }

            foreach (var definition in definitions.Distinct())
            {
                if (!_ofDefinition.TryGetValue(definition, out var list))
                {
                    _ofDefinition.Add(definition, list = []);
                }

                list.Add(subscription);
            }
        }

        if (Kinds.HasFlag(NoticeKinds.Recovered))
        {
            Kinds |= NoticeKinds.Finished;
        }
    }

    /// <summary>Gets a set without anything.</summary>
    public static SubscriptionSet Empty { get; } = new(0, []);

    /// <summary>Gets the version: it grows with every change of any subscription.</summary>
    public long Version { get; }

    /// <summary>Gets the subscriptions.</summary>
    public IReadOnlyList<Subscription> All { get; }

    /// <summary>Gets what anybody wants.</summary>
    public NoticeKinds Kinds { get; }

    /// <summary>Answers a subscription; null where there is none of the number.</summary>
    public Subscription? Find(long id) => _byId.GetValueOrDefault(id);

    /// <summary>Answers the subscriptions that want a notice.</summary>
    public IEnumerable<Subscription> Of(NoticeKinds kind, NoticeFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var special = facts.DefinitionId is { } definition && _ofDefinition.TryGetValue(definition, out var list) ? list : [];
        return _ofAll.Concat(special).Where(s => s.Wants(kind, facts) && WantsCustom(s, kind, facts));
    }

    /// <summary>Answers whether anybody may want a notice of this kind. A success may turn out to be a recovery.</summary>
    internal bool MayWant(NoticeKinds kind, NoticeFacts facts) =>
        Of(kind, facts).Any() || (kind == NoticeKinds.Finished && Of(NoticeKinds.Recovered, facts).Any());

    private static bool WantsCustom(Subscription subscription, NoticeKinds kind, NoticeFacts facts) =>
        kind != NoticeKinds.Custom
        || subscription.Filter.CustomEvents is not { } names
        || (facts.Data is not null && facts.Data.TryGetValue(RunEventTypes.CustomName, out var name) && names.Contains(name, StringComparer.Ordinal));
}
