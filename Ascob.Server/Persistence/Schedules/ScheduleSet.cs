using System.Text.Json;
using Ascob.Core.Schedules;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Schedules;

/// <summary>Changes of all schedules of a definition at once, within a transaction that may do more.</summary>
internal sealed class ScheduleSet(ScheduleSql sql)
{
    /// <summary>Makes them what the plan says.</summary>
    public async Task ApplyAsync(DbSession session, long definitionId, PlanSchedules plan, CancellationToken cancellationToken)
    {
        var list = session.Command(sql.LockOfDefinition);
        list.Args.Long("definition_id", definitionId);
        var changes = plan(await list.ListAsync(ScheduleRows.Schedule, cancellationToken));
        var suspensions = await SuspensionsAsync(session, [definitionId], cancellationToken);
        foreach (var id in changes.Deleted)
        {
            await DeleteAsync(session, id, cancellationToken);
        }

        foreach (var (schedule, retime) in changes.Replaced)
        {
            var replace = session.Command(sql.Replace);
            ScheduleRows.Bind(replace.Args, Moved(schedule, retime, suspensions));
            await replace.ExecuteAsync(cancellationToken);
        }

        foreach (var (schedule, retime) in changes.Added)
        {
            await AddAsync(session, schedule with { DefinitionId = definitionId }, retime, suspensions, cancellationToken);
        }
    }

    /// <summary>Adds one; null where there is an equal one.</summary>
    public async Task<Schedule?> AddAsync(DbSession session, Schedule schedule, Retime retime, IReadOnlyList<Suspension> suspensions, CancellationToken cancellationToken)
    {
        var insert = session.Command(sql.Insert);
        ScheduleRows.Bind(insert.Args, schedule);
        if (await insert.FirstAsync(row => (long?)row.GetInt64(0), cancellationToken) is not { } id)
        {
            return null;
        }

        var stored = Moved(schedule with { Id = id }, retime, suspensions);
        await MoveAsync(session, stored, cancellationToken);
        return stored;
    }

    /// <summary>Deletes one with its firings; answers how many were there.</summary>
    public async Task<int> DeleteAsync(DbSession session, long id, CancellationToken cancellationToken)
    {
        var ticks = session.Command(sql.DeleteTicksOf);
        ticks.Args.Long("id", id);
        await ticks.ExecuteAsync(cancellationToken);
        var delete = session.Command(sql.Delete);
        delete.Args.Long("id", id);
        return await delete.ExecuteAsync(cancellationToken);
    }

    /// <summary>Reads the suspensions of definitions.</summary>
    public Task<List<Suspension>> SuspensionsAsync(DbSession session, IReadOnlyCollection<long> definitionIds, CancellationToken cancellationToken)
    {
        var find = session.Command(sql.Suspensions);
        find.Args.Text("ids", JsonSerializer.Serialize(definitionIds, ScheduleRowJson.Default.IReadOnlyCollectionInt64));
        return find.ListAsync(ScheduleRows.Suspension, cancellationToken);
    }

    /// <summary>Stores where the handling of a schedule goes on.</summary>
    public Task<int> MoveAsync(DbSession session, Schedule schedule, CancellationToken cancellationToken)
    {
        var move = session.Command(sql.Move);
        move.Args.Time("next_tick", schedule.NextTick).Time("next_at", schedule.NextAt).Long("id", schedule.Id);
        return move.ExecuteAsync(cancellationToken);
    }

    /// <summary>Answers the schedule with where its handling goes on.</summary>
    public static Schedule Moved(Schedule schedule, Retime retime, IReadOnlyList<Suspension> suspensions)
    {
        var cursor = retime(schedule, suspensions);
        return schedule with { NextTick = cursor.NextTick, NextAt = cursor.NextAt };
    }
}
