using System.Text.Json;
using Ascob.Core.Errors;
using Ascob.Core.Schedules;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Schedules;

/// <summary>Changes of the schedules of a definition, within a transaction that may do more.</summary>
internal sealed class ScheduleSet(ScheduleSql sql)
{
    /// <summary>Makes them what the plan says; answers why it is refused, with nothing changed.</summary>
    public async Task<Error?> ApplyAsync(DbSession session, long definitionId, ScheduleSetPlan plan, CancellationToken cancellationToken)
    {
        await HoldAsync(session, definitionId, cancellationToken);
        var decided = plan.Decide(await LockAsync(session, definitionId, cancellationToken));
        if (!decided.IsSuccess)
        {
            return decided.Error;
        }

        foreach (var id in decided.Value.Removed)
        {
            await DeleteAsync(session, id, cancellationToken);
        }

        var suspensions = await SuspensionsAsync(session, [definitionId], cancellationToken);
        foreach (var schedule in decided.Value.Replaced)
        {
            await ReplaceAsync(session, schedule, plan.Retime, suspensions, cancellationToken);
        }

        foreach (var schedule in decided.Value.Added)
        {
            await InsertAsync(session, schedule, plan.Retime, suspensions, cancellationToken);
        }

        return null;
    }

    /// <summary>Lets nobody else change schedules or suspensions of the definition until the transaction ends; whoever holds it already may ask again.</summary>
    public async Task HoldAsync(DbSession session, long definitionId, CancellationToken cancellationToken)
    {
        if (sql.LockDefinition is { } statement)
        {
            var hold = session.Command(statement);
            hold.Args.Long("definition_id", definitionId);
            await hold.ExecuteAsync(cancellationToken);
        }
    }

    /// <summary>Adds one; null where there is an equal one.</summary>
    public async Task<Schedule?> InsertAsync(DbSession session, Schedule schedule, Retime retime, IReadOnlyList<Suspension> suspensions, CancellationToken cancellationToken)
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

    /// <summary>Replaces one whose version is the one before; null where it is gone or changed meanwhile. It may have fired since it was read.</summary>
    public async Task<Schedule?> ReplaceAsync(DbSession session, Schedule schedule, Retime retime, IReadOnlyList<Suspension> suspensions, CancellationToken cancellationToken)
    {
        var find = session.Command(sql.FindForChange);
        find.Args.Long("id", schedule.Id);
        if (await find.FirstAsync(ScheduleRows.Schedule, cancellationToken) is not { } present || present.Version != schedule.Version)
        {
            return null;
        }

        var moved = Moved(schedule with { NextTick = present.NextTick, NextAt = present.NextAt }, retime, suspensions);
        var replace = session.Command(sql.Replace);
        ScheduleRows.Bind(replace.Args, moved);
        return await replace.ExecuteAsync(cancellationToken) > 0 ? moved with { Version = schedule.Version + 1 } : null;
    }

    /// <summary>Deletes one with its firings; false where there is none.</summary>
    public async Task<bool> DeleteAsync(DbSession session, long scheduleId, CancellationToken cancellationToken)
    {
        // The schedule first: whoever fires it just now is waited for, and its firings go, too.
        var delete = session.Command(sql.Delete);
        delete.Args.Long("id", scheduleId);
        var deleted = await delete.ExecuteAsync(cancellationToken) > 0;
        var ticks = session.Command(sql.DeleteTicksOf);
        ticks.Args.Long("id", scheduleId);
        await ticks.ExecuteAsync(cancellationToken);
        return deleted;
    }

    /// <summary>Reads the schedules of a definition and holds them until the transaction ends.</summary>
    public Task<List<Schedule>> LockAsync(DbSession session, long definitionId, CancellationToken cancellationToken)
    {
        var list = session.Command(sql.LockOfDefinition);
        list.Args.Long("definition_id", definitionId);
        return list.ListAsync(ScheduleRows.Schedule, cancellationToken);
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
