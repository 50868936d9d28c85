using Ascob.Core.Definitions;

namespace Ascob.Core.Schedules;

/// <summary>Tells when schedules launch definitions next, suspensions and jitter counted.</summary>
public sealed class ScheduledNextRuns(IScheduleStore store, ScheduleService schedules) : INextRuns
{
    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<long, DateTimeOffset>> NextAsync(IReadOnlyCollection<long> definitionIds, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(definitionIds);
        var next = new Dictionary<long, DateTimeOffset>();
        foreach (var id in definitionIds)
        {
            var own = await store.ListAsync(id, 0, ScheduleService.MostOfDefinition, cancellationToken).ConfigureAwait(false);
            if (own.Count > 0 && await schedules.NextAsync(own, 1, cancellationToken).ConfigureAwait(false) is [var first, ..])
            {
                next[id] = first.DueAt;
            }
        }

        return next;
    }
}
