using Ascob.Core.Notifications;
using Ascob.Core.Schedules;

namespace Ascob.Core.Definitions;

/// <summary>What is stored with a definition in one transaction: either all of it is there afterwards or nothing.</summary>
public sealed record DefinitionCompanions
{
    /// <summary>Gets what becomes of its schedules, by the definition's number; null where they stay.</summary>
    public Func<long, ScheduleSetPlan>? Schedules { get; init; }

    /// <summary>Gets what becomes of the subscriptions that belong to it (<see cref="KeptSubscriptions.SourceOf"/>), by the definition's number; null where they stay.</summary>
    public Func<long, PlanSubscriptions>? Subscriptions { get; init; }
}

/// <summary>The subscriptions that belong to definitions because of what these say. Whichever interface saves a definition, they follow it.</summary>
public interface IDefinitionSubscriptions
{
    /// <summary>Answers what becomes of them, by the definition's number; null where a definition of such content has none and had none.</summary>
    /// <param name="content">What the definition says now.</param>
    /// <param name="before">What it said before; null for a new one.</param>
    /// <param name="actor">Who saves it.</param>
    Func<long, PlanSubscriptions>? Of(DefinitionContent content, DefinitionContent? before, string actor);

    /// <summary>Waits after the changes were stored until an event that happens from now on is told by them.</summary>
    Task SettleAsync(SubscriptionChanges changes, CancellationToken cancellationToken);
}
