using Ascob.Server.Background;

namespace Ascob.Server.Repository;

/// <summary>Clears away the files of commits that no job runs in any more.</summary>
internal sealed class CheckoutSweep(Checkouts checkouts, IRepositoryStore store, TimeProvider time, ILogger<CheckoutSweep> logger)
    : SweepService(time, TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), "Files of commits", logger)
{
    /// <inheritdoc/>
    protected override async Task SweepAsync(CancellationToken cancellationToken)
    {
        var state = (await store.ReadAsync(cancellationToken)).State;
        await checkouts.SweepAsync(state.Jobs.Values.Select(j => j.Commit).ToHashSet(StringComparer.Ordinal), cancellationToken);
    }
}
