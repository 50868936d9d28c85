using Ascob.Core.Errors;
using Ascob.Core.Monitoring;

namespace Ascob.Server.Background;

/// <summary>Clears away what a crash left of ended runs at backends that keep it on this machine. Each server sweeps its own disk, so this is no job of the shared clockwork.</summary>
internal sealed class LeftoverSweep(BackendLeftovers leftovers, TimeProvider time, ILogger<LeftoverSweep> logger) : BackgroundService
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromHours(6);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Delay(FirstPause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await leftovers.CleanAsync(stoppingToken);
            }
            catch (StoreUnavailableException e)
            {
                logger.LogWarning("What backends keep of ended runs could not be looked for: {Reason}", e.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // A sweep never ends the server; the next one looks again.
            catch (Exception e)
#pragma warning restore CA1031
            {
                logger.LogError(e, "What backends keep of ended runs could not be looked for");
            }

            await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
