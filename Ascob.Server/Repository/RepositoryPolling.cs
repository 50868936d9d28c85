using Ascob.Core.Errors;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Repository;

/// <summary>Looks at the repository regularly, on each server: its jobs may be run on any.</summary>
internal sealed class RepositoryPolling(RepositorySync sync, RepositoryWake wake, Library library, IOptions<RepositoryOptions> options, TimeProvider time, ILogger<RepositoryPolling> logger) : BackgroundService
{
    private static readonly TimeSpan LongestPauseAfterFault = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Never = TimeSpan.FromDays(30);

    /// <inheritdoc/>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.IsConfigured)
        {
            library.Write();
        }

        return base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (options.Value.IsConfigured && !stoppingToken.IsCancellationRequested)
        {
            var looked = await LookAsync(stoppingToken);
            var usual = options.Value.PollInterval > TimeSpan.Zero ? options.Value.PollInterval : Never;
            await wake.WaitAsync(looked || usual < LongestPauseAfterFault ? usual : LongestPauseAfterFault, time, stoppingToken);
        }
    }

    private async Task<bool> LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await sync.RefreshAsync(options.Value.AutoApply, expected: null, cancellationToken)).IsSuccess;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return true;
        }
        catch (StoreUnavailableException e)
        {
            logger.LogWarning("The repository's jobs could not be looked at: {Reason}", e.Message);
        }
#pragma warning disable CA1031 // Whatever a repository holds must not end the server; it is looked at again.
        catch (Exception e)
#pragma warning restore CA1031
        {
            logger.LogError(e, "The repository could not be looked at");
        }

        return false;
    }
}
