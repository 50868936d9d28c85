using Ascob.Core.Errors;
using Ascob.Core.Output;

namespace Ascob.Server.Background;

/// <summary>Publishes the output of this process's running jobs while it lives, where there may be other servers to read it. Nothing waits for it.</summary>
internal sealed class OutputPublishing(OutputPublisher publisher, IPublishedOutput published, TimeProvider time, ILogger<OutputPublishing> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan PauseAfterTrouble = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestLastRound = TimeSpan.FromSeconds(2);

    // With very many jobs a round takes longer, and then it comes more rarely instead of taking a core for itself.
    private const int PausePerWork = 3;

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (published.IsShared)
        {
            // The jobs go on; others show what they had written until now.
            using var limit = new CancellationTokenSource(LongestLastRound, time);
            await RoundAsync(limit.Token);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (published.IsShared && !stoppingToken.IsCancellationRequested)
        {
            var begun = time.GetTimestamp();
            var rest = await RoundAsync(stoppingToken) ? time.GetElapsedTime(begun) * PausePerWork : PauseAfterTrouble;
            await Task.Delay(rest > Pause ? rest : Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> RoundAsync(CancellationToken cancellationToken)
    {
        try
        {
            await publisher.PublishAsync(cancellationToken);
            return true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return true;
        }
        catch (StoreUnavailableException e)
        {
            logger.LogWarning("The output of running jobs cannot be published now: {Reason}", e.Message);
            return false;
        }
#pragma warning disable CA1031 // Running jobs must stay readable after a surprise; the next round tries again.
        catch (Exception e)
#pragma warning restore CA1031
        {
            logger.LogError(e, "The output of running jobs could not be published");
            return false;
        }
    }
}
