using Ascob.Core.Runs;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Runs;

/// <summary>
/// Stores a run of a definition, or what shall be stored in its place where something stands in the way. The definition's row is held until the commit, so of many launches at once, on whichever
/// servers, each sees what those before it stored. Answers null where the idempotency key is there already; then nothing was stored.
/// </summary>
internal sealed class GuardedAdd(RunSql sql, LaunchGuardSql guards, LaunchGuard guard, NewRun run) : WriteOperation<AddOutcomeKind?>
{
    /// <summary>Gets whether something was stored that subscribers are to be told.</summary>
    public bool HasNotice { get; private set; }

    public override async ValueTask ExecuteAsync(DbSession session, bool repeated, CancellationToken cancellationToken) =>
        Result = repeated && await FindStoredAsync(session, cancellationToken) is { } stored ? stored : await StoreAsync(session, cancellationToken);

    // The commit of an earlier try, whose answer was lost.
    private async Task<AddOutcomeKind?> FindStoredAsync(DbSession session, CancellationToken cancellationToken)
    {
        var command = session.Command(sql.FindMarker);
        command.Args.Long("id", run.Run.Id);
        if (await command.FirstAsync(r => r.GetString(0), cancellationToken) != run.Run.MarkerId)
        {
            return null;
        }

        var found = session.Command(sql.Find);
        found.Args.Long("id", run.Run.Id);
        return await found.FirstAsync(RunColumns.Read, cancellationToken) is { Status: RunStatus.Aborted, StatusReason: { } reason } && reason.StartsWith(LaunchHindrance.Prefix, StringComparison.Ordinal)
            ? AddOutcomeKind.Prevented
            : AddOutcomeKind.Added;
    }

    private async Task<AddOutcomeKind?> StoreAsync(DbSession session, CancellationToken cancellationToken)
    {
        var hold = session.Command(guards.Hold);
        hold.Args.Long("definition_id", guard.DefinitionId);
        var (isThere, acknowledged, version) = await hold.FirstAsync(row => (true, RunColumns.Long(row, 0), row.GetInt32(1)), cancellationToken);
        if (!isThere)
        {
            return AddOutcomeKind.DefinitionGone;
        }

        if (guard.DefinitionVersion is { } expected && expected != version)
        {
            return AddOutcomeKind.DefinitionChanged;
        }

        var hindrance = guard.NotWhileWorking ? await guards.FindActiveAsync(session, guard.DefinitionId, cancellationToken) : null;
        hindrance ??= guard.NotWhileError ? await guards.FindErrorAsync(session, guard.DefinitionId, acknowledged, cancellationToken) : null;
        var add = new AddRun(sql, hindrance is null ? run : guard.Prevented(hindrance));
        var stored = await add.StoreAsync(session, cancellationToken);
        HasNotice = stored && add.HasNotice;
        return !stored ? null : hindrance is null ? AddOutcomeKind.Added : AddOutcomeKind.Prevented;
    }
}
