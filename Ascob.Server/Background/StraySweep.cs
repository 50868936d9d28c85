using Ascob.Core.Errors;
using Ascob.Core.Monitoring;
using Ascob.Core.Runs;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Background;

/// <summary>
/// Looks at the start, and regularly, for jobs on this machine whose run is over. A process that was away for long finds out so that verdicts were given meanwhile.
/// </summary>
internal sealed class StraySweep(StrayJobs strays, IOptions<EngineOptions> engine, TimeProvider time, ILogger<StraySweep> logger) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await strays.StopAsync(stoppingToken);
            }
            catch (StoreUnavailableException e)
            {
                logger.LogWarning("Jobs whose run is over could not be looked for: {Reason}", e.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // A sweep never ends the server; the next one looks again.
            catch (Exception e)
#pragma warning restore CA1031
            {
                logger.LogError(e, "Jobs whose run is over could not be looked for");
            }

            // No verdict is due before this time.
            await Task.Delay(engine.Value.VanishedAfter / 2, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
