using System.Text.Json;
using Ascob.Core.Schedules;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Schedules;

/// <summary>Firings: what became of them.</summary>
internal sealed partial class ScheduleStore
{
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

    public Task<ScheduleTick?> FindActiveBeforeAsync(long scheduleId, DateTimeOffset tick, CancellationToken cancellationToken) => database.ReadAsync(
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

    public async Task<IReadOnlyDictionary<long, DateTimeOffset>> NextOfAsync(IReadOnlyCollection<long> definitionIds, CancellationToken cancellationToken)
    {
        var next = await database.ReadAsync(
            session =>
            {
                var find = session.Command(_sql.NextOf);
                find.Args.Text("ids", JsonSerializer.Serialize(definitionIds, ScheduleRowJson.Default.IReadOnlyCollectionInt64));
                return find.ListAsync(row => (Id: row.GetInt64(0), At: UtcMicroseconds.To(row.GetInt64(1))), cancellationToken);
            },
            cancellationToken);
        return next.ToDictionary(n => n.Id, n => n.At);
    }

    public async Task<IReadOnlyList<ScheduleTick>> TicksAsync(long scheduleId, DateTimeOffset? before, int limit, CancellationToken cancellationToken) => await database.ReadAsync(
        session =>
        {
            var list = session.Command(_sql.Ticks);
            list.Args.Int("limit", limit).Long("schedule_id", scheduleId).Long("before", before is { } time ? UtcMicroseconds.From(time) : long.MaxValue);
            return list.ListAsync(ScheduleRows.Tick, cancellationToken);
        },
        cancellationToken);

    public async Task<int> DeleteTicksAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken)
    {
        var old = await database.ReadAsync(
            session =>
            {
                var find = session.Command(_sql.FindOld);
                find.Args.Int("limit", limit).Time("before", before);
                return find.ListAsync(row => new ScheduleRow(row.GetInt64(0)) { Tick = row.GetInt64(1) }, cancellationToken);
            },
            cancellationToken);
        if (old.Count > 0)
        {
            await DeleteTicksAsync(old, cancellationToken);
        }

        return old.Count;
    }

    private Task<bool> DeleteTicksAsync(List<ScheduleRow> ticks, CancellationToken cancellationToken) => WriteAsync(
        (session, stop) => ForEachAsync(session, _sql.DeleteTickMany, ticks, (args, row) => args.Long("schedule_id", row.Id).Long("tick", row.Tick), stop), cancellationToken);

    private Task<DateTimeOffset?> NextAsync(SqlStatement statement, CancellationToken cancellationToken) => database.ReadAsync(
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
