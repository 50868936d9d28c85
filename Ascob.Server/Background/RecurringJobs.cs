using Ascob.Core.Monitoring;
using Hangfire;

namespace Ascob.Server.Background;

/// <summary>Writes the recurring jobs at start and again when the storage has lost them.</summary>
internal sealed class RecurringJobs(
    IRecurringJobManager jobs, EngineLoops loops, JobStorage storage, HangfireSchema schema, TimeProvider time, ILogger<RecurringJobs> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                BackgroundRegistration.Schedule(jobs, loops, storage);
            }
#pragma warning disable CA1031 // Any storage, any fault: the loops are driven without Hangfire until it is back.
            catch (Exception e)
#pragma warning restore CA1031
            {
                logger.LogWarning("Hangfire's storage is not available; the engine goes on without it: {Reason}", e.Message);
                schema.Restore();
            }

            await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
