using Ascob.Core.Errors;

namespace Ascob.Server.Background;

/// <summary>A sweep over this machine's own disk, at the start and regularly. Each server sweeps its own, so it is no job of the shared clockwork; no failure of it ends the server.</summary>
/// <param name="time">Measures the pauses.</param>
/// <param name="first">The pause before the first sweep.</param>
/// <param name="pause">The pause between two.</param>
/// <param name="what">What is swept, for the log, as in "could not be looked for".</param>
/// <param name="logger">Is told of failures.</param>
internal abstract class SweepService(TimeProvider time, TimeSpan first, TimeSpan pause, string what, ILogger logger) : BackgroundService
{
    /// <summary>Sweeps once.</summary>
    protected abstract Task SweepAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        await Task.Delay(first, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (StoreUnavailableException e)
            {
                logger.LogWarning("{What} could not be looked for: {Reason}", what, e.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // A sweep never ends the server; the next one looks again.
            catch (Exception e)
#pragma warning restore CA1031
            {
                logger.LogError(e, "{What} could not be looked for", what);
            }

            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
