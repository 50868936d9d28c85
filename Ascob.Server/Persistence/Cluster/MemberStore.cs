using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Ascob.Core.Cluster;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Cluster;

/// <summary>The members in the table <c>members</c>.</summary>
internal sealed class MemberStore : IMemberStore
{
    private const string Columns = "name, kind, instance, home, state, labels, capacity, running, places, version, started_at, last_seen_at";
    private const string Values = "@name, @kind, @instance, @home, @state, @labels, @capacity, @running, @places, @version, @started_at, @last_seen_at";

    private readonly Database _database;
    private readonly IStoreWriter _writer;
    private readonly SqlStatement _find;
    private readonly SqlStatement _list;
    private readonly SqlStatement _insert;
    private readonly SqlStatement _replace;
    private readonly SqlStatement _beat;
    private readonly SqlStatement _forget;

    public MemberStore(Database database, IStoreWriter writer)
    {
        _database = database;
        _writer = writer;
        var dialect = database.Dialect;
        _find = dialect.Statement($"SELECT {Columns} FROM members{dialect.UpdateLock} WHERE name = @name{dialect.ForUpdate}");
        _list = dialect.Statement($"SELECT {Columns} FROM members ORDER BY name");
        _insert = dialect.Statement(dialect.Provider == DatabaseProvider.SqlServer
            ? $"INSERT INTO members ({Columns}) SELECT {Values} WHERE NOT EXISTS (SELECT 1 FROM members WITH (UPDLOCK, HOLDLOCK) WHERE name = @name)"
            : $"INSERT INTO members ({Columns}) VALUES ({Values}) ON CONFLICT (name) DO NOTHING");
        _replace = dialect.Statement(
            "UPDATE members SET kind = @kind, instance = @instance, home = @home, state = @state, labels = @labels, capacity = @capacity, running = @running, places = @places, "
            + "version = @version, started_at = @started_at, last_seen_at = @last_seen_at WHERE name = @name");
        _beat = dialect.Statement(
            "UPDATE members SET state = @state, running = @running, places = @places, last_seen_at = @last_seen_at WHERE name = @name AND instance = @instance");
        _forget = dialect.Statement("DELETE FROM members WHERE name = @name AND instance = @instance");
    }

    public async Task<Registration> RegisterAsync(Member member, DateTimeOffset awayBefore, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(member);
        while (true)
        {
            var (before, entered) = await _writer.WriteAsync(
                new DelegateOperation<(Member? Before, bool? Entered)>((session, stop) => RegisterAsync(session, member, awayBefore, stop)),
                cancellationToken);
            if (entered is { } done)
            {
                return new Registration(before, !done);
            }

            // Another process entered the same name between the look and the insert: look again.
        }
    }

    public async Task<bool> BeatAsync(Member member, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(member);
        return await ExecuteAsync(_beat, args => Bind(args, member), cancellationToken) > 0;
    }

    public async Task<IReadOnlyList<Member>> ListAsync(CancellationToken cancellationToken) =>
        await _database.ReadAsync(session => session.Command(_list).ListAsync(Read, cancellationToken), cancellationToken);

    public async Task<bool> ForgetAsync(string name, string instance, CancellationToken cancellationToken) =>
        await ExecuteAsync(_forget, args => args.Text("name", name).Text("instance", instance), cancellationToken) > 0;

    private async Task<(Member? Before, bool? Entered)> RegisterAsync(DbSession session, Member member, DateTimeOffset awayBefore, CancellationToken cancellationToken)
    {
        var find = session.Command(_find);
        find.Args.Text("name", member.Name);
        var before = await find.FirstAsync(Read, cancellationToken);
        if (before is not null && before.Home != member.Home && before.State != MemberState.Stopped && before.LastSeenAt > awayBefore)
        {
            return (before, false);
        }

        var write = session.Command(before is null ? _insert : _replace);
        Bind(write.Args, member);
        return (before, await write.ExecuteAsync(cancellationToken) > 0 ? true : null);
    }

    private Task<int> ExecuteAsync(SqlStatement statement, Action<SqlArgs> bind, CancellationToken cancellationToken) => _writer.WriteAsync(
        new DelegateOperation<int>((session, stop) =>
        {
            var command = session.Command(statement);
            bind(command.Args);
            return command.ExecuteAsync(stop);
        }),
        cancellationToken);

    private static void Bind(SqlArgs args, Member member) => args
        .Text("name", member.Name)
        .Text("kind", member.Kind.ToString())
        .Text("instance", member.Instance)
        .Text("home", member.Home)
        .Text("state", member.State.ToString())
        .Text("labels", JsonSerializer.Serialize(member.Labels, StoreJson.Relaxed.IReadOnlyDictionaryStringString))
        .Int("capacity", member.Capacity)
        .Int("running", member.Running)
        .Text("places", JsonSerializer.Serialize(member.Places, StoreJson.Relaxed.IReadOnlyListString))
        .Text("version", member.Version)
        .Time("started_at", member.StartedAt)
        .Time("last_seen_at", member.LastSeenAt);

    private static Member Read(DbDataReader row) => new()
    {
        Name = row.GetString(0),
        // Written by a newer version it may say what this one does not know: a member all the same, and one that is there.
        Kind = Enum.TryParse<MemberKind>(row.GetString(1), out var kind) ? kind : MemberKind.Server,
        Instance = row.GetString(2),
        Home = row.GetString(3),
        State = Enum.TryParse<MemberState>(row.GetString(4), out var state) ? state : MemberState.Online,
        Labels = Parse(row.GetString(5), StoreJson.Relaxed.IReadOnlyDictionaryStringString) ?? new Dictionary<string, string>(),
        Capacity = row.IsDBNull(6) ? null : row.GetInt32(6),
        Running = row.GetInt32(7),
        Places = Parse(row.GetString(8), StoreJson.Relaxed.IReadOnlyListString) ?? [],
        Version = row.GetString(9),
        StartedAt = UtcMicroseconds.To(row.GetInt64(10)),
        LastSeenAt = UtcMicroseconds.To(row.GetInt64(11)),
    };

    private static T? Parse<T>(string text, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(text, type);
        }
        catch (JsonException)
        {
            return default;
        }
    }
}
