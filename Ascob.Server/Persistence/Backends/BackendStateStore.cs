using Ascob.Core.Backends;
using Ascob.Core.Timing;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Backends;

/// <summary>Operators' orders about backends, in <c>backend_states</c>.</summary>
internal sealed class BackendStateStore(Database database, IStoreWriter writer, MonotonicClock clock) : IBackendStateStore
{
    private readonly SqlStatement _drained = database.Dialect.Statement("SELECT backend_id, drained FROM backend_states");

    private readonly SqlStatement _set = database.Dialect.Statement(database.Dialect.Provider == DatabaseProvider.SqlServer
        ? "UPDATE backend_states WITH (UPDLOCK, HOLDLOCK) SET drained = @drained, changed_at = @changed_at WHERE backend_id = @backend_id; "
            + "IF @@ROWCOUNT = 0 INSERT INTO backend_states (backend_id, drained, changed_at) VALUES (@backend_id, @drained, @changed_at);"
        : "INSERT INTO backend_states (backend_id, drained, changed_at) VALUES (@backend_id, @drained, @changed_at) "
            + "ON CONFLICT (backend_id) DO UPDATE SET drained = excluded.drained, changed_at = excluded.changed_at");

    public async Task<IReadOnlySet<string>> GetDrainedAsync(CancellationToken cancellationToken)
    {
        var states = await database.ReadAsync(
            session => session.Command(_drained).ListAsync(row => (Id: row.GetString(0), Drained: row.GetBoolean(1)), cancellationToken),
            cancellationToken);
        return states.Where(s => s.Drained).Select(s => s.Id).ToHashSet(StringComparer.Ordinal);
    }

    public Task SetDrainedAsync(string backendId, bool drained, CancellationToken cancellationToken) => writer.WriteAsync(
        new DelegateOperation<int>((session, stop) =>
        {
            var command = session.Command(_set);
            command.Args.Text("backend_id", backendId).Bool("drained", drained).Time("changed_at", clock.Now);
            return command.ExecuteAsync(stop);
        }),
        cancellationToken);
}
