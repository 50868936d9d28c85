using System.Data.Common;
using System.Text.Json;
using Ascob.Core.Schedules;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Schedules;

/// <summary>Schedules in the tables <c>schedules</c>, <c>schedule_suspensions</c> and <c>schedule_ticks</c>. What is saved; firings are in the other part.</summary>
internal sealed partial class ScheduleStore(Database database, IStoreWriter writer) : IScheduleStore
{
    private readonly ScheduleSql _sql = new(database.Dialect);

    public Task<SavedSchedule> AddAsync(Schedule schedule, Retime retime, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(retime);
        return WriteAsync<SavedSchedule>(
            async (session, stop) =>
            {
                var insert = session.Command(_sql.Insert);
                ScheduleRows.Bind(insert.Args, schedule);
                if (await insert.FirstAsync(row => (long?)row.GetInt64(0), stop) is not { } id)
                {
                    return new SavedSchedule(null, await FindEqualAsync(session, schedule, stop));
                }

                var stored = Moved(schedule with { Id = id }, retime, await SuspensionsAsync(session, [schedule.DefinitionId], stop));
                await MoveAsync(session, stored, stop);
                return new SavedSchedule(stored, null);
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
        catch (DbException e) when (database.Dialect.IsDuplicate(e))
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

                var moved = Moved(schedule, retime, await SuspensionsAsync(session, [schedule.DefinitionId], stop));
                var replace = session.Command(_sql.Replace);
                ScheduleRows.Bind(replace.Args, moved);
                return await replace.ExecuteAsync(stop) > 0 ? new SavedSchedule(moved with { Version = schedule.Version + 1 }, null) : null;
            },
            cancellationToken);

    public Task<bool> DeleteAsync(long scheduleId, CancellationToken cancellationToken) => WriteAsync(
        async (session, stop) =>
        {
            await ExecuteAsync(session, _sql.DeleteTicksOf, args => args.Long("id", scheduleId), stop);
            return await ExecuteAsync(session, _sql.Delete, args => args.Long("id", scheduleId), stop) > 0;
        },
        cancellationToken);

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

    public async Task<IReadOnlyList<Schedule>> ListAsync(IReadOnlyCollection<long> definitionIds, CancellationToken cancellationToken) => await database.ReadAsync(
        session =>
        {
            var list = session.Command(_sql.ListOfDefinitions);
            list.Args.Text("ids", JsonSerializer.Serialize(definitionIds, ScheduleRowJson.Default.IReadOnlyCollectionInt64));
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
        await database.ReadAsync(session => SuspensionsAsync(session, definitionIds, cancellationToken), cancellationToken);

    private static Schedule Moved(Schedule schedule, Retime retime, IReadOnlyList<Suspension> suspensions)
    {
        var cursor = retime(schedule, suspensions);
        return schedule with { NextTick = cursor.NextTick, NextAt = cursor.NextAt };
    }

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
        var suspensions = await SuspensionsAsync(session, [definitionId], cancellationToken);
        foreach (var schedule in schedules)
        {
            await MoveAsync(session, Moved(schedule, retime, suspensions), cancellationToken);
        }
    }

    private Task<int> MoveAsync(DbSession session, Schedule schedule, CancellationToken cancellationToken) =>
        ExecuteAsync(session, _sql.Move, args => args.Time("next_tick", schedule.NextTick).Time("next_at", schedule.NextAt).Long("id", schedule.Id), cancellationToken);

    private Task<long?> FindEqualAsync(DbSession session, Schedule schedule, CancellationToken cancellationToken)
    {
        var find = session.Command(_sql.FindEqual);
        find.Args.Long("definition_id", schedule.DefinitionId).Text("fingerprint", schedule.Fingerprint);
        return find.FirstAsync(row => (long?)row.GetInt64(0), cancellationToken);
    }

    private Task<List<Suspension>> SuspensionsAsync(DbSession session, IReadOnlyCollection<long> definitionIds, CancellationToken cancellationToken)
    {
        var find = session.Command(_sql.Suspensions);
        find.Args.Text("ids", JsonSerializer.Serialize(definitionIds, ScheduleRowJson.Default.IReadOnlyCollectionInt64));
        return find.ListAsync(ScheduleRows.Suspension, cancellationToken);
    }

    private Task<T> WriteAsync<T>(Func<DbSession, CancellationToken, Task<T>> work, CancellationToken cancellationToken) =>
        writer.WriteAsync(new DelegateOperation<T>(work), cancellationToken);
}
