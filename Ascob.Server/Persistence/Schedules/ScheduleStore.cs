using Ascob.Core.Errors;
using Ascob.Core.Schedules;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Schedules;

/// <summary>Schedules in the tables <c>schedules</c>, <c>schedule_suspensions</c> and <c>schedule_ticks</c>. What is saved of schedules; suspensions and firings are in the other parts.</summary>
internal sealed partial class ScheduleStore(Database database, IStoreWriter writer) : IScheduleStore
{
    private readonly ScheduleSql _sql = new(database.Dialect);
    private readonly ScheduleSet _set = new(new ScheduleSql(database.Dialect));

    public Task<SavedSchedule> AddAsync(Schedule schedule, Retime retime, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(retime);
        return ChangeAsync(schedule.DefinitionId, (session, stop) => AddAsync(session, schedule, retime, stop), cancellationToken);
    }

    public async Task<SavedSchedule?> ReplaceAsync(Schedule schedule, Retime retime, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(retime);
        return await ChangeAsync(
            schedule.DefinitionId,
            async (session, stop) => await FindEqualAsync(session, schedule, stop) is { } equal && equal != schedule.Id
                ? new SavedSchedule(null, equal)
                : await _set.ReplaceAsync(session, schedule, retime, await _set.SuspensionsAsync(session, [schedule.DefinitionId], stop), stop) is { } saved ? new SavedSchedule(saved, null) : null,
            cancellationToken);
    }

    public Task<Error?> ChangeAllAsync(long definitionId, ScheduleSetPlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return WriteAsync((session, stop) => _set.ApplyAsync(session, definitionId, plan, stop), cancellationToken);
    }

    public Task<bool> DeleteAsync(long scheduleId, CancellationToken cancellationToken) => WriteAsync((session, stop) => _set.DeleteAsync(session, scheduleId, stop), cancellationToken);

    public Task DeleteOfDefinitionAsync(long definitionId, CancellationToken cancellationToken) => ChangeAsync(
        definitionId,
        async (session, stop) =>
        {
            await _set.LockAsync(session, definitionId, stop);
            foreach (var statement in (SqlStatement[])[_sql.DeleteTicksOfDefinition, _sql.DeleteOfDefinition, _sql.DeleteSuspensionsOfDefinition])
            {
                await ExecuteAsync(session, statement, args => args.Long("definition_id", definitionId), stop);
            }

            return true;
        },
        cancellationToken);

    public Task<Schedule?> FindAsync(long scheduleId, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var find = session.Command(_sql.Find);
            find.Args.Long("id", scheduleId);
            return find.FirstAsync(ScheduleRows.Schedule, cancellationToken);
        },
        cancellationToken);

    public async Task<IReadOnlyList<Schedule>> ListAsync(long? definitionId, long afterId, int limit, CancellationToken cancellationToken) => await database.ReadAsync(
        session =>
        {
            var list = session.Command(definitionId is null ? _sql.List : _sql.ListOfDefinition);
            list.Args.Int("limit", limit).Long("definition_id", definitionId).Long("after", afterId);
            return list.ListAsync(ScheduleRows.Schedule, cancellationToken);
        },
        cancellationToken);

    private static Task<int> ExecuteAsync(DbSession session, SqlStatement statement, Action<SqlArgs> bind, CancellationToken cancellationToken)
    {
        var command = session.Command(statement);
        bind(command.Args);
        return command.ExecuteAsync(cancellationToken);
    }

    private async Task<SavedSchedule> AddAsync(DbSession session, Schedule schedule, Retime retime, CancellationToken cancellationToken)
    {
        var list = session.Command(_sql.ListOfDefinition);
        list.Args.Int("limit", ScheduleService.MostOfDefinition).Long("definition_id", schedule.DefinitionId).Long("after", 0);
        if ((await list.ListAsync(row => row.GetInt64(0), cancellationToken)).Count >= ScheduleService.MostOfDefinition)
        {
            return new SavedSchedule(null, null);
        }

        return await _set.InsertAsync(session, schedule, retime, await _set.SuspensionsAsync(session, [schedule.DefinitionId], cancellationToken), cancellationToken) is { } stored
            ? new SavedSchedule(stored, null)
            : new SavedSchedule(null, await FindEqualAsync(session, schedule, cancellationToken));
    }

    private Task<long?> FindEqualAsync(DbSession session, Schedule schedule, CancellationToken cancellationToken)
    {
        var find = session.Command(_sql.FindEqual);
        find.Args.Long("definition_id", schedule.DefinitionId).Text("fingerprint", schedule.Fingerprint);
        return find.FirstAsync(row => (long?)row.GetInt64(0), cancellationToken);
    }

    // One after the other for each definition, so that no suspension misses a schedule that is being stored, and no limit is passed.
    private Task<T> ChangeAsync<T>(long definitionId, Func<DbSession, CancellationToken, Task<T>> change, CancellationToken cancellationToken) => WriteAsync(
        async (session, stop) =>
        {
            await _set.HoldAsync(session, definitionId, stop);
            return await change(session, stop);
        },
        cancellationToken);

    private Task<T> WriteAsync<T>(Func<DbSession, CancellationToken, Task<T>> work, CancellationToken cancellationToken) =>
        writer.WriteAsync(new DelegateOperation<T>(work), cancellationToken);
}
