using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Core.Notifications;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Definitions;

internal sealed partial class DefinitionStore
{
    public Task<DefinitionSave> SaveAsync(long id, int expectedVersion, DefinitionUpdate change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return UniquelyAsync(
            async (session, stop) =>
            {
                // Held first, so that nobody saves or deletes it meanwhile.
                if (await NameOfAsync(session, id, stop) is not { } name || await PresentAsync(session, id, stop) is not { } present || present.Version != expectedVersion)
                {
                    return DefinitionSave.Outdated;
                }

                if (change.Name is { } other && other != name && await IsTakenAsync(session, other, stop))
                {
                    return DefinitionSave.NameTaken;
                }

                await AdvanceAsync(session, present, change, stop);
                await StoreAsync(session, id, change.Companions, stop);
                return DefinitionSave.Stored;
            },
            cancellationToken);
    }

    public Task<bool> RenameAsync(long id, string name, CancellationToken cancellationToken) => UniquelyAsync(
        async (session, stop) =>
        {
            // Held first: the content that is looked up by must not be an older one than what somebody saves meanwhile.
            if (await NameOfAsync(session, id, stop) is null || await IsTakenAsync(session, name, stop))
            {
                return false;
            }

            if (await PresentAsync(session, id, stop) is not { } definition)
            {
                return false;
            }

            var rename = session.Command(_rename);
            DefinitionRows.BindFound(rename.Args.Long("id", id).Text("name", name), name, definition.Content);
            return await rename.ExecuteAsync(stop) > 0;
        },
        cancellationToken);

    public Task<DefinitionDeletion> DeleteAsync(long id, CancellationToken cancellationToken) => WriteAsync(
        async (session, stop) =>
        {
            // Launches hold the same row until they are stored, so none slips in between the look and the deletion.
            if (await NameOfAsync(session, id, stop) is null)
            {
                return new DefinitionDeletion(false, null);
            }

            if (await _guards.FindActiveAsync(session, id, stop) is { } active)
            {
                return new DefinitionDeletion(false, active.RunId);
            }

            foreach (var statement in _delete)
            {
                var command = session.Command(statement);
                command.Args.Long("id", id);
                await command.ExecuteAsync(stop);
            }

            await _subscriptions.KeepAsync(session, KeptSubscriptions.SourceOf(id), there => SubscriptionChanges.None with { Deleted = [.. there.Select(s => s.Id)] }, stop);
            return new DefinitionDeletion(true, null);
        },
        cancellationToken);

    private async Task AdvanceAsync(DbSession session, Definition present, DefinitionUpdate change, CancellationToken cancellationToken)
    {
        var name = change.Name ?? present.Name;
        var version = present.Version + (change.Version is null ? 0 : 1);
        var advance = session.Command(_advance);
        DefinitionRows.BindFound(advance.Args, name, change.Version?.Content ?? present.Content)
            .Long("id", present.Id)
            .Int("before", present.Version)
            .Int("version", version)
            .Text("name", name)
            .Bool("suspended", change.Suspended ?? present.Suspended);
        await advance.ExecuteAsync(cancellationToken);
        if (change.Version is { } next)
        {
            await InsertVersionAsync(session, present.Id, version, next, cancellationToken);
        }
    }

    private async Task StoreAsync(DbSession session, long id, DefinitionCompanions companions, CancellationToken cancellationToken)
    {
        if (companions.Schedules is { } schedules && await _schedules.ApplyAsync(session, id, schedules(id), cancellationToken) is { } refused)
        {
            throw new RefusedException(refused);
        }

        if (companions.Subscriptions is { } subscriptions)
        {
            await _subscriptions.KeepAsync(session, KeptSubscriptions.SourceOf(id), subscriptions(id), cancellationToken);
        }
    }

    private Task<Definition?> PresentAsync(DbSession session, long id, CancellationToken cancellationToken)
    {
        var present = session.Command(_findById);
        present.Args.Long("id", id);
        return present.FirstAsync(DefinitionRows.Read, cancellationToken);
    }
}
