using Ascob.Core.Monitoring;
using Ascob.Core.Runs;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Background;

/// <summary>
/// Stops jobs on this machine whose run is over. A process that was away for long finds out so that verdicts were given meanwhile; none is due before <see cref="EngineOptions.VanishedAfter"/>.
/// </summary>
internal sealed class StraySweep(StrayJobs strays, IOptions<EngineOptions> engine, TimeProvider time, ILogger<StraySweep> logger)
    : SweepService(time, TimeSpan.Zero, engine.Value.VanishedAfter / 2, "Jobs whose run is over", logger)
{
    /// <inheritdoc/>
    protected override Task SweepAsync(CancellationToken cancellationToken) => strays.StopAsync(cancellationToken);
}
