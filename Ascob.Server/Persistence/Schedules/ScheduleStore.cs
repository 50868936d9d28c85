using System.Data.Common;
using Ascob.Core.Schedules;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Schedules;

/// <summary>Schedules in the tables <c>schedules</c>, <c>schedule_suspensions</c> and <c>schedule_ticks</c>. What is saved; firings are in the other part.</summary>
internal sealed partial class ScheduleStore : IScheduleStore
{
    private readonly Database _database;
    private readonly IStoreWriter _writer;
    private readonly ScheduleSql _sql;
    private readonly ScheduleSet _set;

    public ScheduleStore(Database database, IStoreWriter writer)
    {
        _database = database;
        _writer = writer;
        _sql = new ScheduleSql(database.Dialect);
        _set = new ScheduleSet(_sql);
    }

    public Task<SavedSchedule> AddAsync(Schedule schedule, Retime retime, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(retime);
        return WriteAsync<SavedSchedule>(
            async (session, stop) =>
            {
                var suspensions = await _set.SuspensionsAsync(session, [schedule.DefinitionId], stop);
                return await _set.AddAsync(session, schedule, retime, suspensions, stop) is { } stored
                    ? new SavedSchedule(stored, null)
                    : new SavedSchedule(null, await FindEqualAsync(session, schedule, stop));
            },
            cancellationToken);
    }

    public async Task<SavedSchedule?> ReplaceAsync(Schedule schedule, Retime retime, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(retime);
        try
        {
            return await ReplaceOnceAsync(schedule, retime, cancellationToken);
        }
        catch (DbException e) when (_database.Dialect.IsDuplicate(e))
        {
            // Another schedule became equal in the same moment; now it is there to be found.
            return await ReplaceOnceAsync(schedule, retime, cancellationToken);
        }
    }

    private Task<SavedSchedule?> ReplaceOnceAsync(Schedule schedule, Retime retime, CancellationToken cancellationToken) =>
        WriteAsync<SavedSchedule?>(
            async (session, stop) =>
            {
                if (await FindEqualAsync(session, schedule, stop) is { } equal && equal != schedule.Id)
                {
                    return new SavedSchedule(null, equal);
                }

                var moved = ScheduleSet.Moved(schedule, retime, await _set.SuspensionsAsync(session, [schedule.DefinitionId], stop));
                var replace = session.Command(_sql.Replace);
                ScheduleRows.Bind(replace.Args, moved);
                return await replace.ExecuteAsync(stop) > 0 ? new SavedSchedule(moved with { Version = schedule.Version + 1 }, null) : null;
            },
            cancellationToken);

    public Task SetAllAsync(long definitionId, PlanSchedules plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return WriteAsync(
            async (session, stop) =>
            {
                await _set.ApplyAsync(session, definitionId, plan, stop);
                return true;
            },
            cancellationToken);
    }

    public Task<bool> DeleteAsync(long scheduleId, CancellationToken cancellationToken) =>
        WriteAsync(async (session, stop) => await _set.DeleteAsync(session, scheduleId, stop) > 0, cancellationToken);

    public Task DeleteOfDefinitionAsync(long definitionId, CancellationToken cancellationToken) => WriteAsync(
        async (session, stop) =>
        {
            foreach (var statement in (SqlStatement[])[_sql.DeleteTicksOfDefinition, _sql.DeleteOfDefinition, _sql.DeleteSuspensionsOfDefinition])
            {
                await ExecuteAsync(session, statement, args => args.Long("definition_id", definitionId), stop);
            }

            return true;
        },
        cancellationToken);

    public Task<Schedule?> FindAsync(long scheduleId, CancellationToken cancellationToken) => _database.ReadAsync(
        session =>
        {
            var find = session.Command(_sql.Find);
            find.Args.Long("id", scheduleId);
            return find.FirstAsync(ScheduleRows.Schedule, cancellationToken);
        },
        cancellationToken);

    public async Task<IReadOnlyList<Schedule>> ListAsync(long? definitionId, long afterId, int limit, CancellationToken cancellationToken) => await _database.ReadAsync(
        session =>
        {
            var list = session.Command(definitionId is null ? _sql.List : _sql.ListOfDefinition);
            list.Args.Int("limit", limit).Long("definition_id", definitionId).Long("after", afterId);
            return list.ListAsync(ScheduleRows.Schedule, cancellationToken);
        },
        cancellationToken);

    public Task<Suspension?> AddSuspensionAsync(Suspension suspension, Retime retime, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(suspension);
        ArgumentNullException.ThrowIfNull(retime);
        return WriteAsync<Suspension?>(
            async (session, stop) =>
            {
                var insert = session.Command(_sql.InsertSuspension);
                ScheduleRows.Bind(insert.Args, suspension);
                if (await insert.FirstAsync(row => (long?)row.GetInt64(0), stop) is not { } id)
                {
                    return null;
                }

                await RetimeAsync(session, suspension.DefinitionId, retime, stop);
                return suspension with { Id = id };
            },
            cancellationToken);
    }

    public Task<bool> DeleteSuspensionAsync(long definitionId, long suspensionId, Retime retime, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(retime);
        return WriteAsync(
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
        await _database.ReadAsync(session => _set.SuspensionsAsync(session, definitionIds, cancellationToken), cancellationToken);

    private static Task<int> ExecuteAsync(DbSession session, SqlStatement statement, Action<SqlArgs> bind, CancellationToken cancellationToken)
    {
        var command = session.Command(statement);
        bind(command.Args);
        return command.ExecuteAsync(cancellationToken);
    }

    private async Task RetimeAsync(DbSession session, long definitionId, Retime retime, CancellationToken cancellationToken)
    {
        var list = session.Command(_sql.LockOfDefinition);
        list.Args.Long("definition_id", definitionId);
        var schedules = await list.ListAsync(ScheduleRows.Schedule, cancellationToken);
        var suspensions = await _set.SuspensionsAsync(session, [definitionId], cancellationToken);
        foreach (var schedule in schedules)
        {
            await _set.MoveAsync(session, ScheduleSet.Moved(schedule, retime, suspensions), cancellationToken);
        }
    }

    private Task<long?> FindEqualAsync(DbSession session, Schedule schedule, CancellationToken cancellationToken)
    {
        var find = session.Command(_sql.FindEqual);
        find.Args.Long("definition_id", schedule.DefinitionId).Text("fingerprint", schedule.Fingerprint);
        return find.FirstAsync(row => (long?)row.GetInt64(0), cancellationToken);
    }

    private Task<T> WriteAsync<T>(Func<DbSession, CancellationToken, Task<T>> work, CancellationToken cancellationToken) =>
        _writer.WriteAsync(new DelegateOperation<T>(work), cancellationToken);
}
