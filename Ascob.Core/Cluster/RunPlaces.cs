using Ascob.Core.Backends;
using Ascob.Core.Runs;

namespace Ascob.Core.Cluster;

/// <summary>
/// Knows which process can reach the job of a run. Most backends are reached by every server; a backend with a <see cref="IBackendAdapter.Place"/> is reached by the member that keeps that
/// place, and a worker's backend by the worker.
/// </summary>
public sealed class RunPlaces(BackendCatalog catalog, ClusterView cluster, IAttention attention)
{
    /// <summary>
    /// Answers whether this process may act on the run at its backend. It may also where the one that should is away: then it can tell so.
    /// </summary>
    public bool IsHere(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return catalog.TryGet(run.BackendId, out var backend) && backend.ServedHere && Other(run, backend) is null;
    }

    /// <summary>Answers whether this process serves the backend at all, wherever a run of it is.</summary>
    public bool IsServedHere(string? backendId) => catalog.TryGet(backendId, out var backend) && backend.ServedHere;

    /// <summary>Answers whether nobody who is there can reach the job.</summary>
    public bool IsOutOfReach(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return catalog.TryGet(run.BackendId, out var backend)
            && (backend.ServedHere
                ? run.IntentAt is not null && run.IntentPlace is { } place && place != backend.Adapter.Place && Other(run, backend) is null
                : backend.Condition.Away is not null || IsLost(run, backend));
    }

    /// <summary>Asks whoever can reach the run to look at it now; nobody, where that one is away: it looks when it is back.</summary>
    public void Attend(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (!catalog.TryGet(run.BackendId, out var backend))
        {
            // Any server that knows it.
            attention.Ask(null, run.Id);
        }
        else if ((backend.Worker is { } worker ? cluster.Find(worker) : Other(run, backend)) is { } keeper && cluster.IsThere(keeper))
        {
            attention.Ask(keeper.Name, run.Id);
        }
    }

    /// <summary>Asks a server to look at a waiting run: a worker does not know all that may stand in its way.</summary>
    public void AskServer(long runId) => attention.Ask(null, runId);

    // The worker is there, but not at the place that had the run: its directory is another one.
    private bool IsLost(Run run, BackendEntry backend) =>
        run.IntentAt is not null && run.IntentPlace is { } place && cluster.Find(backend.Worker!) is { } worker && !worker.Places.Contains(place, StringComparer.Ordinal);

    // The member that is there and has the run at its place.
    private Member? Other(Run run, BackendEntry backend) =>
        run.IntentAt is not null && run.IntentPlace is { } place && place != backend.Adapter.Place && cluster.KeeperOf(place) is { } keeper && cluster.IsThere(keeper)
            ? keeper
            : null;
}
