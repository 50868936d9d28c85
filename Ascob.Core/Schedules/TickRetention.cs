using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Schedules;

/// <summary>Deletes the record of firings of long ago, in small batches.</summary>
public sealed class TickRetention(IScheduleStore store, MonotonicClock clock, IOptions<ScheduleOptions> options, ILogger<TickRetention> logger)
{
    private const int BatchSize = 1000;

    // What is more is left to the next hour.
    private const int MostBatches = 500;

    /// <summary>Deletes what is due; answers how many.</summary>
    public async Task<int> CleanAsync(CancellationToken cancellationToken)
    {
        var total = 0;
        for (var batch = 0; options.Value.KeepTicks > TimeSpan.Zero && batch < MostBatches; batch++)
        {
            var deleted = await store.DeleteTicksAsync(clock.Now - options.Value.KeepTicks, BatchSize, cancellationToken).ConfigureAwait(false);
            total += deleted;
            if (deleted < BatchSize)
            {
                break;
            }
        }

        if (total > 0)
        {
            logger.LogInformation("Deleted {Count} records of firings older than {Age}", total, options.Value.KeepTicks);
        }

        return total;
    }
}
