using Ascob.Core.Errors;

namespace Ascob.Server.Background;

/// <summary>Lets a worker learn whether an operator holds new runs back from it; the servers do that in a recurring job.</summary>
internal sealed class WorkerHealth(BackendHealthChecks checks, TimeProvider time, ILogger<WorkerHealth> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await checks.CheckAsync(stoppingToken);
            }
            catch (StoreUnavailableException e)
            {
                logger.LogWarning("Whether this worker is drained could not be read: {Reason}", e.Message);
            }

            await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
