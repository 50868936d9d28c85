using Ascob.Core.Errors;
using Ascob.Core.Notifications;
using Ascob.Core.Timing;

namespace Ascob.Server.Background;

/// <summary>Drives the delivery of notifications: at once when this process stored a notice, else with every look. All servers of a database do it side by side; workers do not.</summary>
internal sealed class NotificationService(
    NotificationEngine engine,
    NotificationUpkeep upkeep,
    NoticeInterest interest,
    INotificationStore store,
    NoticeSignal signal,
    MonotonicClock clock,
    ILogger<NotificationService> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    // Without subscriptions there is nothing to do but to clear away what was written while nobody knew that.
    private static readonly TimeSpan QuietPause = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan CountPause = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan CleanPause = TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await engine.StopAsync().WaitAsync(cancellationToken);
        }
        catch (Exception e) when (e is StoreUnavailableException or OperationCanceledException)
        {
            logger.LogWarning("Messages that were not sent any more are sent when their leases end: {Reason}", e.Message);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        await GuardAsync("the leases of an earlier life could not be ended", () => store.TakeOverAbandonedLeasesAsync(stoppingToken), stoppingToken);
        await Task.WhenAll(
            DeliverAsync(stoppingToken),
            RepeatAsync("messages could not be counted", upkeep.CountAsync, CountPause, stoppingToken),
            RepeatAsync("old messages could not be cleared away", upkeep.CleanAsync, CleanPause, stoppingToken));
    }

    private async Task DeliverAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await GuardAsync("notifications wait", () => engine.TurnAsync(stoppingToken), stoppingToken);
            await signal.WaitAsync(interest.Set.All.Count > 0 ? Pause : QuietPause, clock.Time, stoppingToken);
        }
    }

    private async Task RepeatAsync(string trouble, Func<CancellationToken, Task> work, TimeSpan pause, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await GuardAsync(trouble, () => work(stoppingToken), stoppingToken);
            await Task.Delay(pause, clock.Time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task GuardAsync(string trouble, Func<Task> work, CancellationToken stoppingToken)
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
        catch (StoreUnavailableException e)
        {
            logger.LogWarning("The database is away, so {Trouble}: {Reason}", trouble, e.Message);
        }
#pragma warning disable CA1031 // A bug in one turn must not end the delivery; the next one tries again.
        catch (Exception e)
#pragma warning restore CA1031
        {
            logger.LogError(e, "Notifications: {Trouble}", trouble);
        }
    }
}
