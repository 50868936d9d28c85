using Ascob.Core.Schedules;
using Ascob.Core.Timing;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Background;

/// <summary>
/// Watches over the scheduler: normally a Hangfire job drives it, and when none does (the storage is lost, slow or just starting, or another server has the job) it is driven from here. A firing must
/// not wait for a tick of Hangfire, so this watch looks twice a second; that costs nothing, because it looks at a number in this process.
/// </summary>
internal sealed class ScheduleHost(Scheduler scheduler, MonotonicClock clock, IOptions<ScheduleOptions> options) : BackgroundService
{
    private static readonly TimeSpan Watch = TimeSpan.FromMilliseconds(500);

    // A turn rests a second at most, so silence beyond this means that nobody drives.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(1500);
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(15);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var driven = Task.CompletedTask;
        while (options.Value.Enabled && !stoppingToken.IsCancellationRequested)
        {
            if (driven.IsCompleted && !(scheduler.SinceLastTurn < Patience))
            {
                driven = scheduler.DriveAsync(Window, stoppingToken);
            }

            await Task.Delay(Watch, clock.Time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await driven.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
