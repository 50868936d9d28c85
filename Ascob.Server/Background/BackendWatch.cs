using Ascob.Core.Errors;
using Ascob.Server.Persistence;

namespace Ascob.Server.Background;

/// <summary>
/// Keeps what this process knows of its backends fresh. Of several servers on one Hangfire storage only one gets each job, and each must know which backends are drained and which are well.
/// </summary>
internal sealed class BackendWatch(BackendHealthChecks checks, DatabaseSettings database, TimeProvider time, ILogger<BackendWatch> logger) : BackgroundService
{
    internal static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    // A little more than the pause between two of Hangfire's jobs.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var check = Task.CompletedTask;
        while (!stoppingToken.IsCancellationRequested)
        {
            // A backend that hangs must not hold up what an operator ordered.
            if (check.IsCompleted && (checks.SinceLastCheck is not { } silence || silence > Patience))
            {
                check = GuardAsync(checks.CheckAsync, stoppingToken);
            }

            if (database.Provider != DatabaseProvider.Sqlite)
            {
                await GuardAsync(checks.ReadDrainedAsync, stoppingToken);
            }

            await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await check;
    }

    private async Task GuardAsync(Func<CancellationToken, Task> work, CancellationToken stoppingToken)
    {
        try
        {
            await work(stoppingToken);
        }
        catch (StoreUnavailableException e)
        {
            logger.LogDebug("Which backends are drained could not be read: {Reason}", e.Message);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
#pragma warning disable CA1031 // A backend's surprise must not end the watch.
        catch (Exception e)
#pragma warning restore CA1031
        {
            logger.LogError(e, "The backends could not be checked");
        }
    }
}
