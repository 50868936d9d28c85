using Ascob.Core.Notifications;

namespace Ascob.Core.Definitions;

/// <summary>What is stored with a definition for one order, and what came of it.</summary>
internal sealed class FollowedCompanions
{
    private readonly IReadOnlyList<IDefinitionSubscriptions> _keepers;
    private SubscriptionChanges _done = SubscriptionChanges.None;

    public FollowedCompanions(DefinitionCompanions asked, IEnumerable<IDefinitionSubscriptions> keepers, DefinitionContent content, DefinitionContent? before, string actor)
    {
        _keepers = [.. keepers];
        var plans = asked.Subscriptions ?? _keepers.Select(k => k.Of(content, before, actor)).FirstOrDefault(p => p is not null);
        Order = asked with { Subscriptions = plans is null ? null : id => there => _done = plans(id)(there) };
    }

    /// <summary>Gets what the store is asked for. What it did is remembered; the last answer of a plan is the one that was stored.</summary>
    public DefinitionCompanions Order { get; }

    /// <summary>Waits after it was stored; see <see cref="IDefinitionSubscriptions.SettleAsync"/>.</summary>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        foreach (var keeper in _keepers)
        {
            await keeper.SettleAsync(_done, cancellationToken).ConfigureAwait(false);
        }
    }
}
