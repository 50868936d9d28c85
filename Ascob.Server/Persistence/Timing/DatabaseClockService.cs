using Ascob.Core.Errors;

namespace Ascob.Server.Persistence.Timing;

/// <summary>Sets the clock before the hosted services that count with it start, and keeps it right while the server runs.</summary>
internal sealed class DatabaseClockService(DatabaseClock clock, DatabaseSettings settings, TimeProvider time, ILogger<DatabaseClockService> logger) : BackgroundService
{
    internal static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        while (true)
        {
            try
            {
                await clock.StartAsync(cancellationToken);
                break;
            }
            catch (StoreUnavailableException e) when (time.GetElapsedTime(begun) < settings.StartWait)
            {
                logger.LogWarning("The database does not tell its time yet: {Reason}", e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
            }
        }

        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var pause = Pause;
        while (clock.Counts && !stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await clock.FollowAsync(stoppingToken);
                pause = Pause;
            }
            catch (StoreUnavailableException e)
            {
                // The clock goes on by itself, and a database that is back may have another clock.
                logger.LogDebug("The database's time could not be asked: {Reason}", e.Message);
                pause = PauseAfterFailure;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // A surprise must not end the measuring.
            catch (Exception e)
#pragma warning restore CA1031
            {
                logger.LogError(e, "The database's time could not be measured");
                pause = PauseAfterFailure;
            }
        }
    }
}
