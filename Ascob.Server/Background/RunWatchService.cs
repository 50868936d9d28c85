using Ascob.Core.Runs;

namespace Ascob.Server.Background;

/// <summary>Runs the <see cref="RunWatch"/> while the server does.</summary>
internal sealed class RunWatchService(RunWatch watch) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        await watch.RunAsync(stoppingToken);
    }
}
