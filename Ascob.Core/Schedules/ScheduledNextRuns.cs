using Ascob.Core.Definitions;

namespace Ascob.Core.Schedules;

/// <summary>Tells when schedules launch definitions next, suspensions and jitter counted.</summary>
public sealed class ScheduledNextRuns(IScheduleStore store) : INextRuns
{
    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<long, DateTimeOffset>> NextAsync(IReadOnlyCollection<long> definitionIds, CancellationToken cancellationToken) =>
        store.NextOfAsync(definitionIds, cancellationToken);
}
