using Ascob.Core.Schedules;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Schedules;

/// <summary>Suspensions.</summary>
internal sealed partial class ScheduleStore
{
    public Task<SavedSuspension> AddSuspensionAsync(Suspension suspension, Retime retime, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(suspension);
        ArgumentNullException.ThrowIfNull(retime);
        return ChangeAsync(
            suspension.DefinitionId,
            async (session, stop) =>
            {
                if ((await _set.SuspensionsAsync(session, [suspension.DefinitionId], stop)).Count >= ScheduleService.MostOfDefinition)
                {
                    return new SavedSuspension(null, IsTooMany: true);
                }

                var insert = session.Command(_sql.InsertSuspension);
                ScheduleRows.Bind(insert.Args, suspension);
                if (await insert.FirstAsync(row => (long?)row.GetInt64(0), stop) is not { } id)
                {
                    return new SavedSuspension(null);
                }

                await RetimeAsync(session, suspension.DefinitionId, retime, stop);
                return new SavedSuspension(suspension with { Id = id });
            },
            cancellationToken);
    }

    public Task<bool> DeleteSuspensionAsync(long definitionId, long suspensionId, Retime retime, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(retime);
        return ChangeAsync(
            definitionId,
            async (session, stop) =>
            {
                if (await ExecuteAsync(session, _sql.DeleteSuspension, args => args.Long("id", suspensionId).Long("definition_id", definitionId), stop) == 0)
                {
                    return false;
                }

                await RetimeAsync(session, definitionId, retime, stop);
                return true;
            },
            cancellationToken);
    }

    public async Task<IReadOnlyList<Suspension>> SuspensionsAsync(IReadOnlyCollection<long> definitionIds, CancellationToken cancellationToken) =>
        await database.ReadAsync(session => _set.SuspensionsAsync(session, definitionIds, cancellationToken), cancellationToken);

    private async Task RetimeAsync(DbSession session, long definitionId, Retime retime, CancellationToken cancellationToken)
    {
        var schedules = await _set.LockAsync(session, definitionId, cancellationToken);
        var suspensions = await _set.SuspensionsAsync(session, [definitionId], cancellationToken);
        foreach (var schedule in schedules)
        {
            await _set.MoveAsync(session, ScheduleSet.Moved(schedule, retime, suspensions), cancellationToken);
        }
    }
}
