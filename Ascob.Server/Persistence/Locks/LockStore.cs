using System.Globalization;
using Ascob.Core.Jobs;
using Ascob.Core.Locks;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Ascob.Server.Persistence.Runs;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Locks;

/// <summary>
/// Named locks as rows. Only one grant is decided at a time, on all servers together: then "first come, first served" and "all or nothing" are plain reading.
/// </summary>
internal sealed class LockStore(Database database, IStoreWriter writer, RunSql runs, LockSql sql, LockKeeps keeps, MonotonicClock clock) : ILockStore
{
    private const int Attempts = 3;

    public Task<LockGrant> TryGrantAsync(
        long runId, Func<Run, IReadOnlyDictionary<string, long>, RunChange> onGranted, CancellationToken cancellationToken) =>
        TryGrantAsync(runId, onGranted, null, cancellationToken);

    /// <summary>The same for locks that were taken in Consul before: what was taken is noted whatever becomes of the grant, and its indexes are the fencing numbers.</summary>
    public async Task<LockGrant> TryGrantAsync(
        long runId, Func<Run, IReadOnlyDictionary<string, long>, RunChange> onGranted, LockHolds? holds, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(onGranted);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await WriteAsync((session, stop) => GrantAsync(session, runId, onGranted, holds, stop), cancellationToken);
            }
            catch (RunChangedException) when (attempt < Attempts)
            {
                // Somebody changed the run between our reading and our writing; the transaction is undone.
            }
            catch (RunChangedException)
            {
                if (holds is not null)
                {
                    await keeps.NoteAsync(holds, cancellationToken);
                }

                return new LockGrant(LockGrantOutcome.NotWaiting, null, []);
            }
        }
    }

    public async Task<IReadOnlyList<long>> WaitersAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var next = new Dictionary<long, long>();
        var behind = new HashSet<long>();
        foreach (var chunk in keys.Distinct(StringComparer.Ordinal).Chunk(50))
        {
            var found = await database.ReadAsync(
                session =>
                {
                    var command = session.Command(sql.Requests(chunk.Length));
                    sql.BindKeys(command.Args, chunk);
                    return command.ListAsync(sql.Read, cancellationToken);
                },
                cancellationToken);
            foreach (var line in found.GroupBy(r => r.Key, StringComparer.Ordinal))
            {
                NoteNext([.. line.OrderByDescending(r => r.IsGranted).ThenBy(r => r.Ticket).ThenBy(r => r.RunId)], next, behind);
            }
        }

        return [.. next.Where(w => !behind.Contains(w.Key)).OrderBy(w => w.Value).ThenBy(w => w.Key).Select(w => w.Key)];
    }

    // A waiting request is next when it is compatible with all that come before it, holders included.
    private static void NoteNext(List<StoredLock> line, Dictionary<long, long> next, HashSet<long> behind)
    {
        var (shared, exclusive) = (false, false);
        foreach (var request in line)
        {
            if (!request.IsGranted)
            {
                next[request.RunId] = request.Ticket;
                if (exclusive || (shared && request.Mode == LockMode.Exclusive))
                {
                    behind.Add(request.RunId);
                }
            }

            shared |= request.Mode == LockMode.Shared;
            exclusive |= request.Mode == LockMode.Exclusive;
        }
    }

    public async Task<IReadOnlyList<LockInfo>> ListAsync(CancellationToken cancellationToken)
    {
        var requests = await database.ReadAsync(session => session.Command(sql.All).ListAsync(sql.Read, cancellationToken), cancellationToken);
        return [.. requests.GroupBy(r => r.Key, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new LockInfo(
            g.Key,
            [.. g.Where(r => r.IsGranted).OrderBy(r => r.Fence).Select(r => new LockHolder(r.RunId, r.Mode, r.Fence ?? 0, r.GrantedAt ?? r.RequestedAt) { Submitter = r.Submitter })],
            [.. g.Where(r => !r.IsGranted).OrderBy(r => r.Ticket).ThenBy(r => r.RunId).Select((r, i) => new LockWaiter(r.RunId, r.Mode, i + 1, r.RequestedAt) { Submitter = r.Submitter })]))];
    }

    public async Task<LockVerification> VerifyAsync(string key, long fence, CancellationToken cancellationToken)
    {
        var holder = await database.ReadAsync(
            session =>
            {
                var command = session.Command(sql.Verify);
                sql.BindKeys(command.Args, [key]).Long("fence", fence);
                return command.FirstAsync(row => (long?)row.GetInt64(0), cancellationToken);
            },
            cancellationToken);
        return new LockVerification(holder is not null, holder);
    }

    public Task<IReadOnlyList<BrokenLock>> BreakAsync(string key, Func<Run, BrokenLock> onBroken, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(onBroken);
        return RepeatAsync((session, stop) => BreakAsync(session, key, onBroken, stop), cancellationToken);
    }

    public Task<BrokenLock?> GiveUpAsync(long runId, Func<Run, BrokenLock> onGivenUp, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(onGivenUp);
        return RepeatAsync(
            async (session, stop) =>
            {
                await sql.SerialiseAsync(session, stop);
                return await TakeFromAsync(session, runId, onGivenUp, stop) is { Change: not null } given ? given : null;
            },
            cancellationToken);
    }

    public Task<string?> WhyNotStartAsync(Run run, CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    public Task<IReadOnlyList<string>> SweepAsync(CancellationToken cancellationToken) => WriteAsync<IReadOnlyList<string>>(
        async (session, stop) =>
        {
            await sql.SerialiseAsync(session, stop);
            var stale = await session.Command(sql.Stale).ListAsync(row => runs.Dialect.DecodeKey(row.GetString(0)), stop);
            if (stale.Count > 0)
            {
                await session.Command(sql.DeleteStale).ExecuteAsync(stop);
            }

            return [.. stale.Distinct(StringComparer.Ordinal)];
        },
        cancellationToken);

    public void LetGo(IReadOnlyCollection<string> keys)
    {
        // A row that is gone is nobody's; there is no keeper outside.
    }

    public Task<bool> ConfirmAsync(string actor, string reason, CancellationToken cancellationToken) => Task.FromResult(false);

    public Task<LockCounts> CountAsync(CancellationToken cancellationToken) => database.ReadAsync(
        async session => await session.Command(sql.Count).FirstAsync(
            row => new LockCounts(
                Convert.ToInt64(row.GetValue(0), CultureInfo.InvariantCulture), Convert.ToInt64(row.GetValue(1), CultureInfo.InvariantCulture), 0), cancellationToken) ?? new LockCounts(0, 0, 0),
        cancellationToken);

    /// <summary>
    /// Looks whether a run could be granted its locks, without deciding anything: <see cref="LockGrantOutcome.Granted"/> says that it is worth asking Consul.
    /// </summary>
    public Task<LockDraft> DraftAsync(long runId, CancellationToken cancellationToken) => database.ReadAsync(
        async session =>
        {
            var find = session.Command(runs.Find);
            find.Args.Long("id", runId);
            if (await find.FirstAsync(RunColumns.Read, cancellationToken) is not { Status: RunStatus.WaitingLocks })
            {
                return new LockDraft(new LockGrant(LockGrantOutcome.NotWaiting, null, []), [], null);
            }

            var competing = await CompetingAsync(session, runId, cancellationToken);
            var mine = competing.Where(r => r.RunId == runId).OrderBy(r => r.Key, StringComparer.Ordinal).ToList();
            var blocking = mine.Select(m => Blocking(m, competing)).OfType<LockBlock>().ToList();
            return new LockDraft(new LockGrant(blocking.Count > 0 ? LockGrantOutcome.Blocked : LockGrantOutcome.Granted, null, blocking), mine, await keeps.MemoryAsync(session, cancellationToken));
        },
        cancellationToken);

    private async Task<T> RepeatAsync<T>(Func<DbSession, CancellationToken, Task<T>> write, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await WriteAsync(write, cancellationToken);
            }
            catch (RunChangedException) when (attempt < Attempts)
            {
                // The transaction is undone; nobody has lost anything yet.
            }
        }
    }

    private async Task<IReadOnlyList<BrokenLock>> BreakAsync(DbSession session, string key, Func<Run, BrokenLock> onBroken, CancellationToken cancellationToken)
    {
        await sql.SerialiseAsync(session, cancellationToken);
        var find = session.Command(sql.Holders);
        sql.BindKeys(find.Args, [key]);
        var holders = await find.ListAsync(row => row.GetInt64(0), cancellationToken);
        if (holders.Count == 0)
        {
            return [];
        }

        var delete = session.Command(sql.DeleteHolders);
        sql.BindKeys(delete.Args, [key]);
        await delete.ExecuteAsync(cancellationToken);
        var broken = new List<BrokenLock>();
        foreach (var holder in holders)
        {
            broken.Add(await TakeFromAsync(session, holder, onBroken, cancellationToken));
        }

        return broken;
    }

    private async Task<BrokenLock> TakeFromAsync(DbSession session, long runId, Func<Run, BrokenLock> onBroken, CancellationToken cancellationToken)
    {
        var find = session.Command(runs.FindForUpdate);
        find.Args.Long("id", runId);
        if (await find.FirstAsync(RunColumns.Read, cancellationToken) is not { } run || onBroken(run) is not { Change: { } change } broken)
        {
            return new BrokenLock(runId, null, []);
        }

        if (change.After.Status == RunStatus.WaitingLocks)
        {
            var drop = session.Command(sql.DeleteOf);
            drop.Args.Long("id", runId);
            await drop.ExecuteAsync(cancellationToken);
        }

        var apply = new ApplyChange(runs, change, broken.Wanted);
        await apply.ExecuteAsync(session, repeated: false, cancellationToken);
        return apply.Outcome == ApplyOutcome.Applied ? broken : throw new RunChangedException();
    }

    private async Task<LockGrant> GrantAsync(
        DbSession session, long runId, Func<Run, IReadOnlyDictionary<string, long>, RunChange> onGranted, LockHolds? holds, CancellationToken cancellationToken)
    {
        await sql.SerialiseAsync(session, cancellationToken);
        var whyNot = holds is null ? null : await keeps.NoteAsync(session, holds, cancellationToken);
        var find = session.Command(runs.FindForUpdate);
        find.Args.Long("id", runId);
        var run = await find.FirstAsync(RunColumns.Read, cancellationToken);
        if (run is not { Status: RunStatus.WaitingLocks })
        {
            return new LockGrant(LockGrantOutcome.NotWaiting, null, []);
        }

        var competing = await CompetingAsync(session, runId, cancellationToken);
        var mine = competing.Where(r => r.RunId == runId).OrderBy(r => r.Key, StringComparer.Ordinal).ToList();
        var blocking = mine.Select(m => Blocking(m, competing)).OfType<LockBlock>().ToList();
        if (blocking.Count > 0)
        {
            return new LockGrant(LockGrantOutcome.Blocked, null, blocking);
        }

        // Asked as late as can be: what came before may have waited for the database.
        whyNot ??= holds?.WhyNot();
        if (holds is not null && (whyNot is not null || mine.Exists(m => !holds.Keys.ContainsKey(m.Key))))
        {
            return new LockGrant(
                LockGrantOutcome.Blocked, null, [.. mine.Select(m => new LockBlock(m.Key, 0, false, 1, m.Policy) { IsTaken = false, Outside = whyNot ?? "the wanted locks changed" })]);
        }

        var fences = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var request in mine)
        {
            var last = session.Command(sql.FindFence);
            sql.BindKeys(last.Args, [request.Key]);
            var next = 1 + await last.FirstAsync(row => row.GetInt64(0), cancellationToken);
            fences[request.Key] = holds is null ? next : Math.Max(next, holds.Keys[request.Key].Index);
        }

        var change = onGranted(run, fences);
        var apply = new ApplyChange(runs, change, null);
        await apply.ExecuteAsync(session, repeated: false, cancellationToken);
        if (apply.Outcome != ApplyOutcome.Applied)
        {
            throw new RunChangedException();
        }

        await StoreGrantAsync(session, runId, fences, change.Finishes, cancellationToken);
        return new LockGrant(LockGrantOutcome.Granted, change.After, []);
    }

    private async Task StoreGrantAsync(
        DbSession session, long runId, Dictionary<string, long> fences, bool finishes, CancellationToken cancellationToken)
    {
        foreach (var (key, fence) in fences)
        {
            var note = session.Command(sql.NoteFence);
            sql.BindKeys(note.Args, [key]).Long("fence", fence);
            await note.ExecuteAsync(cancellationToken);
            if (!finishes)
            {
                var grant = session.Command(sql.Grant);
                sql.BindKeys(grant.Args, [key]).Long("fence", fence).Long("id", runId).Time("granted_at", clock.Now);
                await grant.ExecuteAsync(cancellationToken);
            }
        }
    }

    private async Task<List<StoredLock>> CompetingAsync(DbSession session, long runId, CancellationToken cancellationToken)
    {
        var command = session.Command(sql.Competing);
        command.Args.Long("id", runId);
        return await command.ListAsync(sql.Read, cancellationToken);
    }

    private static LockBlock? Blocking(StoredLock mine, List<StoredLock> competing)
    {
        var others = competing
            .Where(o => o.RunId != mine.RunId && o.Key == mine.Key)
            .OrderBy(o => o.Ticket)
            .ThenBy(o => o.RunId)
            .ToList();
        var inTheWay = others.Where(o => (o.IsGranted || IsEarlier(o, mine)) && (o.Mode == LockMode.Exclusive || mine.Mode == LockMode.Exclusive)).ToList();
        if (inTheWay.Count == 0)
        {
            return null;
        }

        var first = inTheWay.FirstOrDefault(o => o.IsGranted) ?? inTheWay[0];
        var position = 1 + others.Count(o => !o.IsGranted && IsEarlier(o, mine));
        return new LockBlock(mine.Key, first.RunId, first.IsGranted, position, mine.Policy, !string.Equals(first.Submitter, mine.Submitter, StringComparison.Ordinal));
    }

    private static bool IsEarlier(StoredLock other, StoredLock mine) =>
        other.Ticket < mine.Ticket || (other.Ticket == mine.Ticket && other.RunId < mine.RunId);

    private Task<T> WriteAsync<T>(Func<DbSession, CancellationToken, Task<T>> write, CancellationToken cancellationToken) =>
        writer.WriteAsync(new DelegateOperation<T>(write), cancellationToken);

    /// <summary>Undoes the transaction of a grant.</summary>
    private sealed class RunChangedException : Exception
    {
    }
}

/// <summary>What a look at the rows says about a run that waits.</summary>
/// <param name="Grant">What a grant would come to now.</param>
/// <param name="Wanted">Its requests.</param>
/// <param name="Memory">What is remembered of Consul, as of then.</param>
internal sealed record LockDraft(LockGrant Grant, IReadOnlyList<StoredLock> Wanted, ConsulMemory? Memory);
