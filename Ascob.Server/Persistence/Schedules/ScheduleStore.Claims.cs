using System.Text.Json;
using Ascob.Core.Schedules;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Schedules;

/// <summary>Firings: who has them in hand.</summary>
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
        var schedules = (await SchedulesAsync([.. ticks.Select(t => t.ScheduleId).Distinct()], cancellationToken)).ToDictionary(s => s.Schedule.Id);
        if (ticks.FindAll(t => !schedules.ContainsKey(t.ScheduleId)) is { Count: > 0 } orphans)
        {
            // Stored while their definition was being deleted; nobody asks for them any more.
            await DeleteTicksAsync([.. orphans.Select(t => new ScheduleRow(t.ScheduleId) { Tick = UtcMicroseconds.From(t.Tick) })], cancellationToken);
        }

        return [.. ticks.Where(t => schedules.ContainsKey(t.ScheduleId)).Select(t => new ClaimedTick(schedules[t.ScheduleId].Schedule, t) { DefinitionName = schedules[t.ScheduleId].Definition })];
    }

    private async Task<List<ClaimedTick>> ClaimDueAsync(
        DbSession session, TickClaim claim, Func<Schedule, IReadOnlyList<Suspension>, SchedulePlan> plan, CancellationToken cancellationToken)
    {
        var select = session.Command(_sql.ClaimDue);
        select.Args.Int("limit", claim.Limit).Time("now", claim.Now);
        var due = await select.ListAsync(row => (Schedule: ScheduleRows.Schedule(row), Definition: ScheduleRows.DefinitionName(row)), cancellationToken);
        if (due.Count == 0)
        {
            return [];
        }

        var suspensions = (await _set.SuspensionsAsync(session, [.. due.Select(d => d.Schedule.DefinitionId).Distinct()], cancellationToken)).ToLookup(s => s.DefinitionId);
        var claimed = new List<ClaimedTick>();
        var moved = new List<ScheduleRow>();
        foreach (var (schedule, definition) in due)
        {
            var planned = plan(schedule, [.. suspensions[schedule.DefinitionId]]);
            claimed.AddRange(planned.Ticks.Select(t => new ClaimedTick(schedule, Claimed(schedule, t, claim)) { DefinitionName = definition }));
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

    private Task<List<(Schedule Schedule, string Definition)>> SchedulesAsync(IReadOnlyCollection<long> ids, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var find = session.Command(_sql.ByIds);
            find.Args.Text("ids", JsonSerializer.Serialize(ids, ScheduleRowJson.Default.IReadOnlyCollectionInt64));
            return find.ListAsync(row => (ScheduleRows.Schedule(row), ScheduleRows.DefinitionName(row)), cancellationToken);
        },
        cancellationToken);
}
