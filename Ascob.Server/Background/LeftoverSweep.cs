using Ascob.Core.Monitoring;

namespace Ascob.Server.Background;

/// <summary>Clears away what a crash left of ended runs at backends that keep it on this machine.</summary>
internal sealed class LeftoverSweep(BackendLeftovers leftovers, TimeProvider time, ILogger<LeftoverSweep> logger)
    : SweepService(time, TimeSpan.FromSeconds(30), TimeSpan.FromHours(6), "What backends keep of ended runs", logger)
{
    /// <inheritdoc/>
    protected override Task SweepAsync(CancellationToken cancellationToken) => leftovers.CleanAsync(cancellationToken);
}
