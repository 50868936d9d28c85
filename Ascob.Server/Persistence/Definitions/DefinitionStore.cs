using System.Data.Common;
using Ascob.Core.Definitions;
using Ascob.Server.Persistence.Notifications;
using Ascob.Server.Persistence.Runs;
using Ascob.Server.Persistence.Schedules;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Definitions;

/// <summary>Definitions, their versions and their stars. Changes that concern more than one row are in the other part.</summary>
internal sealed partial class DefinitionStore : IDefinitionStore
{
    private const string VersionColumns = "definition_id, version, content, protected_secrets, saved_at, saved_by";
    private const string VersionValues = "@id, @version, @content, @protected_secrets, @saved_at, @saved_by";
    private const string Found = "search_text = @search_text, tags = @tags, owners = @owners, submitter = @submitter";

    private readonly Database _database;
    private readonly IStoreWriter _writer;
    private readonly DefinitionListSql _lists;
    private readonly DefinitionStandings _standings;
    private readonly LaunchGuardSql _guards;
    private readonly SqlStatement _taken;
    private readonly SqlStatement[] _number;
    private readonly SqlStatement _insert;
    private readonly SqlStatement _insertVersion;
    private readonly SqlStatement _advance;
    private readonly SqlStatement _findByName;
    private readonly SqlStatement _findById;
    private readonly SqlStatement _findVersion;
    private readonly SqlStatement _versions;
    private readonly SqlStatement _nameOf;
    private readonly SqlStatement _rename;
    private readonly SqlStatement _suspend;
    private readonly SqlStatement _acknowledge;
    private readonly SqlStatement[] _delete;
    private readonly SqlStatement _star;
    private readonly SqlStatement _unstar;
    private readonly ScheduleSet _schedules;
    private readonly SubscriptionRows _subscriptions;

    public DefinitionStore(Database database, IStoreWriter writer)
    {
        _database = database;
        _writer = writer;
        var dialect = database.Dialect;
        _lists = new DefinitionListSql(dialect);
        _guards = new LaunchGuardSql(dialect);
        _standings = new DefinitionStandings(dialect, _guards);
        _schedules = new ScheduleSet(new ScheduleSql(dialect));
        _subscriptions = new SubscriptionRows(dialect);
        var isSqlServer = dialect.Provider == DatabaseProvider.SqlServer;
        _taken = dialect.Statement($"SELECT id FROM definitions{(isSqlServer ? " WITH (UPDLOCK, HOLDLOCK)" : string.Empty)} WHERE name = @name");
        _number = isSqlServer
            ?
            [
                dialect.Statement("INSERT INTO sequences (name, value) SELECT 'definitions', 0 WHERE NOT EXISTS (SELECT 1 FROM sequences WITH (UPDLOCK, HOLDLOCK) WHERE name = 'definitions')"),
                dialect.Statement("UPDATE sequences SET value = value + 1 OUTPUT inserted.value WHERE name = 'definitions'"),
            ]
            : [dialect.Statement("INSERT INTO sequences (name, value) VALUES ('definitions', 1) ON CONFLICT (name) DO UPDATE SET value = sequences.value + 1 RETURNING value")];
        _insert = dialect.Statement(
            "INSERT INTO definitions (id, name, version, suspended, source, search_text, tags, owners, submitter, created_at, created_by) "
            + "VALUES (@id, @name, 1, @suspended, @source, @search_text, @tags, @owners, @submitter, @saved_at, @saved_by)");
        _insertVersion = dialect.Statement($"INSERT INTO definition_versions ({VersionColumns}) VALUES ({VersionValues})");
        _advance = dialect.Statement($"UPDATE definitions SET version = @version, name = @name, suspended = @suspended, {Found} WHERE id = @id AND version = @before");
        _findByName = dialect.Statement($"SELECT {DefinitionRows.Columns} FROM {DefinitionRows.Present} WHERE d.name = @name");
        _findById = dialect.Statement($"SELECT {DefinitionRows.Columns} FROM {DefinitionRows.Present} WHERE d.id = @id");
        _findVersion = dialect.Statement($"SELECT {DefinitionRows.Columns} FROM {DefinitionRows.AnyVersion} WHERE d.id = @id AND v.version = @version");
        _versions = dialect.Statement(
            $"SELECT{dialect.Top} {DefinitionRows.Columns} FROM {DefinitionRows.AnyVersion} WHERE d.id = @id AND v.version < @below ORDER BY v.version DESC{dialect.Limit}");
        _nameOf = dialect.Statement($"SELECT name FROM definitions{dialect.UpdateLock} WHERE id = @id{dialect.ForUpdate}");
        _rename = dialect.Statement($"UPDATE definitions SET name = @name, {Found} WHERE id = @id");
        _suspend = dialect.Statement("UPDATE definitions SET suspended = @suspended WHERE id = @id");
        _acknowledge = dialect.Statement(
            "UPDATE definitions SET acknowledged_run = @run_id, acknowledged_by = @actor, acknowledged_at = @at_time, acknowledged_reason = @reason WHERE id = @id");
        _delete =
        [
            dialect.Statement("DELETE FROM definition_stars WHERE definition_id = @id"),
            dialect.Statement("DELETE FROM schedule_ticks WHERE schedule_id IN (SELECT id FROM schedules WHERE definition_id = @id)"),
            dialect.Statement("DELETE FROM schedules WHERE definition_id = @id"),
            dialect.Statement("DELETE FROM schedule_suspensions WHERE definition_id = @id"),
            dialect.Statement("DELETE FROM definition_versions WHERE definition_id = @id"),
            dialect.Statement("DELETE FROM definitions WHERE id = @id"),
        ];
        _star = dialect.Statement(isSqlServer
            ? "INSERT INTO definition_stars (identifier, definition_id) SELECT @identifier, @id WHERE NOT EXISTS "
                + "(SELECT 1 FROM definition_stars WITH (UPDLOCK, HOLDLOCK) WHERE identifier = @identifier AND definition_id = @id)"
            : "INSERT INTO definition_stars (identifier, definition_id) VALUES (@identifier, @id) ON CONFLICT DO NOTHING");
        _unstar = dialect.Statement("DELETE FROM definition_stars WHERE identifier = @identifier AND definition_id = @id");
    }

    public async Task<long?> AddAsync(NewDefinition definition, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return await UniquelyAsync<long?>(
            async (session, stop) =>
            {
                if (await IsTakenAsync(session, definition.Name, stop))
                {
                    return null;
                }

                var id = await NumberAsync(session, stop);
                var insert = session.Command(_insert);
                DefinitionRows.BindFound(insert.Args.Long("id", id).Text("name", definition.Name), definition.Name, definition.Version.Content)
                    .Bool("suspended", definition.Suspended)
                    .Text("source", definition.Source)
                    .Time("saved_at", definition.Version.SavedAt)
                    .Text("saved_by", definition.Version.SavedBy);
                await insert.ExecuteAsync(stop);
                await InsertVersionAsync(session, id, 1, definition.Version, stop);
                if (definition.StarredBy is { } identifier)
                {
                    await StarAsync(session, identifier, id, true, stop);
                }

                await StoreAsync(session, id, definition.Companions, stop);
                return id;
            },
            cancellationToken);
    }

    public Task<Definition?> FindAsync(string name, CancellationToken cancellationToken) => FirstAsync(_findByName, args => args.Text("name", name), cancellationToken);

    public Task<Definition?> FindAsync(long id, CancellationToken cancellationToken) => FirstAsync(_findById, args => args.Long("id", id), cancellationToken);

    public async Task<IReadOnlyDictionary<long, DefinitionHead>> HeadsAsync(IReadOnlyCollection<long> ids, CancellationToken cancellationToken) =>
        ids.Count == 0 ? new Dictionary<long, DefinitionHead>() : await _database.ReadAsync(session => _lists.HeadsAsync(session, ids, cancellationToken), cancellationToken);

    public Task<Definition?> FindVersionAsync(long id, int version, CancellationToken cancellationToken) =>
        FirstAsync(_findVersion, args => args.Long("id", id).Int("version", version), cancellationToken);

    public Task<VersionPage> VersionsAsync(long id, int below, int limit, CancellationToken cancellationToken) => _database.ReadAsync(
        async session =>
        {
            var command = session.Command(_versions);
            command.Args.Long("id", id).Int("below", below).Int("limit", limit + 1);
            var (page, hasMore) = await DefinitionRows.PageAsync(command, limit, cancellationToken);
            return new VersionPage(page, hasMore ? page[^1].Version : null);
        },
        cancellationToken);

    public Task<DefinitionPage> ListAsync(DefinitionSearch search, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(search);
        return _database.ReadAsync(session => _lists.ReadAsync(session, search, cancellationToken), cancellationToken);
    }

    public Task<bool> SetSuspendedAsync(long id, bool suspended, CancellationToken cancellationToken) =>
        ChangeAsync(_suspend, args => args.Long("id", id).Bool("suspended", suspended), cancellationToken);

    public Task<bool> AcknowledgeAsync(long id, Acknowledgement acknowledgement, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(acknowledgement);
        return WriteAsync(
            async (session, stop) =>
            {
                var hold = session.Command(_guards.Hold);
                hold.Args.Long("definition_id", id);
                var (isThere, before) = await hold.FirstAsync(row => (true, RunColumns.Long(row, 0)), stop);

                // What stands now and not what the caller saw: failures end in another order than they began, and the number says nothing of it.
                var standing = isThere ? (await _guards.FindErrorAsync(session, id, before, null, stop))?.RunId ?? before : null;
                if (standing != acknowledgement.RunId)
                {
                    return false;
                }

                var acknowledge = session.Command(_acknowledge);
                acknowledge.Args.Long("id", id).Long("run_id", acknowledgement.RunId).Text("actor", acknowledgement.Actor).Time("at_time", acknowledgement.At).Text("reason", acknowledgement.Reason);
                return await acknowledge.ExecuteAsync(stop) > 0;
            },
            cancellationToken);
    }

    public Task SetStarAsync(string identifier, long id, bool starred, CancellationToken cancellationToken) =>
        WriteAsync(async (session, stop) => await StarAsync(session, identifier, id, starred, stop), cancellationToken);

    public Task<IReadOnlyDictionary<long, DefinitionStanding>> StandingAsync(IReadOnlyCollection<long> ids, CancellationToken cancellationToken) =>
        _database.ReadAsync(session => _standings.ReadAsync(session, ids, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<TimeSpan>> DurationsAsync(long id, int limit, CancellationToken cancellationToken) =>
        _database.ReadAsync(session => _standings.DurationsAsync(session, id, limit, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<RunningDefinition>> RunningAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync(session => _standings.RunningAsync(session, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<long>> RunningSinceAsync(long id, DateTimeOffset since, long afterId, int limit, CancellationToken cancellationToken) =>
        _database.ReadAsync(session => _standings.RunningSinceAsync(session, id, since, afterId, limit, cancellationToken), cancellationToken);

    private async Task<bool> IsTakenAsync(DbSession session, string name, CancellationToken cancellationToken)
    {
        var command = session.Command(_taken);
        command.Args.Text("name", name);
        return await command.FirstAsync(_ => true, cancellationToken);
    }

    private async Task<long> NumberAsync(DbSession session, CancellationToken cancellationToken)
    {
        foreach (var first in _number[..^1])
        {
            await session.Command(first).ExecuteAsync(cancellationToken);
        }

        return await session.Command(_number[^1]).FirstAsync(row => row.GetInt64(0), cancellationToken);
    }

    private async Task<string?> NameOfAsync(DbSession session, long id, CancellationToken cancellationToken)
    {
        var command = session.Command(_nameOf);
        command.Args.Long("id", id);
        return await command.FirstAsync(row => row.GetString(0), cancellationToken);
    }

    private async Task InsertVersionAsync(DbSession session, long id, int number, NewVersion version, CancellationToken cancellationToken)
    {
        var command = session.Command(_insertVersion);
        DefinitionRows.BindVersion(command.Args.Long("id", id).Int("version", number), version);
        await command.ExecuteAsync(cancellationToken);
    }

    private async Task<int> StarAsync(DbSession session, string identifier, long id, bool starred, CancellationToken cancellationToken)
    {
        var command = session.Command(starred ? _star : _unstar);
        command.Args.Text("identifier", identifier).Long("id", id);
        return await command.ExecuteAsync(cancellationToken);
    }

    private Task<Definition?> FirstAsync(SqlStatement statement, Action<SqlArgs> bind, CancellationToken cancellationToken) => _database.ReadAsync(
        session =>
        {
            var command = session.Command(statement);
            bind(command.Args);
            return command.FirstAsync(DefinitionRows.Read, cancellationToken);
        },
        cancellationToken);

    private async Task<bool> ChangeAsync(SqlStatement statement, Action<SqlArgs> bind, CancellationToken cancellationToken) => await WriteAsync(
        async (session, stop) =>
        {
            var command = session.Command(statement);
            bind(command.Args);
            return await command.ExecuteAsync(stop);
        },
        cancellationToken) > 0;

    // Two transactions may both have found the name free; the index knows better, and the default stands for a name that is taken.
    private async Task<T?> UniquelyAsync<T>(Func<DbSession, CancellationToken, Task<T>> write, CancellationToken cancellationToken)
    {
        try
        {
            return await WriteAsync(write, cancellationToken);
        }
        catch (DbException e) when (_database.Dialect.IsDuplicate(e))
        {
            return default;
        }
    }

    private Task<T> WriteAsync<T>(Func<DbSession, CancellationToken, Task<T>> write, CancellationToken cancellationToken) =>
        _writer.WriteAsync(new DelegateOperation<T>(write), cancellationToken);
}
