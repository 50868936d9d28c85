using Ascob.Core.Access;
using Ascob.Core.Client;

namespace Ascob.Core.Definitions;

/// <summary>Shows definitions with how they stand: their last run, what is under way or failed, and when they run next.</summary>
public sealed class DefinitionOverview(IDefinitionStore store, IEnumerable<INextRuns> nextRuns)
{
    /// <summary>Shows these definitions to a caller.</summary>
    /// <param name="definitions">The definitions.</param>
    /// <param name="starred">The numbers of the caller's favourites.</param>
    /// <param name="caller">Who asks; runs of submitters that are not theirs stay hidden.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task<IReadOnlyList<DefinitionInfo>> ShowAsync(IReadOnlyList<Definition> definitions, IReadOnlySet<long> starred, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(definitions);
        ArgumentNullException.ThrowIfNull(starred);
        ArgumentNullException.ThrowIfNull(caller);
        var ids = definitions.Select(d => d.Id).ToList();
        var standings = await store.StandingAsync(ids, cancellationToken).ConfigureAwait(false);
        var next = new Dictionary<long, DateTimeOffset>();
        foreach (var source in nextRuns)
        {
            foreach (var (id, at) in await source.NextAsync(ids, cancellationToken).ConfigureAwait(false))
            {
                next[id] = next.TryGetValue(id, out var earlier) && earlier < at ? earlier : at;
            }
        }

        return [.. definitions.Select(d => Show(d, standings.GetValueOrDefault(d.Id), caller) with
        {
            Starred = starred.Contains(d.Id),
            NextRunTime = !d.Suspended && next.TryGetValue(d.Id, out var at) ? at : null,
        })];
    }

    private static DefinitionInfo Show(Definition definition, DefinitionStanding? standing, Caller caller) => DefinitionInfo.From(definition) with
    {
        LastRun = standing?.LastRun is { } run && caller.MaySee(run.Spec.Submitter) ? new LastRunInfo(run.Id, run.Status, run.StatusReason, run.DefinedAt, run.EndedAt) : null,

        // Whose runs these are is not known here.
        ActiveRun = caller.Submitters is null || caller.MaySee(definition.Content.FixedSubmitter) ? standing?.ActiveRun : null,
        FailedRun = caller.Submitters is null || caller.MaySee(definition.Content.FixedSubmitter) ? standing?.FailedRun : null,
    };
}
