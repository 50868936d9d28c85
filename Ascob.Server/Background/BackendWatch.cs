using Ascob.Core.Errors;

namespace Ascob.Server.Background;

/// <summary>
/// Keeps what this server knows of its backends fresh: which an operator has drained, and how they are. Each server has to know for itself, so this is no job of the shared clockwork, which
/// would tell one of them only. The drained ones are known before the engine begins, or a restart would send what they hold back.
/// </summary>
internal sealed class BackendWatch(BackendHealthChecks checks, TimeProvider time, ILogger<BackendWatch> logger) : BackgroundService
{
    private static readonly TimeSpan DrainedPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan HealthPause = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await checks.RefreshDrainedAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();

        // Apart, so that a backend that does not answer does not delay an operator's order.
        await Task.WhenAll(
            RepeatAsync(checks.RefreshDrainedAsync, DrainedPause, stoppingToken),
            RepeatAsync(checks.CheckAsync, HealthPause, stoppingToken));
    }

    private async Task RepeatAsync(Func<CancellationToken, Task> work, TimeSpan pause, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await work(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (StoreUnavailableException e)
            {
                logger.LogWarning("Which backends are drained could not be read: {Reason}", e.Message);
            }
#pragma warning disable CA1031 // An adapter that throws has a bug; the others are asked all the same, at the next turn.
            catch (Exception e)
#pragma warning restore CA1031
            {
                logger.LogError(e, "The backends could not be looked at");
            }

            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
