using Ascob.Server.Background;

namespace Ascob.Server.Repository;

/// <summary>Does what is left to do of the commit that holds, also where commits are applied by hand only, the repository is hardly ever looked at, or cannot be reached.</summary>
internal sealed class PublicationSweep(RepositorySync sync, TimeProvider time, ILogger<PublicationSweep> logger)
    : SweepService(time, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), "What is left to do of the repository's commit", logger)
{
    /// <inheritdoc/>
    protected override Task SweepAsync(CancellationToken cancellationToken) => sync.FinishAsync(cancellationToken);
}
