using System.Text.Json;
using Ascob.Core.Schedules;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Schedules;

/// <summary>Firings.</summary>
internal sealed partial class ScheduleStore
{
    public async Task<IReadOnlyList<ClaimedTick>> ClaimDueAsync(
        TickClaim claim, Func<Schedule, IReadOnlyList<Suspension>, SchedulePlan> plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        ArgumentNullException.ThrowIfNull(plan);
        if (await NextAsync(_sql.NextSchedule, cancellationToken) is not { } next || next > claim.Now)
        {
            // Mostly there is nothing due, and a question disturbs nobody.
            return [];
        }

        return await WriteAsync((session, stop) => ClaimDueAsync(session, claim, plan, stop), cancellationToken);
    }

    public async Task<IReadOnlyList<ClaimedTick>> ClaimOpenAsync(TickClaim claim, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        if (await NextAsync(_sql.NextOpen, cancellationToken) is not { } next || next > claim.Now)
        {
            return [];
        }

        var ticks = await WriteAsync((session, stop) => ClaimOpenAsync(session, claim, stop), cancellationToken);
        var schedules = (await SchedulesAsync([.. ticks.Select(t => t.ScheduleId).Distinct()], cancellationToken)).ToDictionary(s => s.Id);
        return [.. ticks.Where(t => schedules.ContainsKey(t.ScheduleId)).Select(t => new ClaimedTick(schedules[t.ScheduleId], t))];
    }

    public Task SettleAsync(string owner, IReadOnlyList<TickOutcome> outcomes, CancellationToken cancellationToken) => WriteAsync(
        (session, stop) => ForEachAsync(
            session,
            _sql.SettleMany,
            [.. outcomes.OrderBy(o => o.ScheduleId).ThenBy(o => o.Tick).Select(o => new ScheduleRow(o.ScheduleId)
            {
                Tick = UtcMicroseconds.From(o.Tick),
                State = o.State.ToString(),
                Run = o.RunId,
                Reason = ScheduleRows.Cut(o.Reason),
                Look = Micro(o.LookAt),
                Settled = o.LookAt is null ? UtcMicroseconds.From(o.At) : null,
            })],
            (args, row) => args.Text("state", row.State).Long("run_id", row.Run).Text("reason", row.Reason).Long("look_at", row.Look).Long("settled_at", row.Settled)
                .Long("schedule_id", row.Id).Long("tick", row.Tick).Text("owner", owner),
            stop),
        cancellationToken);

    public Task<ScheduleTick?> FindActiveBeforeAsync(long scheduleId, DateTimeOffset tick, CancellationToken cancellationToken) => _database.ReadAsync(
        async session =>
        {
            foreach (var statement in (SqlStatement[])[_sql.FindOpenBefore, _sql.FindRunningBefore])
            {
                var find = session.Command(statement);
                find.Args.Long("schedule_id", scheduleId).Time("tick", tick);
                if (await find.FirstAsync(ScheduleRows.Tick, cancellationToken) is { } found)
                {
                    return found;
                }
            }

            return null;
        },
        cancellationToken);

    public async Task<DateTimeOffset?> NextLookAsync(CancellationToken cancellationToken)
    {
        var schedule = await NextAsync(_sql.NextSchedule, cancellationToken);
        var open = await NextAsync(_sql.NextOpen, cancellationToken);
        return open is null || schedule < open ? schedule : open;
    }

    public async Task<IReadOnlyList<ScheduleTick>> TicksAsync(long scheduleId, DateTimeOffset? before, int limit, CancellationToken cancellationToken) => await _database.ReadAsync(
        session =>
        {
            var list = session.Command(_sql.Ticks);
            list.Args.Int("limit", limit).Long("schedule_id", scheduleId).Long("before", before is { } time ? UtcMicroseconds.From(time) : long.MaxValue);
            return list.ListAsync(ScheduleRows.Tick, cancellationToken);
        },
        cancellationToken);

    public async Task<int> DeleteTicksAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken)
    {
        var old = await _database.ReadAsync(
            session =>
            {
                var find = session.Command(_sql.FindOld);
                find.Args.Int("limit", limit).Time("before", before);
                return find.ListAsync(row => new ScheduleRow(row.GetInt64(0)) { Tick = row.GetInt64(1) }, cancellationToken);
            },
            cancellationToken);
        if (old.Count > 0)
        {
            await WriteAsync(
                (session, stop) => ForEachAsync(session, _sql.DeleteTickMany, old, (args, row) => args.Long("schedule_id", row.Id).Long("tick", row.Tick), stop),
                cancellationToken);
        }

        return old.Count;
    }

    private async Task<List<ClaimedTick>> ClaimDueAsync(
        DbSession session, TickClaim claim, Func<Schedule, IReadOnlyList<Suspension>, SchedulePlan> plan, CancellationToken cancellationToken)
    {
        var select = session.Command(_sql.ClaimDue);
        select.Args.Int("limit", claim.Limit).Time("now", claim.Now);
        var due = await select.ListAsync(ScheduleRows.Schedule, cancellationToken);
        if (due.Count == 0)
        {
            return [];
        }

        var suspensions = (await _set.SuspensionsAsync(session, [.. due.Select(s => s.DefinitionId).Distinct()], cancellationToken)).ToLookup(s => s.DefinitionId);
        var claimed = new List<ClaimedTick>();
        var moved = new List<ScheduleRow>();
        foreach (var schedule in due)
        {
            var planned = plan(schedule, [.. suspensions[schedule.DefinitionId]]);
            claimed.AddRange(planned.Ticks.Select(t => new ClaimedTick(schedule, Claimed(schedule, t, claim))));
            moved.Add(new ScheduleRow(schedule.Id) { Next = Micro(planned.Next.NextTick), At = Micro(planned.Next.NextAt) });
        }

        var stored = await InsertAsync(session, claimed, claim, cancellationToken);
        await ForEachAsync(session, _sql.MoveMany, [.. moved.OrderBy(m => m.Id)], (args, row) => args.Long("next_tick", row.Next).Long("next_at", row.At).Long("id", row.Id), cancellationToken);
        return stored;
    }

    // A firing whose row is there was somebody's before; only what is new is ours.
    private async Task<List<ClaimedTick>> InsertAsync(DbSession session, List<ClaimedTick> claimed, TickClaim claim, CancellationToken cancellationToken)
    {
        if (claimed.Count == 0)
        {
            return claimed;
        }

        var rows = claimed.Select(c => new ScheduleRow(c.Schedule.Id)
        {
            Tick = UtcMicroseconds.From(c.Tick.Tick),
            Due = UtcMicroseconds.From(c.Tick.DueAt),
            State = c.Tick.State.ToString(),
            Look = Micro(c.Tick.LookAt),
            Missed = c.Tick.Missed,
            Reason = ScheduleRows.Cut(c.Tick.Reason),
            Settled = Micro(c.Tick.SettledAt),
        }).ToList();
        var stored = new HashSet<(long Id, long? Tick)>();
        var insert = session.Command(_sql.InsertTicks);
        if (session.Dialect.Provider == DatabaseProvider.Sqlite)
        {
            foreach (var row in rows)
            {
                insert.Args.Long("schedule_id", row.Id).Long("tick", row.Tick).Long("due_at", row.Due).Text("state", row.State).Text("owner", claim.Owner).Long("look_at", row.Look)
                    .Long("missed", row.Missed).Text("reason", row.Reason).Time("now", claim.Now).Long("settled_at", row.Settled);
                if (await insert.ExecuteAsync(cancellationToken) > 0)
                {
                    stored.Add((row.Id, row.Tick));
                }
            }
        }
        else
        {
            insert.Args.Text("rows", ToJson(rows)).Text("owner", claim.Owner).Time("now", claim.Now);
            stored.UnionWith(await insert.ListAsync(row => (row.GetInt64(0), (long?)row.GetInt64(1)), cancellationToken));
        }

        return claimed.FindAll(c => stored.Contains((c.Schedule.Id, UtcMicroseconds.From(c.Tick.Tick))));
    }

    private static ScheduleTick Claimed(Schedule schedule, PlannedTick planned, TickClaim claim) => new()
    {
        ScheduleId = schedule.Id,
        Tick = planned.Tick,
        DueAt = planned.DueAt,
        State = planned.Missed > 0 ? TickState.Missed : TickState.Claimed,
        Owner = claim.Owner,
        LookAt = planned.Missed > 0 ? null : claim.LeaseUntil,
        Attempts = 1,
        Missed = planned.Missed,
        Reason = planned.Reason,
        ClaimedAt = claim.Now,
        SettledAt = planned.Missed > 0 ? claim.Now : null,
    };

    private async Task<List<ScheduleTick>> ClaimOpenAsync(DbSession session, TickClaim claim, CancellationToken cancellationToken)
    {
        var select = session.Command(_sql.FindOpen);
        select.Args.Int("limit", claim.Limit).Time("now", claim.Now);
        var open = await select.ListAsync(ScheduleRows.Tick, cancellationToken);
        await ForEachAsync(
            session,
            _sql.TakeOverMany,
            [.. open.Select(t => new ScheduleRow(t.ScheduleId) { Tick = UtcMicroseconds.From(t.Tick) }).OrderBy(r => r.Id).ThenBy(r => r.Tick)],
            (args, row) => args.Text("owner", claim.Owner).Time("until", claim.LeaseUntil).Long("schedule_id", row.Id).Long("tick", row.Tick),
            cancellationToken);
        return [.. open.Select(t => t with { Owner = claim.Owner, LookAt = claim.LeaseUntil, Attempts = t.Attempts + 1 })];
    }

    private Task<List<Schedule>> SchedulesAsync(IReadOnlyCollection<long> ids, CancellationToken cancellationToken) => _database.ReadAsync(
        session =>
        {
            var find = session.Command(_sql.ByIds);
            find.Args.Text("ids", JsonSerializer.Serialize(ids, ScheduleRowJson.Default.IReadOnlyCollectionInt64));
            return find.ListAsync(ScheduleRows.Schedule, cancellationToken);
        },
        cancellationToken);

    private Task<DateTimeOffset?> NextAsync(SqlStatement statement, CancellationToken cancellationToken) => _database.ReadAsync(
        session => session.Command(statement).FirstAsync(row => (DateTimeOffset?)UtcMicroseconds.To(row.GetInt64(0)), cancellationToken),
        cancellationToken);

    // One statement with a document of all rows on a server, one statement for each row on SQLite.
    private static async Task<bool> ForEachAsync(
        DbSession session, SqlStatement statement, List<ScheduleRow> rows, Action<SqlArgs, ScheduleRow> bind, CancellationToken cancellationToken)
    {
        if (rows.Count == 0)
        {
            return true;
        }

        var command = session.Command(statement);
        if (session.Dialect.Provider != DatabaseProvider.Sqlite)
        {
            bind(command.Args, rows[0]);
            command.Args.Text("rows", ToJson(rows));
            await command.FirstAsync(row => row.GetInt32(0), cancellationToken);
            return true;
        }

        foreach (var row in rows)
        {
            bind(command.Args, row);
            await command.ExecuteAsync(cancellationToken);
        }

        return true;
    }

    private static string ToJson(List<ScheduleRow> rows) => JsonSerializer.Serialize(rows, ScheduleRowJson.Default.ListScheduleRow);

    private static long? Micro(DateTimeOffset? time) => time is { } at ? UtcMicroseconds.From(at) : null;
}
