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
    /// <summary>Gets whether something was stored that subscribers may have to be told.</summary>
    public bool HasNotice { get; private set; }

    public override bool FindsItsTrace => true;

    public override async ValueTask ExecuteAsync(DbSession session, bool repeated, CancellationToken cancellationToken)
    {
        // Where an earlier try is still being committed, it holds the row: so it is looked for only after that.
        var hold = session.Command(guards.Hold);
        hold.Args.Long("definition_id", guard.DefinitionId);
        var (isThere, acknowledged, version) = await hold.FirstAsync(row => (true, RunColumns.Long(row, 0), row.GetInt32(1)), cancellationToken);
        Result = repeated && await FindStoredAsync(session, cancellationToken) is { } stored ? stored
            : !isThere ? AddOutcomeKind.DefinitionGone
            : guard.DefinitionVersion is { } expected && expected != version ? AddOutcomeKind.DefinitionChanged
            : await StoreAsync(session, acknowledged, cancellationToken);
    }

    // The commit of an earlier try, whose answer was lost.
    private async Task<AddOutcomeKind?> FindStoredAsync(DbSession session, CancellationToken cancellationToken)
    {
        var command = session.Command(sql.FindMarker);
        command.Args.Long("id", run.Run.Id);
        if (await command.FirstAsync(r => r.GetString(0), cancellationToken) != run.Run.MarkerId)
        {
            return null;
        }

        HasNotice = true;
        var found = session.Command(sql.Find);
        found.Args.Long("id", run.Run.Id);
        return PreventedRun.IsOne(await found.FirstAsync(RunColumns.Read, cancellationToken))
            ? AddOutcomeKind.Prevented
            : AddOutcomeKind.Added;
    }

    private async Task<AddOutcomeKind?> StoreAsync(DbSession session, long? acknowledged, CancellationToken cancellationToken)
    {
        var hindrance = guard.Policy.NotWhileWorking ? await guards.FindActiveAsync(session, guard.DefinitionId, cancellationToken) : null;
        hindrance ??= guard.Policy.NotWhileError ? await guards.FindErrorAsync(session, guard.DefinitionId, acknowledged, guard.Chain, cancellationToken) : null;
        var add = new AddRun(sql, hindrance is null ? run : guard.Prevented(hindrance));
        var stored = await add.StoreAsync(session, cancellationToken);
        HasNotice = stored && add.HasNotice;
        return !stored ? null : hindrance is null ? AddOutcomeKind.Added : AddOutcomeKind.Prevented;
    }
}
