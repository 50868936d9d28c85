using Ascob.Core.Access;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Microsoft.Extensions.Logging;

namespace Ascob.Core.Definitions;

/// <content>Versions, favourites, and failures that somebody knows of.</content>
public sealed partial class DefinitionService
{
    private const int LongestReason = 2_000;

    /// <summary>Reads a page of the versions of a definition below a number, newest first.</summary>
    public async Task<Result<VersionPage>> VersionsAsync(string name, int below, int limit, Caller caller, CancellationToken cancellationToken)
    {
        var found = await GetAsync(name, caller, cancellationToken).ConfigureAwait(false);
        if (!found.IsSuccess)
        {
            return found.Error;
        }

        var versions = await store.VersionsAsync(found.Value.Id, below, limit, cancellationToken).ConfigureAwait(false);
        return versions with { Items = [.. versions.Items.Where(v => MaySee(caller, v.Content))] };
    }

    /// <summary>Tells what is different between two versions of a definition.</summary>
    /// <param name="name">The definition.</param>
    /// <param name="from">The one version.</param>
    /// <param name="to">The other one; null for the present one.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task<Result<Client.DefinitionDiff>> DiffAsync(string name, int from, int? to, Caller caller, CancellationToken cancellationToken)
    {
        var before = await GetVersionAsync(name, from, caller, cancellationToken).ConfigureAwait(false);
        var after = to is { } version
            ? await GetVersionAsync(name, version, caller, cancellationToken).ConfigureAwait(false)
            : await GetAsync(name, caller, cancellationToken).ConfigureAwait(false);
        return !before.IsSuccess ? before.Error
            : !after.IsSuccess ? after.Error
            : new Client.DefinitionDiff(before.Value.Version, after.Value.Version, DefinitionDifference.Between(
                before.Value, after.Value, SecretSplit.Reveal(before.Value.ProtectedSecrets, protector), SecretSplit.Reveal(after.Value.ProtectedSecrets, protector)));
    }

    /// <summary>Answers the numbers of the caller's favourites.</summary>
    public async Task<IReadOnlySet<long>> StarredAsync(Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(caller);
        return (await store.ListAsync(new DefinitionSearch { StarsOf = caller.Identifier, Limit = 1 }, cancellationToken).ConfigureAwait(false)).Starred;
    }

    /// <summary>Makes a definition a favourite of the caller, or no longer.</summary>
    public async Task<Result<Definition>> SetStarAsync(string name, bool starred, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var found = await GetAsync(name, caller, cancellationToken).ConfigureAwait(false);
        if (found.IsSuccess)
        {
            await store.SetStarAsync(caller.Identifier, found.Value.Id, starred, cancellationToken).ConfigureAwait(false);
        }

        return found;
    }

    /// <summary>Notes that the caller knows of the definition's newest failure, so that it no longer prevents launches; a conflict where none stands.</summary>
    public async Task<Result<Acknowledgement>> AcknowledgeAsync(string name, string? reason, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(caller);
        if (reason is not null && (reason.Length > LongestReason || TextRules.Lines(reason) is not null))
        {
            return Error.Invalid("reason", "At most 2,000 characters, none of them control characters.");
        }

        for (var tries = 0; tries < MaxTries; tries++)
        {
            var found = await GetAsync(name, caller, cancellationToken).ConfigureAwait(false);
            if (!found.IsSuccess)
            {
                return found.Error;
            }

            var id = found.Value.Id;
            var standings = await store.StandingAsync([id], cancellationToken).ConfigureAwait(false);
            if (standings.GetValueOrDefault(id)?.FailedRun is not { } failed || !await MaySeeAsync(caller, failed, cancellationToken).ConfigureAwait(false))
            {
                return new Error(ErrorKind.Conflict, "definition.no_failure", $"No failure of the definition '{found.Value.Name}' waits to be acknowledged.");
            }

            var acknowledgement = new Acknowledgement(failed, caller.Actor, clock.Now, reason);
            if (await store.AcknowledgeAsync(id, acknowledgement, cancellationToken).ConfigureAwait(false))
            {
                logger.LogInformation("{Actor} acknowledged the failure of run {RunId} of the definition {Definition}", caller.Actor, failed, found.Value.Name);
                return acknowledgement;
            }
        }

        return new Error(ErrorKind.Unavailable, "definition.busy", $"Runs of the definition '{name}' fail faster than one of them can be acknowledged.");
    }

    // The number of a run that is somebody else's is not told, and neither is it theirs to say that its failure does not matter.
    private async Task<bool> MaySeeAsync(Caller caller, long runId, CancellationToken cancellationToken) =>
        caller.Submitters is null || (await runs.FindAsync(runId, cancellationToken).ConfigureAwait(false) is { } run && caller.MaySee(run.Spec.Submitter));
}
