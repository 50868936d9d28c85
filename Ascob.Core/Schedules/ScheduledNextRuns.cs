using Ascob.Core.Definitions;

namespace Ascob.Core.Schedules;

/// <summary>Tells when schedules launch definitions next, suspensions and jitter counted.</summary>
public sealed class ScheduledNextRuns(IScheduleStore store, ScheduleService schedules) : INextRuns
{
    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<long, DateTimeOffset>> NextAsync(IReadOnlyCollection<long> definitionIds, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(definitionIds);
        var all = definitionIds.Count == 0 ? [] : await store.ListAsync(definitionIds, cancellationToken).ConfigureAwait(false);
        return (await schedules.NextOfEachAsync(all, cancellationToken).ConfigureAwait(false)).ToDictionary(f => f.Key, f => f.Value.DueAt);
    }
}
