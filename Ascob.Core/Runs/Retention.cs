using Ascob.Core.Files;
using Ascob.Core.Output;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Runs;

/// <summary>Deletes runs that ended long ago, in small batches, with their output and files.</summary>
public sealed class Retention(
    IRunStore store,
    IOutputStore outputs,
    IRunFileStore files,
    MonotonicClock clock,
    IOptions<RetentionPolicy> policy,
    ILogger<Retention> logger)
{
    private const int BatchSize = 100;

    /// <summary>Deletes what is due; answers how many runs.</summary>
    public async Task<int> CleanAsync(CancellationToken cancellationToken)
    {
        if (policy.Value.Runs <= TimeSpan.Zero)
        {
            return 0;
        }

        var total = 0;
        while (true)
        {
            // The rows go last: while they are there, whoever comes after a crash finds what is left to delete.
            var ended = await store.EndedAsync(clock.Now - policy.Value.Runs, BatchSize, cancellationToken).ConfigureAwait(false);
            foreach (var runId in ended)
            {
                await outputs.DeleteAsync(runId, cancellationToken).ConfigureAwait(false);
                await files.DeleteAsync(runId, cancellationToken).ConfigureAwait(false);
            }

            var deleted = await store.DeleteFinishedAsync(ended, cancellationToken).ConfigureAwait(false);
            total += deleted.Count;
            if (deleted.Count < BatchSize)
            {
                break;
            }
        }

        if (total > 0)
        {
            logger.LogInformation("Deleted {Count} runs that ended more than {Age} ago", total, policy.Value.Runs);
        }

        return total;
    }
}

/// <summary>How long things are kept. Bound to <c>Ascob:Retention</c>.</summary>
public sealed class RetentionPolicy
{
    /// <summary>Gets or sets how long final runs are kept after their end, with all that belongs to them, their idempotency keys included; zero for ever.</summary>
    public TimeSpan Runs { get; set; } = TimeSpan.FromDays(90);
}
