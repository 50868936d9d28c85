using System.Globalization;
using System.Text.Json;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Runs;

/// <summary>The memory of runs on all three databases.</summary>
internal sealed class RunStore(Database database, IStoreWriter writer, RunSql sql, RunIds ids) : IRunStore
{
    private readonly RunSearchSql _search = new(sql.Dialect);
    private readonly LaunchGuardSql _guards = new(sql.Dialect);

    public ValueTask<long> NextIdAsync(CancellationToken cancellationToken) => ids.NextAsync(cancellationToken);

    public async Task<AddOutcome> AddAsync(NewRun run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        while (true)
        {
            if (run.Guard is { } guard)
            {
                var launch = new GuardedAdd(sql, _guards, guard, run);
                if (await writer.WriteAsync(launch, cancellationToken) is { } guarded)
                {
                    // A request that was answered while the definition was there has the same answer now.
                    if (guarded == AddOutcomeKind.DefinitionGone && await FindEarlierAsync(run, cancellationToken) is { } known)
                    {
                        return known;
                    }

                    sql.NoticeStored?.Wake(launch.HasNotice);
                    return new AddOutcome(run.Run.Id, guarded);
                }
            }
            else if (await AddPlainAsync(run, cancellationToken))
            {
                return new AddOutcome(run.Run.Id, AddOutcomeKind.Added);
            }

            if (await FindEarlierAsync(run, cancellationToken) is { } earlier)
            {
                return earlier;
            }

            // The earlier run was deleted in between: the key is free again.
        }
    }

    private async Task<AddOutcome?> FindEarlierAsync(NewRun run, CancellationToken cancellationToken) =>
        run.IdempotencyKey is { } key && await FindKeyAsync(key.Scope, key.Key, cancellationToken) is { } earlier
            ? new AddOutcome(earlier.RunId, earlier.BodyHash == key.BodyHash ? AddOutcomeKind.Replayed : AddOutcomeKind.KeyReused)
            : null;

    public Task<UsedKey?> FindKeyAsync(string scope, string key, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var command = session.Command(sql.FindKey);
            command.Args.Text("scope", scope).Text("idem_key", key);
            return command.FirstAsync(row => new UsedKey(row.GetInt64(0), row.GetString(1)), cancellationToken);
        },
        cancellationToken);

    private async Task<bool> AddPlainAsync(NewRun run, CancellationToken cancellationToken)
    {
        var add = new AddRun(sql, run);
        var added = await writer.WriteAsync(add, cancellationToken);
        sql.NoticeStored?.Wake(add.HasNotice && added);
        return added;
    }

    public async Task<ApplyOutcome> TryApplyAsync(RunChange change, IReadOnlyList<LockSpec>? lockRequests, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        var apply = new ApplyChange(sql, change, lockRequests);
        var outcome = await writer.WriteAsync(apply, cancellationToken);
        sql.NoticeStored?.Wake(apply.HasNotice && outcome == ApplyOutcome.Applied);
        return outcome;
    }

    public async Task RescheduleAsync(IReadOnlyList<Reschedule> runs, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(runs);
        if (runs.Count > 0)
        {
            await writer.WriteAsync(new RescheduleRuns(sql, runs), cancellationToken);
        }
    }

    public Task<Run?> FindAsync(long runId, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var command = session.Command(sql.Find);
            command.Args.Long("id", runId);
            return command.FirstAsync(RunColumns.Read, cancellationToken);
        },
        cancellationToken);

    public async Task<IReadOnlyList<Run>> ClaimDueAsync(DueFilter filter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        if (filter.Limit <= 0 || filter.Statuses.Count == 0)
        {
            return [];
        }

        var runs = await WriteAsync(
            async (session, stop) =>
            {
                var command = session.Command(filter.InLine ? sql.ClaimInLine(filter.ExceptPlaces.Count) : sql.ClaimDue(filter.Statuses.Count, filter.BackendId is not null, filter.ExceptPlaces.Count, filter.ExceptBackends.Count));
                command.Args.Text("owner", filter.Owner)
                    .Time("now", filter.Now)
                    .Time("due", filter.DueBefore)
                    .Time("until", filter.LeaseUntil)
                    .Text("backend_id", filter.BackendId)
                    .Int("limit", filter.Limit);
                for (var i = 0; i < filter.Statuses.Count; i++)
                {
                    command.Args.Status(string.Create(CultureInfo.InvariantCulture, $"status{i}"), filter.Statuses[i]);
                }

                BindTexts(command.Args, "place", filter.ExceptPlaces);
                BindTexts(command.Args, "except", filter.ExceptBackends);
                return await command.ListAsync(RunColumns.Read, stop);
            },
            cancellationToken);
        return filter.InLine ? [.. runs.OrderBy(r => r.QueueRank).ThenBy(r => r.Id)] : [.. runs.OrderBy(r => r.NextCheckAt).ThenBy(r => r.Id)];
    }

    public Task<Run?> ClaimAsync(long runId, string owner, DateTimeOffset now, DateTimeOffset until, CancellationToken cancellationToken) => WriteAsync(
        async (session, stop) =>
        {
            var command = session.Command(sql.Claim);
            command.Args.Long("id", runId).Text("owner", owner).Time("now", now).Time("until", until);
            return await command.FirstAsync(RunColumns.Read, stop);
        },
        cancellationToken);

    public Task ReleaseLeasesAsync(string owner, CancellationToken cancellationToken) => WriteAsync(
        async (session, stop) =>
        {
            var command = session.Command(sql.ReleaseLeases);
            command.Args.Text("owner", owner);
            return await command.ExecuteAsync(stop);
        },
        cancellationToken);

    public Task TakeOverAbandonedLeasesAsync(CancellationToken cancellationToken) => sql is SqliteRunSql
        ? WriteAsync((session, stop) => session.Command(sql.EndLeases).ExecuteAsync(stop), cancellationToken)
        : Task.CompletedTask;

    public async Task<IReadOnlyList<RunEvent>> EventsAsync(long runId, long afterSeq, int limit, CancellationToken cancellationToken) => await database.ReadAsync(
        session =>
        {
            var command = session.Command(sql.Events);
            command.Args.Long("id", runId).Long("seq", afterSeq).Int("limit", limit);
            return command.ListAsync(EventColumns.Read, cancellationToken);
        },
        cancellationToken);

    public Task<RunPage> SearchAsync(RunSearch search, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(search);
        return database.SearchAsync(session => _search.ReadAsync(session, search, cancellationToken), cancellationToken);
    }

    public async Task<IReadOnlyList<RunCount>> CountActiveAsync(CancellationToken cancellationToken) => await database.ReadAsync(
        session => session.Command(sql.CountActive).ListAsync(
            row => new RunCount(RunColumns.Text(row, 0), RunColumns.Status(row.GetString(1)), Convert.ToInt32(row.GetValue(2), CultureInfo.InvariantCulture)),
            cancellationToken),
        cancellationToken);

    public Task<DateTimeOffset?> NextDueAsync(string? backendId, IReadOnlyList<string> exceptPlaces, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(exceptPlaces);
        return database.ReadAsync(
            session =>
            {
                var command = session.Command(sql.NextDue(backendId is not null, exceptPlaces.Count));
                BindTexts(command.Args.Text("backend_id", backendId), "place", exceptPlaces);
                return command.FirstAsync(row => RunColumns.Time(row, 0), cancellationToken);
            },
            cancellationToken);
    }

    public async Task<IReadOnlyList<long>> EndedAsync(DateTimeOffset endedBefore, int limit, CancellationToken cancellationToken) => limit <= 0 ? [] : await database.ReadAsync(
        session =>
        {
            var command = session.Command(sql.FindEnded);
            command.Args.Time("before", endedBefore).Int("limit", limit);
            return command.ListAsync(row => row.GetInt64(0), cancellationToken);
        },
        cancellationToken);

    public async Task<IReadOnlyList<long>> DeleteFinishedAsync(IReadOnlyCollection<long> runIds, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(runIds);
        return runIds.Count == 0 ? [] : await WriteAsync((session, stop) => DeleteFinishedAsync(session, runIds, stop), cancellationToken);
    }

    public async Task<IReadOnlyList<Run>> FindByMarkerIdsAsync(IReadOnlyCollection<string> markerIds, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(markerIds);
        var found = new List<Run>();
        foreach (var chunk in markerIds.Chunk(100))
        {
            found.AddRange(await database.ReadAsync(
                session =>
                {
                    var command = session.Command(sql.FindMarkers(chunk.Length));
                    for (var i = 0; i < chunk.Length; i++)
                    {
                        command.Args.Text(string.Create(CultureInfo.InvariantCulture, $"marker{i}"), chunk[i]);
                    }

                    return command.ListAsync(RunColumns.Read, cancellationToken);
                },
                cancellationToken));
        }

        return found;
    }

    private static void BindTexts(SqlArgs args, string prefix, IReadOnlyList<string> values)
    {
        for (var i = 0; i < values.Count; i++)
        {
            args.Text(string.Create(CultureInfo.InvariantCulture, $"{prefix}{i}"), values[i]);
        }
    }

    public async Task<IReadOnlyList<Run>> ActiveAtAsync(IReadOnlyCollection<string> places, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(places);
        return places.Count == 0 ? [] : await database.ReadAsync(
            session =>
            {
                var command = session.Command(sql.ActiveAt(places.Count));
                foreach (var (number, place) in places.Index())
                {
                    command.Args.Text(string.Create(CultureInfo.InvariantCulture, $"place{number}"), place);
                }

                return command.ListAsync(RunColumns.Read, cancellationToken);
            },
            cancellationToken);
    }

    private async Task<IReadOnlyList<long>> DeleteFinishedAsync(DbSession session, IReadOnlyCollection<long> runIds, CancellationToken cancellationToken)
    {
        var deleted = new List<long>(runIds.Count);
        foreach (var ids in runIds.Chunk(50))
        {
            var find = session.Command(sql.FinalAmong(ids.Length));
            for (var i = 0; i < ids.Length; i++)
            {
                find.Args.Long(string.Create(CultureInfo.InvariantCulture, $"id{i}"), ids[i]);
            }

            var chunk = (await find.ListAsync(row => (Id: row.GetInt64(0), Spec: row.GetString(1)), cancellationToken)).ToArray();
            if (chunk.Length == 0)
            {
                continue;
            }

            deleted.AddRange(chunk.Select(r => r.Id));
            if (sql is SqliteRunSql sqlite)
            {
                await DeleteLabelsAsync(sqlite, session, chunk, cancellationToken);
            }

            foreach (var table in (string[])["run_labels", "run_events", "idempotency_keys", "lock_requests", "runs"])
            {
                if (table == "run_labels" && sql.Dialect.Provider != DatabaseProvider.SqlServer)
                {
                    continue;
                }

                var delete = session.Command(sql.DeleteFrom(table, chunk.Length));
                for (var i = 0; i < chunk.Length; i++)
                {
                    delete.Args.Long(string.Create(CultureInfo.InvariantCulture, $"id{i}"), chunk[i].Id);
                }

                await delete.ExecuteAsync(cancellationToken);
            }
        }

        return deleted;
    }

    /// <summary>SQLite's label table has no second index by run: the run's own labels lead to its rows. The highest number is noted so that it is never given again.</summary>
    private static async Task DeleteLabelsAsync(SqliteRunSql sqlite, DbSession session, (long Id, string Spec)[] runs, CancellationToken cancellationToken)
    {
        var note = session.Command(sqlite.NoteHighest);
        note.Args.Long("id", runs.Max(r => r.Id));
        await note.ExecuteAsync(cancellationToken);
        var delete = session.Command(sqlite.DeleteLabel);
        foreach (var (id, spec) in runs)
        {
            foreach (var (key, value) in JsonSerializer.Deserialize(spec, StoreJson.Relaxed.JobSpec)?.Labels ?? new Dictionary<string, string>())
            {
                delete.Args.Text("label_key", key).Text("label_value", value).Long("id", id);
                await delete.ExecuteAsync(cancellationToken);
            }
        }
    }

    private Task<T> WriteAsync<T>(Func<DbSession, CancellationToken, Task<T>> write, CancellationToken cancellationToken) =>
        writer.WriteAsync(new DelegateOperation<T>(write), cancellationToken);
}
