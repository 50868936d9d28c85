using System.Globalization;
using System.Security.Cryptography;
using Ascob.Core.Timing;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Locks;

/// <summary>
/// What the database knows of the locks in Consul. Every write that names an index wins over those with lower ones only, because Consul's indexes tell what came later; so servers need not agree on who writes.
/// </summary>
internal sealed class LockKeeps(Database database, IStoreWriter writer, LockSql locks, LockKeepSql sql, MonotonicClock clock)
{
    private const string Installation = "consul.installation";
    private const string HighestIndex = "consul.index";
    private const string Rebuilt = "consul.rebuilt";
    private const string Confirmed = "consul.confirmed";

    /// <summary>Answers every lock that is kept.</summary>
    public Task<List<KeptLock>> ListAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.Command(sql.All).ListAsync(sql.Read, cancellationToken), cancellationToken);

    /// <summary>Answers what is remembered of Consul; the first call gives this installation its name.</summary>
    public async Task<ConsulMemory> MemoryAsync(CancellationToken cancellationToken)
    {
        var memory = await database.ReadAsync(session => MemoryAsync(session, cancellationToken), cancellationToken);
        return memory.Installation.Length > 0 ? memory : await WriteAsync(
            async (session, stop) =>
            {
                await locks.SerialiseAsync(session, stop);
                await RememberAsync(session, Installation, RandomNumberGenerator.GetHexString(8, lowercase: true), onlyNew: true, stop);
                return await MemoryAsync(session, stop);
            },
            cancellationToken);
    }

    /// <summary>Reads the memory in a session.</summary>
    public async Task<ConsulMemory> MemoryAsync(DbSession session, CancellationToken cancellationToken)
    {
        var values = (await session.Command(sql.Memory).ListAsync(row => (Name: row.GetString(0), Value: row.GetString(1)), cancellationToken))
            .ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal);
        return new ConsulMemory(
            values.GetValueOrDefault(Installation, string.Empty),
            long.Parse(values.GetValueOrDefault(HighestIndex, "0"), CultureInfo.InvariantCulture),
            values.GetValueOrDefault(Rebuilt));
    }

    /// <summary>
    /// Notes in a transaction that decides about locks which of them Consul holds for us now; answers why none may be granted: Consul's indexes went back, so it has lost its memory and whoever trusted it has lost theirs.
    /// </summary>
    public async Task<string?> NoteAsync(DbSession session, LockHolds holds, CancellationToken cancellationToken)
    {
        var memory = await MemoryAsync(session, cancellationToken);
        var lowest = holds.Keys.Values.Min(h => h.Index);
        var rebuilt = memory.Rebuilt;

        // Whoever confirmed meanwhile that Consul starts anew has set the highest index back.
        if (lowest <= Math.Min(holds.IndexBefore, memory.HighestIndex) && rebuilt is null)
        {
            rebuilt = string.Create(
                CultureInfo.InvariantCulture, $"Consul has lost its memory (index {lowest} after {holds.IndexBefore}); locks are granted again when an operator has confirmed it");
            await RememberAsync(session, Rebuilt, rebuilt, onlyNew: false, cancellationToken);
            var quarantine = session.Command(sql.QuarantineAll);
            quarantine.Args.Time("at", clock.Now);
            await quarantine.ExecuteAsync(cancellationToken);
        }

        foreach (var (key, hold) in holds.Keys)
        {
            await NoteAsync(session, key, hold, holds.Server, cancellationToken);
        }

        var highest = holds.Keys.Values.Max(h => h.Index);
        if (rebuilt is null && highest > memory.HighestIndex)
        {
            await RememberAsync(session, HighestIndex, highest.ToString(CultureInfo.InvariantCulture), onlyNew: false, cancellationToken);
        }

        return rebuilt;
    }

    /// <summary>The same in a transaction of its own.</summary>
    public Task<string?> NoteAsync(LockHolds holds, CancellationToken cancellationToken) => WriteAsync(
        async (session, stop) =>
        {
            await locks.SerialiseAsync(session, stop);
            return await NoteAsync(session, holds, stop);
        },
        cancellationToken);

    /// <summary>Notes that Consul does not hold a lock for us any more; false where that is known, or it was taken anew meanwhile.</summary>
    public Task<bool> QuarantineAsync(string key, long index, CancellationToken cancellationToken) => WriteAsync(
        async (session, stop) =>
        {
            var command = session.Command(sql.Quarantine);
            locks.BindKeys(command.Args, [key]).Long("modify_index", index).Time("at", clock.Now);
            return await command.ExecuteAsync(stop) > 0;
        },
        cancellationToken);

    /// <summary>Forgets locks that nobody holds and that were given back at this index.</summary>
    public Task<int> DropAsync(IReadOnlyList<KeptLock> freed, CancellationToken cancellationToken) => WriteAsync(
        async (session, stop) =>
        {
            await locks.SerialiseAsync(session, stop);
            var dropped = 0;
            foreach (var keep in freed)
            {
                var command = session.Command(sql.Drop);
                locks.BindKeys(command.Args, [keep.Key]).Long("modify_index", keep.Index);
                dropped += await command.ExecuteAsync(stop);
            }

            return dropped;
        },
        cancellationToken);

    /// <summary>Tells the other servers that the owner of this session leaves, so that they take its locks over while the session still lives.</summary>
    public Task<int> LeaveAsync(string consulSession, CancellationToken cancellationToken) => WriteAsync(
        (session, stop) =>
        {
            var command = session.Command(sql.Leave);
            command.Args.Text("session", consulSession);
            return command.ExecuteAsync(stop);
        },
        cancellationToken);

    /// <summary>Counts locks that runs hold although Consul lost them.</summary>
    public Task<long> CountQuarantinedAsync(CancellationToken cancellationToken) => database.ReadAsync(
        session => session.Command(sql.CountQuarantined).FirstAsync(row => Convert.ToInt64(row.GetValue(0), CultureInfo.InvariantCulture), cancellationToken), cancellationToken);

    /// <summary>Answers what is known of these locks; those that are not kept are left out.</summary>
    public async Task<IReadOnlyList<KeptLock>> FindAsync(IEnumerable<string> keys, CancellationToken cancellationToken)
    {
        var found = new List<KeptLock>();
        foreach (var chunk in keys.Chunk(50))
        {
            found.AddRange(await database.ReadAsync(
                session =>
                {
                    var command = session.Command(sql.Some(chunk.Length));
                    locks.BindKeys(command.Args, chunk);
                    return command.ListAsync(sql.Read, cancellationToken);
                },
                cancellationToken));
        }

        return found;
    }

    /// <summary>Accepts that Consul's indexes start again; false where they did not.</summary>
    public Task<bool> ConfirmAsync(string actor, string reason, CancellationToken cancellationToken) => WriteAsync(
        async (session, stop) =>
        {
            await locks.SerialiseAsync(session, stop);
            var memory = await MemoryAsync(session, stop);
            if (memory.Rebuilt is null)
            {
                return false;
            }

            var forget = session.Command(sql.Forget);
            forget.Args.Text("name", Rebuilt);
            await forget.ExecuteAsync(stop);
            await RememberAsync(session, HighestIndex, "0", onlyNew: false, stop);
            await RememberAsync(
                session,
                Confirmed,
                string.Create(CultureInfo.InvariantCulture, $"{clock.Now:O} by {actor} after index {memory.HighestIndex}: {reason}"),
                onlyNew: false,
                stop);
            return true;
        },
        cancellationToken);

    private async Task NoteAsync(DbSession session, string key, LockHold hold, string server, CancellationToken cancellationToken)
    {
        foreach (var statement in (SqlStatement[])[sql.Update, sql.Insert])
        {
            var command = session.Command(statement);
            locks.BindKeys(command.Args, [key])
                .Text("session", hold.Session)
                .Text("server", server)
                .Long("modify_index", hold.Index)
                .Long("create_index", hold.CreateIndex);
            if (await command.ExecuteAsync(cancellationToken) > 0)
            {
                return;
            }
        }
    }

    private async Task RememberAsync(DbSession session, string name, string value, bool onlyNew, CancellationToken cancellationToken)
    {
        foreach (var statement in onlyNew ? (SqlStatement[])[sql.RememberNew] : [sql.Remember, sql.RememberNew])
        {
            var command = session.Command(statement);
            command.Args.Text("name", name).Text("value", value);
            if (await command.ExecuteAsync(cancellationToken) > 0)
            {
                return;
            }
        }
    }

    private Task<T> WriteAsync<T>(Func<DbSession, CancellationToken, Task<T>> write, CancellationToken cancellationToken) =>
        writer.WriteAsync(new DelegateOperation<T>(write), cancellationToken);
}
