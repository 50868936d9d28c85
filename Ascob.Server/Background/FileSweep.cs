using Ascob.Core.Errors;
using Ascob.Core.Files;

namespace Ascob.Server.Background;

/// <summary>Clears away what a crash left of files that no run was stored with. Each server also says here what it has in hand, so this is no job of the shared clockwork.</summary>
internal sealed class FileSweep(IRunFileStore files, TimeProvider time, ILogger<FileSweep> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(5);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var swept = await files.SweepAsync(stoppingToken);
                if (swept > 0)
                {
                    logger.LogInformation("Deleted {Count} files that came with no run", swept);
                }
            }
            catch (Exception e) when (e is StoreUnavailableException or IOException or UnauthorizedAccessException)
            {
                logger.LogWarning("Files that came with no run could not be looked for: {Reason}", e.Message);
            }

            await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
