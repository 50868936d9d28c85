using Ascob.Core.Errors;
using Ascob.Core.Notifications;

namespace Ascob.Server.Background;

/// <summary>Keeps this process informed of who wants to be told of events; known before the engine begins. Runs in servers and workers: both write events.</summary>
internal sealed class InterestService(SubscriptionWatch watch, TimeProvider time, ILogger<InterestService> logger) : BackgroundService
{
    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await LookAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(NoticeInterest.Refresh, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await LookAsync(stoppingToken);
        }
    }

    // As long as it cannot be read, every event is written that somebody could want.
    private async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            await watch.LookAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The process stops.
        }
        catch (StoreUnavailableException e)
        {
            logger.LogDebug("Who wants to be notified could not be read: {Reason}", e.Message);
        }
#pragma warning disable CA1031 // The next look may go better; until then nothing is lost.
        catch (Exception e)
#pragma warning restore CA1031
        {
            logger.LogError(e, "Who wants to be notified could not be read");
        }
    }
}
